import { APPROVAL } from './readiness.ts';
import { EFFORTS, type Task } from './task.ts';

/** What the order of open work depends on. */
export type OpenTask = Pick<Task, 'id' | 'parentId' | 'effort' | 'type'> & Readonly<{ isLeaf: boolean }>;
/** The task `taskId` waits for the task `prerequisiteId`. */
export type OpenWait = Readonly<{ taskId: string; prerequisiteId: string }>;

/**
 * Open tasks by what has to come first. Each task is two nodes, its begin and its end, so that what is inherited takes
 * no edges of its own: a task begins after its parent could begin and after its prerequisites ended, and ends after it
 * began and after its subtasks ended. The numbers stand for nodes; `begin` and `end` give those of a task by its place.
 */
export type WorkGraph = Readonly<{
  tasks: readonly OpenTask[];
  placeOf: ReadonlyMap<string, number>;
  /** What the end of a leaf is later than its begin; 0 for a parent. */
  weights: readonly number[];
  weighedBy: 'tasks' | 'estimated_effort';
  /** Nodes in an order in which each comes after all that it waits for; those in a circle are missing. */
  order: Uint32Array;
  /** The nodes that wait for a node are `targets` from `first[node]` to `first[node + 1]`. */
  first: Uint32Array;
  targets: Uint32Array;
  /** Tasks that wait for themselves, which only a damaged store holds. */
  inCircle: readonly string[];
}>;

export const begin = (place: number) => 2 * place;
export const end = (place: number) => 2 * place + 1;
export const placeOfNode = (node: number) => node >> 1;
export const isEnd = (node: number) => (node & 1) === 1;

/** The graph of open tasks; waits for tasks that are not among them are left out. Takes time in proportion to both. */
export function workGraph(tasks: readonly OpenTask[], waits: readonly OpenWait[]): WorkGraph {
  const placeOf = new Map(tasks.map(({ id }, place) => [id, place]));
  const { first, targets } = adjacency(2 * tasks.length, stepsOf(tasks, { waits, placeOf }));
  const order = inOrder(first, targets);
  const reached = new Set<number>();
  if (order.length < 2 * tasks.length) for (const node of order) reached.add(node);
  const isMissing = (place: number) => !reached.has(begin(place)) || !reached.has(end(place));
  const inCircle = order.length === 2 * tasks.length ? [] : tasks.filter((_, place) => isMissing(place));
  return { tasks, placeOf, ...weighed(tasks), order, first, targets, inCircle: inCircle.map(({ id }) => id) };
}

/** A leaf weighs 1, or by its effort where every leaf that is work has one of the three known efforts. */
function weighed(tasks: readonly OpenTask[]): Pick<WorkGraph, 'weights' | 'weighedBy'> {
  const known: readonly (string | undefined)[] = EFFORTS;
  const effortOf = ({ effort }: OpenTask) => known.indexOf(effort) + 1;
  const work = tasks.filter(({ isLeaf, type }) => isLeaf && type !== APPROVAL);
  const isByEffort = work.length > 0 && work.every((task) => effortOf(task) > 0);
  const weight = (task: OpenTask) => (task.isLeaf ? (isByEffort ? Math.max(1, effortOf(task)) : 1) : 0);
  return { weights: tasks.map(weight), weighedBy: isByEffort ? 'estimated_effort' : 'tasks' };
}

type Steps = Readonly<{ from: Uint32Array; to: Uint32Array; count: number }>;
type Given = Readonly<{ waits: readonly OpenWait[]; placeOf: ReadonlyMap<string, number> }>;

function stepsOf(tasks: readonly OpenTask[], { waits, placeOf }: Given): Steps {
  const most = 3 * tasks.length + waits.length;
  const [from, to] = [new Uint32Array(most), new Uint32Array(most)];
  let count = 0;
  const add = (earlier: number, later: number) => {
    from[count] = earlier;
    to[count++] = later;
  };
  for (const [place, { parentId }] of tasks.entries()) {
    add(begin(place), end(place));
    const parent = parentId === undefined ? undefined : placeOf.get(parentId);
    if (parent === undefined) continue;
    add(begin(parent), begin(place));
    add(end(place), end(parent));
  }
  for (const { taskId, prerequisiteId } of waits) {
    const [task, prerequisite] = [placeOf.get(taskId), placeOf.get(prerequisiteId)];
    if (task !== undefined && prerequisite !== undefined) add(end(prerequisite), begin(task));
  }
  return { from, to, count };
}

function adjacency(nodes: number, { from, to, count }: Steps): Pick<WorkGraph, 'first' | 'targets'> {
  const first = new Uint32Array(nodes + 1);
  for (const node of from.subarray(0, count)) first[node + 1] = at(first, node + 1) + 1;
  for (let node = 0; node < nodes; node++) first[node + 1] = at(first, node + 1) + at(first, node);
  const next = first.slice();
  const targets = new Uint32Array(count);
  for (let step = 0; step < count; step++) {
    const place = at(next, at(from, step));
    targets[place] = at(to, step);
    next[at(from, step)] = place + 1;
  }
  return { first, targets };
}

/** Those that wait for nothing first, then those that wait for nothing any more; what is left over goes round. */
function inOrder(first: Uint32Array, targets: Uint32Array): Uint32Array {
  const nodes = first.length - 1;
  const awaited = new Uint32Array(nodes);
  for (const target of targets) awaited[target] = at(awaited, target) + 1;
  const order = new Uint32Array(nodes);
  let found = 0;
  for (let node = 0; node < nodes; node++) if (at(awaited, node) === 0) order[found++] = node;
  for (let done = 0; done < found; done++) {
    for (const target of targets.subarray(at(first, at(order, done)), at(first, at(order, done) + 1))) {
      awaited[target] = at(awaited, target) - 1;
      if (at(awaited, target) === 0) order[found++] = target;
    }
  }
  return order.subarray(0, found);
}

/** An entry that is known to be there. */
export const at = (numbers: ArrayLike<number>, place: number): number => numbers[place] ?? 0;
