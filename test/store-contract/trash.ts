import { describe, expect, test } from 'vitest';
import { aNote, anArtifact, anEdge, aTask, given, idsOf, type OpenFresh } from './given.ts';

const TASKS = [
  aTask({ id: 'top' }),
  aTask({ id: 'left', parentId: 'top' }),
  aTask({ id: 'right', parentId: 'top' }),
  aTask({ id: 'other' }),
];
const BY = { sessionId: 'session_a', at: 1000 };

export const trash = (open: OpenFresh) =>
  describe('the trash', () => {
    test('what is put there is found there alone, with whose deletion took it along, until it is taken out', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ tasks, trash, standings }) => {
        await trash.put(['left'], { root: 'left', at: 5 });
        await trash.put(['top', 'right', 'left'], { root: 'top', at: 6 });
        const inTrash = {
          live: idsOf(await tasks.findAll(idsOf(TASKS))),
          standing: idsOf(await standings.of(idsOf(TASKS))),
          all: await trash.findAll(idsOf(TASKS)),
          withTop: idsOf(await trash.deletedWith('top')),
        };
        await trash.takeOut('top');
        return { ...inTrash, after: idsOf(await tasks.findAll(idsOf(TASKS))).toSorted() };
      });

      expect(found).toMatchObject({ live: ['other'], standing: ['other'], withTop: ['top', 'right'] });
      expect(found.all.filter(({ task }) => task.id !== 'right').toSorted((a, b) => a.deletedAt - b.deletedAt)).toEqual(
        [
          { task: TASKS[1], deletedAt: 5, root: 'left' },
          { task: TASKS[0], deletedAt: 6, root: 'top' },
        ],
      );
      expect(found.after).toEqual(['other', 'right', 'top']);
    });

    test('the tasks that were deleted themselves come by when that was', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ trash }) => {
        await trash.put(['other'], { root: 'other', at: 9 });
        await trash.put(['right'], { root: 'right', at: 5 });
        await trash.put(['top', 'left'], { root: 'top', at: 7 });
        return [await trash.rootsUpTo(4), await trash.rootsUpTo(7), await trash.rootsUpTo(9)];
      });

      expect(found).toEqual([[], ['right', 'top'], ['right', 'top', 'other']]);
    });

    test('an edge belongs to who has it: of tasks in the trash or of others', async () => {
      const { store } = await open();
      const [gone, there] = ['left', 'right'].map((taskId) => anEdge({ taskId, prerequisiteId: 'other' }));

      const found = await given(store, TASKS, async ({ trash, dependencies }) => {
        await dependencies.insert(
          [gone, there].flatMap((edge) => edge ?? []),
          1,
        );
        await trash.put(['left'], { root: 'left', at: 5 });
        return { gone: await trash.edgesOnto(['other', 'top']), there: await dependencies.onto(['other', 'top']) };
      });

      expect(found).toEqual({ gone: [gone], there: [there] });
    });

    test('nobody waits through a task in the trash', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ trash, dependencies, order }) => {
        await dependencies.insert([anEdge({ taskId: 'left', prerequisiteId: 'other' })], 1);
        const before = await order.waitsFor(['^left']);
        await trash.put(['left'], { root: 'left', at: 5 });
        return [before, await order.waitsFor(['^left'])];
      });

      expect(found).toEqual([[['^top', 'other']], [[]]]);
    });

    test('what events of the tasks tell can be told anew', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ trash, events }) => {
        const told = { type: 'task.updated', taskId: 'left', details: { text: 'secret' } } as const;
        await events.append([told, { ...told, taskId: 'right' }, { type: 'task.created', taskId: 'left' }], BY);
        const tellings = await trash.tellings(['left']);
        await trash.retell(tellings.map(({ seq }) => ({ seq, details: { text: 'gone' } })));
        return { tellings, after: await events.after(0, 9) };
      });

      expect(found.tellings).toMatchObject([{ seq: 1, details: { text: 'secret' } }]);
      expect(found.after).toMatchObject([{ details: { text: 'gone' } }, { details: { text: 'secret' } }, { seq: 3 }]);
    });

    test('purging removes all that hangs on what is in the trash, and nothing else', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ trash, tasks, dependencies, notes, artifacts, replies }) => {
        for (const taskId of ['top', 'right', 'other']) {
          await notes.insert(aNote({ taskId, text: taskId }));
          await artifacts.insert(anArtifact({ id: `artifact_${taskId}`, taskId }));
          await replies.keep({ scope: 's', key: taskId, argumentsHash: '', reply: { id: taskId }, at: 1 });
        }
        await dependencies.insert([anEdge({ taskId: 'other', prerequisiteId: 'right' })], 1);
        await dependencies.insert([anEdge({ taskId: 'right', prerequisiteId: 'other' })], 1);
        await trash.put(['left'], { root: 'left', at: 5 });
        await trash.put(['top', 'right'], { root: 'top', at: 6 });
        const orphaned = await trash.purge(['top', 'right', 'other']);
        return {
          orphaned,
          left: (await trash.findAll(idsOf(TASKS))).map(({ task }) => [task.id, task.parentId]),
          tasks: idsOf(await tasks.findAll(idsOf(TASKS))),
          edges: await dependencies.of(['other', 'right']),
          notes: (await notes.of(idsOf(TASKS))).map(({ text }) => text),
          artifacts: idsOf(await artifacts.of(idsOf(TASKS))),
          replies: [await replies.find('s', 'right'), (await replies.find('s', 'other'))?.key],
        };
      });

      expect(found).toEqual({
        orphaned: ['left'],
        left: [['left', undefined]],
        tasks: ['other'],
        edges: [],
        notes: ['other'],
        artifacts: ['artifact_other'],
        replies: [undefined, undefined],
      });
    });

    test('work that is given up is passed over until it is taken back, and told once', async () => {
      const { store } = await open();
      const [one, two] = ['artifact_1', 'artifact_2'].map((id) => anArtifact({ id, taskId: 'top' }));

      const found = await given(store, TASKS, async ({ artifacts, givenUp }) => {
        for (const artifact of [one, two]) if (artifact !== undefined) await artifacts.insert(artifact);
        const put = [await givenUp.put(['top', 'left'], 5), await givenUp.put(['top'], 6)];
        const meanwhile = {
          find: await artifacts.find('artifact_1'),
          of: await artifacts.of(['top']),
          known: (await artifacts.known(['artifact_1', 'artifact_x'])).length,
          among: await givenUp.among(['artifact_1', 'artifact_x']),
        };
        const back = await givenUp.takeOut('top');
        return { put, meanwhile, back, after: await artifacts.of(['top']) };
      });

      expect(found.put.map(idsOf)).toEqual([['artifact_1', 'artifact_2'], []]);
      expect(found.meanwhile).toEqual({
        find: undefined,
        of: [],
        known: 1,
        among: [{ id: 'artifact_1', taskId: 'top' }],
      });
      expect(found.back).toEqual([one, two]);
      expect(found.after).toEqual([one, two]);
    });

    test('work that was given up long enough ago is removed', async () => {
      const { store } = await open();

      const found = await given(store, TASKS, async ({ artifacts, givenUp }) => {
        for (const taskId of ['top', 'left', 'right'])
          await artifacts.insert(anArtifact({ id: `artifact_${taskId}`, taskId }));
        await givenUp.put(['top'], 5);
        await givenUp.put(['left'], 7);
        const removed = await givenUp.purgeUpTo(6);
        return { removed, known: await artifacts.known(['artifact_top', 'artifact_left', 'artifact_right']) };
      });

      expect(found.removed).toEqual(['artifact_top']);
      expect(found.known.toSorted()).toEqual(['artifact_left', 'artifact_right']);
    });
  });
