import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heldUpBy } from './bottlenecks.ts';
import { schedule } from './critical-path.ts';
import { type OpenTask, type OpenWait, workGraph } from './work-graph.ts';

type Work = Readonly<{ tasks: readonly OpenTask[]; waits: readonly OpenWait[] }>;

const aLeaf = (id: string, more: Partial<OpenTask> = {}): OpenTask => ({
  id,
  parentId: undefined,
  effort: undefined,
  type: 'custom',
  isLeaf: true,
  ...more,
});
const aParent = (id: string, more: Partial<OpenTask> = {}) => aLeaf(id, { isLeaf: false, ...more });
const waiting = (taskId: string, ...prerequisites: readonly string[]): readonly OpenWait[] =>
  prerequisites.map((prerequisiteId) => ({ taskId, prerequisiteId }));

const scheduled = ({ tasks, waits }: Work) => schedule(workGraph(tasks, waits));

function counted({ tasks, waits }: Work): ReadonlyMap<string, number> {
  const counting = heldUpBy(workGraph(tasks, waits));
  for (;;) {
    const step = counting.next();
    if (step.done === true) return step.value;
  }
}

describe('the order of open work', () => {
  const DIAMOND: Work = {
    tasks: ['a', 'b', 'c', 'd'].map((id) => aLeaf(id)),
    waits: [...waiting('b', 'a'), ...waiting('c', 'a'), ...waiting('d', 'b', 'c')],
  };

  test('is a longest chain, waves of what can be done at once, and what each holds up', () => {
    const { length, path, waves } = scheduled(DIAMOND);

    expect({ length, path, waves }).toEqual({ length: 3, path: ['a', 'b', 'd'], waves: [['a'], ['b', 'c'], ['d']] });
    expect(Object.fromEntries(counted(DIAMOND))).toEqual({ a: 3, b: 1, c: 1, d: 0 });
  });

  test('weighs by effort where all have one, so that another chain may be the longest', () => {
    const efforts: Readonly<Record<string, string>> = { a: 'low', b: 'low', c: 'high', d: 'medium' };
    const tasks = DIAMOND.tasks.map((task) => ({ ...task, effort: efforts[task.id] }));

    const { length, path, slackOf } = scheduled({ ...DIAMOND, tasks });

    expect({ length, path }).toEqual({ length: 6, path: ['a', 'c', 'd'] });
    expect(['a', 'b', 'c', 'd'].map(slackOf)).toEqual([0, 2, 0, 0]);
  });

  test('weighs all alike where one leaf has no known effort', () => {
    const tasks = DIAMOND.tasks.map((task) => ({ ...task, effort: task.id === 'b' ? 'two days' : 'high' }));

    expect(workGraph(tasks, DIAMOND.waits).weighedBy).toBe('tasks');
  });

  test('passes what a parent waits for on to its leaves, and what it holds up to those that it waits for', () => {
    const work: Work = {
      tasks: [aLeaf('design'), aParent('epic'), aLeaf('part', { parentId: 'epic' }), aLeaf('release')],
      waits: [...waiting('epic', 'design'), ...waiting('release', 'epic')],
    };

    expect(scheduled(work).path).toEqual(['design', 'part', 'release']);
    expect(Object.fromEntries(counted(work))).toEqual({ design: 2, epic: 2, part: 1, release: 0 });
  });

  test('of nothing is nothing', () => {
    const { length, path, waves } = scheduled({ tasks: [], waits: [] });

    expect({ length, path, waves }).toEqual({ length: 0, path: [], waves: [] });
  });

  test('names the tasks that wait for themselves, and orders the others', () => {
    const tasks = ['a', 'b', 'c'].map((id) => aLeaf(id));
    const work = { tasks, waits: [...waiting('b', 'c'), ...waiting('c', 'b')] };

    expect(workGraph(work.tasks, work.waits).inCircle).toEqual(['b', 'c']);
    expect(scheduled(work).waves).toEqual([['a']]);
  });

  test('of a chain of 100,000 takes no stack', () => {
    const tasks = Array.from({ length: 100_000 }, (_, place) => aLeaf(`t${place}`));
    const waits = tasks.slice(1).map(({ id }, place) => ({ taskId: id, prerequisiteId: `t${place}` }));

    expect(scheduled({ tasks, waits }).length).toBe(100_000);
  });
});

/** Tasks whose parents come before them, with efforts, and waits of any to any. */
const someWork: fc.Arbitrary<Work> = fc
  .integer({ min: 1, max: 9 })
  .chain((size) =>
    fc.record({
      parents: fc.tuple(
        ...Array.from({ length: size }, (_, place) =>
          fc.option(fc.nat({ max: Math.max(0, place - 1) }), { nil: undefined, freq: 2 }),
        ),
      ),
      efforts: fc.array(fc.constantFrom('low', 'medium', 'high'), { minLength: size, maxLength: size }),
      isWeighed: fc.boolean(),
      pairs: fc.uniqueArray(fc.tuple(fc.nat({ max: size - 1 }), fc.nat({ max: size - 1 })), {
        maxLength: size,
        selector: String,
      }),
    }),
  )
  .map(({ parents, efforts, isWeighed, pairs }) => {
    const id = (place: number) => `t${place}`;
    const isParent = (place: number) => parents.some((parent, child) => parent === place && child > place);
    const tasks = parents.map((parent, place) =>
      aLeaf(id(place), {
        parentId: parent === undefined || parent >= place ? undefined : id(parent),
        effort: isWeighed ? efforts[place] : undefined,
        isLeaf: !isParent(place),
      }),
    );
    const waits = pairs.map(([a, b]) => ({ taskId: id(a), prerequisiteId: id(b) }));
    return { tasks, waits };
  });

