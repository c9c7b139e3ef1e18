import { describe, expect, test } from 'vitest';
import type { Stage } from '../../src/domain/lifecycle.ts';
import { aClaim, anArtifact, aTask, given, idsOf, type OpenFresh } from './given.ts';

const A = 'task_aaaaaaaa';
const B = 'task_bbbbbbbb';
const C = 'task_cccccccc';

/** What imports ask a store for, and write past its rules. */
export function exchange(open: OpenFresh): void {
  describe('exchange', () => {
    test('a task is known with where another tool had it, though it lies in the trash', async () => {
      const { store } = await open();
      const tasks = [
        aTask({ id: A, attributes: { imported_from: 'there#1', import_mark: '1-ff' } }),
        aTask({ id: B, version: 4 }),
      ];

      const known = await given(store, tasks, async ({ exchange: ours, trash }) => {
        await trash.put([B], { root: B, at: 5 });
        return ours.known([A, B, C]);
      });

      expect(known.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toMatchObject([
        { id: A, isDeleted: false, origin: 'there#1', mark: '1-ff' },
        { id: B, isDeleted: true, version: 4, origin: undefined, mark: undefined },
      ]);
    });

    test('an id is taken when somebody has its last characters, whatever its prefix', async () => {
      const { store } = await open();

      const taken = await store.write(async ({ exchange: ours, identities }) => {
        await identities.reserve([A]);
        return ours.taken(['architect_aaaaaaaa', B]);
      });

      expect(taken).toEqual(['architect_aaaaaaaa']);
    });

    test('an artifact is known with its task, though it was given up; others are not', async () => {
      const { store } = await open();

      const owners = await given(store, [aTask({ id: A })], async ({ exchange: ours, artifacts, givenUp }) => {
        await artifacts.insert(anArtifact({ id: 'artifact_aaaaaaaa', taskId: A }));
        await givenUp.put([A], 5);
        return ours.ownersOf(['artifact_aaaaaaaa', 'artifact_bbbbbbbb']);
      });

      expect(owners).toEqual([{ id: 'artifact_aaaaaaaa', taskId: A }]);
    });

    test('open tasks are found by how the names begin that another tool had for them, in the order of all', async () => {
      const { store } = await open();
      const from = (id: string, origin: string, stage: Stage = 'ready') =>
        aTask({ id, stage, attributes: { imported_from: origin } });
      const tasks = [from(A, 'a%b#1'), from(B, 'a%b#2', 'active'), from(C, 'a%bc#1'), aTask({ id: 'task_dddddddd' })];
      const others = [from('task_eeeeeeee', 'a%b#3', 'completed'), from('task_ffffffff', 'a%b#4')];

      const [first, rest, none] = await given(store, [...tasks, ...others], async ({ exchange: ours, trash }) => {
        await trash.put(['task_ffffffff'], { root: 'task_ffffffff', at: 5 });
        const found = await ours.broughtFrom('a%b#', { after: 0, limit: 1 });
        const after = found.at(-1)?.seq ?? 0;
        return [
          found,
          await ours.broughtFrom('a%b#', { after, limit: 9 }),
          await ours.broughtFrom('A%B#', { after: 0, limit: 9 }),
        ];
      });

      expect(first).toMatchObject([{ id: A, origin: 'a%b#1', stage: 'ready', title: expect.any(String) }]);
      expect([idsOf(rest), none]).toEqual([[B], []]);
    });

    test('a task is replaced with the version that comes along, unless it was changed meanwhile; its standing and birth stay', async () => {
      const { store } = await open();
      const before = aTask({ id: A, version: 2, standing: { unmet: 1 } });
      const after = aTask({
        id: A,
        version: 9,
        title: 'Other',
        stage: 'completed',
        createdAt: 77,
        sessionId: 'session_other000',
      });

      const [late, replaced, found] = await given(store, [before], async ({ exchange: ours, tasks }) => [
        await ours.replace(after, 1),
        await ours.replace(after, 2),
        await tasks.find(A),
      ]);

      expect([late, replaced]).toEqual([false, true]);
      expect(found).toMatchObject({
        title: 'Other',
        stage: 'completed',
        version: 9,
        createdAt: 1000,
        sessionId: before.sessionId,
      });
      expect(found).toMatchObject({ standing: { unmet: 1 } });
    });

    test.each<[parent: Stage, child: Stage, isFound: boolean]>([
      ['completed', 'ready', true],
      ['review', 'active', true],
      ['archived', 'draft', true],
      ['active', 'ready', false],
      ['completed', 'failed', false],
    ])('a parent that is %s over a subtask that is %s is out of step: %s', async (stage, childStage, isFound) => {
      const { store } = await open();
      const tasks = [aTask({ id: A, stage }), aTask({ id: B, parentId: A, stage: childStage }), aTask({ id: C })];

      const [byParent, byChild, byOther] = await given(store, tasks, async ({ exchange: ours }) => [
        await ours.openUnderEnded([A]),
        await ours.openUnderEnded([B]),
        await ours.openUnderEnded([C]),
      ]);

      const found = isFound ? [{ parentId: A, childId: B }] : [];
      expect([byParent, byChild, byOther]).toEqual([found, found, []]);
    });

    test('active leaves that nobody holds are found, parents and held ones are not', async () => {
      const { store } = await open();
      const active = (id: string, parentId?: string) =>
        aTask({ id, stage: 'active', ...(parentId !== undefined && { parentId }) });

      const found = await given(store, [active(A), active(B, A), active(C)], async ({ exchange: ours, claims }) => {
        await claims.take(aClaim({ id: 'claim_aaaaaaaa', taskId: C }));
        return ours.activeUnheld([A, B, C]);
      });

      expect(found).toEqual([B]);
    });

    test('tasks are given an open stage, and what they ended as is forgotten', async () => {
      const { store } = await open();
      const ended = aTask({ id: A, stage: 'archived', archivedFrom: 'completed', completedAt: 5 });

      const found = await given(
        store,
        [ended, aTask({ id: B, stage: 'completed' })],
        async ({ exchange: ours, tasks }) => {
          await ours.restage([A], 'active');
          return tasks.findAll([A, B]);
        },
      );

      expect(idsOf(found.filter(({ stage }) => stage === 'active'))).toEqual([A]);
      expect(found.find(({ id }) => id === A)).toMatchObject({ archivedFrom: undefined, completedAt: undefined });
    });
  });
}
