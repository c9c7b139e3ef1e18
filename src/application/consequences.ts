import { type Dependency, type DependencyStatus, judge } from '../domain/dependencies.ts';
import type { EventType, NewEvent } from '../domain/event.ts';
import { contribution, stageFromChildren } from '../domain/hierarchy.ts';
import { endedAs, isOpen, type Moved, type Stage, transition } from '../domain/lifecycle.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { countEdges, type EdgeChange, type EdgeNow } from './edges.ts';
import { offerOrWithdraw, passGateOn } from './offering.ts';
import type { Counter } from './repositories.ts';
import type { Context } from './tool.ts';

/**
 * What a change of one task does to the others, all of it in the transaction of the change: the counters of its
 * ancestors, the stage of its parent, the edges that wait for it, the gates above what lies below it, and which
 * tasks are on offer. Nothing here is found by scanning; the cost is that of what really changes.
 */

type Move = Readonly<{ to: Stage; note?: string | undefined }>;

/** Moves a task to another stage with everything that follows from it. Returns the task as it is then. */
export const move = (context: Context, task: Task, { to, note }: Move): Promise<Task> =>
  enact(context, task, transition(task, { to, at: context.clock(), note }));

/** Carries out a change of stage that the domain has decided. */
export async function enact(context: Context, task: Task, moved: Moved): Promise<Task> {
  const saved = await context.tasks.save(moved.task);
  await context.record(moved.events);
  return followStage(context, task, saved);
}

/** Passes on what follows from a task's new stage, which is saved. Returns the task as it is then. */
async function followStage(context: Context, before: Task, after: Task): Promise<Task> {
  const { id, parentId } = after;
  const isNowOpen = isOpen(after.stage);
  if (before.stage === 'cancelled' && isNowOpen) await takeBackWork(context, id);
  if (before.stage === 'active') await context.claims.end(id);
  if (!isNowOpen || !isOpen(before.stage)) await judgeDependents(context, after);
  if (isOpen(before.stage) !== isNowOpen) await context.standings.addWaiter(id, isNowOpen ? 1 : -1);
  await passGateOn(context, before, after);
  await offerOrWithdraw(context, [id]);
  if (parentId !== undefined) await tellParent(context, parentId, { before, after });
  return wasOutOfPlay(before) ? ((await catchUp(context, id)) ?? after) : after;
}

/** Work that was given up when its task was cancelled is wanted again. */
async function takeBackWork(context: Context, id: string): Promise<void> {
  const artifacts = await context.givenUp.takeOut(id);
  context.fileMoves.push(...artifacts.map((artifact) => ({ move: 'from_trash' as const, artifact })));
}

/** A parent does not follow its subtasks while it is blocked or put away, nor while it waits itself. */
const wasOutOfPlay = ({ stage }: Task) => stage === 'blocked' || stage === 'archived' || stage === 'superseded';

/** Lets a parent follow what became of its subtasks while it did not. */
async function catchUp(context: Context, id: string): Promise<Task | undefined> {
  const parent = await context.tasks.find(id);
  if (parent === undefined || isLeaf(parent)) return parent;
  await followChildren(context, parent, undefined);
  return context.tasks.find(id);
}

/** A subtask before and after; `before` is undefined for a new one, `after` for one that is taken away. */
type Change = Readonly<{ before: Task | undefined; after: Task | undefined }>;

/** Tells a parent that a subtask came, changed or went: its counters and those of its ancestors follow, and so may its stage. */
export async function tellParent(context: Context, parentId: string, { before, after }: Change): Promise<void> {
  const [was, is] = [counted(before), counted(after)];
  const delta = {
    children: is.children - was.children,
    openChildren: is.openChildren - was.openChildren,
    completedChildren: is.completedChildren - was.completedChildren,
    leaves: is.leaves - was.leaves,
    completedLeaves: is.completedLeaves - was.completedLeaves,
  };
  const parent = await addUpwards(context, parentId, delta);
  if (parent !== undefined) await followChildren(context, parent, after?.stage);
}

/** What a subtask adds to the counters of its parent. */
function counted(task: Task | undefined) {
  if (task === undefined) return { children: 0, openChildren: 0, completedChildren: 0, leaves: 0, completedLeaves: 0 };
  const isCompleted = endedAs(task) === 'completed';
  return {
    children: 1,
    openChildren: Number(isOpen(task.stage)),
    completedChildren: Number(isCompleted),
    ...contribution(task),
  };
}

