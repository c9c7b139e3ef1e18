import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Dependency } from './dependencies.ts';
import { newTask } from './task.ts';
import { leafGroups, withStandings } from './task-tree.ts';

const AT = 1000;
const aTask = (place: number, parent: number | undefined) =>
  newTask({
    id: `t${place}`,
    type: 'custom',
    title: 'T',
    sessionId: 's',
    createdAt: AT,
    parentId: parent === undefined ? undefined : `t${parent}`,
  });
const anEdge = (from: number, to: number): Dependency => ({
  taskId: `t${from}`,
  prerequisiteId: `t${to}`,
  type: 'completion',
  artifactType: undefined,
  description: undefined,
  status: 'pending',
  verdict: undefined,
});

/** Trees in which a task waits only for parts of the tree that came before its own, so that there is no circle. */
const trees = fc
  .array(fc.record({ up: fc.nat(5), waits: fc.array(fc.nat(20), { maxLength: 3 }) }), { minLength: 1, maxLength: 20 })
  .map((rows) => {
    const parents: (number | undefined)[] = [undefined];
    const path = [0];
    for (const { up } of rows) {
      path.splice(Math.max(1, path.length - (up % path.length)));
      parents.push(path.at(-1));
      path.push(parents.length - 1);
    }
    const above = (place: number): number[] => {
      const parent = parents[place];
      return parent === undefined ? [] : [parent, ...above(parent)];
    };
    // Only siblings that lie before: what is inside of them is done before what is inside of this one.
    const edges = rows.flatMap(({ waits }, row) => {
      const place = row + 1;
      const before = [...parents.keys()].filter((other) => other < place && parents[other] === parents[place]);
      return [...new Set(waits.flatMap((wait) => before.slice(wait % 7, (wait % 7) + 1)))].map(
        (to) => [place, to] as const,
      );
    });
    return { parents, edges, above };
  });

test('groups of leaves are the rounds in which a plan is worked off when all free leaves are done at once', () => {
  fc.assert(
    fc.property(trees, ({ parents, edges, above }) => {
      const places = [...parents.keys()];
      const leaves = places.filter((place) => !parents.includes(place));
      const done = new Set<number>();
      const isDone = (place: number) =>
        leaves.filter((leaf) => leaf === place || above(leaf).includes(place)).every((leaf) => done.has(leaf));
      const isFree = (leaf: number) =>
        [leaf, ...above(leaf)].every((place) => edges.every(([from, to]) => from !== place || isDone(to)));
      const rounds: string[][] = [];
      while (done.size < leaves.length) {
        const free = leaves.filter((leaf) => !done.has(leaf) && isFree(leaf));
        rounds.push(free.map((leaf) => `t${leaf}`));
        for (const leaf of free) done.add(leaf);
      }

      const groups = leafGroups(
        parents.map((parent, place) => aTask(place, parent)),
        edges.map(([from, to]) => anEdge(from, to)),
      );

      expect(groups).toEqual(rounds);
    }),
  );
});

test('standings count what a walk over the tree counts', () => {
  fc.assert(
    fc.property(trees, fc.nat(2), ({ parents, edges, above }, gatesAbove) => {
      const made = withStandings({
        tasks: parents.map((parent, place) => aTask(place, parent)),
        edges: edges.map(([from, to]) => anEdge(from, to)),
        gatesAbove,
        at: AT,
      });

      made.forEach(({ standing }, place) => {
        const children = parents.filter((parent) => parent === place).length;
        const below = [...parents.keys()].filter((other) => !parents.includes(other) && above(other).includes(place));
        const unmet = edges.filter(([from]) => from === place).length;
        const gates = gatesAbove + above(place).filter((one) => edges.some(([from]) => from === one)).length;
        expect(standing).toMatchObject({
          children,
          openChildren: children,
          completedChildren: 0,
          leaves: below.length,
          completedLeaves: 0,
          unmet,
          failed: 0,
          gatesAbove: gates,
          waiters: edges.filter(([, to]) => to === place).length,
          actionableSince: children === 0 && unmet === 0 && gates === 0 ? AT : undefined,
        });
      });
    }),
  );
});
