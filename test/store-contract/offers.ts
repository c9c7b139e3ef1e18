import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OfferFilter } from '../../src/application/repositories.ts';
import { byOffer, RAISED_EVERY_MS } from '../../src/domain/readiness.ts';
import { PRIORITIES, type Task } from '../../src/domain/task.ts';
import { aTask, given, idsOf, type OpenFresh } from './given.ts';

const NOW = 40 * RAISED_EVERY_MS;

const anOffer = (id: string, { standing, ...task }: Partial<Omit<Task, 'standing'>> & { standing?: object } = {}) =>
  aTask({ id, ...task, standing: { actionableSince: NOW, ...standing } });

const orderedIn = async (open: OpenFresh, tasks: readonly Task[], filter: OfferFilter = {}) => {
  const { store } = await open();
  const found = await given(store, tasks, async ({ offers }) => ({
    first: await offers.first(NOW, filter),
    list: await offers.list(NOW, { ...filter, limit: 10 }),
  }));
  return { first: found.first?.id, list: idsOf(found.list) };
};

export const offers = (open: OpenFresh) =>
  describe('offers', () => {
    test('the more urgent is offered first, then the one that more wait for, then the older, those of one moment as they were stored', async () => {
      const tasks = [
        anOffer('low', { priority: 'low', standing: { waiters: 9 } }),
        anOffer('later_b', { createdAt: 2 }),
        anOffer('later_a', { createdAt: 2 }),
        anOffer('earlier', { createdAt: 1 }),
        anOffer('awaited', { createdAt: 9, standing: { waiters: 1 } }),
        anOffer('urgent', { createdAt: 9, priority: 'critical' }),
      ];

      const { first, list } = await orderedIn(open, tasks);

      expect(list).toEqual(['urgent', 'awaited', 'earlier', 'later_b', 'later_a', 'low']);
      expect(first).toBe('urgent');
    });

    test('each full 24 h of being actionable raises a task by a step', async () => {
      const waiting = (days: number) => ({ standing: { actionableSince: NOW - days * RAISED_EVERY_MS } });
      const tasks = [
        anOffer('medium', { createdAt: 1 }),
        anOffer('low_of_three_days', { createdAt: 5, priority: 'low', ...waiting(3) }),
        anOffer('low_of_almost_a_day', { createdAt: 1, priority: 'low', ...waiting(0.999) }),
        anOffer('critical', { createdAt: 9, priority: 'critical' }),
        anOffer('low_of_four_days', { createdAt: 9, priority: 'low', ...waiting(4) }),
      ];

      const { list } = await orderedIn(open, tasks);

      expect(list).toEqual(['low_of_four_days', 'low_of_three_days', 'critical', 'medium', 'low_of_almost_a_day']);
    });

    test('a parent in review is in the list, and never the first to take', async () => {
      const tasks = [
        anOffer('parent', { priority: 'critical', stage: 'review', standing: { children: 2 } }),
        anOffer('leaf', { priority: 'low' }),
      ];

      expect(await orderedIn(open, tasks)).toEqual({ first: 'leaf', list: ['parent', 'leaf'] });
    });

    test('what is not actionable is not offered', async () => {
      expect(await orderedIn(open, [aTask({ id: 'task_a' })])).toEqual({ first: undefined, list: [] });
    });

    test('offers are restricted to a specialist', async () => {
      const tasks = [
        anOffer('tester', { specialist: 'tester' }),
        anOffer('coder', { specialist: 'coder', priority: 'critical' }),
        anOffer('anybody', { priority: 'critical' }),
      ];

      expect(await orderedIn(open, tasks, { specialist: 'tester' })).toEqual({ first: 'tester', list: ['tester'] });
    });

    test('offers are restricted to what lies below a task', async () => {
      const tasks = [
        anOffer('top', { standing: { children: 1 } }),
        aTask({ id: 'middle', parentId: 'top', standing: { children: 2 } }),
        anOffer('below', { parentId: 'middle', specialist: 'tester' }),
        anOffer('also_below', { parentId: 'middle', priority: 'low' }),
        anOffer('elsewhere', { priority: 'critical' }),
      ];

      expect(await orderedIn(open, tasks, { within: 'top' })).toEqual({
        first: 'below',
        list: ['below', 'also_below'],
      });
      expect(await orderedIn(open, tasks, { within: 'top', specialist: 'tester' })).toEqual({
        first: 'below',
        list: ['below'],
      });
    });

    test('all that is actionable is counted', async () => {
      const { store } = await open();
      const tasks = [anOffer('a'), anOffer('parent', { standing: { children: 1 } }), aTask({ id: 'c' })];

      expect(await given(store, tasks, (stored) => stored.offers.count())).toBe(2);
    });

    const since = fc.oneof(
      fc.integer({ min: 0, max: NOW + RAISED_EVERY_MS }),
      fc.integer({ min: 0, max: 41 }).map((days) => days * RAISED_EVERY_MS),
      fc.integer({ min: -5, max: 5 }).map((offset) => NOW - 2 * RAISED_EVERY_MS + offset),
    );
    const someOffer = fc.record({
      priority: fc.constantFrom(...PRIORITIES),
      createdAt: fc.integer({ min: 0, max: 3 }),
      specialist: fc.constantFrom(undefined, 'tester', 'coder'),
      isBelow: fc.boolean(),
      waiters: fc.integer({ min: 0, max: 3 }),
      children: fc.constantFrom(0, 0, 0, 2),
      actionableSince: fc.oneof({ weight: 5, arbitrary: since }, { weight: 1, arbitrary: fc.constant(undefined) }),
    });
    const someFilter = fc.record({
      specialist: fc.constantFrom(undefined, undefined, 'tester', 'architect'),
      within: fc.constantFrom(undefined, undefined, 'top'),
    });

    test.for([
      { size: 'small', runs: 40, lengths: { minLength: 0, maxLength: 40 } },
      { size: 'large', runs: 3, lengths: { minLength: 900, maxLength: 1200 } },
    ])('the order is that of the rule for $size numbers of random tasks', async ({ runs, lengths }) => {
      const { store } = await open();
      const random = fc.asyncProperty(
        fc.array(someOffer, lengths),
        someFilter,
        fc.integer({ min: 1, max: 30 }),
        async (rows, filter, limit) => {
          const tasks = rows.map(({ isBelow, waiters, children, actionableSince, ...row }, index) =>
            aTask({
              id: `task_${String((index * 7919) % 100_003)}`,
              ...row,
              parentId: isBelow ? 'top' : undefined,
              standing: { waiters, children, actionableSince },
            }),
          );
          const rollback = new Error('each run begins with an empty store');
          const running = given(store, [aTask({ id: 'top' }), ...tasks], async ({ offers }) => {
            const expected = tasks
              .filter(({ standing }) => standing.actionableSince !== undefined)
              .filter(({ specialist }) => filter.specialist === undefined || specialist === filter.specialist)
              .filter(({ parentId }) => filter.within === undefined || parentId === filter.within)
              .toSorted(byOffer(NOW));
            const leaves = expected.filter(({ standing }) => standing.children === 0);
            expect((await offers.first(NOW, filter))?.id).toBe(leaves[0]?.id);
            expect(idsOf(await offers.list(NOW, { ...filter, limit }))).toEqual(idsOf(expected.slice(0, limit)));
            throw rollback;
          });
          await expect(running).rejects.toBe(rollback);
        },
      );

      await fc.assert(random, { numRuns: runs });
    });
  });
