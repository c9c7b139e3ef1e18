import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { circleCores } from './circle-cores.ts';
import { circlesAmong, type Links } from './circles.ts';

type Given = Readonly<{ id: string; parent?: string; waitsFor?: readonly string[]; type?: string; at?: number }>;

/** Tasks by what they name; edges are as old as the place of their prerequisite says. */
function linksOf(
  tasks: readonly Given[],
  edgeType: 'completion' | 'approval' = 'completion',
): ReadonlyMap<string, Links> {
  const children = Map.groupBy(tasks, ({ parent }) => parent);
  return new Map(
    tasks.map(({ id, parent, waitsFor = [], type = 'custom', at = 0 }) => [
      id,
      {
        id,
        parentId: parent,
        type,
        createdAt: at,
        children: (children.get(id) ?? []).map((other) => other.id),
        edges: waitsFor.map((prerequisiteId, place) => ({ prerequisiteId, type: edgeType, createdAt: at + place })),
      },
    ]),
  );
}

const circles = (...given: Parameters<typeof linksOf>) => [...circlesAmong(linksOf(...given))];

describe('circles', () => {
  test('a chain and a tree have none', () => {
    const tasks = [
      { id: 'a' },
      { id: 'b', parent: 'a', waitsFor: ['c'] },
      { id: 'c', parent: 'a' },
      { id: 'd', waitsFor: ['a'] },
    ];

    expect(circles(tasks)).toEqual([]);
  });

  test('two tasks that wait for each other are one, opened at the younger dependency', () => {
    const tasks = [
      { id: 'a', waitsFor: ['b'], at: 1 },
      { id: 'b', waitsFor: ['a'], at: 2 },
    ];

    const [circle, ...others] = circles(tasks);

    expect(others).toEqual([]);
    expect(circle?.path.toSorted()).toEqual(['a', 'a', 'b']);
    expect(circle?.opening).toEqual({ kind: 'dependency', taskId: 'b', prerequisiteId: 'a' });
  });

  test('a task that waits for what it is a part of is on one', () => {
    const tasks = [{ id: 'top' }, { id: 'middle', parent: 'top' }, { id: 'part', parent: 'middle', waitsFor: ['top'] }];

    expect(circles(tasks)).toMatchObject([{ opening: { taskId: 'part', prerequisiteId: 'top' } }]);
  });

  test('a part waits for what its parent waits for', () => {
    const tasks = [
      { id: 'plan', waitsFor: ['other'] },
      { id: 'part', parent: 'plan' },
      { id: 'other', waitsFor: ['part'] },
    ];

    expect(circles(tasks)).toHaveLength(1);
  });

  test('parents that form a circle are one, which the youngest task leaves', () => {
    const tasks = [
      { id: 'a', parent: 'c', at: 1 },
      { id: 'b', parent: 'a', at: 3 },
      { id: 'c', parent: 'b', at: 2 },
      { id: 'd', parent: 'c', at: 9 },
    ];

    expect(circles(tasks)).toMatchObject([{ opening: { kind: 'parent', taskId: 'b' } }]);
    expect(circles([{ id: 'a', parent: 'a' }])).toEqual([
      { path: ['a', 'a'], opening: { kind: 'parent', taskId: 'a' } },
    ]);
  });

  test('only people open one that is closed by approvals alone', () => {
    const tasks = [
      { id: 'a', waitsFor: ['b'] },
      { id: 'b', waitsFor: ['a'] },
    ];
    const gates = tasks.map((task) => ({ ...task, type: 'approval' }));

    expect(circles(tasks, 'approval')).toMatchObject([{ opening: undefined }]);
    expect(circles(gates)).toMatchObject([{ opening: undefined }]);
  });
});

/** Whether a way leads from a task back to itself, in the graph of the contract: prerequisites, those of ancestors, and subtasks. */
function hasCircle(tasks: readonly Given[]): boolean {
  const byId = new Map(tasks.map((task) => [task.id, task]));
  const up = (task: Given | undefined): readonly Given[] =>
    task === undefined ? [] : [task, ...up(byId.get(task.parent ?? ''))];
  const next = (id: string) => [
    ...up(byId.get(id)).flatMap(({ waitsFor = [] }) => waitsFor),
    ...tasks.filter(({ parent }) => parent === id).map((child) => child.id),
  ];
  return tasks.some(({ id }) => {
    const seen = new Set(next(id));
    for (const one of seen) for (const other of next(one)) seen.add(other);
    return seen.has(id);
  });
}

const forest = fc
  .array(fc.record({ above: fc.nat(20), isTop: fc.boolean(), waitsFor: fc.array(fc.nat(9), { maxLength: 2 }) }), {
    minLength: 1,
    maxLength: 10,
  })
  .map((drawn) =>
    drawn.map(({ above, isTop, waitsFor }, place): Given => {
      const parent = isTop || place === 0 ? {} : { parent: `t${above % place}` };
      const others = [...new Set(waitsFor.map((other) => `t${other % drawn.length}`))];
      return { id: `t${place}`, ...parent, waitsFor: others, at: place };
    }),
  );

describe('any forest', () => {
  test('circles are found exactly where a way leads back', () => {
    fc.assert(
      fc.property(forest, (tasks) => {
        expect(circles(tasks).length > 0).toBe(hasCircle(tasks));
      }),
      { numRuns: 1000 },
    );
  });

  test('there is none left once all openings are made', () => {
    fc.assert(
      fc.property(forest, (tasks) => {
        const removed = circles(tasks).map(({ opening }) => opening);

        const opened = tasks.map((task) => ({
          ...task,
          waitsFor:
            task.waitsFor?.filter(
              (id) =>
                !removed.some(
                  (one) => one?.kind === 'dependency' && one.taskId === task.id && one.prerequisiteId === id,
                ),
            ) ?? [],
        }));

        expect(hasCircle(opened)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test('what lies on a circle, and nothing where there is none, is left when all else is peeled off', () => {
    fc.assert(
      fc.property(forest, (tasks) => {
        const links = linksOf(tasks);
        const cores = circleCores();
        cores.add([...links.values()]);

        const left = new Set(cores.ids());

        expect(left.size > 0).toBe(hasCircle(tasks));
        for (const { path } of circles(tasks)) expect([...left]).toEqual(expect.arrayContaining([...path]));
        const among = new Map([...links].filter(([id]) => left.has(id)));
        expect([...circlesAmong(among)].length > 0).toBe(hasCircle(tasks));
      }),
      { numRuns: 1000 },
    );
  });

  test('a long chain is walked without the stack running out', () => {
    const chain = Array.from({ length: 20_000 }, (_, place) => ({ id: `t${place}`, waitsFor: [`t${place + 1}`] }));

    expect(circles([...chain, { id: 't20000' }])).toEqual([]);
    expect(circles([...chain, { id: 't20000', waitsFor: ['t0'] }])).toHaveLength(1);
  });
});
