import { type Dependency, type DependencyStatus, isUnmet, judge } from '../domain/dependencies.ts';
import type { EventType, NewEvent } from '../domain/event.ts';
import { contribution, stageFromChildren } from '../domain/hierarchy.ts';
import { endedAs, isOpen, type Stage, transition } from '../domain/lifecycle.ts';
import { closesGate, isActionable } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import type { Counter, StandingRow } from './ports.ts';
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
  if (task.stage === 'active') await context.claims.end(task.id);
  await judgeDependents(context, saved);
  if (isOpen(task.stage) !== isOpen(to)) await context.standings.addWaiter(task.id, isOpen(to) ? 1 : -1);
  await passGateOn(context, task, saved);
  await offerOrWithdraw(context, [task.id]);
  if (task.parentId !== undefined) await tellParent(context, task.parentId, { before: task, after: saved });
  return saved;
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

const JUDGED = {
  satisfied: 'dependency.satisfied',
  failed: 'dependency.failed',
  pending: 'dependency.reopened',
  waived: 'dependency.waived',
} as const satisfies Record<DependencyStatus, EventType>;

/** Judges the edges anew that wait for a task, and passes on what that changes. */
export async function judgeDependents(context: Context, prerequisite: Task): Promise<void> {
  const edges = await context.dependencies.onto(prerequisite.id);
  if (edges.length === 0) return;
  const isAboutData = edges.some((edge) => edge.type === 'data');
  const artifactTypes = isAboutData ? await context.artifacts.typesHandedOn(prerequisite.id) : [];
  const facts = { task: prerequisite, isDeleted: false, artifactTypes };
  const changes = edges.flatMap((edge) => {
    const status = judge(edge, facts);
    return status === edge.status ? [] : [{ before: edge, after: { ...edge, status } }];
  });
  await applyEdgeChanges(context, changes);
}

/** An edge before and after; `before` is undefined for a new one, `after` for one that is removed. */
export type EdgeChange = Readonly<{ before: Dependency | undefined; after: Dependency | undefined }>;

/** Writes changed statuses of existing edges, with all that follows from them for both ends. */
async function applyEdgeChanges(
  context: Context,
  changes: readonly Readonly<{ before: Dependency; after: Dependency }>[],
) {
  if (changes.length === 0) return;
  await context.dependencies.save(
    changes.map(({ after }) => after),
    context.clock(),
  );
  await context.record(changes.map(({ after }) => edgeEvent(after)));
  await countEdgeChanges(context, changes);
}

const edgeEvent = (edge: Dependency): NewEvent => ({
  type: JUDGED[edge.status],
  taskId: edge.taskId,
  details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type },
});

/** Keeps the counters at both ends of edges that were written, added or removed: unmet, waiters, gates, offers. */
export async function countEdgeChanges(context: Context, changes: readonly EdgeChange[]): Promise<void> {
  const dependents = [...new Set(changes.flatMap(({ before, after }) => (before ?? after)?.taskId ?? []))];
  const before = await context.standings.of(dependents);
  await countWaiters(context, changes, before);
  const unmet = tally(changes, ({ status }) => isUnmet(status));
  const failed = tally(changes, ({ status }) => status === 'failed');
  for (const [delta, ids] of grouped(dependents, (id) => ({
    unmet: unmet.get(id) ?? 0,
    failed: failed.get(id) ?? 0,
  }))) {
    await context.standings.add(ids, delta);
  }
  for (const row of before) {
    const now = { ...row.standing, unmet: row.standing.unmet + (unmet.get(row.id) ?? 0) };
    await passGateOn(context, row, { ...row, standing: now });
  }
  await offerOrWithdraw(context, dependents);
}

