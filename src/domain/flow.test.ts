import { describe, expect, test } from 'vitest';
import { flowOf, weekOf, weeksOf } from './flow.ts';

const at = (text: string) => Date.parse(text);

describe('how tasks flowed', () => {
  test('is the spread of their times from begin and from creation', () => {
    const tasks = Array.from({ length: 20 }, (_, place) => ({
      type: 'bug',
      specialist: undefined,
      createdAt: 0,
      startedAt: place === 0 ? undefined : 10,
      completedAt: 10 + place,
    }));

    expect(flowOf(tasks)).toEqual({
      completed: 20,
      cycle: { tasks: 19, median: 10, p85: 17, p95: 19 },
      lead: { tasks: 20, median: 19, p85: 26, p95: 28 },
    });
  });

  test('of nothing is nothing', () => {
    expect(flowOf([])).toEqual({ completed: 0, cycle: undefined, lead: undefined });
  });
});

describe('weeks', () => {
  test('begin on Monday in UTC', () => {
    expect(new Date(weekOf(at('2026-01-04T23:59:59.999Z'))).toISOString()).toBe('2025-12-29T00:00:00.000Z');
    expect(new Date(weekOf(at('2026-01-05T00:00:00Z'))).toISOString()).toBe('2026-01-05T00:00:00.000Z');
  });

  test('of a stretch of time are all that it touches, the latest first', () => {
    const stretch = { since: at('2026-01-04'), until: at('2026-01-12') };

    expect(weeksOf(stretch).map((week) => new Date(week).toISOString().slice(0, 10))).toEqual([
      '2026-01-05',
      '2025-12-29',
    ]);
  });
});