/** Moves a parent to the stage that its subtasks give it; from `ready` to `review` it passes through `active`. */
async function followChildren(context: Context, parent: Task, childStage: Stage | undefined): Promise<void> {
  const to = stageFromChildren(parent, childStage);
  if (to === undefined) {
    await offerOrWithdraw(context, [parent.id]);
    return;
  }
  await followChildren(context, await move(context, parent, { to }), childStage);
}

type Counters = Partial<Record<Counter, number>>;

/**
 * Adds to a task's counters, and what that changes in its contribution to those of its ancestors. Returns the task.
 * `below` are the tasks on the way: in a damaged store whose parents form a circle it ends there.
 */
async function addUpwards(
  context: Context,
  id: string,
  delta: Counters,
  below: readonly string[] = [],
): Promise<Task | undefined> {
  const before = await context.tasks.find(id);
  if (Object.values(delta).every((change) => change === 0)) return before;
  await context.standings.add([id], delta);
  const after = await context.tasks.find(id);
  if (before === undefined || after === undefined) return undefined;
  const leaves = contribution(after).leaves - contribution(before).leaves;
  const completedLeaves = contribution(after).completedLeaves - contribution(before).completedLeaves;
  const way = [...below, id];
  if (after.parentId !== undefined && !way.includes(after.parentId)) {
    await addUpwards(context, after.parentId, { leaves, completedLeaves }, way);
  }
  return after;
}

const JUDGED = {
  satisfied: 'dependency.satisfied',
  failed: 'dependency.failed',
  pending: 'dependency.reopened',
  waived: 'dependency.waived',
} as const satisfies Record<DependencyStatus, EventType>;

/** Judges the edges anew that wait for a task, and passes on what that changes. */
export async function judgeDependents(context: Context, prerequisite: Task): Promise<void> {
  const edges = await context.dependencies.onto([prerequisite.id]);
  if (edges.length === 0) return;
  const isAboutData = edges.some((edge) => edge.type === 'data');
  const artifactTypes = isAboutData ? await context.artifacts.typesHandedOn(prerequisite.id) : [];
  const facts = { task: prerequisite, isDeleted: false, artifactTypes };
  const judged = edges.map((edge) => ({ edge, status: judge(edge, facts) }));
  const changed = judged.filter(({ edge, status }) => status !== edge.status);
  await settleJudged(context, changed, judged);
}

/** An edge as it is stored, and the status that it is to have. */
export type Judged = Readonly<{ edge: Dependency; status: DependencyStatus }>;

/**
 * Writes statuses that changed, and passes on what follows from them. `between` are all edges between the tasks that the
 * changed ones are about, where the caller knows them.
 */
export async function settleJudged(
  context: Context,
  changed: readonly Judged[],
  between?: readonly Judged[],
): Promise<void> {
  if (changed.length === 0) return;
  await writeJudged(context, changed);
  await countEdgeChanges(
    context,
    changed.map(({ edge, status }) => ({ edge, was: edge.status, is: status })),
    between,
  );
}

/** Writes statuses that changed, and nothing of what follows from them. */
export async function writeJudged(context: Context, changed: readonly Judged[]): Promise<void> {
  for (const alike of Map.groupBy(changed, alikeBy).values()) {
    const [first] = alike;
    if (first === undefined) continue;
    const taskIds = alike.map(({ edge }) => edge.taskId);
    await context.dependencies.judge({ ...first.edge, status: first.status }, { taskIds, at: context.clock() });
  }
  await context.record(changed.map(judgedEvent));
}

const alikeBy = ({ edge, status }: Judged) => `${edge.prerequisiteId} ${edge.type} ${status}`;

const judgedEvent = ({ edge, status }: Judged): NewEvent => ({
  type: JUDGED[status],
  taskId: edge.taskId,
  details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type, from: edge.status, to: status },
});

/** Keeps what depends on edges that were written, added or removed; a parent that waits for nothing any more catches up. */
export async function countEdgeChanges(
  context: Context,
  changes: readonly EdgeChange[],
  between?: readonly EdgeNow[],
): Promise<void> {
  for (const id of await countEdges(context, changes, between)) await catchUp(context, id);
}
