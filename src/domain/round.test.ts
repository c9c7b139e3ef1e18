import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NumberedTasks, roundAmong, roundsAmong } from './round.ts';

const COUNT = 6;
const number = fc.nat({ max: COUNT - 1 });
const someTasks: fc.Arbitrary<NumberedTasks> = fc
  .record({
    parents: fc.array(fc.integer({ min: -1, max: COUNT - 1 }), { minLength: COUNT, maxLength: COUNT }),
    edges: fc.array(fc.tuple(number, number), { maxLength: 8 }),
  })
  .map(({ parents, edges }) => ({
    parents,
    waiting: edges.map(([waiting]) => waiting),
    awaited: edges.map(([, awaited]) => awaited),
  }));

/** Ends and begins whatever can, until nothing more can: what is left over waits for itself. */
function canAllEnd(tasks: NumberedTasks): boolean {
  const [begun, ended] = [new Set<number>(), new Set<number>()];
  for (let turn = 0; turn < (2 * COUNT + 1) * COUNT; turn++) goOn(turn % COUNT, { ...tasks, begun, ended });
  return ended.size === COUNT;
}

type State = NumberedTasks & Readonly<{ begun: Set<number>; ended: Set<number> }>;

function goOn(task: number, { parents, waiting, awaited, begun, ended }: State): void {
  const parent = parents[task] ?? -1;
  const waits = waiting.flatMap((one, index) => (one === task ? [awaited[index] ?? -1] : []));
  if ((parent < 0 || begun.has(parent)) && waits.every((other) => ended.has(other))) begun.add(task);
  const children = parents.flatMap((above, child) => (above === task ? [child] : []));
  if (begun.has(task) && children.every((child) => ended.has(child))) ended.add(task);
}

test('there is a round exactly where not all tasks can ever end', () => {
  fc.assert(
    fc.property(someTasks, (tasks) => {
      expect(roundAmong(tasks) === undefined).toBe(canAllEnd(tasks));
    }),
    { numRuns: 2_000 },
  );
});

test('a round names its tasks in the order in which each waits for the next, the first again at the end', () => {
  const tasks = { parents: [-1, -1, -1, -1], waiting: [3, 0, 1, 2], awaited: [0, 1, 2, 0] };

  const round = roundAmong(tasks);

  expect(round).toEqual([0, 1, 2, 0]);
});

test('a chain as long as a store is walked without the stack', () => {
  const count = 200_000;
  const parents = Array.from({ length: count }, (_, index) => index - 1);

  expect(roundAmong({ parents, waiting: [], awaited: [] })).toBeUndefined();
  expect(roundAmong({ parents, waiting: [count - 1], awaited: [0] })?.length).toBeGreaterThan(1);
});

test('the rounds that are opened one after the other leave none, and cost little more than one', () => {
  const count = 50_000;
  const parents = Array.from({ length: count }, () => -1);
  const waiting = Array.from({ length: count }, (_, index) => index);
  const awaited = waiting.map((index) => (index % 2 === 0 ? index + 1 : index - 1));

  let found = 0;
  for (const [task = -1] of roundsAmong({ parents, waiting, awaited })) {
    awaited[task] = -1;
    found += 1;
  }

  expect(found).toBe(count / 2);
});

test('whatever is opened of each round, the last one found was the last there was', () => {
  fc.assert(
    fc.property(someTasks, ({ parents, waiting, awaited }) => {
      const open = { parents: [...parents], waiting, awaited: [...awaited] };
      for (const [task = -1, next = -1] of roundsAmong(open)) {
        const edge = waiting.findIndex((one, index) => one === task && open.awaited[index] === next);
        if (edge >= 0) open.awaited[edge] = -1;
        else if (open.parents[task] === next) open.parents[task] = -1;
        else open.parents[next] = -1;
      }

      const edges = waiting.flatMap((one, index) =>
        (open.awaited[index] ?? -1) < 0 ? [] : [[one, open.awaited[index] ?? -1] as const],
      );
      const left = { parents: open.parents, waiting: edges.map(([one]) => one), awaited: edges.map(([, one]) => one) };
      expect(canAllEnd(left)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});
