import { describe, expect, test } from 'vitest';
import { aTask, type OpenFresh } from './given.ts';

export const transactions = (open: OpenFresh) =>
  describe('transactions', () => {
    test('what one write did is there for the next read', async () => {
      const { store } = await open();

      await store.write(({ tasks }) => tasks.insert([aTask({ id: 'task_a' })]));

      expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask({ id: 'task_a' }));
    });

    test('a write that fails leaves nothing', async () => {
      const { store } = await open();

      const failing = store.write(async ({ tasks, events }) => {
        await tasks.insert([aTask({ id: 'task_a' })]);
        await events.append([{ type: 'task.created', taskId: 'task_a' }], { sessionId: 'session_x', at: 1 });
        throw new Error('the rule refuses');
      });

      await expect(failing).rejects.toThrow('the rule refuses');
      expect(await store.read(({ tasks }) => tasks.find('task_a'))).toBeUndefined();
      expect(await store.read(({ events }) => events.latest())).toBe(0);
    });

    test('a write gives back what its work gives', async () => {
      const { store } = await open();

      expect(await store.write(async () => 'done')).toBe('done');
    });

    test('writes of two servers follow one another, each seeing what the other did', async () => {
      const { store, openAgain } = await open();
      const other = await openAgain();
      await store.write(({ tasks }) => tasks.insert([aTask({ id: 'task_a' })]));
      const rename = (server: typeof store) =>
        server.write(async ({ tasks }) => {
          const task = await tasks.find('task_a');
          if (task !== undefined) await tasks.save({ ...task, title: `${task.title}+` });
        });

      await Promise.all(Array.from({ length: 20 }, (_, index) => rename(index % 2 === 0 ? store : other)));

      const task = await store.read(({ tasks }) => tasks.find('task_a'));
      expect(task).toMatchObject({ title: `Title of task_a${'+'.repeat(20)}`, version: 21 });
      await other.close();
    });

    test('a read sees one moment, whatever is written beside it', async () => {
      const { store, openAgain } = await open();
      const other = await openAgain();

      const seen = await store.read(async ({ tasks }) => {
        const before = await tasks.find('task_a');
        await other.write((repositories) => repositories.tasks.insert([aTask({ id: 'task_a' })]));
        return [before, await tasks.find('task_a')];
      });

      expect(seen).toEqual([undefined, undefined]);
      await other.close();
    });

    test('calls of one server run in the order in which they came', async () => {
      const { store } = await open();
      const order: number[] = [];

      await Promise.all(
        [1, 2, 3, 4].map((number) =>
          (number % 2 === 0 ? store.read : store.write).call(store, async () => order.push(number)),
        ),
      );

      expect(order).toEqual([1, 2, 3, 4]);
    });

    test('nothing is committed once the signal has aborted', async () => {
      const { store } = await open();
      const abort = new AbortController();

      const writing = store.write(
        async ({ tasks }) => {
          await tasks.insert([aTask({ id: 'task_a' })]);
          abort.abort(new Error('the time is over'));
        },
        { signal: abort.signal },
      );

      await expect(writing).rejects.toThrow('the time is over');
      expect(await store.read(({ tasks }) => tasks.find('task_a'))).toBeUndefined();
    });

    test('a write whose signal has aborted already does not begin', async () => {
      const { store } = await open();
      let hasBegun = false;

      const writing = store.write(
        async () => {
          hasBegun = true;
        },
        { signal: AbortSignal.abort(new Error('too late')) },
      );

      await expect(writing).rejects.toThrow('too late');
      expect(hasBegun).toBe(false);
    });

    test('a closed store refuses', async () => {
      const { store, openAgain } = await open();
      const other = await openAgain();
      await other.close();

      await expect(other.read(async () => 'read')).rejects.toMatchObject({ code: 'refused' });
      expect(await store.read(async () => 'read')).toBe('read');
    });
  });
