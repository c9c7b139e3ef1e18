import { contribution, stageFromChildren } from '../domain/hierarchy.ts';
import { endedAs, isOpen, type Stage, transition } from '../domain/lifecycle.ts';
import type { Task } from '../domain/task.ts';
import { judgeDependents } from './edges.ts';
import { offerOrWithdraw, passGateOn } from './offering.ts';
import type { Counter } from './ports.ts';
import type { Context } from './tool.ts';

/**
 * What a change of one task does to the others, all of it in the transaction of the change: the counters of its
 * ancestors, the stage of its parent, the edges that wait for it, the gates above what lies below it, and which
 * tasks are on offer. Nothing here is found by scanning; the cost is that of what really changes.
 */

type Move = Readonly<{ to: Stage; note?: string | undefined }>;

/** Moves a task to another stage with everything that follows from it. Returns the task as it is then. */
export async function move(context: Context, task: Task, { to, note }: Move): Promise<Task> {
  const moved = transition(task, { to, at: context.clock(), note });
  const saved = await context.tasks.save(moved.task);
  await context.record(moved.events);
  await followStage(context, task, saved);
  return saved;
}

/** Passes on what follows from a task's new stage, which is saved. */
export async function followStage(context: Context, before: Task, after: Task): Promise<void> {
  const { id, parentId } = after;
  const isNowOpen = isOpen(after.stage);
  if (before.stage === 'active') await context.claims.end(id);
  await judgeDependents(context, after);
  if (isOpen(before.stage) !== isNowOpen) await context.standings.addWaiter(id, isNowOpen ? 1 : -1);
  await passGateOn(context, before, after);
  await offerOrWithdraw(context, [id]);
  if (parentId !== undefined) await tellParent(context, parentId, { before, after });
}

type Change = Readonly<{ before: Task | undefined; after: Task }>;

/**
 * Tells a parent that a subtask changed, or is new (`before` is undefined then): its counters and those of its ancestors
 * follow, and so may its stage.
 */
export async function tellParent(context: Context, parentId: string, { before, after }: Change): Promise<void> {
  const is = (task: Task | undefined, test: (task: Task) => boolean) => (task !== undefined && test(task) ? 1 : 0);
  const openChildren = is(after, (task) => isOpen(task.stage)) - is(before, (task) => isOpen(task.stage));
  const completedChildren = is(after, endedWell) - is(before, endedWell);
  const added = before === undefined ? 1 : 0;
  const [was, now] = [
    before === undefined ? { leaves: 0, completedLeaves: 0 } : contribution(before),
    contribution(after),
  ];
  const leaves = now.leaves - was.leaves;
  const completedLeaves = now.completedLeaves - was.completedLeaves;
  const delta = { children: added, openChildren, completedChildren, leaves, completedLeaves };
  const parent = await addUpwards(context, parentId, delta);
  if (parent !== undefined) await followChildren(context, parent, after.stage);
}

/** Moves a parent to the stage that its subtasks give it; from `ready` to `review` it passes through `active`. */
async function followChildren(context: Context, parent: Task, childStage: Stage): Promise<void> {
  const to = stageFromChildren(parent, childStage);
  if (to === undefined) {
    await offerOrWithdraw(context, [parent.id]);
    return;
  }
  await followChildren(context, await move(context, parent, { to }), childStage);
}

const endedWell = (task: Task) => endedAs(task) === 'completed';

/** Adds to a task's counters, and what that changes in its contribution to those of its ancestors. Returns the task. */
async function addUpwards(
  context: Context,
  id: string,
  delta: Partial<Record<Counter, number>>,
): Promise<Task | undefined> {
  const before = await context.tasks.find(id);
  if (Object.values(delta).every((change) => change === 0)) return before;
  await context.standings.add([id], delta);
  const after = await context.tasks.find(id);
  if (before === undefined || after === undefined) return undefined;
  const leaves = contribution(after).leaves - contribution(before).leaves;
  const completedLeaves = contribution(after).completedLeaves - contribution(before).completedLeaves;
  if (after.parentId !== undefined && (leaves !== 0 || completedLeaves !== 0)) {
    await addUpwards(context, after.parentId, { leaves, completedLeaves });
  }
  return after;
}
