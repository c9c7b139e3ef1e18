import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';

/** Every row of the tables that tell about tasks. */
function everything({ workspace }: TestOrchestrator) {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  try {
    const tables = ['tasks', 'dependencies', 'events', 'notes', 'artifacts', 'claims', 'replies', 'sqlite_sequence'];
    return tables.map((table) => database.prepare(`select * from ${table}`).all());
  } finally {
    database.close();
  }
}

const stages = (server: TestOrchestrator, ids: readonly string[]) =>
  Promise.all(ids.map(async (task_id) => (await server.call('get_task', { task_id })).lifecycle_stage));

const someTasks = async (server: TestOrchestrator, count: number) => {
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) ids.push(await aGenericTask(server, `Task ${number}`));
  return ids;
};

const aChange = fc.constantFrom(
  { operation: 'update', changes: { priority: 'high' } },
  { operation: 'transition', changes: { lifecycle_stage: 'draft' } },
  { operation: 'transition', changes: { lifecycle_stage: 'ready' } },
  { operation: 'transition', changes: { lifecycle_stage: 'active', validation_checks: false } },
  { operation: 'transition', changes: { lifecycle_stage: 'completed', validation_checks: false } },
  { operation: 'cancel', changes: {} },
  { operation: 'cancel', changes: { cascade: false } },
  { operation: 'delete', changes: {} },
  { operation: 'delete', changes: { cascade: true, force: true } },
  { operation: 'move', changes: {} },
);
const aCall = fc
  .tuple(aChange, fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 6 }), fc.boolean())
  .map(([change, places, atomic]) => ({ ...change, places, atomic }));

