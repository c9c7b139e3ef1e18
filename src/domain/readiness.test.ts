import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aTask } from '../../test/store-contract/given.ts';
import { STAGES } from './lifecycle.ts';
import { byOffer, closesGate, isActionable, raisedPriority } from './readiness.ts';
import { PRIORITIES, type Task } from './task.ts';

const DAY = 24 * 3_600_000;

const tasks = fc
  .array(
    fc.record({
      priority: fc.constantFrom(...PRIORITIES),
      createdAt: fc.integer({ min: 0, max: 5 }),
      waiters: fc.integer({ min: 0, max: 3 }),
      since: fc.integer({ min: 0, max: 5 * DAY }),
    }),
    { maxLength: 20 },
  )
  .map((given) =>
    given.map(({ priority, createdAt, waiters, since }, place) =>
      aTask({ id: `task_${place}`, priority, createdAt, standing: { waiters, actionableSince: since } }),
    ),
  );

describe('actionable', () => {
  test('is a ready leaf or a parent in review that nothing holds back, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...STAGES),
        fc.constantFrom('custom', 'approval', 'plan'),
        fc.nat({ max: 2 }),
        fc.nat({ max: 2 }),
        fc.nat({ max: 2 }),
        (stage, type, children, unmet, gatesAbove) => {
          const isFree = unmet === 0 && gatesAbove === 0;
          const isFreeLeaf = isFree && stage === 'ready' && type !== 'approval';

          const expected = children === 0 ? isFreeLeaf : isFree && stage === 'review';
          expect(isActionable({ stage, type, standing: { children, unmet, gatesAbove } })).toBe(expected);
        },
      ),
    );
  });
});

describe('a task holds back what lies below it', () => {
  test.each(STAGES)('in stage %s, if it is blocked, has ended, or waits itself', (stage) => {
    const isHolding = ['blocked', 'completed', 'failed', 'cancelled', 'archived', 'superseded'].includes(stage);

    expect(closesGate({ stage, standing: { unmet: 0 } })).toBe(isHolding);
    expect(closesGate({ stage, standing: { unmet: 1 } })).toBe(true);
  });
});

describe('the order in which tasks are offered', () => {
  /** By the contract's sentence: one criterion after the other, the least important sorted first. */
  const sorted = (given: readonly Task[], at: number): readonly Task[] => {
    const steps = ({ priority, standing }: Task) =>
      PRIORITIES.indexOf(priority) + Math.floor((at - (standing.actionableSince ?? at)) / DAY);
    return given
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .toSorted((a, b) => b.standing.waiters - a.standing.waiters)
      .toSorted((a, b) => steps(b) - steps(a));
  };

  test('is by raised priority, then by those that wait, then by age', () => {
    fc.assert(
      fc.property(tasks, fc.integer({ min: 5 * DAY, max: 9 * DAY }), (given, at) => {
        expect(given.toSorted(byOffer(at))).toEqual(sorted(given, at));
      }),
    );
  });

  test('leaves those that are alike in the order in which they come', () => {
    const alike = ['b', 'a', 'c'].map((id) => aTask({ id, createdAt: 1 }));

    expect(alike.toSorted(byOffer(2)).map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  });

  test.each([
    [0, 1],
    [DAY - 1, 1],
    [DAY, 2],
    [3 * DAY, 4],
  ])('raises a medium task that could be taken for %d ms to step %d', (waited, step) => {
    const task = aTask({ id: 'a', priority: 'medium', standing: { actionableSince: 1000 } });

    expect(raisedPriority(task, 1000 + waited)).toBe(step);
  });

  test('lets nothing starve: a low task is before any critical one that came four days later', () => {
    const old = aTask({ id: 'old', priority: 'low', standing: { actionableSince: 0 } });
    const fresh = aTask({ id: 'new', priority: 'critical', standing: { actionableSince: 4 * DAY, waiters: 9 } });

    expect([fresh, old].toSorted(byOffer(4 * DAY)).map(({ id }) => id)).toEqual(['old', 'new']);
  });

  test('is not upset by a clock that was put back', () => {
    const task = aTask({ id: 'a', priority: 'high', standing: { actionableSince: 9 * DAY } });

    expect(raisedPriority(task, 0)).toBe(2);
  });
});
