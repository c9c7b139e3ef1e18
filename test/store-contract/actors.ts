import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/application/ports.ts';
import { aClaim, aProcess, aSession, aTask, given, idsOf, type OpenFresh } from './given.ts';

const TASKS = ['task_a', 'task_b', 'task_c'].map((id) => aTask({ id }));

export const claims = (open: OpenFresh) =>
  describe('claims', () => {
    test('a claim comes with the agent and the process that its holder last called through', async () => {
      const { store } = await open();
      const claim = aClaim({ id: 'claim_a', taskId: 'task_a', holder: 'session_a' });

      const found = await given(store, TASKS, async ({ claims, sessions }) => {
        await sessions.insert(aSession({ id: 'session_a', agentName: 'Ada', process: aProcess('process_1') }));
        await claims.take(claim);
        return [await claims.of('task_a'), await claims.find('claim_a')];
      });

      const held = { ...claim, agentName: 'Ada', process: aProcess('process_1') };
      expect(found).toEqual([held, held]);
    });

    test('a claim of a session that nobody knows stands without agent and process', async () => {
      const { store } = await open();
      const claim = aClaim({ id: 'claim_a', taskId: 'task_a' });

      const found = await given(store, TASKS, async ({ claims }) => {
        await claims.take(claim);
        return claims.of('task_a');
      });

      expect(found).toEqual({ ...claim, agentName: undefined, process: undefined });
    });

    test('a new claim takes the place of any other on the task', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ claims }) => {
        await claims.take(aClaim({ id: 'claim_a', taskId: 'task_a' }));
        await claims.take(aClaim({ id: 'claim_b', taskId: 'task_a' }));
        return { of: await claims.of('task_a'), first: await claims.find('claim_a') };
      });

      expect(found).toMatchObject({ of: { id: 'claim_b' }, first: undefined });
    });

    test('claims are listed by their lease, all, of one session, or of some tasks', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ claims }) => {
        await claims.take(aClaim({ id: 'claim_a', taskId: 'task_a', leaseUntil: 3 }));
        await claims.take(aClaim({ id: 'claim_b', taskId: 'task_b', leaseUntil: 1, holder: 'session_b' }));
        await claims.take(aClaim({ id: 'claim_c', taskId: 'task_c', leaseUntil: 2, holder: 'session_b' }));
        return {
          all: idsOf(await claims.list()),
          ofSession: idsOf(await claims.list({ holder: 'session_b' })),
          ofTasks: idsOf(await claims.list({ taskIds: ['task_a', 'task_b'] })),
          ofBoth: idsOf(await claims.list({ taskIds: ['task_a', 'task_b'], holder: 'session_b' })),
        };
      });

      expect(found).toEqual({
        all: ['claim_b', 'claim_c', 'claim_a'],
        ofSession: ['claim_b', 'claim_c'],
        ofTasks: ['claim_b', 'claim_a'],
        ofBoth: ['claim_b'],
      });
    });

    test('renewing moves the lease and leaves the task as it is', async () => {
      const { store } = await open();
      const claim = aClaim({ id: 'claim_a', taskId: 'task_a' });

      const found = await given(store, TASKS, async ({ claims, tasks }) => {
        await claims.take(claim);
        await claims.renew({ ...claim, leaseUntil: 99_000 });
        return { claim: await claims.of('task_a'), task: await tasks.find('task_a') };
      });

      expect(found).toMatchObject({
        claim: { id: 'claim_a', leaseUntil: 99_000, takenAt: 1000 },
        task: { version: 1 },
      });
    });

    test('an ended claim is gone', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ claims }) => {
        await claims.take(aClaim({ id: 'claim_a', taskId: 'task_a' }));
        await claims.end('task_a');
        return [await claims.of('task_a'), await claims.find('claim_a')];
      });

      expect(found).toEqual([undefined, undefined]);
    });
  });

