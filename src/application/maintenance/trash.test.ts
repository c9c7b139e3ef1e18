import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aGenericTask, aPlan, aSubtask, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, DAY } from '../../../test/maintenance.ts';

const scan = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'scan_cleanup', scope: 'full_project', ...more });

const purged = ({ cleanup_actions }: Body) =>
  cleanup_actions.filter(({ action_type }: Body) => action_type === 'purge_deleted_task');

describe('the trash', () => {
  test('is purged of what was deleted over 30 days ago, with all that went with it', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const later = await aGenericTask(server, 'Later');
    await server.call('complete_subtask', completion(id('a')));
    await server.call('delete_task', { task_id: planId, cascade: true });
    clock.advance(DAY);
    await server.call('delete_task', { task_id: later });
    clock.advance(29.5 * DAY);

    const looked = await scan(server, { dry_run: true });
    const done = await scan(server);

    const action = {
      action_type: 'purge_deleted_task',
      task_id: planId,
      reason: expect.stringMatching(/with 2 below it/),
    };
    expect(purged(looked)).toEqual([{ ...action, result: 'would_be_purged' }]);
    expect(purged(done)).toEqual([{ ...action, result: 'purged' }]);
    expect(await server.refused('restore_task', { task_id: planId })).toMatchObject({
      error: `Task not found: ${planId}`,
    });
    expect(existsSync(join(server.workspace, '.task_orchestrator/artifacts', id('a')))).toBe(false);
    expect(await server.call('restore_task', { task_id: later })).toMatchObject({ task_restored: true });
  });

  test('keeps what open tasks are stuck behind, and says so', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('delete_task', { task_id: id('a'), force: true });
    clock.advance(31 * DAY);

    const reply = await scan(server);

    expect(purged(reply)).toEqual([]);
    expect(reply.recommendations).toContainEqual(
      expect.objectContaining({ description: expect.stringContaining(id('a')) }),
    );
    expect(await server.call('restore_task', { task_id: id('a') })).toMatchObject({ task_restored: true });
  });

  test('of a session holds what the session made', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await server.call('initialize_session');
    const own = await aGenericTask(server, 'Own');
    const { session_id } = await server.call('initialize_session', { agent_name: 'Bob' });
    const others = await aGenericTask(server, 'Of Bob', { session_id });
    for (const task_id of [own, others]) await server.call('delete_task', { task_id });
    clock.advance(31 * DAY);

    const reply = await scan(server, { scope: 'current_session', session_id });

    expect(purged(reply).map(({ task_id }: Body) => task_id)).toEqual([others]);
  });

  test('work that was given up long ago is forgotten with its file', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const task_id = await aGenericTask(server, 'Tried once');
    const handed = completion(task_id, { next_action: 'needs_revision' });
    const { artifact_info } = await server.call('complete_subtask', handed);
    await server.call('cancel_task', { task_id, preserve_work: false });
    clock.advance(31 * DAY);

    await scan(server);
    await server.call('restore_task', { task_id });
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'ready' });

    expect(await server.call('get_task', { task_id, include: ['artifacts'] })).toMatchObject({ artifacts: [] });
    expect(await server.refused('get_artifact', { artifact_id: artifact_info.artifact_id })).toMatchObject({
      code: 'not_found',
    });
  });
});
