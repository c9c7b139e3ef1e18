import { type Dependency, isUnmet } from './dependencies.ts';
import { isActionable } from './readiness.ts';
import { NEW_STANDING, type Standing, type Task } from './task.ts';

/** New tasks in one tree, parents before their children, the root first. */
export type NewTree = Readonly<{
  tasks: readonly Task[];
  /** Dependencies between them. */
  edges: readonly Dependency[];
  /** Gates above the root. */
  gatesAbove: number;
  at: number;
}>;

/** The tasks with the standing that they begin with; all of them are open, and nothing was done yet. */
export function withStandings({ tasks, edges, gatesAbove, at }: NewTree): readonly Task[] {
  const own = Map.groupBy(edges, ({ taskId }) => taskId);
  const waiters = Map.groupBy(edges, ({ prerequisiteId }) => prerequisiteId);
  const children = Map.groupBy(tasks, ({ parentId }) => parentId);
  const leaves = leavesBelow(tasks);
  const standings = new Map<string, Standing>();
  return tasks.map((task) => {
    const parent = task.parentId === undefined ? undefined : standings.get(task.parentId);
    const count = children.get(task.id)?.length ?? 0;
    const standing: Standing = {
      ...NEW_STANDING,
      children: count,
      openChildren: count,
      leaves: count === 0 ? 0 : (leaves.get(task.id) ?? 0),
      unmet: (own.get(task.id) ?? []).filter(({ status }) => isUnmet(status)).length,
      gatesAbove: parent === undefined ? gatesAbove : parent.gatesAbove + Number(parent.unmet > 0),
      waiters: new Set(waiters.get(task.id)?.map(({ taskId }) => taskId)).size,
    };
    standings.set(task.id, standing);
    const placed = { ...task, standing };
    return isActionable(placed) ? { ...placed, standing: { ...standing, actionableSince: at } } : placed;
  });
}

/** How many leaves each task counts as: itself where it has no children. */
function leavesBelow(tasks: readonly Task[]): ReadonlyMap<string, number> {
  const parents = new Set(tasks.map(({ parentId }) => parentId));
  const leaves = new Map<string, number>();
  for (const { id, parentId } of tasks.toReversed()) {
    const count = parents.has(id) ? (leaves.get(id) ?? 0) : 1;
    leaves.set(id, count);
    if (parentId !== undefined) leaves.set(parentId, (leaves.get(parentId) ?? 0) + count);
  }
  return leaves;
}

/** Ids of the leaves in groups that can be worked at once; what waits for a parent waits for all that lies below it. */
export function leafGroups(tasks: readonly Task[], edges: readonly Dependency[]): readonly (readonly string[])[] {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const children = Map.groupBy(tasks, ({ parentId }) => parentId ?? '');
  const own = Map.groupBy(edges, ({ taskId }) => taskId);
  const level = new Map<string, { begins: number; ends: number }>();
  const beginOf = (task: Task): number => {
    const parent = task.parentId === undefined ? undefined : byId.get(task.parentId);
    const waits = (own.get(task.id) ?? []).flatMap(({ prerequisiteId }) => byId.get(prerequisiteId) ?? []);
    return Math.max(parent === undefined ? 0 : levelOf(parent).begins, ...waits.map((one) => levelOf(one).ends));
  };
  const levelOf = (task: Task): { begins: number; ends: number } => {
    const known = level.get(task.id);
    if (known !== undefined) return known;
    const found = { begins: beginOf(task), ends: 0 };
    level.set(task.id, found);
    const below = children.get(task.id) ?? [];
    found.ends = below.length === 0 ? found.begins + 1 : Math.max(...below.map((child) => levelOf(child).ends));
    return found;
  };
  const leaves = tasks.filter(({ id }) => !children.has(id));
  const groups = Map.groupBy(leaves, (leaf) => levelOf(leaf).begins);
  return [...groups].toSorted(([one], [other]) => one - other).map(([, group]) => group.map(({ id }) => id));
}
