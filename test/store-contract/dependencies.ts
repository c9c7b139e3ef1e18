import { describe, expect, test } from 'vitest';
import { anEdge, aTask, given, type OpenFresh } from './given.ts';

const TASKS = ['task_a', 'task_b', 'task_c', 'task_d'].map((id) => aTask({ id }));
const edge = (taskId: string, prerequisiteId: string) => anEdge({ taskId, prerequisiteId });

export const dependencies = (open: OpenFresh) =>
  describe('dependencies', () => {
    test('an edge comes back with every field that it was stored with', async () => {
      const { store } = await open();
      const stored = anEdge({
        taskId: 'task_a',
        prerequisiteId: 'task_b',
        type: 'data',
        artifactType: 'design',
        description: 'needs the design',
        status: 'waived',
        verdict: 'waived',
      });

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([stored], 1);
        return [...(await dependencies.of(['task_a'])), ...(await dependencies.onto(['task_b']))];
      });

      expect(found).toEqual([stored, stored]);
    });

    test('edges come in the order in which they were added', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([edge('task_a', 'task_d'), edge('task_a', 'task_b')], 5);
        await dependencies.insert([edge('task_a', 'task_c')], 5);
        return dependencies.of(['task_a']);
      });

      expect(found.map(({ prerequisiteId }) => prerequisiteId)).toEqual(['task_d', 'task_b', 'task_c']);
    });

    test('the edges of several tasks are found at once', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([edge('task_b', 'task_c'), edge('task_a', 'task_c'), edge('task_d', 'task_c')], 5);
        return dependencies.of(['task_a', 'task_b']);
      });

      expect(found.map(({ taskId }) => taskId)).toEqual(['task_b', 'task_a']);
    });

    test('saving changes status, verdict, description and artifact type of that edge alone', async () => {
      const { store } = await open();
      const approval = { ...edge('task_a', 'task_b'), type: 'approval' as const };
      const changed = {
        ...approval,
        status: 'satisfied',
        verdict: 'approved',
        description: 'x',
        artifactType: 'test',
      } as const;

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([approval, edge('task_a', 'task_b')], 5);
        await dependencies.save([changed], 6);
        return dependencies.of(['task_a']);
      });

      expect(found).toEqual([changed, edge('task_a', 'task_b')]);
    });

    test('judging changes the status of the edges of these tasks onto one prerequisite by one type', async () => {
      const { store } = await open();
      const data = { ...edge('task_a', 'task_b'), type: 'data' as const };
      const [one, two, three] = [edge('task_a', 'task_b'), edge('task_c', 'task_b'), edge('task_d', 'task_b')];

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([data, one, two, three], 5);
        await dependencies.judge({ ...one, status: 'failed' }, { taskIds: ['task_a', 'task_c'], at: 6 });
        return dependencies.of(['task_a', 'task_c', 'task_d']);
      });

      expect(found).toEqual([data, { ...one, status: 'failed' }, { ...two, status: 'failed' }, three]);
    });

    test('the same edge cannot be stored twice', async () => {
      const { store } = await open();

      const twice = given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([edge('task_a', 'task_b'), edge('task_a', 'task_b')], 5);
      });

      await expect(twice).rejects.toThrow();
    });

    test('an edge to a task that does not exist is not stored', async () => {
      const { store } = await open();

      const dangling = given(store, TASKS, ({ dependencies }) => dependencies.insert([edge('task_a', 'task_x')], 5));

      await expect(dangling).rejects.toThrow();
    });

    test('removed edges are gone, others of the same tasks stay', async () => {
      const { store } = await open();
      const data = { ...edge('task_a', 'task_b'), type: 'data' as const };

      const found = await given(store, TASKS, async ({ dependencies }) => {
        await dependencies.insert([data, edge('task_a', 'task_b'), edge('task_c', 'task_b')], 5);
        await dependencies.remove([data, edge('task_c', 'task_b')]);
        return dependencies.onto(['task_b']);
      });

      expect(found).toEqual([edge('task_a', 'task_b')]);
    });
  });
