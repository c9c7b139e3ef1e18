import { describe, expect, test } from 'vitest';
import { aTask, given, idsOf, type OpenFresh } from './given.ts';

export const tasks = (open: OpenFresh) =>
  describe('tasks', () => {
    test('a task comes back with every field that it was stored with', async () => {
      const { store } = await open();
      const task = aTask({
        id: 'reviewer_a',
        parentId: 'task_p',
        type: 'review',
        title: 'Prüfe “das” 🧪',
        description: 'Long\ntext',
        context: 'context',
        specialist: 'reviewer',
        stage: 'archived',
        priority: 'critical',
        complexity: 'very_complex',
        effort: '2 days',
        dueDate: '2026-12-01',
        acceptanceCriteria: ['one', 'two "quoted"'],
        attributes: { nested: { list: [1, 2.5, null, true] }, 'a.b': 'x' },
        templateId: 'template_a',
        sessionId: 'session_a',
        version: 7,
        createdAt: 1_700_000_000_001,
        updatedAt: 1_700_000_000_002,
        startedAt: 1_700_000_000_003,
        completedAt: 1_700_000_000_004,
        supersededBy: 'task_p',
        archivedFrom: 'completed',
        standing: {
          children: 1,
          openChildren: 2,
          completedChildren: 3,
          leaves: 4,
          completedLeaves: 5,
          unmet: 6,
          failed: 7,
          gatesAbove: 8,
          waiters: 9,
          actionableSince: 10,
        },
      });

      const found = await given(store, [aTask({ id: 'task_p' }), task], (stored) => stored.tasks.find('reviewer_a'));

      expect(found).toEqual(task);
    });

    test('what a task does not have is absent when it comes back', async () => {
      const { store } = await open();

      const found = await given(store, [aTask({ id: 'task_a' })], (stored) => stored.tasks.find('task_a'));

      expect(found).toEqual(aTask({ id: 'task_a' }));
      expect(Object.values(found ?? {})).not.toContain(null);
    });

    test('many are found at once, and those that do not exist are left out', async () => {
      const { store } = await open();

      const found = await given(store, [aTask({ id: 'task_a' }), aTask({ id: 'task_b' })], (stored) =>
        stored.tasks.findAll(['task_b', 'task_x', 'task_a', 'task_a']),
      );

      expect(idsOf(found).toSorted()).toEqual(['task_a', 'task_b']);
    });

    test('ids are found by how they begin, in order and up to the limit', async () => {
      const { store } = await open();
      const stored = ['task_ab3', 'task_ab1', 'task_ab2', 'task_ac1', 'task_a'].map((id) => aTask({ id }));

      const found = await given(store, stored, ({ tasks }) => tasks.idsWithPrefix('task_ab', 2));

      expect(found).toEqual(['task_ab1', 'task_ab2']);
    });

    test('wildcards in a prefix mean themselves', async () => {
      const { store } = await open();

      const found = await given(store, [aTask({ id: 'task_a' })], (stored) => stored.tasks.idsWithPrefix('task%', 9));

      expect(found).toEqual([]);
    });

    test('children may be stored before their parent in one write', async () => {
      const { store } = await open();

      const found = await given(
        store,
        [aTask({ id: 'task_c', parentId: 'task_p' }), aTask({ id: 'task_p' })],
        (stored) => stored.tasks.children('task_p'),
      );

      expect(idsOf(found)).toEqual(['task_c']);
    });

    test('a saved task has the next version and its new fields', async () => {
      const { store } = await open();
      const saved = await given(store, [aTask({ id: 'task_a' })], (stored) =>
        stored.tasks.save(aTask({ id: 'task_a', title: 'New', attributes: { a: 1 }, stage: 'active', startedAt: 5 })),
      );

      const found = await store.read((stored) => stored.tasks.find('task_a'));

      expect(saved.version).toBe(2);
      expect(found).toEqual(saved);
      expect(found).toMatchObject({ title: 'New', attributes: { a: 1 }, stage: 'active', startedAt: 5 });
    });

    test('saving a task never changes its standing', async () => {
      const { store } = await open();
      const task = aTask({ id: 'task_a', standing: { children: 2, actionableSince: 5 } });

      const found = await given(store, [task], async (stored) => {
        await stored.tasks.save({ ...task, standing: aTask({ id: 'x' }).standing });
        return stored.tasks.find('task_a');
      });

      expect(found?.standing).toEqual(task.standing);
    });

    test('a task that was changed since it was read is not saved', async () => {
      const { store } = await open();
      const task = aTask({ id: 'task_a' });
      await given(store, [task], (stored) => stored.tasks.save({ ...task, title: 'first' }));

      const late = store.write((stored) => stored.tasks.save({ ...task, title: 'second' }));

      await expect(late).rejects.toMatchObject({ code: 'conflict', details: { current_version: 2 } });
      expect(await store.read((stored) => stored.tasks.find('task_a'))).toMatchObject({ title: 'first', version: 2 });
    });

    test('children come oldest first, those of one moment as they were stored', async () => {
      const { store } = await open();
      const child = (id: string, createdAt: number) => aTask({ id, createdAt, parentId: 'task_p' });

      const found = await given(
        store,
        [aTask({ id: 'task_p' }), child('task_b', 2), child('task_c', 1), child('task_a', 2)],
        (stored) => stored.tasks.children('task_p'),
      );

      expect(idsOf(found)).toEqual(['task_c', 'task_b', 'task_a']);
    });

    test('a subtree comes whole, parents before children, without its top', async () => {
      const { store } = await open();
      const below = (id: string, parentId: string) => aTask({ id, parentId });

      const found = await given(
        store,
        [
          aTask({ id: 'task_0' }),
          below('task_z', 'task_0'),
          below('task_a', 'task_z'),
          below('task_b', 'task_a'),
          below('task_y', 'task_0'),
          aTask({ id: 'task_other' }),
        ],
        (stored) => stored.tasks.descendants('task_0'),
      );

      expect(idsOf(found)).toEqual(['task_z', 'task_y', 'task_a', 'task_b']);
    });
  });