describe('bulk_tasks', () => {
  test('finds by words what was said a moment ago', async () => {
    await using server = await anOrchestrator();
    const meant = await aGenericTask(server, 'Migrate the invoices');
    await aGenericTask(server, 'Something else');

    const reply = await server.call('bulk_tasks', {
      operation: 'update',
      changes: { priority: 'high' },
      filters: { search: 'invoices' },
      dry_run: false,
    });

    expect(reply).toMatchObject({ changed: 1 });
    expect(await server.call('get_task', { task_id: meant })).toMatchObject({ priority: 'high' });
  });

  test('updates tasks and tells for each what was and what is', async () => {
    await using server = await anOrchestrator();
    const [one = '', two = ''] = await someTasks(server, 2);
    await server.call('update_task', { task_id: two, priority: 'high' });

    const reply = await server.call('bulk_tasks', {
      operation: 'update',
      changes: { priority: 'high' },
      task_ids: [one, two, one],
    });

    expect(reply).toEqual({
      operation: 'update',
      dry_run: false,
      atomic: false,
      matched: 2,
      changed: 1,
      unchanged: 1,
      refused_count: 0,
      refused: [],
      tasks: [{ task_id: one, changes: { priority: { from: 'medium', to: 'high' } } }],
      events: { 'task.updated': 1 },
      consequences: [],
    });
  });

  test('refuses per task with the reason, and does the others', async () => {
    await using server = await anOrchestrator();
    const [free = ''] = await someTasks(server, 1);
    const { planId } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('bulk_tasks', {
      operation: 'transition',
      changes: { lifecycle_stage: 'archived' },
      task_ids: [free, planId, 'task_00000000'],
    });

    expect(reply).toMatchObject({
      matched: 3,
      changed: 1,
      refused_count: 2,
      refused: [
        { task_id: planId, code: 'refused', error: expect.stringContaining('1 of its subtasks') },
        { task_id: 'task_00000000', code: 'not_found' },
      ],
    });
    expect(await stages(server, [free, planId])).toEqual(['archived', 'ready']);
  });

  test('of each task that is refused says what could be done instead, as the tool for one task does', async () => {
    await using server = await anOrchestrator();
    const [free = ''] = await someTasks(server, 1);
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    const task_ids = [free, planId, id('a')];
    const [moved, given] = [{ lifecycle_stage: 'completed' }, { lifecycle_stage: 'review' }];

    const { refused: parents } = await server.call('bulk_tasks', { operation: 'transition', changes: moved, task_ids });
    const { refused: early } = await server.call('bulk_tasks', { operation: 'transition', changes: given, task_ids });

    for (const [refused, changes] of [
      [parents, moved],
      [early, given],
    ]) {
      expect(refused.length).toBeGreaterThan(0);
      for (const { task_id, open_stages, suggestion } of refused) {
        const alone = await server.refused('manage_lifecycle', { task_id, ...changes });
        expect(open_stages ?? suggestion).toEqual(alone.open_stages ?? alone.suggestion);
      }
    }
    expect(early.map(({ open_stages }: Body) => open_stages)).toContainEqual(expect.arrayContaining(['active']));
  });

  test('of a task that is refused nothing stays, although others are done in the same transaction', async () => {
    await using server = await anOrchestrator();
    const [one = '', two = '', three = ''] = await someTasks(server, 3);
    await server.call('manage_dependencies', { task_id: one, dependencies: [{ dependency_task_id: two }] });

    const reply = await server.call('bulk_tasks', {
      operation: 'move',
      changes: { parent_task_id: two },
      task_ids: [one, two, three],
    });

    expect(reply).toMatchObject({ changed: 1, refused_count: 2 });
    expect((await server.call('get_task', { task_id: two })).children).toEqual([three]);
    expect(await server.call('get_task', { task_id: one, include: ['events'] })).not.toMatchObject({
      events: expect.arrayContaining([expect.objectContaining({ type: 'task.moved' })]),
    });
    const check = {
      action: 'validate_structure',
      scope: 'full_project',
      validation_level: 'full_audit',
      dry_run: true,
    };
    expect((await server.call('maintenance_coordinator', check)).findings).toEqual([]);
  });

  test('atomic: one refusal and nothing changes, each reason named', async () => {
    await using server = await anOrchestrator();
    const ids = await someTasks(server, 3);
    await server.call('cancel_task', { task_id: ids[1] });
    const before = everything(server);

    const refusal = await server.refused('bulk_tasks', { operation: 'cancel', task_ids: ids, atomic: true });

    expect(refusal).toMatchObject({
      code: 'refused',
      refused_count: 1,
      refused: [{ task_id: ids[1], error: expect.stringContaining('cancelled') }],
    });
    expect(everything(server)).toEqual(before);
  });

  test('a dry run shows what the call would do, consequences included, and changes nothing', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c')]);
    await server.call('complete_subtask', completion(id('c')));
    const call = { operation: 'cancel', task_ids: [id('a')] };
    const before = everything(server);

    const shown = await server.call('bulk_tasks', { ...call, dry_run: true });
    const after = everything(server);
    const { next_call, dry_run, ...would } = shown;
    const { dry_run: _, ...did } = await server.call(next_call.tool.replace('orchestrator_', ''), next_call.arguments);

    expect(after).toEqual(before);
    expect(dry_run).toBe(true);
    expect(shown).toMatchObject({
      changed: 1,
      tasks: [{ task_id: id('a'), changes: { lifecycle_stage: { from: 'ready', to: 'cancelled' } } }],
      consequences: [{ task_id: id('b'), type: 'dependency.failed', dependency_task_id: id('a') }],
    });
    expect(did).toEqual(would);
    expect(await stages(server, [planId])).toEqual(['active']);
  });

  test('whatever is asked for, a dry run tells what the call then does, and an atomic one does all or nothing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aCall, { minLength: 1, maxLength: 6 }), async (calls) => {
        await using server = await anOrchestrator({ config: { synchronous: 'normal' } });
        const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c', ['b'])]);
        const ids = [planId, id('a'), id('b'), id('c'), await aGenericTask(server, 'Alone'), 'task_00000000'];
        for (const { operation, places, changes, atomic } of calls) {
          const parent = operation === 'move' && { changes: { parent_task_id: ids[places[0] ?? 0] } };
          const args = { operation, changes, task_ids: places.map((place) => ids[place]), ...parent };
          const before = everything(server);

          const shown = await server.call('bulk_tasks', { ...args, dry_run: true });
          const afterShow = everything(server);
          const hasRefusals = shown.refused_count > 0;
          const stopped = atomic && hasRefusals ? await server.refused('bulk_tasks', { ...args, atomic }) : undefined;
          const afterStop = everything(server);
          const done = await server.call('bulk_tasks', args);

          expect([afterShow, afterStop]).toEqual([before, before]);
          expect(stopped?.refused_count ?? shown.refused_count).toBe(shown.refused_count);
          const { dry_run: _, next_call: __, ...would } = shown;
          expect(done).toEqual({ ...would, dry_run: false });
          expect(done.changed + done.unchanged + done.refused_count).toBe(done.matched);
        }
        const check = { action: 'validate_structure', scope: 'full_project', dry_run: true };
        expect((await server.call('maintenance_coordinator', check)).findings).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);

  test('filters show first what they mean, and do it when dry_run is false', async () => {
    await using server = await anOrchestrator();
    const ids = await someTasks(server, 2);
    const bug = await aGenericTask(server, 'A bug', { task_type: 'bug' });
    const call = { operation: 'update', changes: { attributes: { team: 'a' } }, filters: { task_type: 'feature' } };

    const shown = await server.call('bulk_tasks', call);
    const done = await server.call('bulk_tasks', { ...call, dry_run: false });

    expect(shown).toMatchObject({ dry_run: true, matched: 2, changed: 2 });
    expect(done).toMatchObject({ dry_run: false, matched: 2, changed: 2 });
    expect(await server.call('get_task', { task_id: bug })).toMatchObject({ attributes: {} });
    expect(await server.call('get_task', { task_id: ids[0] })).toMatchObject({ attributes: { team: 'a' } });
  });

  test('the order in which tasks are named does not keep any from being done', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c', ['b'])]);

    const reply = await server.call('bulk_tasks', {
      operation: 'delete',
      task_ids: [planId, id('a'), id('b'), id('c')],
    });

    expect(reply).toMatchObject({ changed: 4, refused_count: 0, consequences: [] });
  });

  test('what is done together with another task is done once', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);

    const reply = await server.call('bulk_tasks', {
      operation: 'cancel',
      task_ids: [planId, id('a'), id('b')],
    });

    expect(reply).toMatchObject({ matched: 3, changed: 3, refused_count: 0 });
    expect(await stages(server, [planId, id('a'), id('b')])).toEqual(['cancelled', 'cancelled', 'cancelled']);
  });

  test('a plan that is deleted by filters lies in the trash as one, and comes back as one', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('bulk_tasks', {
      operation: 'delete',
      changes: { cascade: true },
      filters: { status: 'pending' },
      dry_run: false,
    });

    const { restored_count } = await server.call('restore_task', { task_id: planId });

    expect(restored_count).toBe(3);
  });

  test('more than a transaction takes on is done in batches, with progress', async () => {
    await using server = await anOrchestrator({ config: { synchronous: 'normal' } });
    const { id } = await aPlan(
      server,
      Array.from({ length: 450 }, (_, number) => aSubtask(`${number}`)),
    );
    const task_ids = Array.from({ length: 450 }, (_, number) => id(`${number}`));
    const told: (readonly [number, number])[] = [];
    const report = (progress: number, total: number) => void told.push([progress, total]);

    const args = { operation: 'update', changes: { priority: 'low' }, task_ids };
    const reply = await server.call('bulk_tasks', args, { report });

    expect(reply).toMatchObject({ changed: 450, events: { 'task.updated': 450 } });
    expect(reply.truncated.omitted).toBe(450 - reply.tasks.length);
    expect(told).toEqual([
      [200, 450],
      [400, 450],
      [450, 450],
    ]);
  });

  test('a call that is ended on the way keeps the batches that are done, and says how far it came', async () => {
    await using server = await anOrchestrator({ config: { synchronous: 'normal' } });
    const { id } = await aPlan(
      server,
      Array.from({ length: 450 }, (_, number) => aSubtask(`${number}`)),
    );
    const task_ids = Array.from({ length: 450 }, (_, number) => id(`${number}`));
    const ending = new AbortController();
    const args = { operation: 'transition', changes: { lifecycle_stage: 'draft' }, task_ids };

    const ended = server.call('bulk_tasks', args, { signal: ending.signal, report: () => ending.abort() });

    await expect(ended).rejects.toMatchObject({ details: { done: { changed: 200, unchanged: 0 } } });
    const { filters_applied: _, ...drafts } = await server.call('query_tasks', {
      filters: { lifecycle_stage: 'draft' },
    });
    expect(drafts).toMatchObject({ total_results: 200 });
  });

  test('what cannot be meant is refused before anything is done', async () => {
    await using server = await anOrchestrator();
    const task_ids = [await aGenericTask(server, 'One')];
    const refusals = [
      [{ operation: 'update', changes: { priority: 'high' } }, 'Neither task_ids nor filters'],
      [{ operation: 'update', changes: { priority: 'high' }, task_ids, filters: { status: 'pending' } }, 'both given'],
      [{ operation: 'update', changes: { priority: 'high' }, filters: {} }, 'every task'],
      [{ operation: 'update', task_ids }, 'nothing that could be updated'],
      [{ operation: 'update', changes: { lifecycle_stage: 'ready' }, task_ids }, 'lifecycle_stage'],
      [{ operation: 'transition', changes: { lifecycle_stage: 'done' }, task_ids }, 'must be one of'],
      [{ operation: 'move', changes: {}, task_ids }, 'changes.parent_task_id'],
      [{ operation: 'destroy', task_ids }, 'operation must be one of'],
      [{ operation: 'cancel', task_ids: [] }, 'at least 1'],
    ] as const;

    for (const [args, said] of refusals) {
      expect(await server.refused('bulk_tasks', args)).toMatchObject({
        code: 'invalid',
        error: expect.stringContaining(said),
      });
    }
  });
});
