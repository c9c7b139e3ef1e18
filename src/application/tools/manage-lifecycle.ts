import { z } from 'zod';
import { refused } from '../../domain/errors.ts';
import { isEnded, isOpen, STAGES, type Stage, transition } from '../../domain/lifecycle.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import { isLeaf, type Task } from '../../domain/task.ts';
import { settled, toChange } from '../claims.ts';
import { move } from '../consequences.ts';
import { Claim, ClaimId, IdempotencyKey, Listed, SessionId, TakeOver, TaskId, Text, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { isGated, type Obstacle, obstaclesOf, obstacleView } from '../obstacles.ts';
import { refuseUnderEnded } from '../parents.ts';
import { notYet, start } from '../start.ts';
import { type Context, defineTool } from '../tool.ts';
import { claimView, iso, taskLine } from '../views.ts';

const Input = z.strictObject({
  task_id: TaskId,
  lifecycle_stage: z.enum(STAGES).describe('Where to'),
  validation_checks: z
    .boolean()
    .default(true)
    .describe('false skips prerequisites; never the stage table or an approval'),
  notes: Text.describe('Why').optional(),
  take_over: TakeOver.default(false),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_manage_lifecycle',
  title: 'Move a task to another stage',
  description:
    'Moves a task to another lifecycle stage, or refuses naming the stages that are open. Entering active checks its prerequisites and takes it for you. ' +
    'Reopens and takes up again what has ended: ready (a parent: active).',
  set: 'core',
  rank: 150,
  effect: 'update',
  input: Input,
  output: z.object({
    lifecycle_updated: z.boolean(),
    task_id: z.string(),
    previous_stage: z.enum(STAGES),
    current_stage: z.enum(STAGES),
    transition_valid: z.boolean(),
    prerequisites_met: z.array(z.string()),
    events_emitted: z.array(z.string()),
    timestamp: z.string(),
    claim: Claim.optional(),
    unmet: Listed.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'Block a task that has to wait for an answer',
      input: { task_id: 'tester_jkl01200', lifecycle_stage: 'blocked', notes: 'Waiting for access to the test site' },
    },
  ],

  async run(input, context) {
    const found = await theTask(context, input.task_id);
    const takeOver = input.take_over;
    const task =
      input.lifecycle_stage === 'active'
        ? (await settled(context, found)).task
        : await toChange(context, found, { takeOver });
    const before = await context.events.latest();
    const obstacles = NEEDS_PREREQUISITES.includes(input.lifecycle_stage) ? await obstaclesOf(context, task) : [];
    await refuseMove(context, task, { input, obstacles });
    const taken = await enter(context, task, input);
    const emitted = await context.events.after(before, 1_000);
    const now = await theTask(context, task.id);
    return {
      lifecycle_updated: true,
      task_id: task.id,
      previous_stage: task.stage,
      current_stage: now.stage,
      transition_valid: true,
      prerequisites_met: [...prerequisitesMet({ input, obstacles })],
      events_emitted: [...new Set(emitted.filter(({ taskId }) => taskId === task.id).map(({ type }) => type))],
      timestamp: iso(now.updatedAt),
      ...(taken !== undefined && { claim: claimView(taken) }),
      ...(obstacles.length > 0 && { unmet: obstacles.slice(0, NAMED).map(obstacleView) }),
      ...(obstacles.length > NAMED && {
        truncated: { omitted: obstacles.length - NAMED, how_to_get_more: 'Use orchestrator_get_task' },
      }),
    };
  },
});

/** Stages that a task enters only with its prerequisites met; an active one has passed that. */
const NEEDS_PREREQUISITES: readonly Stage[] = ['active', 'completed'];
/** Open prerequisites that a reply names. */
const NAMED = 20;

type Attempt = Readonly<{ input: Request; obstacles: readonly Obstacle[] }>;

async function refuseMove(context: Context, task: Task, attempt: Attempt): Promise<void> {
  const { lifecycle_stage: to } = attempt.input;
  if (task.type === APPROVAL && (to === 'completed' || to === 'failed')) throw decided(task);
  transition(task, { to, at: context.clock() });
  await refuseUnmet(context, task, attempt);
  if (!isLeaf(task)) await refuseParent(context, task, to);
  if (isOpen(to) && isEnded(task.stage)) await refuseUnderEnded(context, task);
}

const decided = ({ id }: Task) =>
  refused(`Task ${id} is an approval, which is ended by approve or reject alone`, {
    suggestion: `Use orchestrator_manage_dependencies with task_id ${id}, dependencies [] and operation approve or reject`,
  });

/** What is at work has passed its prerequisites once; an approval is passed by nothing. */
async function refuseUnmet(context: Context, task: Task, { input, obstacles }: Attempt): Promise<void> {
  if (obstacles.length === 0) return;
  const isChecked = input.validation_checks && task.stage !== 'active';
  if (isChecked || isGated(obstacles)) throw await notYet(context, task, obstacles);
}

/** A parent that has ended or is up for review has no open subtask, and in review something to look at. */
async function refuseParent(context: Context, task: Task, to: Stage): Promise<void> {
  if (isEnded(to) || to === 'review') await refuseOpenChildren(context, task, to);
  if (to === 'review' && task.standing.completedChildren === 0) throw nothingToReview(task);
}

const nothingToReview = ({ id }: Task) =>
  refused(`None of the subtasks of ${id} is completed, so there is nothing to review`, {
    suggestion: `Use orchestrator_next_task with parent_task_id ${id}, or take a failed subtask up again`,
  });

/** A parent that has ended or is up for review has no open subtask. */
async function refuseOpenChildren(context: Context, task: Task, to: Stage): Promise<void> {
  const open = (await context.tasks.children(task.id)).filter((child) => isOpen(child.stage));
  if (open.length === 0) return;
  throw refused(`Task ${task.id} cannot become ${to}: ${open.length} of its subtasks are open`, {
    open_subtasks: open.slice(0, 20).map(taskLine),
    suggestion: `Move these first, or use orchestrator_next_task with parent_task_id ${task.id} to work on them`,
  });
}

/** A leaf that becomes active is taken; everything else only moves. */
async function enter(context: Context, task: Task, { lifecycle_stage: to, notes, take_over }: Request) {
  if (to === 'active' && isLeaf(task) && task.type !== APPROVAL && isOpen(task.stage)) {
    const how = { leaseMs: undefined, takeOver: take_over, allowUnmet: true, note: notes };
    const started = await start(context, task, how);
    return started.claim;
  }
  await move(context, task, { to, note: notes });
  return undefined;
}

/** What was checked and found met; only work that begins has prerequisites. */
const prerequisitesMet = ({ input, obstacles }: Attempt): readonly string[] =>
  input.lifecycle_stage === 'active' && obstacles.length === 0
    ? ['All dependencies satisfied', 'Required approvals obtained']
    : [];
