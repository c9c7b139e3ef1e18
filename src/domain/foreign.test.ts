import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ForeignTask, reconciled } from './foreign.ts';
import { isEnded, isOpen, STAGES, type Stage } from './lifecycle.ts';
import { roundAmong } from './round.ts';

const project = (tasks: readonly ForeignTask[]) => ({ scope: '', tasks, lost: [] });
const aTask = (origin: string, more: Partial<ForeignTask> = {}): ForeignTask => ({
  origin,
  title: origin,
  stage: 'ready',
  ...more,
});
const stageOf = (tasks: readonly ForeignTask[], origin: string) => tasks.find((task) => task.origin === origin)?.stage;

test.each<[parent: Stage, below: Stage[], becomes: Stage]>([
  ['ready', ['completed', 'completed'], 'review'],
  ['active', ['completed', 'cancelled'], 'review'],
  ['ready', ['completed', 'ready'], 'active'],
  ['ready', ['ready', 'draft'], 'ready'],
  ['completed', ['completed', 'ready'], 'active'],
  ['completed', ['ready'], 'ready'],
  ['completed', ['completed', 'failed'], 'completed'],
  ['review', ['ready'], 'ready'],
  ['review', ['active'], 'active'],
  ['blocked', ['completed'], 'blocked'],
  ['active', ['failed'], 'active'],
])('a parent that is %s over %j becomes %s', (stage, below, becomes) => {
  const children = below.map((one, index) => aTask(`child ${index}`, { parent: 'parent', stage: one }));

  const { tasks } = reconciled(project([aTask('parent', { stage }), ...children]));

  expect(stageOf(tasks, 'parent')).toBe(becomes);
});

test('a parent that waits for others does not follow its subtasks', () => {
  const { tasks } = reconciled(
    project([
      aTask('first'),
      aTask('parent', { waitsFor: ['first'] }),
      aTask('child', { parent: 'parent', stage: 'completed' }),
    ]),
  );

  expect(stageOf(tasks, 'parent')).toBe('ready');
});

test('repeats, unknown parents and unknown prerequisites are left out and told', () => {
  const { tasks, lost } = reconciled(
    project([aTask('a', { parent: 'gone', waitsFor: ['b', 'b', 'nobody', 'a'] }), aTask('b'), aTask('b')]),
  );

  expect(tasks).toMatchObject([{ origin: 'a', parent: undefined, waitsFor: ['b'] }, { origin: 'b' }]);
  expect(lost).toHaveLength(4);
  expect(lost).toContain('a waits for itself');
});

test('each stage that was put right is told, but for parents that were only ready', () => {
  const { adjusted } = reconciled(
    project([
      aTask('worked on', { stage: 'active' }),
      aTask('done', { parent: 'worked on', stage: 'completed' }),
      aTask('only ready'),
      aTask('done too', { parent: 'only ready', stage: 'completed' }),
    ]),
  );

  expect(adjusted).toEqual([{ origin: 'worked on', why: 'it was active there; by its subtasks it is review here' }]);
});

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const someTasks = fc.uniqueArray(
  fc.record({
    origin: name,
    title: fc.constant('x'),
    parent: fc.option(name, { nil: undefined }),
    waitsFor: fc.array(name, { maxLength: 3 }),
    stage: fc.constantFrom(...STAGES),
  }),
  { selector: ({ origin }) => origin },
);

test('whatever another tool holds: no circle is left, and no parent has ended over an open subtask', () => {
  fc.assert(
    fc.property(someTasks, (given) => {
      const { tasks } = reconciled(project(given));
      const numbers = new Map(tasks.map(({ origin }, number) => [origin, number]));
      const edges = tasks.flatMap(({ waitsFor = [] }, number) =>
        waitsFor.map((other) => [number, numbers.get(other) ?? -1] as const),
      );
      const parents = tasks.map(({ parent }) => (parent === undefined ? -1 : (numbers.get(parent) ?? -1)));

      expect(
        roundAmong({ parents, waiting: edges.map(([one]) => one), awaited: edges.map(([, other]) => other) }),
      ).toBeUndefined();
      for (const { origin, stage } of tasks) {
        const open = tasks.some((task) => task.parent === origin && isOpen(task.stage));
        expect(open && (isEnded(stage) || stage === 'review')).toBe(false);
      }
    }),
    { numRuns: 1_000 },
  );
});
