import { z } from 'zod';
import { BUDGET, spending, textWithin } from '../../domain/budget.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import { refused } from '../../domain/errors.ts';
import {
  drawUp,
  inWords,
  type Links,
  link,
  parallelGroups,
  type SubtaskDraft,
  unknownDependency,
  warnings,
} from '../../domain/plan.ts';
import { closesGate } from '../../domain/readiness.ts';
import { COMPLEXITIES, type Task } from '../../domain/task.ts';
import { endOf, tasksOn, toldSteps, wayInWords } from '../../domain/way.ts';
import { wayFrom } from '../circles.ts';
import { IdempotencyKey, SaidText, SessionId, TaskId, Text, Truncated } from '../fields.ts';
import { adopt, parentToBe } from '../parents.ts';
import { readSubtasks } from '../subtasks.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, truncation } from '../views.ts';

const Input = z.strictObject({
  description: SaidText.describe('The goal; its first line becomes the title'),
  subtasks_json: z
    .string()
    .describe(
      'JSON array of {title, description, specialist_type, dependencies?: [titles of this plan or task ids], ' +
        'estimated_effort?: low|medium|high, acceptance_criteria?: [text], priority?, task_type?, attributes?}',
    ),
  complexity_level: z.enum(COMPLEXITIES).default('moderate'),
  context: Text.describe('What every subtask should know').optional(),
  parent_task_id: TaskId.describe('Break down this task; a claim on it ends').optional(),
  dry_run: z.boolean().default(false).describe('Check only'),
  session_id: SessionId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});

const Output = z.object({
  task_created: z.boolean(),
  parent_task_id: z.string().optional(),
  description: z.string(),
  complexity: z.enum(COMPLEXITIES),
  subtasks: z.array(
    z.object({
      task_id: z.string().optional(),
      title: z.string(),
      specialist_type: z.string(),
      dependencies: z.array(z.string()),
    }),
  ),
  parallel_groups: z.array(z.array(z.string())),
  dependencies_in_words: z.array(z.string()),
  warnings: z.array(z.string()).optional(),
  truncated: Truncated.optional(),
  next_steps: z.string(),
});

export default defineTool({
  name: 'orchestrator_plan_task',
  title: 'Plan a task',
  description:
    'Breaks a goal into subtasks for specialists, with what waits for what. Refuses the whole plan for an unknown or repeated title, ' +
    'an unknown specialist or a circle. 3 to 8 subtasks are best.',
  set: 'core',
  rank: 20,
  effect: 'add',
  input: Input,
  output: Output,
  examples: [
    {
      title: 'Two steps, one after the other',
      input: {
        description: 'Build a Python web scraper with testing and documentation',
        subtasks_json: JSON.stringify([
          {
            title: 'Design scraper architecture',
            description: 'Plan scalable scraping system',
            specialist_type: 'architect',
            dependencies: [],
            estimated_effort: 'medium',
          },
          {
            title: 'Implement scraper',
            description: 'Write the scraper after the design',
            specialist_type: 'implementer',
            dependencies: ['Design scraper architecture'],
          },
        ]),
        complexity_level: 'moderate',
        context: 'E-commerce product data extraction project',
      },
    },
  ],

  async run(input, context) {
    const drafts = await readSubtasks(context, input.subtasks_json);
    const links = link(drafts);
    const outside = await tasksOutside(context, drafts, links);
    const parent = input.parent_task_id === undefined ? undefined : await parentToBe(context, input.parent_task_id);
    if (parent !== undefined) await refuseCircleThrough(context, parent, [...outside.keys()]);
    const { plan, subtasks, edges } = drawUp({
      description: input.description,
      priority: parent?.priority ?? 'medium',
      context: input.context,
      complexity: input.complexity_level,
      parentId: parent?.id,
      gatesAbove: parent === undefined ? 0 : parent.standing.gatesAbove + Number(closesGate(parent)),
      drafts,
      links,
      outside,
      ids: input.dry_run ? titlesAsIds(drafts) : await newIdsOf(context, drafts),
      sessionId: context.actor.sessionId,
      at: context.clock(),
    });
    if (!input.dry_run) await store(context, { plan, subtasks, edges, parent });
    const told = tell({ subtasks, edges, outside, isDry: input.dry_run, warnings: warnings({ drafts, outside }) });
    return {
      task_created: !input.dry_run,
      ...(!input.dry_run && { parent_task_id: plan.id }),
      description: echo(input.description),
      complexity: input.complexity_level,
      ...told,
      next_steps: input.dry_run
        ? 'Nothing was created; repeat without dry_run to create it'
        : 'Use orchestrator_execute_subtask to start working on individual subtasks',
    };
  },
});

