import { z } from 'zod';
import { BUDGET, type Spending, spending, tokensOf } from '../../domain/budget.ts';
import { dot } from '../../domain/dot.ts';
import { mermaid } from '../../domain/graph.ts';
import { STATUS } from '../../domain/lifecycle.ts';
import type { Task } from '../../domain/task.ts';
import { type Analysis, analyse } from '../analysis.ts';
import type { WorkRow } from '../analysis-repository.ts';
import { Budget, Handle, Listed, Truncated } from '../fields.ts';
import { asReason, obstaclesOf } from '../obstacles.ts';
import { whyBlocked } from '../status.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, truncation } from '../views.ts';
import { wayOut } from '../way-out.ts';

const FORMATS = ['json', 'mermaid', 'dot'] as const;
type Format = (typeof FORMATS)[number];

/** What the names of the parts cost. */
const FRAME_TOKENS = 150;
/** Leaves that each wave names, and stuck tasks whose reasons are looked for. */
const NAMED = 20;
const EXPLAINED = 50;
/** No drawing within a reply holds more boxes. */
const MOST_DRAWN = 1_000;

export default defineTool({
  name: 'orchestrator_analyze_dependencies',
  title: 'Analyse dependencies',
  description:
    'Of open work: the critical path (leaves weigh 1, or low 1, medium 2, high 3 if all have an effort), waves, ' +
    'bottlenecks with slack, what is stuck and its way out. At most 100,000 tasks.',
  set: 'analysis',
  rank: 260,
  effect: 'read',
  input: z.strictObject({
    task_id: Handle.describe('Only what is below it').optional(),
    format: z.enum(FORMATS).default('json'),
    include_completed: z.boolean().describe('In graphs').optional(),
    budget_tokens: Budget.optional(),
  }),
  output: z.object({
    task_id: z.string().optional(),
    open_tasks: z.number(),
    open_leaves: z.number(),
    critical_path: z.object({ length: z.number(), weighed_by: z.enum(['tasks', 'estimated_effort']), tasks: Listed }),
    waves: Listed.optional(),
    bottlenecks: Listed.optional(),
    stuck: Listed.optional(),
    in_circle: z.array(z.string()).optional(),
    graph: z.string().optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    { title: 'What decides how long a plan takes', input: { task_id: 'task_abc12300' } },
    { title: 'The same as a graph', input: { task_id: 'task_abc12300', format: 'mermaid' } },
  ],

  prepare: ({ task_id, include_completed = false, format }, beforehand) =>
    analyse(beforehand, { taskId: task_id, includeEnded: include_completed, withHeldUp: format === 'json' }),

  async run({ format, budget_tokens = BUDGET.default }, context, analysis) {
    const spend = spending(budget_tokens - FRAME_TOKENS);
    const { schedule, open, inCircle } = analysis;
    const critical_path = {
      length: schedule.length,
      weighed_by: analysis.weighedBy,
      tasks: spend.list(schedule.path.flatMap((id) => open.get(id) ?? []).map(line), 0.25),
    };
    const circles = inCircle.length > 0 ? { in_circle: spend.list(inCircle, 0.1) } : {};
    const { shown, beyond } =
      format === 'json' ? await parts(context, analysis, spend) : drawn(analysis, format, spend.left());
    return {
      ...(analysis.top !== undefined && { task_id: analysis.top }),
      open_tasks: open.size,
      open_leaves: leavesOf(analysis).length,
      critical_path,
      ...circles,
      ...shown,
      ...truncation(spend, HOW_TO_SEE_MORE, beyond),
    };
  },
});

const HOW_TO_SEE_MORE = 'Repeat with a larger budget_tokens, or with the task_id of a part';

const leavesOf = ({ open }: Analysis) => [...open.values()].filter(({ isLeaf }) => isLeaf);

const line = ({ id, title, stage }: WorkRow) => ({ task_id: id, title: echo(title), status: STATUS[stage] });

async function parts(context: Context, analysis: Analysis, spend: Spending) {
  const bottlenecks = spend.list(bottlenecksOf(analysis), 0.25);
  const stuck = spend.list(await stuckViews(context, analysis), 0.3);
  const shown = { bottlenecks, stuck, waves: spend.list(wavesOf(analysis)) };
  return { shown, beyond: Math.max(0, analysis.stuck.length - EXPLAINED) };
}

/** Leaves that hold others up, those that hold up most first; a parent holds up what its leaves do. */
function bottlenecksOf(analysis: Analysis) {
  const held = ({ id }: WorkRow) => analysis.heldUp.get(id) ?? 0;
  return leavesOf(analysis)
    .filter((task) => held(task) > 0)
    .toSorted((a, b) => held(b) - held(a))
    .map((task) => ({
      ...line(task),
      holds_up: held(task),
      directly: analysis.waiters.get(task.id) ?? 0,
      slack: analysis.schedule.slackOf(task.id) ?? 0,
    }));
}

const wavesOf = ({ schedule }: Analysis) =>
  schedule.waves.map((ids, index) => ({ wave: index + 1, leaves: ids.length, task_ids: ids.slice(0, NAMED) }));

async function stuckViews(context: Context, { stuck, heldUp }: Analysis) {
  const worst = stuck.toSorted((a, b) => (heldUp.get(b) ?? 0) - (heldUp.get(a) ?? 0)).slice(0, EXPLAINED);
  const tasks = new Map((await context.tasks.findAll(worst)).map((task) => [task.id, task]));
  return Promise.all(
    worst
      .flatMap((id) => tasks.get(id) ?? [])
      .map(async (task) => ({
        task_id: task.id,
        title: echo(task.title),
        ...(await explained(context, task)),
        holds_up: heldUp.get(task.id) ?? 0,
      })),
  );
}

async function explained(context: Context, task: Task) {
  const obstacles = await obstaclesOf(context, task);
  const isBlocked = task.stage === 'blocked';
  const reason = isBlocked ? `blocked: ${await whyBlocked(context, task)}` : obstacles.map(asReason).join('; ');
  return { reason: echo(reason), way_out: wayOut(context, task, isBlocked ? [] : obstacles) };
}

/** As many tasks as fit, parents before what lies below them; the number of those left out is told. */
function drawn({ tasks, edges, schedule }: Analysis, format: Exclude<Format, 'json'>, room: number) {
  const draw = (count: number) => {
    const shown = tasks.slice(0, count);
    return format === 'mermaid'
      ? mermaid(shown, edges, schedule.path)
      : dot({ tasks: shown, edges, critical: new Set(schedule.path) });
  };
  let [fits, tooMany] = [0, Math.min(tasks.length, MOST_DRAWN) + 1];
  while (tooMany - fits > 1) {
    const middle = Math.floor((fits + tooMany) / 2);
    if (tokensOf(draw(middle)) <= room) fits = middle;
    else tooMany = middle;
  }
  return { shown: { graph: draw(fits) }, beyond: tasks.length - fits };
}
