import { describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../src/domain/artifact.ts';
import { aNote, anArtifact, aTask, given, idsOf, type OpenFresh } from './given.ts';

const TASKS = ['task_a', 'task_b'].map((id) => aTask({ id }));
const BY = { sessionId: 'session_a', at: 1000 };

export const artifacts = (open: OpenFresh) =>
  describe('artifacts', () => {
    test('an artifact comes back with every field that it was stored with', async () => {
      const { store } = await open();
      const artifact = anArtifact({
        id: 'artifact_a',
        taskId: 'task_a',
        filePaths: [
          { path: 'src/ä.ts', isOutside: false },
          { path: '/etc/hosts', isOutside: true },
        ],
      });

      const found = await given(store, TASKS, async ({ artifacts }) => {
        await artifacts.insert(artifact);
        return [await artifacts.find('artifact_a'), await artifacts.find('artifact_x')];
      });

      expect(found).toEqual([artifact, undefined]);
    });

    test('artifacts of tasks come oldest first, and their ids by how they begin', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ artifacts }) => {
        await artifacts.insert(anArtifact({ id: 'artifact_3', taskId: 'task_a', createdAt: 2 }));
        await artifacts.insert(anArtifact({ id: 'artifact_2', taskId: 'task_b', createdAt: 1 }));
        await artifacts.insert(anArtifact({ id: 'artifact_1', taskId: 'task_a', createdAt: 2 }));
        return {
          ofBoth: idsOf(await artifacts.of(['task_a', 'task_b'])),
          ofOne: idsOf(await artifacts.of(['task_b'])),
          ids: await artifacts.idsWithPrefix('artifact_', 2),
        };
      });

      expect(found).toEqual({
        ofBoth: ['artifact_2', 'artifact_3', 'artifact_1'],
        ofOne: ['artifact_2'],
        ids: ['artifact_1', 'artifact_2'],
      });
    });

    test('only artifacts that handed work on count towards what waits for it, each type once', async () => {
      const { store } = await open();
      const types = { continue: 'code', complete: 'code', synthesis: 'design' } as const;

      const found = await given(store, TASKS, async ({ artifacts }) => {
        for (const outcome of OUTCOMES) {
          const type = outcome in types ? types[outcome as keyof typeof types] : 'test';
          await artifacts.insert(anArtifact({ id: `artifact_${outcome}`, taskId: 'task_a', outcome, type }));
        }
        return artifacts.typesHandedOn('task_a');
      });

      expect(found.toSorted()).toEqual(['code', 'design']);
    });
  });

export const notes = (open: OpenFresh) =>
  describe('notes', () => {
    test('notes are numbered, and come oldest first', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ notes }) => {
        const first = await notes.insert(aNote({ taskId: 'task_a', text: 'one' }));
        const second = await notes.insert(aNote({ taskId: 'task_b', text: 'two' }));
        const third = await notes.insert(aNote({ taskId: 'task_a', text: 'three', kind: 'risk' }));
        return { written: [first, second, third], read: await notes.of(['task_b', 'task_a', 'task_a']) };
      });

      expect(found.read).toEqual(found.written);
      expect(found.read.map(({ text, kind }) => [text, kind])).toEqual([
        ['one', 'progress'],
        ['two', 'progress'],
        ['three', 'risk'],
      ]);
    });

    test('notes are restricted to kinds, and a limit keeps the latest', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ notes }) => {
        for (const [text, kind, taskId] of [
          ['1', 'risk', 'task_a'],
          ['2', 'decision', 'task_a'],
          ['3', 'risk', 'task_b'],
          ['4', 'question', 'task_a'],
        ] as const)
          await notes.insert(aNote({ text, kind, taskId }));
        const ofBoth = ['task_a', 'task_b'];
        return {
          kinds: await notes.of(ofBoth, { kinds: ['risk', 'decision'] }),
          latest: await notes.of(ofBoth, { limit: 2 }),
          latestOfKinds: await notes.of(ofBoth, { kinds: ['risk', 'decision'], limit: 2 }),
        };
      });

      const texts = Object.entries(found).map(([name, list]) => [name, list.map(({ text }) => text).join('')]);
      expect(Object.fromEntries(texts)).toEqual({ kinds: '123', latest: '34', latestOfKinds: '23' });
    });

    test('notes about the workspace stand apart from those about tasks', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ notes }) => {
        for (const text of ['1', '2', '3']) await notes.insert(aNote({ text }));
        await notes.insert(aNote({ text: 'of a task', taskId: 'task_a' }));
        return notes.ofWorkspace(2);
      });

      expect(found.map(({ text, taskId }) => [text, taskId])).toEqual([
        ['2', undefined],
        ['3', undefined],
      ]);
    });
  });

