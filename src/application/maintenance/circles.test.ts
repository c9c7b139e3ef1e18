import { describe, expect, test } from 'vitest';
import { damage, rowOf } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, HOUR, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer } from '../../../test/maintenance.ts';

const audit = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', ...more });

const COMPREHENSIVE = { validation_level: 'comprehensive' };

const findingsOf = (reply: Body) => reply.findings.map(({ finding, result }: Body) => [finding, result]);

describe('circles', () => {
  test('tasks that wait for each other are found with the whole way round, and the youngest dependency is removed', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A']), aSubtask('C', ['B'])]);
    clock.advance(HOUR);
    const closing = `insert into dependencies select ?, ?, type, status, verdict, artifact_type, description, 9, created_at + 1, updated_at
      from dependencies limit 1`;
    damage(server.workspace, closing, plan.id('A'), plan.id('C'));

    const basic = await audit(server);
    expect(basic.findings).toContainEqual(
      expect.objectContaining({
        finding: 'dependency_cycle',
        description: expect.stringMatching(/^(\S+)( waits for \S+){2} waits for \1$/),
      }),
    );
    const deep = await audit(server, COMPREHENSIVE);

    expect(findingsOf(deep)).toContainEqual(['dependency_cycle', 'repaired']);
    expect(await server.call('next_task')).toMatchObject({ task_id: plan.id('A') });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('a part that waits for its own plan is on a circle through the hierarchy', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    damage(
      server.workspace,
      'update dependencies set prerequisite_id = ? where task_id = ?',
      plan.planId,
      plan.id('B'),
    );

    const reply = await audit(server, { ...COMPREHENSIVE, scope: 'specific_subtask', target_task_id: plan.id('B') });

    expect(findingsOf(reply)).toContainEqual(['dependency_cycle', 'repaired']);
    expect((await audit(server, COMPREHENSIVE)).findings.map(({ finding }: Body) => finding)).not.toContain(
      'dependency_cycle',
    );
    expect((await audit(server)).findings).toEqual([]);
  });

  test('parents that form a circle are opened, and everything below them can be worked on', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    const inner = await aPlan(server, [aSubtask('B')], { parent_task_id: plan.id('A') });
    damage(server.workspace, 'update tasks set parent_id = ? where id = ?', inner.planId, plan.planId);

    expect(findingsOf(await audit(server))).toContainEqual(['parent_cycle', 'not_repaired']);
    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['parent_cycle', 'repaired']);
    expect((await audit(server)).findings).toEqual([]);
    expect(await server.call('execute_subtask', { task_id: inner.id('B') })).toMatchObject({ claim: {} });
  });

  test('a circle that approvals close is left to people', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    damage(
      server.workspace,
      "update dependencies set type = 'approval', prerequisite_id = ? where task_id = ?",
      plan.planId,
      plan.id('B'),
    );

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toContainEqual(['gated_cycle', 'needs_review']);
    expect(rowOf(server.workspace, 'select count(*) as count from dependencies')).toEqual({ count: 1 });
  });
});
