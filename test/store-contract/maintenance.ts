import { describe, expect, test } from 'vitest';
import { OUTCOMES } from '../../src/domain/artifact.ts';
import { NEW_STANDING } from '../../src/domain/task.ts';
import { anArtifact, anEdge, aProcess, aSession, aTask, given, idsOf, type OpenFresh } from './given.ts';

const RUN = { id: 'maint_a', action: 'scan_cleanup', sessionId: 'session_a', startedAt: 5 };

/** A tree of three levels, an ended branch in it, and a task beside it. */
const FAMILY = [
  aTask({ id: 'task_top' }),
  aTask({ id: 'task_left', parentId: 'task_top' }),
  aTask({ id: 'task_right', parentId: 'task_top', stage: 'archived', archivedFrom: 'completed' }),
  aTask({ id: 'task_leaf', parentId: 'task_left', stage: 'active' }),
  aTask({ id: 'task_single', type: 'approval' }),
];

export const maintenance = (open: OpenFresh) =>
  describe('maintenance', () => {
    test('a run that was begun is under way until it ends, with who makes it', async () => {
      const { store } = await open();
      const process = aProcess('process_a');

      const found = await store.write(async ({ maintenance: runs, sessions }) => {
        await sessions.insert(aSession({ id: 'session_a', agentName: 'agent', process }));
        const before = await runs.running();
        await runs.begin(RUN, process);
        const isRenewed = [await runs.renew('maint_a', 9), await runs.renew('maint_b', 9)];
        const during = await runs.running();
        await runs.end('maint_b');
        await runs.end('maint_a');
        return { before, isRenewed, during, after: await runs.running() };
      });

      expect(found).toEqual({
        before: undefined,
        isRenewed: [true, false],
        during: { ...RUN, agentName: 'agent', seenAt: 9, process },
        after: undefined,
      });
    });

    test('a run takes the place of the one before, and has no process once that has ended in order', async () => {
      const { store } = await open();

      const found = await store.write(async ({ maintenance: runs }) => {
        await runs.begin(RUN, aProcess('process_a'));
        await runs.begin({ ...RUN, id: 'maint_b' }, aProcess('process_b'));
        return runs.running();
      });

      expect(found).toMatchObject({ id: 'maint_b', process: undefined, agentName: undefined });
    });

    test('tasks are walked by number, deleted ones left out', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ maintenance: walk }) => {
        const first = await walk.tasksAfter(0, 2);
        const rest = await walk.tasksAfter(first.at(-1)?.seq ?? 0, 9);
        return { pages: [first, rest].map(idsOf), latest: await walk.latest(), last: rest.at(-1)?.seq };
      });

      expect(found.pages).toEqual([
        ['task_top', 'task_left'],
        ['task_right', 'task_leaf', 'task_single'],
      ]);
      expect(found.latest).toBe(found.last);
      const { store: empty } = await open();
      expect(await empty.read(({ maintenance: walk }) => walk.latest())).toBe(0);
    });

    test('open work is what is open below what is open', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ maintenance: walk }) => ({
        open: await walk.openIds(),
        below: await walk.idsBelow('task_top'),
        belowLeaf: await walk.idsBelow('task_leaf'),
      }));

      expect(found).toEqual({
        open: ['task_top', 'task_left', 'task_leaf', 'task_single'],
        below: ['task_left', 'task_right', 'task_leaf'],
        belowLeaf: [],
      });
    });
  });