export const sessions = (open: OpenFresh) =>
  describe('sessions', () => {
    test('a session comes back with every field that it was stored with', async () => {
      const { store } = await open();
      const session = aSession({ id: 'session_a', agentName: 'Ada', endedAt: 5, process: aProcess('process_1') });
      const plain = aSession({ id: 'session_b', process: { ...aProcess('process_2'), startedAt: undefined } });

      const found = await store.write(async ({ sessions }) => {
        await sessions.insert(session);
        await sessions.insert(plain);
        return [await sessions.find('session_a'), await sessions.find('session_b'), await sessions.find('session_x')];
      });

      expect(found).toEqual([session, plain, undefined]);
    });

    test('a session is given a name, and no other is', async () => {
      const { store } = await open();

      const found = await store.write(async ({ sessions }) => {
        await sessions.insert(aSession({ id: 'session_a' }));
        await sessions.insert(aSession({ id: 'session_b' }));
        await sessions.name('session_a', 'Ada');
        return [await sessions.find('session_a'), await sessions.find('session_b')];
      });

      expect(found).toMatchObject([{ agentName: 'Ada' }, { agentName: undefined }]);
    });

    test('a session that is attached to a process writes through it and is open again', async () => {
      const { store } = await open();

      const found = await store.write(async ({ sessions }) => {
        await sessions.insert(aSession({ id: 'session_a', endedAt: 5, process: aProcess('process_1') }));
        await sessions.attach('session_a', aProcess('process_2'));
        await sessions.attach('session_a', aProcess('process_2'));
        return sessions.find('session_a');
      });

      expect(found).toEqual(aSession({ id: 'session_a', process: aProcess('process_2') }));
    });

    test('the end of a process ends the sessions that last wrote through it, and no others', async () => {
      const { store } = await open();

      const found = await store.write(async ({ sessions }) => {
        for (const id of ['session_a', 'session_b', 'session_c'])
          await sessions.insert(aSession({ id, process: aProcess('process_1') }));
        await sessions.attach('session_b', aProcess('process_2'));
        const ended = await sessions.endAllOf(aProcess('process_1'), 9);
        return { ended: ended.toSorted(), a: await sessions.find('session_a'), b: await sessions.find('session_b') };
      });

      expect(found).toEqual({
        ended: ['session_a', 'session_c'],
        a: aSession({ id: 'session_a', endedAt: 9 }),
        b: aSession({ id: 'session_b', process: aProcess('process_2') }),
      });
    });

    test('sessions without an end are listed, the latest first', async () => {
      const { store } = await open();

      const found = await store.write(async ({ sessions }) => {
        for (const [index, id] of ['session_a', 'session_b', 'session_c', 'session_d'].entries())
          await sessions.insert(aSession({ id, createdAt: index, endedAt: id === 'session_d' ? 9 : undefined }));
        return sessions.unended(2);
      });

      expect(idsOf(found)).toEqual(['session_c', 'session_b']);
    });

    test('the tasks of a session are those that it created, claimed or completed, latest first', async () => {
      const { store } = await open();
      const mine = { sessionId: 'session_a' };
      const completion = { from: 'active', to: 'completed' };

      await given(
        store,
        [
          aTask({ id: 'created', createdAt: 1, ...mine }),
          ...['claimed', 'completed', 'looked_at', 'of_other', 'begun', 'taken'].map((id) => aTask({ id })),
        ],
        async ({ events }) => {
          await events.append([{ type: 'task.claimed', taskId: 'claimed' }], { ...mine, at: 2 });
          await events.append([{ type: 'task.taken_over', taskId: 'taken' }], { ...mine, at: 3 });
          await events.append([{ type: 'note.added', taskId: 'looked_at' }], { ...mine, at: 4 });
          const moves = [
            { type: 'task.lifecycle_changed', taskId: 'completed', details: completion },
            { type: 'task.lifecycle_changed', taskId: 'begun', details: { from: 'ready', to: 'active' } },
          ] as const;
          await events.append(moves, { ...mine, at: 5 });
          await events.append([{ type: 'task.claimed', taskId: 'of_other' }], { sessionId: 'session_b', at: 6 });
          await events.append([{ type: 'task.claimed', taskId: 'claimed' }], { ...mine, at: 7 });
        },
      );

      expect(await tasksOf(store, 9)).toEqual(['claimed', 'completed', 'taken', 'created']);
      expect(await tasksOf(store, 2)).toEqual(['claimed', 'completed']);
    });
  });

const tasksOf = (store: Store, limit: number) => store.read(({ sessions }) => sessions.tasksOf('session_a', limit));
