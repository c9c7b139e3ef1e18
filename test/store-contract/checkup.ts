import { describe, expect, test } from 'vitest';
import { anArtifact, aTask, type OpenFresh } from './given.ts';

export function checkup(open: OpenFresh): void {
  describe('checkup', () => {
    test('says which schema the store has, and that it is whole', async () => {
      const { store } = await open();

      const [version, problems] = await store.read(async ({ checkup }) => [
        await checkup.schemaVersion(),
        await checkup.quickCheck(1_000_000),
      ]);

      expect(version).toBeGreaterThan(0);
      expect(problems).toEqual([]);
    });

    test('does not look through more than it may', async () => {
      const { store } = await open();

      expect(await store.read(({ checkup }) => checkup.quickCheck(1))).toBeUndefined();
    });

    test('knows the latest time of its events, which may not be that of the last one', async () => {
      const { store } = await open();
      const before = await store.read(({ checkup }) => checkup.lastEventAt());
      await store.write(async ({ events }) => {
        await events.append([{ type: 'note.added' }], { sessionId: 'session_00000000', at: 7 });
        await events.append([{ type: 'note.added' }], { sessionId: 'session_00000000', at: 5 });
      });

      expect(before).toBeUndefined();
      expect(await store.read(({ checkup }) => checkup.lastEventAt())).toBe(7);
    });

    test('finds what has been on offer for longest, whatever its priority', async () => {
      const { store } = await open();
      const since = (id: string, priority: 'low' | 'critical', actionableSince: number, children = 0) =>
        aTask({ id, priority, stage: 'ready', standing: { actionableSince, children } });
      await store.write(({ tasks }) =>
        tasks.insert([
          since('task_a', 'critical', 30),
          since('task_b', 'low', 20),
          since('task_c', 'critical', 40),
          since('task_d', 'critical', 10, 1),
        ]),
      );

      expect(await store.read(({ checkup }) => checkup.longestOnOffer())).toEqual({ id: 'task_b', since: 20 });
    });

    test('finds nothing where nothing is on offer and nothing was recorded', async () => {
      const { store } = await open();

      expect(
        await store.read(async ({ checkup }) => [await checkup.longestOnOffer(), await checkup.someArtifacts(4)]),
      ).toEqual([undefined, []]);
    });

    test.each([1, 2, 3, 10])('of ten artifacts gives %i, from the first on, none of them twice', async (limit) => {
      const { store } = await open();
      await store.write(async ({ tasks, artifacts }) => {
        await tasks.insert([aTask({ id: 'task_a' })]);
        for (let turn = 0; turn < 10; turn++)
          await artifacts.insert(anArtifact({ id: `artifact_${turn}`, taskId: 'task_a' }));
      });

      const ids = await store.read(({ checkup }) => checkup.someArtifacts(limit));

      expect(ids).toHaveLength(limit);
      expect(new Set(ids).size).toBe(limit);
      expect(ids).toContain('artifact_0');
    });
  });
}