/** All that has to begin before each task may: found by adding to sets until nothing is new. */
function mustComeFirst({ tasks, waits }: Work): ReadonlyMap<string, ReadonlySet<string>> {
  const isBelow = (task: OpenTask, top: string): boolean => {
    const parent = tasks.find(({ id }) => id === task.parentId);
    return parent !== undefined && (parent.id === top || isBelow(parent, top));
  };
  const directly = (task: OpenTask) => [
    ...(task.parentId === undefined ? [] : [task.parentId]),
    ...waits
      .filter(({ taskId }) => taskId === task.id)
      .flatMap(({ prerequisiteId }) => [
        prerequisiteId,
        ...tasks.filter((other) => isBelow(other, prerequisiteId)).map(({ id }) => id),
      ]),
  ];
  const sets = new Map(tasks.map((task) => [task.id, new Set(directly(task))]));
  for (let isNew = true; isNew; ) {
    isNew = false;
    for (const set of sets.values()) {
      const before = set.size;
      for (const id of [...set]) for (const earlier of sets.get(id) ?? []) set.add(earlier);
      isNew ||= set.size > before;
    }
  }
  return sets;
}

describe('against a search through all there is', () => {
  const acyclic = someWork.filter((work) => [...mustComeFirst(work)].every(([id, earlier]) => !earlier.has(id)));

  test('the longest chain, the waves and the slack are the same', () => {
    fc.assert(
      fc.property(acyclic, (work) => {
        const first = mustComeFirst(work);
        const leaves = work.tasks.filter(({ isLeaf }) => isLeaf);
        const weight = ({ effort }: OpenTask) => (effort === 'high' ? 3 : effort === 'medium' ? 2 : 1);
        const chain = (
          task: OpenTask,
          comes: (a: OpenTask, b: OpenTask) => boolean,
          of: (t: OpenTask) => number,
        ): number =>
          of(task) + Math.max(0, ...leaves.filter((one) => comes(one, task)).map((one) => chain(one, comes, of)));
        const isEarlier = (a: OpenTask, b: OpenTask) => first.get(b.id)?.has(a.id) === true;
        const isLater = (a: OpenTask, b: OpenTask) => isEarlier(b, a);
        const longest = Math.max(0, ...leaves.map((leaf) => chain(leaf, isEarlier, weight)));

        const { length, path, waves, slackOf } = scheduled(work);

        expect(length).toBe(longest);
        const taken = path.flatMap((id) => leaves.filter((leaf) => leaf.id === id));
        expect(taken.reduce((sum, leaf) => sum + weight(leaf), 0)).toBe(longest);
        for (const [place, leaf] of taken.entries()) {
          const next = taken[place + 1];
          if (next !== undefined) expect(isEarlier(leaf, next)).toBe(true);
        }
        for (const leaf of leaves) {
          expect(waves.findIndex((wave) => wave.includes(leaf.id)) + 1).toBe(chain(leaf, isEarlier, () => 1));
          const through = chain(leaf, isEarlier, weight) + chain(leaf, isLater, weight) - weight(leaf);
          expect(slackOf(leaf.id)).toBe(longest - through);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what each task holds up is the same', () => {
    fc.assert(
      fc.property(acyclic, (work) => {
        const first = mustComeFirst(work);
        const heldUp = work.tasks.map(({ id }) => [
          id,
          work.tasks.filter((leaf) => leaf.isLeaf && first.get(leaf.id)?.has(id) === true).length,
        ]);

        expect([...counted(work)]).toEqual(heldUp);
      }),
      { numRuns: 500 },
    );
  });

  test('the tasks that wait for themselves are found, if there are any', () => {
    fc.assert(
      fc.property(someWork, (work) => {
        const goesRound = [...mustComeFirst(work)].some(([id, earlier]) => earlier.has(id));

        expect(workGraph(work.tasks, work.waits).inCircle.length > 0).toBe(goesRound);
      }),
      { numRuns: 500 },
    );
  });

  test('more leaves than are followed in one walk are all counted', () => {
    const tasks = [aLeaf('root'), ...Array.from({ length: 200 }, (_, place) => aLeaf(`t${place}`))];
    const waits = tasks.slice(1).map(({ id }) => ({ taskId: id, prerequisiteId: 'root' }));

    expect(counted({ tasks, waits }).get('root')).toBe(200);
  });
});
