import { describe, expect, test } from 'vitest';
import type { Condition, TaskFilter, TaskQuery } from '../../src/domain/query.ts';
import { aTask, given, idsOf, type OpenFresh } from './given.ts';

const DAY = 24 * 3_600_000;
const filter = (more: Partial<TaskFilter> = {}): TaskFilter => ({
  said: {},
  stages: ['ready', 'active'],
  conditions: [],
  lapsed: [],
  ...more,
});
const isTeam = (team: string): Condition => ({ of: { path: ['team'] }, all: [{ is: 'among', values: [team] }] });
const newestFirst: TaskQuery['sort'] = { by: { field: 'created_at' }, descending: true };

export const queries = (open: OpenFresh) =>
  describe('queries', () => {
    const some = Array.from({ length: 5 }, (_, place) =>
      aTask({ id: `task_${place}`, createdAt: 1000 + place, attributes: { team: place % 2 === 0 ? 'a' : 'b' } }),
    );

    test('give a page, the true number, and where to go on', async () => {
      const { store } = await open();

      const [first, second] = await given(store, some, async ({ queries: { page } }) => {
        const question = { filter: filter(), sort: newestFirst, limit: 3 };
        const one = await page(question);
        return [one, await page({ ...question, cursor: one.cursorAfter(one.tasks.length - 1) })];
      });

      expect([first, second].map((page) => page && idsOf(page.tasks))).toEqual([
        ['task_4', 'task_3', 'task_2'],
        ['task_1', 'task_0'],
      ]);
      expect([first?.hasMore, second?.hasMore, first?.total, second?.total]).toEqual([true, false, 5, 5]);
    });

    test('go on after any task of a page', async () => {
      const { store } = await open();

      const { tasks } = await given(store, some, async ({ queries: { page } }) => {
        const question = { filter: filter(), sort: newestFirst, limit: 3 };
        return page({ ...question, cursor: (await page(question)).cursorAfter(0) });
      });

      expect(idsOf(tasks)).toEqual(['task_3', 'task_2', 'task_1']);
    });

    test('refuse a cursor that belongs to another question', async () => {
      const { store } = await open();

      const asked = given(store, some, async ({ queries: { page } }) => {
        const { cursorAfter } = await page({ filter: filter(), sort: newestFirst, limit: 3 });
        return page({
          filter: filter({ said: { status: 'active' } }),
          sort: newestFirst,
          limit: 3,
          cursor: cursorAfter(0),
        });
      });

      await expect(asked).rejects.toMatchObject({ code: 'invalid' });
    });

    test('count, and name ids in the order of creation', async () => {
      const { store } = await open();
      const ofTeam = filter({ conditions: [isTeam('a')] });

      const [count, ids] = await given(store, some, async (repositories) => [
        await repositories.queries.count(ofTeam),
        await repositories.queries.ids(ofTeam, 2),
      ]);

      expect([count, ids]).toEqual([3, ['task_0', 'task_2']]);
    });

    test('find what lies below, level by level, and the first children of each', async () => {
      const { store } = await open();
      const tree = [
        aTask({ id: 'task_top', standing: { children: 2 } }),
        aTask({ id: 'task_left', parentId: 'task_top', standing: { children: 1 } }),
        aTask({ id: 'task_deep', parentId: 'task_left' }),
        aTask({ id: 'task_right', parentId: 'task_top' }),
      ];

      const found = await given(store, tree, async (repositories) => ({
        all: idsOf(await repositories.queries.below(['task_top'], 10)),
        two: idsOf(await repositories.queries.below(['task_top'], 2)),
        children: await repositories.queries.childIds(['task_top', 'task_left'], 1),
      }));

      expect(found).toEqual({
        all: ['task_left', 'task_right', 'task_deep'],
        two: ['task_left', 'task_right'],
        children: [
          { id: 'task_left', parentId: 'task_top' },
          { id: 'task_deep', parentId: 'task_left' },
        ],
      });
    });

    test('ask for no index among few tasks', async () => {
      const { store } = await open();

      const isDue = await given(store, some, async ({ queries: { count, isUpkeepDue } }) => {
        for (let turn = 0; turn < 100; turn++) await count(filter({ conditions: [isTeam('a')] }));
        return isUpkeepDue(DAY);
      });

      expect(isDue).toBe(false);
    });
  });
