import { describe, expect, test } from 'vitest';
import { damage, rowOf } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, moved, stageOf } from '../../../test/maintenance.ts';

const audit = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', ...more });

const COMPREHENSIVE = { validation_level: 'comprehensive' };

const findingsOf = (reply: Body) => reply.findings.map(({ finding, result }: Body) => [finding, result]);

describe('references', () => {
  test('a task whose parent is lost moves to the top, and what lies below it is free', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    const inner = await aPlan(server, [aSubtask('C')], { parent_task_id: plan.id('B') });
    damage(server.workspace, "update tasks set parent_id = 'task_lost0000' where id = ?", plan.id('A'));
    damage(server.workspace, 'delete from tasks where id = ?', plan.planId);

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply).filter(([finding]: [string]) => finding === 'missing_parent')).toHaveLength(2);
    expect((await audit(server)).findings).toEqual([]);
    await server.call('complete_subtask', completion(plan.id('A')));
    expect(await server.call('execute_subtask', { task_id: inner.id('C') })).toMatchObject({ claim: {} });
  });

  test('a dependency on what does not exist is removed, and its task is free', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    damage(
      server.workspace,
      "update dependencies set prerequisite_id = 'task_lost0000' where task_id = ?",
      plan.id('B'),
    );

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['dangling_dependency', 'repaired']);
    expect((await audit(server)).findings).toEqual([]);
    expect(await server.call('execute_subtask', { task_id: plan.id('B') })).toMatchObject({ claim: {} });
  });

  test('an approval that does not exist is left to people: it is a gate', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    const gate = "update dependencies set prerequisite_id = 'task_lost0000', type = 'approval' where task_id = ?";
    damage(server.workspace, gate, plan.id('B'));

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['dangling_dependency', 'needs_review']);
    expect(await server.call('get_task', { task_id: plan.id('B') })).toMatchObject({ lifecycle_stage: 'ready' });
    expect(await server.call('next_task', { explain: true })).toMatchObject({ task_id: plan.id('A') });
    expect(rowOf(server.workspace, 'select status from dependencies')).toEqual({ status: 'pending' });
  });

  test('a claim on a task that was deleted is ended', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    damage(server.workspace, 'update tasks set deleted_at = 1 where id = ?', plan.id('A'));

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['idle_claim', 'repaired']);
    expect(rowOf(server.workspace, 'select * from claims')).toBeUndefined();
  });

  test('dependencies of a task that does not exist are removed', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    damage(server.workspace, "update dependencies set task_id = 'task_lost0000' where task_id = ?", plan.id('B'));

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings).toContainEqual(
      expect.objectContaining({ finding: 'dangling_dependency', task_id: 'task_lost0000', result: 'repaired' }),
    );
    expect((await audit(server)).findings).toEqual([]);
  });
});

describe('stages', () => {
  test.each([
    ['completed', 'active'],
    ['failed', 'ready'],
    ['cancelled', 'ready'],
    ['archived', 'ready'],
    ['superseded', 'ready'],
  ])('a %s parent with an open child is reopened', async (stage, reopened) => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    damage(server.workspace, 'update tasks set stage = ? where id = ?', stage, plan.planId);

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['ended_parent_with_open_child', 'repaired']);
    expect(await stageOf(server, plan.planId)).toBe(reopened);
    expect((await audit(server)).findings).toEqual([]);
    await server.call('complete_subtask', completion(plan.id('A')));
    expect(await stageOf(server, plan.planId)).toBe('review');
  });

  test('those above an ended parent are reopened first', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    const inner = await aPlan(server, [aSubtask('B')], { parent_task_id: plan.id('A') });
    await server.call('execute_subtask', { task_id: inner.id('B') });
    for (const id of [plan.planId, plan.id('A'), inner.planId])
      damage(server.workspace, "update tasks set stage = 'completed' where id = ?", id);

    await audit(server, COMPREHENSIVE);

    for (const id of [plan.planId, plan.id('A'), inner.planId]) expect(await stageOf(server, id)).toBe('active');
    expect((await audit(server)).findings).toEqual([]);
  });

  test('a parent in review with an open child goes back to work', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await server.call('complete_subtask', completion(plan.id('A')));
    damage(server.workspace, "update tasks set stage = 'review' where id = ?", plan.planId);

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['review_with_open_child', 'repaired']);
    expect(await stageOf(server, plan.planId)).toBe('active');
  });

  test('a parent that a person took back from review is no finding', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('complete_subtask', completion(plan.id('A')));
    await moved(server, clock.now, { id: plan.planId, through: ['active'] });

    expect((await audit(server)).findings).toEqual([]);
  });
});
