import type { Claim } from '../domain/claim.ts';
import { refused } from '../domain/errors.ts';
import { isEnded, isOpen, type Stage, transition } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { settled, toChange } from './claims.ts';
import { move } from './consequences.ts';
import { isGated, type Obstacle, obstaclesOf } from './obstacles.ts';
import { refuseUnderEnded } from './parents.ts';
import { notYet, start } from './start.ts';
import type { Context } from './tool.ts';
import { taskLine } from './views.ts';

/** A move of a task to another stage as it was asked for. */
export type Transition = Readonly<{
  to: Stage;
  /** Whether prerequisites are checked; the stage table and approvals always are. */
  isChecked: boolean;
  note: string | undefined;
  takeOver: boolean;
}>;

export type Changed = Readonly<{
  /** The task as it was. */
  before: Task;
  /** What it waited for when it was moved in spite of that. */
  obstacles: readonly Obstacle[];
  /** The claim that the actor has on it, where it became active. */
  claim: Claim | undefined;
}>;

/** Stages that a task enters only with its prerequisites met; an active one has passed that. */
export const NEEDS_PREREQUISITES: readonly Stage[] = ['active', 'completed'];

/** Moves a task to another stage, taking it for the actor where it becomes active, or refuses naming what is in the way. */
export async function changeStage(context: Context, found: Task, request: Transition): Promise<Changed> {
  const { to, takeOver } = request;
  const task = to === 'active' ? (await settled(context, found)).task : await toChange(context, found, { takeOver });
  const obstacles = NEEDS_PREREQUISITES.includes(to) ? await obstaclesOf(context, task) : [];
  await refuseMove(context, task, { request, obstacles });
  return { before: task, obstacles, claim: await enter(context, task, request) };
}

type Attempt = Readonly<{ request: Transition; obstacles: readonly Obstacle[] }>;

async function refuseMove(context: Context, task: Task, attempt: Attempt): Promise<void> {
  const { to } = attempt.request;
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
async function refuseUnmet(context: Context, task: Task, { request, obstacles }: Attempt): Promise<void> {
  if (obstacles.length === 0) return;
  const isChecked = request.isChecked && task.stage !== 'active';
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
async function enter(context: Context, task: Task, { to, note, takeOver }: Transition): Promise<Claim | undefined> {
  if (to === 'active' && isLeaf(task) && task.type !== APPROVAL && isOpen(task.stage)) {
    const { claim } = await start(context, task, { leaseMs: undefined, takeOver, allowUnmet: true, note });
    return claim;
  }
  await move(context, task, { to, note });
  return undefined;
}
