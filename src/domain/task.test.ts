import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, isLeaf, NEW_STANDING, newTask, titleFrom } from './task.ts';

const text = fc.string({ unit: fc.constantFrom('a', '🚀', '漢', '\n', ' '), maxLength: 40 });

describe('a text that is cut', () => {
  test('is whole where it fits', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(cut(given, given.length)).toBe(given);
      }),
    );
  });

  test('is no longer than allowed, ends with a mark, and splits no character', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 40 }), (given, length) => {
        fc.pre(given.length > length);

        const short = cut(given, length);

        expect(short.length).toBeLessThanOrEqual(length);
        expect(short.length).toBeGreaterThanOrEqual(length - 1);
        expect(short.endsWith('…')).toBe(true);
        expect(given.startsWith(short.slice(0, -1))).toBe(true);
        expect(short.isWellFormed()).toBe(true);
      }),
    );
  });
});

describe('the title of a plan', () => {
  test.each([
    ['Build a scraper', 'Build a scraper'],
    ['Build a scraper\nwith tests', 'Build a scraper'],
    ['\n \n  Build a scraper  \nwith tests', 'Build a scraper'],
    ['x'.repeat(121), `${'x'.repeat(119)}…`],
    ['x'.repeat(120), 'x'.repeat(120)],
  ])('of %j is its first line that says something', (description, title) => {
    expect(titleFrom(description)).toBe(title);
  });

  test('is never longer than 120 characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('word ', '🚀', '\n'), maxLength: 200 }), (description) => {
        expect(titleFrom(description).length).toBeLessThanOrEqual(120);
      }),
    );
  });
});

describe('a new task', () => {
  const GIVEN = { id: 'task_a', type: 'custom', title: 'A', sessionId: 'session_a', createdAt: 7 };

  test('is ready, of medium priority, and as old as it is', () => {
    expect(newTask(GIVEN)).toMatchObject({
      stage: 'ready',
      priority: 'medium',
      version: 1,
      createdAt: 7,
      updatedAt: 7,
      attributes: {},
      standing: NEW_STANDING,
    });
  });

  test('is a leaf', () => {
    expect(isLeaf(newTask(GIVEN))).toBe(true);
  });
});
