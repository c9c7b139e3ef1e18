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
export function roundAmong(tasks: NumberedTasks): readonly number[] | undefined {
  return roundsAmong(tasks).next().value ?? undefined;
}

/**
 * One circle after the other. Whoever takes them opens each before the next one is looked for, by -1 in the place of a parent
 * or of what is awaited; the search goes on from there, so that all of them cost little more than one.
 */
export function* roundsAmong({ parents, waiting, awaited }: NumberedTasks): Generator<readonly number[], void> {
  const childrenOf = grouped(parents, parents.length);
  const edgesOf = grouped(waiting, parents.length);
  const afterBegin = (task: number, turn: number) => {
    if (turn === 0) return above(parents[task]);
    const edge = edgesOf(task, turn - 1);
    return edge === undefined ? undefined : endOf(awaited[edge] ?? NOBODY);
  };
  const afterEnd = (task: number, turn: number) => {
    if (turn === 0) return beginOf(task);
    const child = childrenOf(task, turn - 1);
    return child === undefined ? undefined : endOf(parents[child] === task ? child : NOBODY);
  };
  const successor: Successor = (node, turn) => (isBegin(node) ? afterBegin : afterEnd)(node >> 1, turn);
  for (const path of rounds(parents.length * 2, successor)) yield named(path.map((node) => node >> 1));
}

const endOf = (task: number) => (task < 0 ? NOBODY : task * 2);
const beginOf = (task: number) => task * 2 + 1;
const isBegin = (node: number) => node % 2 === 1;
/** Stands for a neighbour that is not there, so that those after it are still asked for. */
const NOBODY = -1;
const above = (parent = NOBODY) => (parent < 0 ? NOBODY : beginOf(parent));

/** The places in the list at which each group stands, without an object for each. */
function grouped(groups: readonly number[], count: number) {
  const starts = new Int32Array(count + 1);
  for (const group of groups) if (group >= 0) starts[group + 1] = (starts[group + 1] ?? 0) + 1;
  for (let group = 0; group < count; group++) starts[group + 1] = (starts[group + 1] ?? 0) + (starts[group] ?? 0);
  const free = starts.slice();
  const members = new Int32Array(starts[count] ?? 0);
  for (const [index, group] of groups.entries()) {
    if (group < 0) continue;
    const place = free[group] ?? 0;
    members[place] = index;
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
function* rounds(count: number, successor: Successor): Generator<readonly number[]> {
  const walk = { states: new Uint8Array(count), turns: new Int32Array(count), path: [] };
  for (let start = 0; start < count; start++) {
    while (walk.states[start] !== DONE) {
      const round = roundFrom(start, walk, successor);
      if (round === undefined) continue;
      yield round;
      leave(walk, round.length);
    }
  }
}

type Walk = Readonly<{ states: Uint8Array; turns: Int32Array; path: number[] }>;

/** Goes on where the walk stands, or begins it. What is done lies on no circle, and taking something away makes none. */
function roundFrom(start: number, { states, turns, path }: Walk, successor: Successor): readonly number[] | undefined {
  const enter = (node: number) => {
    states[node] = ON_PATH;
    path.push(node);
  };
  if (path.length === 0) enter(start);
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

/** Steps back from the last so many nodes, as if they had never been seen: a link between them is gone. */
function leave({ states, turns, path }: Walk, length: number): void {
  for (const node of path.splice(-length)) {
    states[node] = UNSEEN;
    turns[node] = 0;
  }
  const last = path.at(-1);
  if (last !== undefined) turns[last] = Math.max(0, (turns[last] ?? 0) - 1);
}

/** Each task once where its begin and its end follow one another, and the first one again at the end. */
function named(tasks: readonly number[]): readonly number[] {
  const distinct = tasks.filter((task, index) => task !== tasks[index - 1]);
  const round = distinct.length > 1 && distinct[0] === distinct.at(-1) ? distinct.slice(0, -1) : distinct;
  return [...round, ...round.slice(0, 1)];
}