export const events = (open: OpenFresh) =>
  describe('events', () => {
    test('events are numbered in their order, with time and session', async () => {
      const { store } = await open();

      const found = await store.write(async ({ events }) => {
        const details = { from: 'a', to: 'b', nested: { list: [1, null] } };
        await events.append([{ type: 'task.created', taskId: 'task_a', details }, { type: 'session.started' }], BY);
        return { all: await events.after(0, 9), latest: await events.latest(), details };
      });

      expect(found.all).toEqual([
        { seq: 1, type: 'task.created', taskId: 'task_a', details: found.details, ...BY },
        { seq: 2, type: 'session.started', taskId: undefined, ...BY },
      ]);
      expect(found.latest).toBe(2);
    });

    test('many events at once are as they would be one by one', async () => {
      const { store } = await open();
      const some = [
        { type: 'task.created', taskId: 'task_a', details: { text: 'Ünïcode "quoted" \u2028 🧪', list: [1, null] } },
        { type: 'session.started' },
        { type: 'task.purged', taskId: 'task_b' },
      ] as const;
      const many = Array.from({ length: 30 }, (_, place) => some[place % some.length] ?? some[0]);

      const found = await store.write(async ({ events }) => {
        await events.append(many, BY);
        const together = await events.after(0, 99);
        for (const event of many) await events.append([event], BY);
        return { together, singly: await events.after(many.length, 99) };
      });

      expect(found.together).toHaveLength(30);
      expect(found.singly).toEqual(found.together.map((event) => ({ ...event, seq: event.seq + 30 })));
    });

    test('there is no latest event where there is none', async () => {
      const { store } = await open();

      expect(await store.read(({ events }) => events.latest())).toBe(0);
    });

    test('events are read on from a number, up to a limit', async () => {
      const { store } = await open();

      const found = await store.write(async ({ events }) => {
        await events.append(
          ['task_1', 'task_2', 'task_3', 'task_4'].map((taskId) => ({ type: 'task.created', taskId }) as const),
          BY,
        );
        return events.after(1, 2);
      });

      expect(found.map(({ taskId }) => taskId)).toEqual(['task_2', 'task_3']);
    });

    test('the latest events of a task come oldest first, whether or not the task is there', async () => {
      const { store } = await open();

      const found = await store.write(async ({ events }) => {
        for (const at of [1, 2, 3])
          await events.append(
            [
              { type: 'task.updated', taskId: 'task_x' },
              { type: 'task.updated', taskId: 'task_y' },
            ],
            {
              ...BY,
              at,
            },
          );
        return { of: await events.of('task_x', 2), latestOf: await events.latestOf(['task_y', 'task_x', 'task_z']) };
      });

      expect(found.of.map(({ at }) => at)).toEqual([2, 3]);
      expect(found.latestOf.map(({ at, taskId }) => [at, taskId]).toSorted()).toEqual([
        [3, 'task_x'],
        [3, 'task_y'],
      ]);
    });
  });

export const kept = (open: OpenFresh) =>
  describe('replies, syntheses and ids', () => {
    const reply = { scope: 'tool session', key: 'key', argumentsHash: 'hash', reply: { a: ['x', null] }, at: 5 };

    test('a kept reply is found by scope and key', async () => {
      const { store } = await open();

      const found = await store.write(async ({ replies }) => {
        await replies.keep(reply);
        return [await replies.find('tool session', 'key'), await replies.find('tool', 'key')];
      });

      expect(found).toEqual([reply, undefined]);
    });

    test('replies from before a moment are forgotten, later ones kept', async () => {
      const { store } = await open();

      const found = await store.write(async ({ replies }) => {
        await replies.keep(reply);
        await replies.keep({ ...reply, key: 'later', at: 6 });
        await replies.forgetBefore(6);
        return [await replies.find('tool session', 'key'), (await replies.find('tool session', 'later'))?.at];
      });

      expect(found).toEqual([undefined, 6]);
    });

    test('the last synthesis of a plan takes the place of the one before', async () => {
      const { store } = await open();
      const synthesis = { taskId: 'task_a', artifactId: 'artifact_a', reply: { text: 'first' }, at: 5 };

      const found = await given(store, TASKS, async ({ syntheses }) => {
        await syntheses.keep(synthesis);
        await syntheses.keep({ ...synthesis, artifactId: 'artifact_b', at: 6 });
        return [await syntheses.find('task_a'), await syntheses.find('task_b')];
      });

      expect(found).toEqual([{ ...synthesis, artifactId: 'artifact_b', at: 6 }, undefined]);
    });

    test('an id is free as long as nobody has one with the same last 8 characters', async () => {
      const { store } = await open();

      const found = await store.write(async ({ identities }) => [
        await identities.reserve(['task_aaaaaaaa', 'coder_bbbbbbbb', 'tester_aaaaaaaa']),
        await identities.reserve(['artifact_bbbbbbbb', 'task_cccccccc']),
        await identities.reserve([]),
      ]);

      expect(found).toEqual([['task_aaaaaaaa', 'coder_bbbbbbbb'], ['task_cccccccc'], []]);
    });
  });