export const taskLists = (open: OpenFresh) =>
  describe('lists of tasks', () => {
    const family = [
      aTask({ id: 'root_open', createdAt: 1, stage: 'active', standing: { children: 1 } }),
      aTask({ id: 'child', createdAt: 9, parentId: 'root_open' }),
      aTask({ id: 'root_done', createdAt: 2, stage: 'completed' }),
      aTask({ id: 'root_failed', createdAt: 3, stage: 'failed' }),
      aTask({ id: 'root_new', createdAt: 4, stage: 'draft' }),
      aTask({ id: 'root_archived', createdAt: 5, stage: 'archived' }),
      aTask({ id: 'root_superseded', createdAt: 6, stage: 'superseded' }),
    ];

    test.for([
      { isOpen: undefined, limit: 9, roots: ['root_new', 'root_failed', 'root_done', 'root_open'] },
      { isOpen: undefined, limit: 2, roots: ['root_new', 'root_failed'] },
      { isOpen: true, limit: 9, roots: ['root_new', 'root_open'] },
      { isOpen: false, limit: 9, roots: ['root_failed', 'root_done'] },
    ])('roots with isOpen $isOpen, at most $limit, newest first: $roots', async ({ isOpen, limit, roots }) => {
      const { store } = await open();

      const found = await given(store, family, (stored) =>
        stored.tasks.roots({ limit, ...(isOpen !== undefined && { isOpen }) }),
      );

      expect(idsOf(found)).toEqual(roots);
    });

    const leaves = [
      aTask({ id: 'draft', updatedAt: 6, stage: 'draft' }),
      aTask({ id: 'ready', updatedAt: 5 }),
      aTask({ id: 'waiting', updatedAt: 4, standing: { unmet: 2 } }),
      aTask({ id: 'active', updatedAt: 3, stage: 'active', standing: { unmet: 1, failed: 1 } }),
      aTask({ id: 'blocked', updatedAt: 2, stage: 'blocked', standing: { unmet: 2, failed: 1 } }),
      aTask({ id: 'held_above', updatedAt: 1, standing: { gatesAbove: 1 } }),
      aTask({ id: 'review', updatedAt: 0, stage: 'review' }),
      aTask({ id: 'parent', updatedAt: 0, stage: 'active', standing: { children: 3 } }),
      aTask({ id: 'completed', updatedAt: 0, stage: 'completed' }),
      aTask({ id: 'archived', updatedAt: 0, stage: 'archived', standing: { unmet: 1, failed: 1 } }),
    ];

    test.for([
      { options: { limit: 9 }, expected: ['review', 'held_above', 'blocked', 'active', 'waiting', 'ready', 'draft'] },
      { options: { limit: 2 }, expected: ['review', 'held_above'] },
      {
        options: { stages: ['ready', 'draft'] as const, limit: 9 },
        expected: ['held_above', 'waiting', 'ready', 'draft'],
      },
      { options: { stages: ['completed', 'ready'] as const, limit: 1 }, expected: ['held_above'] },
      { options: { held: 'waiting' as const, limit: 9 }, expected: ['held_above', 'blocked', 'waiting'] },
      { options: { held: 'failed' as const, limit: 9 }, expected: ['blocked', 'active'] },
      {
        options: { held: 'waiting' as const, stages: ['ready', 'active'] as const, limit: 9 },
        expected: ['held_above', 'waiting'],
      },
      { options: { stages: [], limit: 9 }, expected: [] },
    ])('open leaves with $options, oldest change first: $expected', async ({ options, expected }) => {
      const { store } = await open();

      const found = await given(store, leaves, (stored) => stored.tasks.openLeaves(options));

      expect(idsOf(found)).toEqual(expected);
    });

    test('open leaves are tallied: all, those to take, the blocked and the stuck; and the plans up for synthesis', async () => {
      const { store } = await open();
      const offered = { actionableSince: 5 };
      const tasks = [
        ...leaves,
        aTask({ id: 'to_take', standing: offered }),
        aTask({ id: 'also_to_take', standing: offered }),
        aTask({ id: 'finished', stage: 'review', standing: { ...offered, children: 2 } }),
      ];

      const found = await given(store, tasks, (stored) => stored.tasks.tally());

      expect(found).toEqual({ open: 9, ready: 2, blocked: 1, stuck: 2, upForSynthesis: 1 });
    });

    test('interrupted are leaves that were begun and are ready again, latest change first', async () => {
      const { store } = await open();
      const begun = { startedAt: 5 };

      const found = await given(
        store,
        [
          aTask({ id: 'old', ...begun, updatedAt: 6 }),
          aTask({ id: 'late', ...begun, updatedAt: 8 }),
          aTask({ id: 'middle', ...begun, updatedAt: 7 }),
          aTask({ id: 'never_begun', updatedAt: 9 }),
          aTask({ id: 'at_work', ...begun, stage: 'active', updatedAt: 9 }),
          aTask({ id: 'parent', ...begun, updatedAt: 9, standing: { children: 1 } }),
        ],
        (stored) => stored.tasks.interrupted(2),
      );

      expect(idsOf(found)).toEqual(['late', 'middle']);
    });
  });
