/**
 * Tasks by their number: `parents` gives each the number of its parent, -1 where it has none, and the task
 * `waiting[i]` waits for the task `awaited[i]`.
 */
export type NumberedTasks = Readonly<{
  parents: readonly number[];
  waiting: readonly number[];
  awaited: readonly number[];
}>;

/**
 * The numbers of tasks that wait for each other in a circle, the first one again at the end; undefined where there is none.
 * A task ends after it began and after its children ended; it begins after its prerequisites ended and after its parent
 * could begin. In flat arrays, because a graph of objects takes ten times the memory of the tasks that it is about.
 */
export function roundAmong({ parents, waiting, awaited }: NumberedTasks): readonly number[] | undefined {
  const childrenOf = grouped(parents, parents.length, (index) => index);
  const prerequisitesOf = grouped(waiting, parents.length, (index) => awaited[index] ?? 0);
  const successor = (node: number, turn: number): number | undefined => {
    const task = node >> 1;
    if (turn === 0) return isBegin(node) ? above(parents[task]) : beginOf(task);
    const next = (isBegin(node) ? prerequisitesOf : childrenOf)(task, turn - 1);
    return next === undefined ? undefined : endOf(next);
  };
  const path = firstRound(parents.length * 2, successor);
  return path && named(path.map((node) => node >> 1));
}

const endOf = (task: number) => task * 2;
const beginOf = (task: number) => task * 2 + 1;
const isBegin = (node: number) => node % 2 === 1;
/** Stands for a neighbour that is not there, so that those after it are still asked for. */
const NOBODY = -1;
const above = (parent = NOBODY) => (parent < 0 ? NOBODY : beginOf(parent));

/** Members of each group by their place in it, without an object for each. */
function grouped(groups: readonly number[], count: number, memberOf: (index: number) => number) {
  const starts = new Int32Array(count + 1);
  for (const group of groups) if (group >= 0) starts[group + 1] = (starts[group + 1] ?? 0) + 1;
  for (let group = 0; group < count; group++) starts[group + 1] = (starts[group + 1] ?? 0) + (starts[group] ?? 0);
  const free = starts.slice();
  const members = new Int32Array(starts[count] ?? 0);
  for (const [index, group] of groups.entries()) {
    if (group < 0) continue;
    const place = free[group] ?? 0;
    members[place] = memberOf(index);
    free[group] = place + 1;
  }
  return (group: number, turn: number): number | undefined => {
    const place = (starts[group] ?? 0) + turn;
    return place < (starts[group + 1] ?? 0) ? members[place] : undefined;
  };
}

const [UNSEEN, ON_PATH, DONE] = [0, 1, 2];

type Successor = (node: number, turn: number) => number | undefined;

/** A walk in depth, without recursion: a chain may be as long as the tasks are many. */
function firstRound(count: number, successor: Successor): readonly number[] | undefined {
  const walk = { states: new Uint8Array(count), turns: new Int32Array(count), path: [] };
  for (let start = 0; start < count; start++) {
    if (walk.states[start] !== UNSEEN) continue;
    const round = roundFrom(start, walk, successor);
    if (round !== undefined) return round;
  }
  return undefined;
}

type Walk = Readonly<{ states: Uint8Array; turns: Int32Array; path: number[] }>;

function roundFrom(start: number, { states, turns, path }: Walk, successor: Successor): readonly number[] | undefined {
  const enter = (node: number) => {
    states[node] = ON_PATH;
    path.push(node);
  };
  enter(start);
  for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
    const turn = turns[node] ?? 0;
    const next = successor(node, turn);
    turns[node] = turn + 1;
    if (next === undefined) {
      states[node] = DONE;
      path.pop();
    } else if (states[next] === ON_PATH) {
      return path.slice(path.indexOf(next));
    } else if (states[next] === UNSEEN) {
      enter(next);
    }
  }
  return undefined;
}

/** Each task once where its begin and its end follow one another, and the first one again at the end. */
function named(tasks: readonly number[]): readonly number[] {
  const distinct = tasks.filter((task, index) => task !== tasks[index - 1]);
  const round = distinct.length > 1 && distinct[0] === distinct.at(-1) ? distinct.slice(0, -1) : distinct;
  return [...round, ...round.slice(0, 1)];
}
