import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NumberedTasks, roundAmong } from './round.ts';

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
