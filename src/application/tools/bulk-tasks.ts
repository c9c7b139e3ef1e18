import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { invalid, refused, transient } from '../../domain/errors.ts';
import { cut } from '../../domain/task.ts';
import { BULK_OPERATIONS, readDeed } from '../bulk/operations.ts';
import type { Refusal, Tally } from '../bulk/tally.ts';
import { BATCH, type Job, workInBatches, workInOne, workInVain } from '../bulk/work.ts';
import type { Differences } from '../editing.ts';
import { Listed, SessionId, TaskId, Truncated } from '../fields.ts';
import { FiltersInput, readFilters } from '../filters.ts';
import { NextCall } from '../next-call.ts';
import { bringUpToDate } from '../searching.ts';
import { type Beforehand, type Context, defineTool } from '../tool.ts';
import { echo, truncation } from '../views.ts';

/** Tasks of one call. */
const MOST = 10_000;

const Input = z.strictObject({
  operation: z.enum(BULK_OPERATIONS),
  changes: z
    .record(z.string(), z.unknown())
    .describe(
      'update: its fields; transition: lifecycle_stage, notes, validation_checks; cancel: reason, cascade, preserve_work; delete: reason, cascade, force; move: parent_task_id',
    )
    .default({}),
  task_ids: z.array(TaskId).min(1).max(MOST).describe('These, or filters').optional(),
  filters: FiltersInput.optional(),
  atomic: z.boolean().default(false),
  dry_run: z.boolean().describe('Default: true with filters').optional(),
  session_id: SessionId.optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_bulk_tasks',
  title: 'Change many tasks',
  description:
    'Does to up to 10000 tasks what the tools for one do. dry_run shows exactly what would change. ' +
    'Refusals are told by task; with atomic they stop it all.',
  set: 'bulk',
  rank: 210,
  effect: 'remove',
  inBatches: true,
  input: Input,
  output: z.object({
    operation: z.enum(BULK_OPERATIONS),
    dry_run: z.boolean(),
    atomic: z.boolean(),
    matched: z.number(),
    changed: z.number(),
    unchanged: z.number(),
    refused_count: z.number(),
    refused: Listed,
    tasks: Listed,
    events: z.record(z.string(), z.number()),
    consequences: Listed,
    next_call: NextCall.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'See what raising the priority of all open tests would change',
      input: {
        operation: 'update',
        changes: { priority: 'high' },
        filters: { specialist_type: 'tester', status: ['pending', 'active'] },
      },
    },
    {
      title: 'Cancel two tasks',
      input: {
        operation: 'cancel',
        changes: { reason: 'Out of scope' },
        task_ids: ['tester_jkl01200', 'documenter_mno34500'],
      },
    },
  ],

  /** What fits into one transaction, or has to, is done there; only more of it is done beforehand, batch by batch. */
  async prepare(input, beforehand) {
    refuseUnclear(input);
    if (input.filters?.search !== undefined) await makeSearchable(beforehand);
    if (input.atomic && !isDryRun(input)) return undefined;
    const job = await beforehand.read((context) => jobOf(context, input));
    if (isDryRun(input)) return replyTo(input, job, await workInVain(beforehand, job));
    return job.ids.length <= BATCH ? undefined : replyTo(input, job, await workInBatches(beforehand, job));
  },

  async run(input, context, made) {
    if (made !== undefined) return made;
    const job = await jobOf(context, input);
    const tally = await workInOne(context, job);
    if (input.atomic && tally.refusals.length > 0) throw notAll(input, job, tally);
    return replyTo(input, job, tally);
  },
});

/** A filter by words means all tasks that have them, not only those that are searchable so far. */
async function makeSearchable(beforehand: Beforehand): Promise<void> {
  const left = await bringUpToDate(beforehand);
  if (left === 0) return;
  throw transient(`${left} changes are not searchable yet, so that filters.search would miss tasks`, {
    retry_after_ms: 2_000,
    suggestion: 'Repeat in a moment',
  });
}

/** What a filter means is shown before it is done. */
const isDryRun = ({ dry_run, filters }: Request) => dry_run ?? filters !== undefined;