/** How much a count of edges changes, by dependent. */
function tally(changes: readonly EdgeChange[], counts: (edge: Dependency) => boolean): ReadonlyMap<string, number> {
  const totals = new Map<string, number>();
  for (const { before, after } of changes) {
    const id = (before ?? after)?.taskId ?? '';
    const change = (after !== undefined && counts(after) ? 1 : 0) - (before !== undefined && counts(before) ? 1 : 0);
    totals.set(id, (totals.get(id) ?? 0) + change);
  }
  return totals;
}

type Delta = Readonly<{ unmet: number; failed: number }>;

/** The ids that change alike, together, so that each kind of change is one statement. */
function grouped(
  ids: readonly string[],
  deltaOf: (id: string) => Delta,
): readonly (readonly [Delta, readonly string[]])[] {
  const groups = new Map<string, [Delta, string[]]>();
  for (const id of ids) {
    const delta = deltaOf(id);
    if (delta.unmet === 0 && delta.failed === 0) continue;
    const key = `${delta.unmet} ${delta.failed}`;
    const group = groups.get(key) ?? [delta, []];
    group[1].push(id);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A prerequisite's `waiters` counts open tasks, not edges: a pair counts while any of its edges is pending. */
async function countWaiters(context: Context, changes: readonly EdgeChange[], dependents: readonly StandingRow[]) {
  const isOpenTask = new Set(dependents.filter((row) => isOpen(row.stage)).map((row) => row.id));
  const pairs = new Map<string, { prerequisiteId: string; taskId: string; change: number }>();
  for (const { before, after } of changes) {
    const edge = before ?? after;
    if (edge === undefined || !isOpenTask.has(edge.taskId)) continue;
    const key = `${edge.taskId} ${edge.prerequisiteId}`;
    const pair = pairs.get(key) ?? { prerequisiteId: edge.prerequisiteId, taskId: edge.taskId, change: 0 };
    pair.change += (after?.status === 'pending' ? 1 : 0) - (before?.status === 'pending' ? 1 : 0);
    pairs.set(key, pair);
  }
  const now = await pendingPairs(context, [...isOpenTask]);
  const deltas = new Map<string, number>();
  for (const [key, { prerequisiteId, change }] of pairs) {
    const pendingNow = now.get(key) ?? 0;
    const delta = Number(pendingNow > 0) - Number(pendingNow - change > 0);
    deltas.set(prerequisiteId, (deltas.get(prerequisiteId) ?? 0) + delta);
  }
  for (const [id, waiters] of deltas) if (waiters !== 0) await context.standings.add([id], { waiters });
}

/** How many pending edges each pair of tasks has now. */
async function pendingPairs(context: Context, taskIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const pairs = new Map<string, number>();
  for (const edge of await context.dependencies.of(taskIds)) {
    if (edge.status !== 'pending') continue;
    const key = `${edge.taskId} ${edge.prerequisiteId}`;
    pairs.set(key, (pairs.get(key) ?? 0) + 1);
  }
  return pairs;
}

/** Opens or closes the gate above everything below a task, when the task began or ceased to hold it back. */
async function passGateOn(context: Context, before: StandingRow, after: StandingRow): Promise<void> {
  const [was, is] = [closesGate(before), closesGate(after)];
  if (was === is || isLeaf(after)) return;
  await offerOrWithdraw(context, await context.standings.addGateBelow(after.id, is ? 1 : -1));
}

/** Puts the tasks on offer that can be taken now, and takes the others off. */
export async function offerOrWithdraw(context: Context, ids: readonly string[]): Promise<void> {
  const rows = await context.standings.of(ids);
  const idsOf = (test: (row: StandingRow) => boolean) => rows.filter(test).map((row) => row.id);
  const appeared = idsOf((row) => isActionable(row) && row.standing.actionableSince === undefined);
  const vanished = idsOf((row) => !isActionable(row) && row.standing.actionableSince !== undefined);
  if (appeared.length > 0) await context.standings.offer(appeared, context.clock());
  if (vanished.length > 0) await context.standings.withdraw(vanished);
  for (const id of appeared) context.offered.add(id);
  for (const id of vanished) context.offered.delete(id);
}
