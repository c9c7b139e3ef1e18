import { describe, expect, test } from 'vitest';
import { damage } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, completion, HOUR, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, DAY, moved, stageOf } from '../../../test/maintenance.ts';

const scan = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'scan_cleanup', scope: 'full_project', ...more });

const comprehensive = { validation_level: 'comprehensive' };

describe('what has ended', () => {
  test.each([
    ['completed', ['active', 'completed'], 90],
    ['failed', ['active', 'failed'], 60],
    ['cancelled', ['cancelled'], 30],
  ] as const)('a %s task is archived once it was kept long enough', async (stage, through, days) => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await moved(server, clock.now, { id: plan.id('A'), through: [...through] });
    clock.advance(days * DAY);
    expect((await scan(server)).cleanup_actions).toEqual([]);
    clock.advance(1);

    const reply = await scan(server);

    expect(reply.cleanup_actions).toEqual([
      {
        action_type: 'archive_ended_task',
        task_id: plan.id('A'),
        reason: `Task ${stage} ${days} days ago, kept for ${days}`,
        result: 'archived_successfully',
      },
    ]);
    expect(await stageOf(server, plan.id('A'))).toBe('archived');
  });

  test('what waits for a completed task does not lose it when that is archived', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    await server.call('complete_subtask', completion(plan.id('A')));
    clock.advance(91 * DAY);

    await scan(server);

    expect(await stageOf(server, plan.id('A'))).toBe('archived');
    expect(await server.call('execute_subtask', { task_id: plan.id('B') })).toMatchObject({
      claim: { claim_id: expect.any(String) },
    });
  });

  test('a failed task that others are stuck behind stays, for people to decide about it', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    await moved(server, clock.now, { id: plan.id('A'), through: ['active', 'failed'] });
    clock.advance(61 * DAY);

    const reply = await scan(server);

    expect(reply.recommendations[0]).toMatchObject({ title: 'Decide about tasks that others are stuck behind' });
    expect(await stageOf(server, plan.id('A'))).toBe('failed');
  });
});

test('what the clock, set back, says is still to come is neither archived nor purged, and has its time once it is there', async () => {
  await using given = await aServer();
  const { clock, server } = given;
  const plan = await aPlan(server, [aSubtask('Ended'), aSubtask('Deleted'), aSubtask('Begun')]);
  clock.advance(400 * DAY);
  await server.call('complete_subtask', completion(plan.id('Ended')));
  await server.call('delete_task', { task_id: plan.id('Deleted') });
  await server.call('execute_subtask', { task_id: plan.id('Begun') });

  clock.advance(-390 * DAY);
  expect((await scan(server, comprehensive)).cleanup_actions).toEqual([]);
  clock.advance((390 + 91) * DAY);
  const { cleanup_actions } = await scan(server, comprehensive);

  const done = cleanup_actions.map(({ action_type, task_id }: Body) => `${action_type} ${task_id}`);
  expect(done.toSorted()).toEqual([
    `archive_ended_task ${plan.id('Ended')}`,
    `archive_stale_task ${plan.id('Begun')}`,
    `purge_deleted_task ${plan.id('Deleted')}`,
    `settle_dead_claim ${plan.id('Begun')}`,
  ]);
});

describe('claims', () => {
  test('a claim whose lease ran out is settled, and its task is free again', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A'), lease_seconds: 60 });
    clock.advance(61_000);

    const reply = await scan(server, { scope: 'current_session' });

    expect(reply.cleanup_actions).toMatchObject([{ action_type: 'settle_dead_claim', result: 'released' }]);
    expect(await server.call('get_task', { task_id: plan.id('A') })).not.toHaveProperty('claim');
  });
});

describe('families', () => {
  test('a task whose parent is lost moves to the top, with what lies below it', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    const inner = await aPlan(server, [aSubtask('B')], { parent_task_id: plan.id('A') });
    damage(server.workspace, "update tasks set parent_id = 'task_lost0000' where id = ?", plan.id('A'));

    const reply = await scan(server);

    expect(reply.scan_results.orphaned_tasks).toBe(1);
    expect(reply.cleanup_actions).toContainEqual({
      action_type: 'move_orphaned_task',
      task_id: plan.id('A'),
      reason: 'Its parent task_lost0000 is lost',
      result: 'moved_to_top',
    });
    expect(await server.call('get_task', { task_id: plan.id('A') })).not.toHaveProperty('parent_task_id');
    expect(await server.call('next_task', { parent_task_id: inner.planId })).toMatchObject({ task_id: inner.id('B') });
  });

  test('tasks whose parents form a circle are left alone, and the way out is told', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    damage(server.workspace, 'update tasks set parent_id = ? where id = ?', plan.id('A'), plan.planId);
    clock.advance(100 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.cleanup_actions).toEqual([]);
    expect(reply.recommendations[0]).toMatchObject({ description: expect.stringContaining('validate_structure') });
  });
});
