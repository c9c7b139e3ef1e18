import { describe, expect, test } from 'vitest';
import { newTask } from './task.ts';
import { templateFrom } from './template-from-plan.ts';

const keysFor = (titles: readonly string[], phrases: Readonly<Record<string, string>> = {}) => {
  const root = newTask({ ...aTask, id: 'task_1' });
  const below = titles.map((title, place) => newTask({ ...aTask, title, id: `task_${place + 2}`, parentId: 'task_1' }));
  return templateFrom({ root, below, edges: [] }, { id: 'own', phrases }).draft.tasks.map(({ key }) => key);
};

const aTask = { type: 'plan', title: 'Plan', sessionId: 'session_1', createdAt: 0, stage: 'completed' } as const;

test('attributes that are named like fields of a task stay behind, for a template says those as fields', () => {
  const root = newTask({ ...aTask, id: 'task_1', priority: 'high', attributes: { priority: 'low', area: 'billing' } });

  const { draft } = templateFrom({ root, below: [], edges: [] }, { id: 'own', phrases: {} });

  expect(draft.root).toMatchObject({ priority: 'high', attributes: { area: 'billing' } });
  expect(draft.root.attributes).not.toHaveProperty('priority');
});

describe('the key of a task', () => {
  test('is made of whole words of its title, without what a parameter stands for', () => {
    const phrases = { subject: 'the /n/ code path of 2026', where: 'Rome' };
    const titles = [
      'Back up the working tree of the /n/ code path of 2026',
      'Leave the repository tidy after all that was done, and tell everybody about it',
      'Fly to Rome & back',
      'Rome',
      '日本語',
      'Überprüfen',
      '2nd try',
      'Donaudampfschifffahrtsgesellschaftskapitänsmütze',
    ];

    expect(keysFor(titles, phrases)).toEqual([
      'back_up_the_working_tree',
      'leave_the_repository_tidy_after_all_that',
      'fly_to_back',
      'task',
      'task_2',
      'uberprufen',
      'task_2nd_try',
      'donaudampfschifffahrtsgesellschaftskapit',
    ]);
  });

  test('is like no other, and says so where its number would be', () => {
    expect(keysFor(['Try', 'Try', 'Try 2', 'try!'])).toEqual(['try', 'try_2', 'try_2_2', 'try_3']);
  });

  test('of five hundred tasks with one long title is short and unique', () => {
    const keys = keysFor(Array.from({ length: 500 }, () => 'word '.repeat(90)));

    expect(new Set(keys).size).toBe(500);
    expect(Math.max(...keys.map((key) => key.length))).toBeLessThanOrEqual(44);
  });
});
