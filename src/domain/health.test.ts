import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { healthOf, recommendations, type Situation } from './health.ts';

const QUIET: Situation = {
  open: 0,
  ready: 0,
  inProgress: 0,
  blocked: 0,
  stuck: 0,
  abandoned: 0,
  upForSynthesis: 0,
  fruitless: 0,
};
const number = fc.nat({ max: 8 });
const situations: fc.Arbitrary<Situation> = fc.record({
  open: number,
  ready: number,
  inProgress: number,
  blocked: number,
  stuck: number,
  abandoned: number,
  upForSynthesis: number,
  fruitless: number,
});

describe('health', () => {
  test.each<[string, Partial<Situation>, string]>([
    ['nothing at all', {}, 'good'],
    ['open work that can be taken', { open: 4, ready: 1 }, 'good'],
    ['open work that is being done', { open: 4, inProgress: 1 }, 'good'],
    ['open work that nobody can do anything about', { open: 4 }, 'critical'],
    ['all of it blocked', { open: 4, blocked: 4 }, 'critical'],
    ['a plan up for synthesis while the rest waits', { open: 4, upForSynthesis: 1 }, 'good'],
    ['something stuck', { open: 40, ready: 1, stuck: 1 }, 'degraded'],
    ['something abandoned', { open: 40, ready: 1, abandoned: 1 }, 'degraded'],
    ['less than a quarter blocked', { open: 9, ready: 1, blocked: 2 }, 'good'],
    ['a quarter blocked', { open: 8, ready: 1, blocked: 2 }, 'degraded'],
    ['two hundred open tasks', { open: 200, ready: 1 }, 'good'],
  ])('%s is %s', (_, given, health) => {
    expect(healthOf({ ...QUIET, ...given })).toBe(health);
  });

  test('is critical exactly when there is open work and none of it moves', () => {
    fc.assert(
      fc.property(situations, (given) => {
        const isAtRest = given.open > 0 && given.ready === 0 && given.inProgress === 0 && given.upForSynthesis === 0;

        expect(healthOf(given) === 'critical').toBe(isAtRest);
      }),
    );
  });

  test('never gets better by more that is stuck, blocked or abandoned', () => {
    const order = ['good', 'degraded', 'critical'];
    fc.assert(
      fc.property(situations, fc.constantFrom('stuck', 'blocked', 'abandoned'), (given, what) => {
        const worse = { ...given, [what]: given[what] + 1 };

        expect(order.indexOf(healthOf(worse))).toBeGreaterThanOrEqual(order.indexOf(healthOf(given)));
      }),
    );
  });
});

describe('recommendations', () => {
  test('there are none where all goes well', () => {
    expect(recommendations({ ...QUIET, open: 100, ready: 5, inProgress: 5 })).toEqual([]);
  });

  test.each<[Partial<Situation>, RegExp]>([
    [{ open: 1 }, /Nothing can move/],
    [{ open: 9, ready: 1, stuck: 2 }, /^2 stuck.*manage_dependencies/],
    [{ open: 9, ready: 1, abandoned: 1 }, /^1 abandoned.*execute_subtask/],
    [{ open: 9, ready: 1, blocked: 1 }, /^1 blocked.*execute_subtask/],
    [{ upForSynthesis: 1 }, /^1 finished.*synthesize_results/],
    [{ fruitless: 1 }, /^1 ended with nothing completed.*retry.*cancel/],
    [{ open: 101, ready: 1 }, /^101 active tasks/],
  ])('%j is answered by one with the call to make', (given, text) => {
    const [only, ...others] = recommendations({ ...QUIET, ...given });

    expect(only).toMatch(text);
    expect(others).toEqual([]);
  });
});
