import { type Dependency, type DependencyStatus, isUnmet } from '../domain/dependencies.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { isActionable } from '../domain/readiness.ts';
import { isLeaf } from '../domain/task.ts';
import { offerOrWithdraw, passGateOn } from './offering.ts';
import type { StandingRow } from './repositories.ts';
import type { Context } from './tool.ts';

/** An edge whose status changed: `was` is undefined for a new edge, `is` for one that is removed. */
export type EdgeChange = Readonly<{
  edge: Pick<Dependency, 'taskId' | 'prerequisiteId'>;
  was: DependencyStatus | undefined;
  is: DependencyStatus | undefined;
}>;

/**
 * Keeps what depends on edges that were written, added or removed, at both their ends: counters, gates, offers.
 * `between` are all edges between the tasks that the changes are about, where the caller knows them. Returns the parents
 * that wait for nothing any more.
 */
export async function countEdges(
  context: Context,
  changes: readonly EdgeChange[],
  between?: readonly EdgeNow[],
): Promise<readonly string[]> {
  const dependents = [...new Set(changes.map(({ edge }) => edge.taskId))];
  const before = await context.standings.of(dependents);
  await countWaiters(context, { changes, dependents: before, between });
  const unmet = gained(changes, dependentOf, isUnmet);
  const failed = gained(changes, dependentOf, (status) => status === 'failed');
  const shifts = before.map((row) => shiftOf(row, { unmet: unmet.get(row.id) ?? 0, failed: failed.get(row.id) ?? 0 }));
  await addAlike(context, shifts);
  const parents = shifts.filter(({ before: row }) => !isLeaf(row));
  for (const shift of parents) await passGateOn(context, shift.before, shift.after);
  // A gate that opens or closes above others among them changes more than was known.
  if (parents.length > 0) await offerOrWithdraw(context, dependents);
  const isFree = (shift: Shift) => shift.before.standing.unmet > 0 && shift.after.standing.unmet === 0;
  return parents.filter(isFree).map(({ after }) => after.id);
}

/** An edge and the status that it has by now. */
export type EdgeNow = Readonly<{ edge: EdgeChange['edge']; status: DependencyStatus }>;

const dependentOf = ({ edge }: EdgeChange) => edge.taskId;
const pairOf = ({ edge }: Pick<EdgeChange, 'edge'>) => `${edge.taskId} ${edge.prerequisiteId}`;

type Counts = (status: DependencyStatus) => boolean;

/** How many edges of a kind each group gained or lost. */
function gained(changes: readonly EdgeChange[], groupOf: (change: EdgeChange) => string, counts: Counts) {
  const is = (status: DependencyStatus | undefined) => Number(status !== undefined && counts(status));
  const totals = new Map<string, number>();
  for (const change of changes) {
    const group = groupOf(change);
    totals.set(group, (totals.get(group) ?? 0) + is(change.is) - is(change.was));
  }
  return totals;
}

type Delta = Readonly<{ unmet: number; failed: number }>;
/** What becomes of a task: its counters, and whether it appears among the offers or vanishes from them. */
type Shift = Readonly<{ before: StandingRow; after: StandingRow; delta: Delta; isOffered: boolean | undefined }>;

function shiftOf(before: StandingRow, delta: Delta): Shift {
  const after = { ...before, standing: { ...before.standing, unmet: before.standing.unmet + delta.unmet } };
  const isOffered = isActionable(after);
  const wasOffered = before.standing.actionableSince !== undefined;
  return { before, after, delta, isOffered: isOffered === wasOffered ? undefined : isOffered };
}

/** Changes tasks as they shift; those that shift alike are one statement. */
async function addAlike(context: Context, shifts: readonly Shift[]): Promise<void> {
  for (const alike of Map.groupBy(shifts, alikeBy).values()) {
    const [first] = alike;
    const ids = alike.map(({ after }) => after.id);
    if (first !== undefined) await shiftAll(context, ids, first);
  }
}

async function shiftAll({ standings, clock, offered }: Context, ids: readonly string[], { delta, isOffered }: Shift) {
  if (isOffered === undefined) return standings.add(ids, delta);
  await standings.add(ids, delta, isOffered ? clock() : null);
  for (const id of ids) {
    if (isOffered) offered.add(id);
    else offered.delete(id);
  }
}

const alikeBy = ({ delta: { unmet, failed }, isOffered }: Shift) => `${unmet} ${failed} ${isOffered}`;

type Waiting = Readonly<{
  changes: readonly EdgeChange[];
  dependents: readonly StandingRow[];
  between: readonly EdgeNow[] | undefined;
}>;

/** A prerequisite's `waiters` counts open tasks, not edges: a pair of tasks counts while any edge between them is pending. */
async function countWaiters(context: Context, { changes, dependents, between }: Waiting): Promise<void> {
  const open = new Set(dependents.filter((row) => isOpen(row.stage)).map(({ id }) => id));
  const relevant = changes.filter(({ edge }) => open.has(edge.taskId));
  const pending = pendingAmong(between ?? (await edgesOf(context, [...open])));
  const change = gained(relevant, pairOf, (status) => status === 'pending');
  const waiters = new Map<string, number>();
  for (const [pair, { edge }] of new Map(relevant.map((one) => [pairOf(one), one]))) {
    const now = pending.get(pair) ?? 0;
    const delta = Number(now > 0) - Number(now - (change.get(pair) ?? 0) > 0);
    waiters.set(edge.prerequisiteId, (waiters.get(edge.prerequisiteId) ?? 0) + delta);
  }
  for (const [id, delta] of waiters) if (delta !== 0) await context.standings.add([id], { waiters: delta });
}

/** How many pending edges there are between each pair of tasks. */
function pendingAmong(edges: readonly EdgeNow[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const one of edges) {
    if (one.status === 'pending') counts.set(pairOf(one), (counts.get(pairOf(one)) ?? 0) + 1);
  }
  return counts;
}

const edgesOf = async ({ dependencies }: Context, taskIds: readonly string[]): Promise<readonly EdgeNow[]> =>
  (await dependencies.of(taskIds)).map((edge) => ({ edge, status: edge.status }));
