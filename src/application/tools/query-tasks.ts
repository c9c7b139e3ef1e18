import { z } from 'zod';
import { BUDGET, type Spending, spending } from '../../domain/budget.ts';
import { closest } from '../../domain/closest.ts';
import { invalid } from '../../domain/errors.ts';
import { QUERY_FIELDS, type Sort, subjectOf, type TaskFilter } from '../../domain/query.ts';
import { BudgetTokens, Listed, Truncated } from '../fields.ts';
import { FiltersInput, readFilters } from '../filters.ts';
import { FOUND_FIELDS, FOUND_PARTS, fittingTasks, foundTasks } from '../found-tasks.ts';
import { withSubtasks } from '../hierarchy-view.ts';
import { readInput } from '../parse.ts';
import { bringUpToDate } from '../searching.ts';
import { defineTool } from '../tool.ts';

const MOST = 1_000;
const Limit = z
  .number()
  .int()
  .refine((count) => count >= 1 && count <= MOST, `a number from 1 to ${MOST}`);
/** Listed as texts: the names of all fields would be a third of the schema. */
const Fields = z.array(z.enum(FOUND_FIELDS)).min(1);
const DIRECTIONS = ['asc', 'desc'] as const;
const SortInput = z
  .strictObject({ field: z.string(), direction: z.enum(DIRECTIONS).default('desc') })
  .meta({ inSentence: true, description: '{field, direction: asc|desc}; a field or attributes.path' });

/** What a reply costs beside its tasks and filters, and a task at the least. */
const FRAME_TOKENS = 170;
const LEAST_TOKENS = 20;
/** Shares of the budget: of the filters, and of the tasks themselves where what lies below them is wanted too. */
const SHARES = { filters: 0.15, tops: 0.5 } as const;

export default defineTool({
  name: 'orchestrator_query_tasks',
  title: 'Find tasks',
  description: 'Finds tasks by filters; archived ones only if a status or stage asks for them.',
  set: 'core',
  rank: 155,
  effect: 'read',
  input: z.strictObject({
    filters: FiltersInput.optional(),
    sort: SortInput.optional(),
    limit: Limit.describe('Default 50, most 1000').optional(),
    cursor: z.string().describe('next_cursor').optional(),
    include_hierarchy: z.boolean().describe('With subtasks, nested').optional(),
    fields: z.array(z.string()).describe('Only these of a task').optional(),
    include: z.array(z.enum(FOUND_PARTS)).describe('In detail').optional(),
    budget_tokens: BudgetTokens.optional(),
  }),
  output: z.object({
    query_executed: z.boolean(),
    total_results: z.number(),
    returned_results: z.number(),
    tasks: Listed,
    next_cursor: z.string().optional(),
    query_metadata: z.object({
      execution_time_ms: z.number(),
      filters_applied: z.record(z.string(), z.unknown()),
      not_yet_searchable: z.number().optional(),
    }),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'What waits for a tester or a documenter',
      input: { filters: { specialist_type: ['tester', 'documenter'], status: 'pending' }, limit: 10 },
    },
    {
      title: 'A plan with its subtasks',
      input: { filters: { task_ids: 'task_abc12300' }, include_hierarchy: true, fields: ['title', 'status'] },
    },
  ],

  async prepare({ filters }, beforehand) {
    return filters?.search === undefined ? 0 : bringUpToDate(beforehand);
  },

  async run(input, context, notSearchable) {
    const began = context.clock();
    const filter = await readFilters(context, input.filters ?? {}, { takesPrefixes: true });
    const { limit = 50, cursor, include = [] } = input;
    const fields = input.fields && readInput(Fields, input.fields, 'fields');
    const page = await context.queries.page({
      filter,
      sort: readSort(input.sort),
      limit,
      ...(cursor !== undefined && { cursor }),
    });
    const spend = spending((input.budget_tokens ?? BUDGET.default) - FRAME_TOKENS);
    const applied = spend.pay(appliedWithin(filter, spend));
    const candidates = page.tasks.slice(0, Math.ceil(spend.left() / LEAST_TOKENS));
    const found = await foundTasks(context, candidates, { fields, include });
    const shown = fittingTasks(found, spend, input.include_hierarchy ? SHARES.tops : 1);
    const nested = input.include_hierarchy
      ? await withSubtasks(context, shown, { spend, wanted: { fields, include } })
      : { views: shown.map(({ view }) => view), omitted: 0 };
    const isCut = shown.length < page.tasks.length;
    return {
      query_executed: true,
      total_results: page.total,
      returned_results: shown.length,
      tasks: [...nested.views],
      ...((page.hasMore || isCut) && shown.length > 0 && { next_cursor: page.cursorAfter(shown.length - 1) }),
      query_metadata: {
        execution_time_ms: context.clock() - began,
        filters_applied: applied.filters,
        ...(notSearchable > 0 && { not_yet_searchable: notSearchable }),
      },
      ...truncated({
        tasks: page.tasks.length - shown.length,
        subtasks: nested.omitted,
        filters: applied.omitted,
      }),
    };
  },

  async finish(reply, beforehand) {
    // Indexes that questions ask for are made when nobody waits.
    beforehand.afterwards(async ({ read, upkeep, clock }) => {
      if (await read(({ queries }) => queries.isUpkeepDue(clock())))
        await upkeep(({ queries }) => queries.keepUp(clock()));
    });
    return reply;
  },
});

function readSort(given: z.output<typeof SortInput> | undefined): Sort {
  const { field, direction } = given ?? { field: 'created_at', direction: 'desc' };
  const by = subjectOf(field);
  if (by !== undefined) return { by, descending: direction === 'desc' };
  const accepted = [...QUERY_FIELDS, 'attributes.<path>'];
  const [meant] = closest(field, accepted, 1);
  throw invalid(`sort.field ${JSON.stringify(field.slice(0, 100))} is no field of a task`, {
    parameter: 'sort.field',
    accepted,
    ...(meant !== undefined && { did_you_mean: meant }),
    suggestion: 'Repeat with one of the accepted fields; what is in the attributes has attributes. before its path',
  });
}

/** Lists that are said again go no further than this. */
const MOST_ECHOED = 20;

function appliedWithin({ said }: TaskFilter, { whole }: Spending) {
  const echoed = spending(whole * SHARES.filters);
  const entries = Object.entries(said).map(([name, value]) => {
    if (!Array.isArray(value) || value.length <= MOST_ECHOED) return [name, value] as const;
    return [name, [...value.slice(0, MOST_ECHOED), `… ${value.length - MOST_ECHOED} more`]] as const;
  });
  return { filters: Object.fromEntries(echoed.list(entries)), omitted: echoed.omitted() };
}

function truncated({ tasks, subtasks, filters }: Readonly<{ tasks: number; subtasks: number; filters: number }>) {
  const omitted = tasks + subtasks + filters;
  if (omitted === 0) return {};
  const how = [
    ...(tasks > 0 ? ['Repeat with cursor set to next_cursor for the tasks that follow'] : []),
    ...(subtasks > 0 ? ['query with filters {parent_task_id} for subtasks that were left out'] : []),
    ...(filters > 0 && tasks + subtasks === 0 ? ['All filters were applied, though some are not repeated here'] : []),
    'or ask for fewer fields or a larger budget_tokens',
  ];
  return { truncated: { omitted, how_to_get_more: how.join(', ') } };
}
