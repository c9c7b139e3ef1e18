import { describe, expect, test } from 'vitest';
import type { NewEvent } from '../../src/domain/event.ts';
import { anEdge, aProcess, aSession, aTask, given, idsOf, type OpenFresh } from './given.ts';

const FAMILY = [
  aTask({ id: 'top', standing: { children: 2 } }),
  aTask({ id: 'middle', parentId: 'top', standing: { children: 1 } }),
  aTask({ id: 'leaf', parentId: 'middle', effort: 'low' }),
  aTask({ id: 'done', parentId: 'top', stage: 'completed' }),
];

export const order = (open: OpenFresh) =>
  describe('an order', () => {
    test('a begin waits for the begin of the parent and the ends of the prerequisites, an end for its begin and its subtasks', async () => {
      const { store } = await open();

      const found = await given(store, [...FAMILY, aTask({ id: 'first' })], async ({ dependencies, order: stored }) => {
        await dependencies.insert([anEdge({ taskId: 'middle', prerequisiteId: 'first' })], 5);
        const moments = ['middle', '^middle', 'leaf', '^top', 'middle', 'unknown'];
        return [await stored.waitsFor(moments), await stored.awaitedBy([...moments, 'first', '^first'])];
      });

      expect(found).toEqual([
        [['^middle', 'leaf'], ['^top', 'first'], ['^leaf'], [], ['^middle', 'leaf'], ['^unknown']],
        [['top'], ['middle', '^leaf'], ['middle'], ['top', '^middle', '^done'], ['top'], [], ['^middle'], ['first']],
      ]);
    });
  });

export const analysis = (open: OpenFresh) =>
  describe('an analysis', () => {
    test('reads open tasks, parents before children, and ended ones where they are wanted', async () => {
      const { store } = await open();
      const tasks = [...FAMILY, aTask({ id: 'alone' }), aTask({ id: 'over', stage: 'failed' })];

      const found = await given(store, tasks, async ({ analysis: stored }) => {
        const asked = { within: undefined, includeEnded: false, limit: 100 };
        return {
          open: await stored.work(asked),
          all: await stored.work({ ...asked, includeEnded: true }),
          within: await stored.work({ ...asked, within: 'middle' }),
          first: await stored.work({ ...asked, limit: 2 }),
        };
      });

      expect(idsOf(found.open).toSorted()).toEqual(['alone', 'leaf', 'middle', 'top']);
      expect(idsOf(found.open).indexOf('top')).toBeLessThan(idsOf(found.open).indexOf('middle'));
      expect(idsOf(found.all).toSorted()).toEqual(['alone', 'done', 'leaf', 'middle', 'over', 'top']);
      expect(found.first).toHaveLength(2);
      const { title } = aTask({ id: 'leaf' });
      expect(found.within.at(-1)).toEqual({
        id: 'leaf',
        parentId: 'middle',
        title,
        stage: 'ready',
        type: 'custom',
        effort: 'low',
        isLeaf: true,
      });
    });

    test('finds events by time, and by them what was created and completed', async () => {
      const { store } = await open();
      const completedTask = aTask({ id: 'a', stage: 'completed', startedAt: 1500, completedAt: 3000 });
      const moved = (taskId: string, to: string): NewEvent => ({
        type: 'task.lifecycle_changed',
        taskId,
        details: { to },
      });
      const append: readonly (readonly [at: number, event: NewEvent])[] = [
        [1000, { type: 'task.created', taskId: 'a' }],
        [2000, moved('a', 'completed')],
        [2000, moved('a', 'ready')],
        [3000, moved('a', 'completed')],
        [4000, { type: 'task.created', taskId: 'top' }],
        [5000, { type: 'task.created', taskId: 'b' }],
      ];

      const found = await given(store, [completedTask, aTask({ id: 'b' }), ...FAMILY], async (stored) => {
        for (const [at, event] of append) await stored.events.append([event], { sessionId: 's', at });
        const from = (at: number) => stored.analysis.eventFrom(at);
        const first = await from(0);
        const end = await from(10_000);
        return {
          places: [await from(2000), await from(2001), await from(3000), await from(5001)].map((seq) => seq - first),
          completed: await stored.analysis.completedBy(first, end),
          before: await stored.analysis.completedBy(first, await from(3000)),
          created: await stored.analysis.createdBy(await from(1001), end),
        };
      });

      expect(found.places).toEqual([1, 3, 3, 6]);
      expect(found.completed).toMatchObject([{ id: 'a', createdAt: 1000, startedAt: 1500, completedAt: 3000 }]);
      expect(found.before).toEqual([]);
      expect(found.created).toEqual([5000]);
    });

    test('finds the first event of an empty store at 1', async () => {
      const { store } = await open();

      expect(await store.read((stored) => stored.analysis.eventFrom(5))).toBe(1);
    });

    test('reads the leaves below a task, itself included', async () => {
      const { store } = await open();

      const found = await given(store, FAMILY, async ({ analysis: stored }) => [
        await stored.leavesOf('top'),
        await stored.leavesOf('leaf'),
      ]);

      expect(found.map((leaves) => idsOf(leaves).toSorted())).toEqual([['done', 'leaf'], ['leaf']]);
    });
  });