function refuseUnclear({ task_ids, filters }: Request): void {
  if ((task_ids === undefined) === (filters === undefined)) {
    throw invalid(
      task_ids === undefined
        ? 'Neither task_ids nor filters say which tasks are meant'
        : 'task_ids and filters are both given',
      {
        parameter: 'task_ids',
        suggestion: 'Repeat with one of the two; filters may hold task_ids',
      },
    );
  }
  if (filters !== undefined && Object.values(filters).every((value) => value === undefined)) {
    throw invalid('filters are empty, which would mean every task', {
      parameter: 'filters',
      suggestion: 'Repeat with filters that say which tasks are meant',
    });
  }
}

async function jobOf(context: Context, input: Request): Promise<Job> {
  const deed = await readDeed(context, input.operation, input.changes);
  return { ids: await meant(context, input), deed, doing: input.operation };
}

async function meant(context: Context, { task_ids, filters = {} }: Request): Promise<readonly string[]> {
  if (task_ids !== undefined) return [...new Set(task_ids)];
  const ids = await context.queries.ids(await readFilters(context, filters), MOST + 1);
  if (ids.length <= MOST) return ids;
  throw refused(`More than ${MOST} tasks match the filters`, {
    parameter: 'filters',
    suggestion: 'Repeat with filters that fewer tasks match, such as created_before',
  });
}

/** What the rest of the reply costs. */
const FRAME_TOKENS = 150;

function replyTo(input: Request, { ids }: Job, { changed, unchanged, refusals, events, ...tally }: Tally) {
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  const head = spend.pay({ events: { ...events } });
  const lists = {
    refused: spend.list(refusals.map(refusalView), 0.3),
    tasks: spend.list(tally.tasks.map(taskView), 0.4),
    consequences: spend.list(
      tally.consequences.map(({ taskId, type, details }) => ({ task_id: taskId, type, ...details })),
    ),
  };
  const [call] = isDryRun(input) && changed > 0 ? spend.list([callThatDoesIt(input)]) : [];
  const beyond = tally.consequenceCount - tally.consequences.length + changed - tally.tasks.length;
  return {
    operation: input.operation,
    dry_run: isDryRun(input),
    atomic: input.atomic,
    matched: ids.length,
    changed,
    unchanged,
    refused_count: refusals.length,
    ...head,
    ...lists,
    ...(call !== undefined && { next_call: call }),
    ...truncation(spend, 'Use orchestrator_get_task with a task_id, or fewer tasks in a call', beyond),
  };
}

function refusalView({ id, error: { message, code, suggestion, details } }: Refusal) {
  const { open_stages } = details;
  const wayOut = open_stages === undefined ? suggestion !== undefined && { suggestion } : { open_stages };
  return { task_id: id, error: message, code, ...wayOut };
}

const taskView = ({ id, changes }: Readonly<{ id: string; changes: Differences }>) => ({
  task_id: id,
  changes: Object.fromEntries(
    Object.entries(changes).map(([name, { from, to }]) => [
      name,
      { ...(from !== undefined && { from: shown(from) }), ...(to !== undefined && { to: shown(to) }) },
    ]),
  ),
});

/** A value as one of many. */
function shown(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  return cut(typeof value === 'string' ? value : JSON.stringify(value), 100);
}

function callThatDoesIt({ operation, changes, task_ids, filters, atomic, session_id }: Request) {
  const which = task_ids === undefined ? { filters } : { task_ids };
  const who = session_id === undefined ? {} : { session_id };
  const call = { operation, changes, ...which, ...(atomic && { atomic }), dry_run: false, ...who };
  return { tool: 'orchestrator_bulk_tasks', arguments: call };
}

const notAll = ({ operation }: Request, { ids }: Job, { refusals }: Tally) =>
  refused(`Nothing was changed: ${operation} is refused for ${refusals.length} of ${ids.length} tasks`, {
    refused_count: refusals.length,
    refused: refusals.slice(0, 20).map((one) => ({ ...refusalView(one), error: echo(one.error.message) })),
    suggestion: 'Repeat without these tasks, or with atomic: false to do it to the others',
  });
