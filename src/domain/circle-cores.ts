import type { Links } from './circles.ts';

/** Who waits for whom, by numbers: the place of each arc is the same in both lists. */
type Arcs = Readonly<{ from: Int32Array; to: Int32Array }>;

/**
 * The tasks that lie on circles of waiting, or between two of them: all others are peeled off from both ends. It holds
 * numbers alone, so that a whole store has room; the graph is that of `circlesAmong`.
 */
export function circleCores() {
  const numbers = new Map<string, number>();
  const [from, to] = [growing(), growing()];
  const numberOf = (id: string) => {
    const number = numbers.get(id) ?? numbers.size;
    numbers.set(id, number);
    return number;
  };
  /** Each task has two places in the graph. */
  const [beginOf, endOf] = [(id: string) => 2 * numberOf(id), (id: string) => 2 * numberOf(id) + 1];
  const wait = (waiter: number, what: number) => {
    from.push(waiter);
    to.push(what);
  };
  return {
    add(tasks: readonly Links[]): void {
      for (const { id, parentId, children, edges } of tasks) {
        wait(endOf(id), beginOf(id));
        if (parentId !== undefined) wait(beginOf(id), beginOf(parentId));
        for (const child of children) wait(endOf(id), endOf(child));
        for (const { prerequisiteId } of edges) wait(beginOf(id), endOf(prerequisiteId));
      }
    },

    /** Ids of the tasks that are left, in the order in which they were first named. */
    ids(): readonly string[] {
      const isLeft = new Uint8Array(2 * numbers.size).fill(1);
      const arcs = { from: from.all(), to: to.all() };
      peel(isLeft, arcs);
      peel(isLeft, { from: arcs.to, to: arcs.from });
      const left: string[] = [];
      for (const [id, number] of numbers) if (isLeft[2 * number] || isLeft[2 * number + 1]) left.push(id);
      return left;
    },
  };
}

/** A list of numbers that takes half the room of a plain one. */
function growing() {
  let numbers = new Int32Array(1_024);
  let length = 0;
  return {
    push(number: number): void {
      if (length === numbers.length) {
        const more = new Int32Array(2 * length);
        more.set(numbers);
        numbers = more;
      }
      numbers[length] = number;
      length += 1;
    },
    all: () => numbers.subarray(0, length),
  };
}

/** Takes away what waits for nothing that is left, until there is no such thing any more. */
function peel(isLeft: Uint8Array, { from, to }: Arcs): void {
  const open = waitingFor(isLeft, { from, to });
  const waitersOf = waiters(isLeft.length, { from, to });
  const free: number[] = [];
  for (const [node, waits] of open.entries()) if (isLeft[node] && waits === 0) free.push(node);
  for (let node = free.pop(); node !== undefined; node = free.pop()) {
    isLeft[node] = 0;
    for (const waiter of waitersOf(node)) {
      open[waiter] = (open[waiter] ?? 0) - 1;
      if (open[waiter] === 0 && isLeft[waiter]) free.push(waiter);
    }
  }
}

/** For how many that are left each waits. */
function waitingFor(isLeft: Uint8Array, { from, to }: Arcs): Int32Array {
  const open = new Int32Array(isLeft.length);
  for (const [arc, waiter] of from.entries()) if (isLeft[to[arc] ?? 0]) open[waiter] = (open[waiter] ?? 0) + 1;
  return open;
}

/** Who waits for each, laid out in one list. */
function waiters(nodes: number, { from, to }: Arcs): (node: number) => Int32Array {
  const ends = new Int32Array(nodes + 1);
  for (const node of to) ends[node + 1] = (ends[node + 1] ?? 0) + 1;
  for (let node = 0; node < nodes; node++) ends[node + 1] = (ends[node + 1] ?? 0) + (ends[node] ?? 0);
  const list = new Int32Array(to.length);
  const next = ends.slice();
  for (const [arc, node] of to.entries()) {
    const place = next[node] ?? 0;
    list[place] = from[arc] ?? 0;
    next[node] = place + 1;
  }
  return (node) => list.subarray(ends[node], ends[node + 1]);
}
