import { describe, expect, test } from 'vitest';
import { anEdge, aTask, given, type OpenFresh } from './given.ts';

export const standings = (open: OpenFresh) =>
  describe('standings', () => {
    test('a standing comes with what readiness depends on beside it', async () => {
      const { store } = await open();
      const task = aTask({
        id: 'task_a',
        stage: 'archived',
        archivedFrom: 'completed',
        type: 'approval',
        standing: { unmet: 2, actionableSince: 7 },
      });

      const found = await given(store, [task], (stored) => stored.standings.of(['task_a', 'task_x']));

      const { id, parentId, stage, type, archivedFrom, standing } = task;
      expect(found).toEqual([{ id, parentId, stage, type, archivedFrom, standing }]);
    });

    test('counters are added to, in each of the tasks and in no other', async () => {
      const { store } = await open();
      const stored = ['task_a', 'task_b', 'task_c'].map((id) => aTask({ id, standing: { children: 1, leaves: 5 } }));

      const found = await given(store, stored, async ({ standings, tasks }) => {
        await standings.add(['task_a', 'task_b', 'task_b'], { children: 2, leaves: -3, waiters: 0 });
        return tasks.findAll(['task_a', 'task_b', 'task_c']);
      });

      const counters = Object.fromEntries(found.map(({ id, standing }) => [id, [standing.children, standing.leaves]]));
      expect(counters).toEqual({ task_a: [3, 2], task_b: [3, 2], task_c: [1, 5] });
    });

    test('every counter can be added to, alone and with others', async () => {
      const { store } = await open();
      const all = {
        children: 1,
        openChildren: 2,
        completedChildren: 3,
        leaves: 4,
        completedLeaves: 5,
        unmet: 6,
        failed: 7,
        gatesAbove: 8,
        waiters: 9,
      };

      const found = await given(store, [aTask({ id: 'task_a' })], async ({ standings, tasks }) => {
        await standings.add(['task_a'], all);
        for (const [counter, number] of Object.entries(all)) await standings.add(['task_a'], { [counter]: number });
        await standings.add(['task_a'], {});
        await standings.add([], all);
        return tasks.find('task_a');
      });

      const doubled = Object.fromEntries(Object.entries(all).map(([counter, number]) => [counter, 2 * number]));
      expect(found?.standing).toEqual({ ...doubled, actionableSince: undefined });
    });

    test('adding can say since when the tasks can be taken, or that they cannot', async () => {
      const { store } = await open();

      const found = await given(store, [aTask({ id: 'task_a' }), aTask({ id: 'task_b' })], async ({ standings }) => {
        const since = async () => (await standings.of(['task_a', 'task_b'])).map((row) => row.standing.actionableSince);
        await standings.add(['task_a', 'task_b'], { unmet: 1 }, 7);
        const offered = await since();
        await standings.add(['task_b'], {}, null);
        await standings.add(['task_a'], { unmet: 1 });
        return { offered, after: await since(), unmet: (await standings.of(['task_a']))[0]?.standing.unmet };
      });

      expect(found).toEqual({ offered: [7, 7], after: [7, undefined], unmet: 2 });
    });

    test('adding to counters does not count as a change of the task', async () => {
      const { store } = await open();
      const task = aTask({ id: 'task_a' });

      const found = await given(store, [task], async ({ standings, tasks }) => {
        await standings.add(['task_a'], { children: 1 });
        return tasks.find('task_a');
      });

      expect(found).toEqual({ ...task, standing: { ...task.standing, children: 1 } });
    });

    test('a gate holds back all that lies below it, and says what that is', async () => {
      const { store } = await open();
      const family = [
        aTask({ id: 'task_a' }),
        aTask({ id: 'task_b', parentId: 'task_a' }),
        aTask({ id: 'task_c', parentId: 'task_b', standing: { gatesAbove: 1 } }),
        aTask({ id: 'task_d' }),
      ];

      const found = await given(store, family, async ({ standings, tasks }) => {
        const ids = await standings.addGateBelow('task_a', 1);
        const stored = await tasks.findAll(['task_a', 'task_b', 'task_c', 'task_d']);
        return { ids: ids.toSorted(), gates: Object.fromEntries(stored.map((t) => [t.id, t.standing.gatesAbove])) };
      });

      expect(found).toEqual({ ids: ['task_b', 'task_c'], gates: { task_a: 0, task_b: 1, task_c: 2, task_d: 0 } });
    });

    test('a waiter counts once for each prerequisite that it has a pending edge to', async () => {
      const { store } = await open();
      const ids = ['task_a', 'task_b', 'task_c', 'task_d'];
      const edge = (prerequisiteId: string) => anEdge({ taskId: 'task_a', prerequisiteId });

      const found = await given(
        store,
        ids.map((id) => aTask({ id })),
        async ({ standings, dependencies, tasks }) => {
          const edges = [
            edge('task_b'),
            { ...edge('task_b'), type: 'data' as const },
            { ...edge('task_c'), status: 'satisfied' as const },
          ];
          await dependencies.insert(edges, 1);
          await standings.addWaiter('task_a', 1);
          return tasks.findAll(ids);
        },
      );

      const waiters = Object.fromEntries(found.map(({ id, standing }) => [id, standing.waiters]));
      expect(waiters).toEqual({ task_a: 0, task_b: 1, task_c: 0, task_d: 0 });
    });

    test('tasks are marked as actionable and no longer so', async () => {
      const { store } = await open();

      const found = await given(store, [aTask({ id: 'task_a' }), aTask({ id: 'task_b' })], async (stored) => {
        await stored.standings.offer(['task_a', 'task_b'], 5000);
        await stored.standings.withdraw(['task_b']);
        return stored.standings.of(['task_a', 'task_b']);
      });

      const since = Object.fromEntries(found.map(({ id, standing }) => [id, standing.actionableSince]));
      expect(since).toEqual({ task_a: 5000, task_b: undefined });
    });
  });