type Told = Readonly<{
  subtasks: readonly Task[];
  edges: readonly Dependency[];
  outside: ReadonlyMap<string, Task>;
  isDry: boolean;
  warnings: readonly string[];
}>;

/** What the texts cost that are said of every plan. */
const FRAME_TOKENS = 200;
/** However many subtasks there are, so much is said of each title. */
const LEAST_TITLE_TOKENS = 6;

/** The plan as it was drawn up: all ids in any case, titles and the rest as far as there is room for them. */
function tell({ subtasks, edges, outside, isDry, warnings: said }: Told) {
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  const cautions = spend.list(said, 0.2);
  const named = subtasks.map(({ id, specialist = '' }) => ({
    ...(!isDry && { task_id: id }),
    title: '',
    specialist_type: specialist,
  }));
  spend.pay(named);
  const each = Math.max(LEAST_TITLE_TOKENS, (0.5 * Math.max(0, spend.left())) / subtasks.length);
  const titles = subtasks.map(({ title }) => spend.pay(textWithin(echo(title), each)));
  const prerequisites = Map.groupBy(edges, (edge) => edge.taskId);
  const waitsFor = (id: string) => prerequisites.get(id)?.map((edge) => echo(edge.prerequisiteId)) ?? [];
  return {
    subtasks: named.map((one, place) => ({
      ...one,
      title: titles[place] ?? '',
      dependencies: spend.list(waitsFor(subtasks[place]?.id ?? '')),
    })),
    parallel_groups: spend.list(parallelGroups(subtasks, edges).map((group) => group.map(echo))),
    dependencies_in_words: spend.list(inWords(edges, [...subtasks, ...outside.values()])),
    ...(said.length > 0 && { warnings: cautions }),
    ...truncation(spend, 'Use orchestrator_get_task with the id of a subtask'),
  };
}

/** A plan that is only tried has no ids; its titles are unique and say more. */
const titlesAsIds = (drafts: readonly SubtaskDraft[]) => ({ plan: '', subtasks: drafts.map(({ title }) => title) });

async function newIdsOf(context: Context, drafts: readonly SubtaskDraft[]) {
  const [plan = '', ...subtasks] = await context.newIds(['task', ...drafts.map(({ specialist }) => specialist)]);
  return { plan, subtasks };
}

async function tasksOutside(context: Context, drafts: readonly SubtaskDraft[], links: Links) {
  const ids = [...new Set(links.flatMap((one) => one.outside))];
  const found = new Map((await context.tasks.findAll(ids)).map((task) => [task.id, task]));
  for (const [index, { outside }] of links.entries()) {
    const missing = outside.find((id) => !found.has(id));
    if (missing !== undefined) throw unknownDependency(drafts, index, missing);
  }
  return found;
}

/** A parent waits for its subtasks, so these cannot wait for what waits for the parent. */
async function refuseCircleThrough(context: Context, parent: Task, outside: readonly string[]): Promise<void> {
  for (const id of outside) {
    const way = id === parent.id ? [parent.id] : await wayFrom(context, endOf(id), endOf(parent.id));
    if (way === undefined) continue;
    const steps = [...wayInWords(way), `${parent.id} would wait for the plan`];
    throw refused(`The plan would wait for itself through ${id}: ${toldSteps(steps).join(', ')}`, {
      cycle_path: toldSteps(tasksOn(way)),
      suggestion: `Repeat without the dependency on ${id}, or without parent_task_id`,
    });
  }
}

type Made = ReturnType<typeof drawUp> & { parent: Task | undefined };

async function store(context: Context, { plan, subtasks, edges, parent }: Made): Promise<void> {
  await context.tasks.insert([plan, ...subtasks]);
  await context.dependencies.insert(edges, context.clock());
  const own = new Set(subtasks.map(({ id }) => id));
  const waitingOutside = edges.filter((edge) => edge.status === 'pending' && !own.has(edge.prerequisiteId));
  for (const [id, waiting] of Map.groupBy(waitingOutside, (edge) => edge.prerequisiteId)) {
    await context.standings.add([id], { waiters: waiting.length });
  }
  await context.record([
    ...[plan, ...subtasks].map((task) => ({
      type: 'task.created' as const,
      taskId: task.id,
      details: { title: task.title, ...(task.parentId !== undefined && { parent_task_id: task.parentId }) },
    })),
    ...edges.map((edge) => ({
      type: 'dependency.added' as const,
      taskId: edge.taskId,
      details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type },
    })),
  ]);
  if (parent !== undefined) await adopt(context, parent, plan);
}