export const audit = (open: OpenFresh) =>
  describe('audit', () => {
    test('families are told upwards and downwards', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ audit: rows, dependencies }) => {
        await dependencies.insert([anEdge({ taskId: 'task_left', prerequisiteId: 'task_single' })], 1);
        return {
          below: await rows.below(['task_top', 'task_left']),
          above: await rows.above(['task_leaf', 'task_top']),
        };
      });

      expect(found.below.map(({ top, id }) => [top, id]).toSorted()).toEqual([
        ['task_left', 'task_leaf'],
        ['task_top', 'task_leaf'],
        ['task_top', 'task_left'],
        ['task_top', 'task_right'],
      ]);
      expect(found.below).toContainEqual({
        top: 'task_top',
        id: 'task_right',
        parentId: 'task_top',
        stage: 'archived',
        archivedFrom: 'completed',
      });
      expect(found.above).toEqual([
        { of: 'task_leaf', id: 'task_left', isThere: true, parentId: 'task_top', stage: 'ready', unmet: 1, waiters: 0 },
        { of: 'task_leaf', id: 'task_top', isThere: true, parentId: undefined, stage: 'ready', unmet: 0, waiters: 0 },
      ]);
    });

    test('parents that form a circle end every walk', async () => {
      const { store } = await open();
      const circle = [aTask({ id: 'task_a', parentId: 'task_b' }), aTask({ id: 'task_b', parentId: 'task_a' })];

      const found = await given(store, circle, async ({ audit: rows, maintenance: walk }) => ({
        below: (await rows.below(['task_a'])).map(({ id }) => id).toSorted(),
        above: (await rows.above(['task_a'])).map(({ id }) => id).toSorted(),
        walked: await walk.idsBelow('task_a'),
      }));

      expect(found).toEqual({ below: ['task_a', 'task_b'], above: ['task_a', 'task_b'], walked: ['task_b'] });
    });

    test('who waits for a task is counted once, while it is open', async () => {
      const { store } = await open();
      const tasks = ['a', 'b', 'c', 'd'].map((name) =>
        aTask({ id: `task_${name}`, stage: name === 'd' ? 'cancelled' : 'ready' }),
      );

      const found = await given(store, tasks, async ({ audit: rows, dependencies }) => {
        const onto = (taskId: string, more: object = {}) => anEdge({ taskId, prerequisiteId: 'task_a', ...more });
        await dependencies.insert([onto('task_b'), onto('task_b', { type: 'data' })], 1);
        await dependencies.insert([onto('task_c', { status: 'failed' }), onto('task_d')], 1);
        return rows.waiting(['task_a', 'task_b']);
      });

      expect(found).toEqual([{ id: 'task_a', waiting: 1, stuck: 1 }]);
    });

    test('a prerequisite comes with the types that it handed on', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ audit: rows, artifacts }) => {
        for (const outcome of OUTCOMES)
          await artifacts.insert(
            anArtifact({ id: `artifact_${outcome}`, taskId: 'task_right', outcome, type: 'design' }),
          );
        return rows.prerequisites(['task_right', 'task_single', 'task_nobody']);
      });

      const common = { isDeleted: false };
      expect(found).toEqual([
        {
          id: 'task_right',
          stage: 'archived',
          archivedFrom: 'completed',
          type: 'custom',
          artifactTypes: ['design'],
          ...common,
        },
        { id: 'task_single', stage: 'ready', archivedFrom: undefined, type: 'approval', artifactTypes: [], ...common },
      ]);
    });

    test('a task names its parent, its children and what it waits for', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ audit: rows, dependencies }) => {
        await dependencies.insert(
          [anEdge({ taskId: 'task_left', prerequisiteId: 'task_single', type: 'approval' })],
          7,
        );
        return rows.links(['task_left', 'task_nobody']);
      });

      expect(found).toEqual([
        {
          id: 'task_left',
          parentId: 'task_top',
          type: 'custom',
          createdAt: 1000,
          children: ['task_leaf'],
          edges: [{ prerequisiteId: 'task_single', type: 'approval', createdAt: 7 }],
        },
      ]);
    });

    test('a standing is put right whole, and nothing else of the task', async () => {
      const { store } = await open();
      const task = aTask({ id: 'task_a', standing: { children: 9, actionableSince: 3 } });
      const standing = { ...NEW_STANDING, leaves: 2, waiters: 1 };

      const found = await given(store, [task], async ({ audit: rows, tasks }) => {
        await rows.correct([{ id: 'task_a', standing }]);
        return tasks.find('task_a');
      });

      expect(found).toEqual({ ...task, standing });
    });

    test('tasks with dependencies are walked in order', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ audit: rows, dependencies }) => {
        for (const taskId of ['task_top', 'task_left', 'task_leaf'])
          await dependencies.insert([anEdge({ taskId, prerequisiteId: 'task_single' })], 1);
        return [await rows.dependents('', 2), await rows.dependents('task_left', 2)];
      });

      expect(found).toEqual([
        [
          { id: 'task_leaf', isLost: false },
          { id: 'task_left', isLost: false },
        ],
        [{ id: 'task_top', isLost: false }],
      ]);
    });

    test('events without a gap have none, page by page', async () => {
      const { store } = await open();

      const found = await store.write(async ({ audit: rows, events }) => {
        const some = Array.from({ length: 3 }, () => ({ type: 'session.started' }) as const);
        await events.append(some, { sessionId: 'session_a', at: 1 });
        return [await rows.eventGaps(0, 2), await rows.eventGaps(2, 2), await rows.eventGaps(3, 2)];
      });

      expect(found).toEqual([
        { gaps: [], next: 2 },
        { gaps: [], next: undefined },
        { gaps: [], next: undefined },
      ]);
    });

    test('a whole database says nothing about itself', async () => {
      const { store } = await open();

      expect(await store.read(({ audit: rows }) => rows.integrity())).toEqual([]);
    });

    test('artifacts that are recorded are told from others', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ artifacts }) => {
        await artifacts.insert(anArtifact({ id: 'artifact_a', taskId: 'task_top' }));
        return artifacts.known(['artifact_a', 'artifact_b']);
      });

      expect(found).toEqual(['artifact_a']);
    });
  });