export const calls = (open: OpenFresh) =>
  describe('calls', () => {
    test('are added up by day, tool, outcome and time, and forgotten by day', async () => {
      const { store } = await open();
      const one = { day: '2026-01-02', tool: 'a', outcome: 'answered', bucket: 3, count: 2 };

      const found = await store.write(async (stored) => {
        await stored.calls.add([one, { ...one, bucket: 4 }, { ...one, day: '2026-01-01' }]);
        await stored.calls.add([{ ...one, count: 5 }]);
        const all = await stored.calls.between('2026-01-01', '2026-01-02');
        await stored.calls.forgetBefore('2026-01-02');
        return { all, kept: await stored.calls.between('2026-01-01', '2026-01-09') };
      });

      expect(found.all).toHaveLength(3);
      expect(found.kept).toEqual([
        { ...one, count: 7 },
        { ...one, bucket: 4 },
      ]);
    });
  });

export const roster = (open: OpenFresh) =>
  describe('a roster', () => {
    test('pages through the sessions, the latest first, each with its process', async () => {
      const { store } = await open();
      const sessions = [1, 2, 2, 3].map((createdAt, place) =>
        aSession({
          id: `session_${place}`,
          createdAt,
          endedAt: place === 0 ? 9 : undefined,
          process: aProcess(`p${place}`),
        }),
      );

      const found = await store.write(async (stored) => {
        for (const session of sessions) await stored.sessions.insert(session);
        const page = { hasEnded: undefined, after: undefined, limit: 3 };
        const first = await stored.roster.page(page);
        return {
          first,
          second: await stored.roster.page({ ...page, after: first.at(-1) }),
          ended: await stored.roster.page({ ...page, hasEnded: true }),
          unended: await stored.roster.page({ ...page, hasEnded: false }),
          count: await stored.roster.count(),
        };
      });

      expect(found.first).toEqual([sessions[3], sessions[2], sessions[1]]);
      expect(found.second).toEqual([sessions[0]]);
      expect(idsOf(found.ended)).toEqual(['session_0']);
      expect(idsOf(found.unended)).toEqual(['session_3', 'session_2', 'session_1']);
      expect(found.count).toEqual({ ended: 1, unended: 3 });
    });

    test('counts what a session created and completed, each task once, and when it last worked', async () => {
      const { store } = await open();
      const own = aTask({ id: 'a', sessionId: 'session_a' });
      const completed: NewEvent = { type: 'task.lifecycle_changed', taskId: 'a', details: { to: 'completed' } };

      const found = await given(store, [own, aTask({ id: 'b' })], async (stored) => {
        await stored.events.append([{ type: 'task.created', taskId: 'a' }, completed, completed], {
          sessionId: 'session_a',
          at: 7,
        });
        await stored.events.append([{ type: 'note.added', taskId: 'a' }], { sessionId: 'session_a', at: 8 });
        return stored.roster.workOf(['session_a', 'session_b']);
      });

      expect(found).toEqual([
        { sessionId: 'session_a', created: 1, completed: 1, latestAt: 7 },
        { sessionId: 'session_b', created: 0, completed: 0, latestAt: undefined },
      ]);
    });
  });
