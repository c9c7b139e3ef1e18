import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';

const SECRET = 'The password is swordfish';

/** Every text in the store, as one. */
function texts({ workspace }: TestOrchestrator): string {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  try {
    const tables = ['tasks', 'notes', 'artifacts', 'events', 'replies', 'syntheses', 'dependencies'];
    return JSON.stringify(tables.map((table) => database.prepare(`select * from ${table}`).all()));
  } finally {
    database.close();
  }
}

describe('delete_task', () => {
  test('puts a task into the trash and says until when and how it comes back', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const task_id = await aGenericTask(server, 'Unwanted');

    const reply = await server.call('delete_task', { task_id, reason: 'Not wanted' });

    expect(reply).toEqual({
      task_deleted: true,
      task_id,
      permanent: false,
      deleted_count: 1,
      deleted_tasks: [task_id],
      stuck_dependents: [],
      restorable_until: new Date(clock.now() + 30 * 24 * HOUR).toISOString(),
      restore_with: { tool: 'orchestrator_restore_task', arguments: { task_id } },
    });
    expect(await server.call('next_task')).toMatchObject({ task_available: false });
  });

  test('other tools find it no more, and say how it comes back', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Unwanted');
    await server.call('delete_task', { task_id });

    for (const tool of ['get_task', 'update_task', 'execute_subtask', 'delete_task', 'cancel_task']) {
      expect(await server.refused(tool, { task_id })).toMatchObject({
        code: 'not_found',
        error: expect.stringContaining(`Task not found: ${task_id}`),
        deleted_at: expect.any(String),
        suggestion: expect.stringContaining(`orchestrator_restore_task with task_id ${task_id}`),
      });
    }
  });

  test('a task with subtasks is refused, naming them; with cascade they go with it', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const refusal = await server.refused('delete_task', { task_id: planId });
    const reply = await server.call('delete_task', { task_id: planId, cascade: true });

    expect(refusal).toMatchObject({
      code: 'refused',
      subtask_count: 2,
      subtasks: [{ task_id: id('a') }, { task_id: id('b') }],
    });
    expect(reply).toMatchObject({ deleted_count: 3, stuck_dependents: [] });
    expect(await server.refused('get_task', { task_id: id('b') })).toMatchObject({
      code: 'not_found',
      deleted_with: planId,
    });
  });

  test('a task that an open one waits for is refused, naming that one; by force it leaves that one stuck', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('delete_task', { task_id: id('a') });
    const reply = await server.call('delete_task', { task_id: id('a'), force: true });

    expect(refusal).toMatchObject({ code: 'refused', dependent_count: 1, dependents: [{ task_id: id('b') }] });
    expect(reply.stuck_dependents).toMatchObject([{ task_id: id('b') }]);
    expect((await server.call('get_status')).blocked).toMatchObject([{ task_id: id('b'), state: 'stuck' }]);
    expect(await server.call('get_task', { task_id: id('b') })).toMatchObject({
      actionable: false,
      waiting_for: [expect.stringMatching(/is deleted/)],
    });
  });

  test('what was waived stays waived, and does not keep a task from being deleted', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    const dependencies = [{ dependency_task_id: id('a') }];
    await server.call('manage_dependencies', {
      task_id: id('b'),
      dependencies,
      operation: 'waive',
      comment: 'No need',
    });

    await server.call('delete_task', { task_id: id('a') });

    expect(await server.call('get_task', { task_id: id('b') })).toMatchObject({ actionable: true });
  });

  test('what waits for a deleted task can be waived or removed, and goes on', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c', ['a'])]);
    await server.call('delete_task', { task_id: id('a'), force: true });
    const dependencies = [{ dependency_task_id: id('a') }];

    await server.call('manage_dependencies', {
      task_id: id('b'),
      dependencies,
      operation: 'waive',
      comment: 'No need',
    });
    await server.call('manage_dependencies', { task_id: id('c'), dependencies, operation: 'remove' });

    for (const title of ['b', 'c'])
      expect(await server.call('get_task', { task_id: id(title) })).toMatchObject({ actionable: true });
  });

  test('a task that somebody else works on is a conflict; by force it is taken away', async () => {
    await using server = await anOrchestrator();
    await server.call('initialize_session', { agent_name: 'Ada' });
    const { session_id } = await server.call('initialize_session', { agent_name: 'Bob' });
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const alone = await server.refused('delete_task', { task_id: id('a') });
    const below = await server.refused('delete_task', { task_id: planId, cascade: true });
    await server.call('delete_task', { task_id: planId, cascade: true, force: true });
    await server.call('restore_task', { task_id: planId });

    expect(alone).toMatchObject({ code: 'conflict', held_by: session_id });
    expect(below).toMatchObject({ code: 'conflict', held_tasks: [{ task_id: id('a'), held_by: session_id }] });
    const back = await server.call('get_task', { task_id: id('a'), include: ['events'] });
    expect(back).toMatchObject({ lifecycle_stage: 'ready', actionable: true });
    expect(back).not.toHaveProperty('claim');
    expect(back.events).toContainEqual(expect.objectContaining({ type: 'task.released' }));
  });

  test('the parent counts without it, and whose last subtask goes is work of its own again', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));

    await server.call('delete_task', { task_id: id('b') });
    const inReview = await server.call('get_task', { task_id: planId });
    await server.call('delete_task', { task_id: id('a') });

    expect(inReview).toMatchObject({ lifecycle_stage: 'review', progress: { completed: 1, total: 1 } });
    expect(await server.call('get_task', { task_id: planId })).toMatchObject({
      lifecycle_stage: 'ready',
      actionable: true,
    });
  });

  test('the history of everything that was deleted tells why and with what', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    await server.call('delete_task', { task_id: planId, cascade: true, reason: 'Not wanted' });
    await server.call('restore_task', { task_id: planId });

    const { events } = await server.call('get_task', { task_id: id('a'), include: ['events'] });
    expect(events.slice(-2)).toMatchObject([
      { type: 'task.deleted', details: { deleted_with: planId, reason: 'Not wanted' } },
      { type: 'task.restored', details: { with: planId } },
    ]);
  });

  test('permanent purges only what lies in the trash, and refuses what came there with another', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    const alive = await server.refused('delete_task', { task_id: planId, permanent: true });
    await server.call('delete_task', { task_id: planId, cascade: true });
    const partOfIt = await server.refused('delete_task', { task_id: id('a'), permanent: true });
    const reply = await server.call('delete_task', { task_id: planId, permanent: true });

    expect(alive).toMatchObject({ code: 'refused', error: expect.stringContaining('not in the trash') });
    expect(partOfIt).toMatchObject({ code: 'refused', deleted_with: planId });
    expect(reply).toMatchObject({ permanent: true, deleted_count: 2 });
    expect(await server.refused('restore_task', { task_id: planId })).toMatchObject({
      error: `Task not found: ${planId}`,
    });
  });

  test('what is purged leaves no text behind, and no file', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, SECRET, {
      attributes: { title: SECRET, note: { [SECRET]: SECRET } },
      idempotency_key: 'once',
    });
    await server.call('update_task', { task_id, description: SECRET, attributes: { other: [SECRET] } });
    await server.call('add_note', { task_id, text: SECRET });
    const work = { summary: SECRET, detailed_work: SECRET, next_action: 'needs_revision' };
    await server.call('complete_subtask', completion(task_id, work));
    const folder = join(server.workspace, '.task_orchestrator/artifacts', task_id);
    expect(existsSync(folder)).toBe(true);

    await server.call('delete_task', { task_id, reason: SECRET });
    await server.call('delete_task', { task_id, permanent: true });

    expect(texts(server)).not.toContain('swordfish');
    expect(texts(server)).toContain(task_id);
    expect(existsSync(folder)).toBe(false);
  });

  test('nothing is purged behind which an open task is stuck, for that would set it free', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('delete_task', { task_id: id('a'), force: true });

    const refusal = await server.refused('delete_task', { task_id: id('a'), permanent: true, force: true });
    await server.call('cancel_task', { task_id: id('b') });
    await server.call('delete_task', { task_id: id('a'), permanent: true });

    expect(refusal).toMatchObject({ code: 'refused', dependents: [{ task_id: id('b') }] });
    expect(await server.call('get_task', { task_id: id('b') })).toMatchObject({ dependencies: [] });
  });
});
