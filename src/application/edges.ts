import { type Dependency, type DependencyStatus, isUnmet } from '../domain/dependencies.ts';
import { isOpen } from '../domain/lifecycle.ts';
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
 * Returns the tasks that wait for nothing any more.
 */
export async function countEdges(context: Context, changes: readonly EdgeChange[]): Promise<readonly string[]> {
  const dependents = [...new Set(changes.map(({ edge }) => edge.taskId))];
  const before = await context.standings.of(dependents);
  await countWaiters(context, changes, before);
  const unmet = gained(changes, dependentOf, isUnmet);
  const failed = gained(changes, dependentOf, (status) => status === 'failed');
  await addAlike(context, dependents, (id) => ({ unmet: unmet.get(id) ?? 0, failed: failed.get(id) ?? 0 }));
  for (const row of before) {
    const standing = { ...row.standing, unmet: row.standing.unmet + (unmet.get(row.id) ?? 0) };
    await passGateOn(context, row, { ...row, standing });
  }
  await offerOrWithdraw(context, dependents);
  return before
    .filter(({ id, standing }) => standing.unmet > 0 && standing.unmet + (unmet.get(id) ?? 0) === 0)
    .map(({ id }) => id);
}

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

/** Adds to the counters of the tasks that change; those that change alike are one statement. */
async function addAlike({ standings }: Context, ids: readonly string[], deltaOf: (id: string) => Delta): Promise<void> {
  const changing = ids.filter((id) => Object.values(deltaOf(id)).some((change) => change !== 0));
  for (const alike of Map.groupBy(changing, (id) => JSON.stringify(deltaOf(id))).values()) {
    const [first] = alike;
    if (first !== undefined) await standings.add(alike, deltaOf(first));
  }
}

/** A prerequisite's `waiters` counts open tasks, not edges: a pair of tasks counts while any edge between them is pending. */
async function countWaiters(context: Context, changes: readonly EdgeChange[], dependents: readonly StandingRow[]) {
  const open = new Set(dependents.filter((row) => isOpen(row.stage)).map(({ id }) => id));
  const relevant = changes.filter(({ edge }) => open.has(edge.taskId));
  const pending = await pendingEdges(context, [...open]);
  const change = gained(relevant, pairOf, (status) => status === 'pending');
  const waiters = new Map<string, number>();
  for (const [pair, { edge }] of new Map(relevant.map((one) => [pairOf(one), one]))) {
    const now = pending.get(pair) ?? 0;
    const delta = Number(now > 0) - Number(now - (change.get(pair) ?? 0) > 0);
    waiters.set(edge.prerequisiteId, (waiters.get(edge.prerequisiteId) ?? 0) + delta);
  }
  for (const [id, delta] of waiters) if (delta !== 0) await context.standings.add([id], { waiters: delta });
}

/** How many pending edges there are now between each pair of tasks. */
async function pendingEdges(
  { dependencies }: Context,
  taskIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const edges = (await dependencies.of(taskIds)).filter(({ status }) => status === 'pending');
  return new Map([...Map.groupBy(edges, (edge) => pairOf({ edge }))].map(([pair, { length }]) => [pair, length]));
}
