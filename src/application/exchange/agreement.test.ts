import { expect, test } from 'vitest';
import { NEW_STANDING, newTask, type Task } from '../../domain/task.ts';
import { type Copies, differences } from './agreement.ts';

const aTask = (more: Partial<Task> = {}) =>
  newTask({ id: 'task_a', type: 'custom', title: 'A', sessionId: 'session_a', createdAt: 1, ...more });

const between = (here: Partial<Task>, there: Partial<Task>, more: Partial<Copies> = {}) =>
  differences({ here: aTask(here), there: aTask(there), isRanked: true, isOurs: false, ...more });

const PARENT = { ...NEW_STANDING, children: 1 };

test.each<[what: string, here: Partial<Task>, there: Partial<Task>]>([
  ['nothing', {}, {}],
  ['what the other tool does not tell', { description: 'X', dueDate: '2026-05-01', attributes: { a: 1 } }, {}],
  ['ends of lines and gaps around', { description: 'a\nb' }, { description: ' a\r\nb\n' }],
  [
    'where it is from',
    { attributes: { import_mark: '1-a' } },
    { attributes: { import_mark: '2-b', imported_from: 'x' } },
  ],
  ['the version and times', { version: 5, updatedAt: 9 }, { version: 2, updatedAt: 7 }],
  ['who begins it', { stage: 'active' }, { stage: 'ready' }],
  ['how it was given up', { stage: 'failed' }, { stage: 'cancelled' }],
  ['that it was put away', { stage: 'archived', archivedFrom: 'completed' }, { stage: 'completed' }],
  ['how far an open parent is', { stage: 'review', standing: PARENT }, { stage: 'ready' }],
  [
    'its complexity and type, which an import alone sets',
    { complexity: 'simple' },
    { complexity: 'complex', type: 'bug' },
  ],
])('no difference between here and another tool: %s', (_, here, there) => {
  expect(between(here, there)).toEqual([]);
});

test.each<[field: string, here: Partial<Task>, there: Partial<Task>]>([
  ['title', { title: 'a' }, { title: 'A' }],
  ['description', {}, { description: 'X' }],
  ['priority', { priority: 'high' }, {}],
  ['acceptance_criteria', {}, { acceptanceCriteria: ['X'] }],
  ['parent_task_id', { parentId: 'task_b' }, { parentId: 'task_c' }],
  ['attributes.tag', { attributes: { tag: ['a'] } }, { attributes: { tag: ['b'] } }],
  ['lifecycle_stage', { stage: 'blocked' }, { stage: 'ready' }],
  ['lifecycle_stage', { stage: 'active', standing: PARENT }, { stage: 'completed' }],
  ['task_type', { type: 'approval' }, { type: 'bug' }],
])('a difference that stays until somebody makes it equal: %s', (field, here, there) => {
  expect(between(here, there).map((one) => one.field)).toEqual([field]);
});

test('a priority that the file does not name is no difference', () => {
  expect(between({ priority: 'high' }, {}, { isRanked: false })).toEqual([]);
});

test('between two stores of ours whatever one of them lacks is a difference', () => {
  const found = between(
    { description: 'X', stage: 'failed' },
    { stage: 'cancelled', attributes: { a: 1 } },
    { isOurs: true },
  );

  expect(found).toEqual([
    { field: 'lifecycle_stage', here: 'failed', in_file: 'cancelled', way: 'ready, then cancelled' },
    { field: 'attributes.a', in_file: '1' },
    { field: 'description', here: 'X' },
  ]);
});

test('long texts are shown from where they part, on one line', () => {
  const same = 'word '.repeat(1000);

  const [found] = between({ description: `${same}\none ${same}` }, { description: `${same}\ntwo ${same}` });

  expect(found?.here).toMatch(/^….*word one word.*…$/);
  expect(found?.in_file).toMatch(/^….*word two word.*…$/);
  expect(found?.here?.length).toBeLessThanOrEqual(80);
});
