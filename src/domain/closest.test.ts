import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closest } from './closest.ts';

const TOOLS = [
  'orchestrator_plan_task',
  'orchestrator_get_task',
  'orchestrator_get_status',
  'orchestrator_cancel_task',
];

describe('what was most likely meant', () => {
  test.each([
    ['orchestrator_plan_tasks', ['orchestrator_plan_task']],
    ['Orchestrator_Plan_Task', ['orchestrator_plan_task']],
    ['plan_task', ['orchestrator_plan_task']],
    ['orchestrator_make_coffee', []],
    ['', []],
  ])('a tool called %j is %j', (word, expected) => {
    expect(closest(word, TOOLS)).toEqual(expected);
  });

  test('a swap of neighbours is one slip', () => {
    expect(closest('titel', ['title', 'context'])).toEqual(['title']);
  });

  test('ids that have only their prefix in common are not close', () => {
    expect(closest('task_ab12cd34', ['task_zz98yx76', 'task_ab12cd3l'])).toEqual(['task_ab12cd3l']);
  });

  test('an id without its prefix is recognised', () => {
    expect(closest('ab12cd34', ['task_zz98yx76', 'implementer_ab12cd34'])).toEqual(['implementer_ab12cd34']);
  });

  test('the closest comes first, and no more than asked for', () => {
    expect(closest('limit', ['limits', 'limit', 'limiter', 'limp'], 2)).toEqual(['limit', 'limits']);
  });

  test('equally close candidates keep their order', () => {
    expect(closest('cat', ['bat', 'hat', 'car'])).toEqual(['bat', 'hat', 'car']);
  });

  test('a word with one character left out is always found again', () => {
    const word = fc.string({ minLength: 2, maxLength: 30, unit: fc.constantFrom(...'abcdefgh_0123456789') });
    fc.assert(
      fc.property(word, fc.nat(), (given, seed) => {
        const place = seed % given.length;
        expect(closest(given.slice(0, place) + given.slice(place + 1), [given])).toEqual([given]);
      }),
    );
  });
});
