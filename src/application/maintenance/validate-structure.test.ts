import { describe, expect, test } from 'vitest';
import { damage, rowOf } from '../../../test/damage.ts';
import { aGenericTask, aPlan, aSubtask, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer } from '../../../test/maintenance.ts';

const audit = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', ...more });

const COMPREHENSIVE = { validation_level: 'comprehensive' };

type Plan = Awaited<ReturnType<typeof aPlan>>;

/** A plan in which something is done, something under way, something waiting and something nested. */
async function aPlanAtWork(server: TestOrchestrator): Promise<Plan & { inner: Plan }> {
  const plan = await aPlan(server, [
    aSubtask('Done'),
    aSubtask('Waiting', ['Done', 'Active']),
    aSubtask('Active'),
    aSubtask('Outer'),
    aSubtask('Last', ['Outer']),
  ]);
  const inner = await aPlan(server, [aSubtask('Inner'), aSubtask('Innermost', ['Inner'])], {
    parent_task_id: plan.id('Outer'),
  });
  await server.call('complete_subtask', completion(plan.id('Done')));
  await server.call('execute_subtask', { task_id: plan.id('Active') });
  return { ...plan, inner };
}

const everyTask = (server: TestOrchestrator) =>
  server.orchestrator.read(async ({ tasks, maintenance }) => {
    const found = await tasks.findAll((await maintenance.tasksAfter(0, 1000)).map(({ id }) => id));
    return found.map(({ updatedAt: _, version: __, ...task }) => task).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  });

type Damage = Readonly<{
  name: string;
  finding: string;
  sql: string;
  values: (plan: Plan & { inner: Plan }) => readonly (string | number | null)[];
}>;

const COUNTERS = [
  ['children', 7],
  ['open_children', 0],
  ['completed_children', 4],
  ['leaves', 99],
  ['completed_leaves', 3],
  ['waiters', 5],
  ['gates_above', 2],
] as const;

/** Damages whose repair brings the store back to what it was. */
const DAMAGES: readonly Damage[] = [
  ...COUNTERS.map(([column, value]) => ({
    name: `the counter ${column} of a plan`,
    finding: 'wrong_counters',
    sql: `update tasks set ${column} = ? where id = ?`,
    values: (plan: Plan) => [value, plan.planId],
  })),
  ...(['unmet', 'failed', 'gates_above', 'waiters'] as const).map((column) => ({
    name: `the counter ${column} of a part`,
    finding: 'wrong_counters',
    sql: `update tasks set ${column} = 9 where id = ?`,
    values: (plan: Plan) => [plan.id('Waiting')],
  })),
  {
    name: 'a task on offer that cannot be taken',
    finding: 'wrong_counters',
    sql: 'update tasks set actionable_since = 5 where id = ?',
    values: (plan) => [plan.id('Waiting')],
  },
  {
    name: 'the status of a dependency',
    finding: 'wrong_dependency_status',
    sql: "update dependencies set status = 'pending' where task_id = ? and prerequisite_id = ?",
    values: (plan) => [plan.id('Waiting'), plan.id('Done')],
  },
];

const findingsOf = (reply: Body) => reply.findings.map(({ finding, result }: Body) => [finding, result]);

test('a store that is sound gives no findings, at any level and in any scope', async () => {
  await using given = await aServer();
  const { server } = given;
  const plan = await aPlanAtWork(server);

  for (const validation_level of ['basic', 'comprehensive', 'full_audit'])
    for (const scope of [
      {},
      { scope: 'current_session' },
      { scope: 'specific_subtask', target_task_id: plan.planId },
    ]) {
      const reply = await audit(server, { validation_level, ...scope });
      expect(reply).toMatchObject({ findings: [], recommendations: [] });
      expect(reply.summary).toEqual({ findings: 0, repaired: 0, needs_review: 0 });
    }
});

describe('what is kept beside the rows', () => {
  test.each(DAMAGES)('$name is found, and put right from comprehensive on', async ({ finding, sql, values }) => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlanAtWork(server);
    const sound = await everyTask(server);
    damage(server.workspace, sql, ...values(plan));
    const damaged = await everyTask(server);

    const basic = await audit(server);
    expect(findingsOf(basic)).toContainEqual([finding, 'not_repaired']);
    const dry = await audit(server, { ...COMPREHENSIVE, dry_run: true });
    expect(findingsOf(dry)).toContainEqual([finding, 'would_be_repaired']);
    expect(await everyTask(server)).toEqual(damaged);
    const deep = await audit(server, COMPREHENSIVE);
    expect(findingsOf(deep)).toContainEqual([finding, 'repaired']);

    expect(await everyTask(server)).toEqual(sound);
    expect((await audit(server)).findings).toEqual([]);
  });

  test('a finding says what it is about and what mends it', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlanAtWork(server);
    damage(server.workspace, 'update tasks set children = 7 where id = ?', plan.planId);

    const reply = await audit(server);

    expect(reply.findings).toEqual([
      {
        finding: 'wrong_counters',
        task_id: plan.planId,
        description: `Task ${plan.planId}: children says 7 instead of 5`,
        repair: 'Count again',
        result: 'not_repaired',
      },
    ]);
    expect(reply.recommendations).toMatchObject([
      { type: 'repair', description: expect.stringContaining('comprehensive') },
    ]);
  });

  test('a task that was lost from what is offered is offered again', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    damage(server.workspace, 'update tasks set actionable_since = null where id = ?', plan.id('A'));
    expect(await server.call('next_task')).toMatchObject({ task_available: false });

    await audit(server, COMPREHENSIVE);

    expect(await server.call('next_task')).toMatchObject({ task_id: plan.id('A') });
  });

  test('a claim that outlived its work is ended', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    damage(server.workspace, 'update claims set task_id = ? where task_id = ?', plan.id('B'), plan.id('A'));

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toEqual([
      ['idle_claim', 'repaired'],
      ['unheld_task', 'repaired'],
    ]);
    expect(rowOf(server.workspace, 'select * from claims')).toBeUndefined();
  });
});

describe('work', () => {
  test('that is under way with nobody is offered again', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    damage(server.workspace, 'delete from claims where task_id = ?', plan.id('A'));
    expect(await server.call('next_task')).toMatchObject({ task_available: false });

    const reply = await audit(server, COMPREHENSIVE);

    expect(findingsOf(reply)).toEqual([['unheld_task', 'repaired']]);
    expect(await server.call('next_task')).toMatchObject({ task_id: plan.id('A') });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('on an approval is held by nobody, and nothing is amiss with it', async () => {
    await using given = await aServer();
    const { server } = given;
    const task_id = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'active' });

    expect((await audit(server)).findings).toEqual([]);
  });

  test('of a task that is lost is named, for no task leads to it any more', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    await server.call('add_note', { task_id: plan.id('A'), text: 'Begun on Monday' });
    await server.call('complete_subtask', completion(plan.id('A')));
    damage(server.workspace, 'delete from tasks where id = ?', plan.id('A'));

    const [found, ...others] = (await audit(server, COMPREHENSIVE)).findings;

    expect(found).toMatchObject({
      finding: 'lost_task',
      description: `Task ${plan.id('A')} does not exist, and its work does: artifacts 1, notes 1`,
      result: 'needs_review',
    });
    expect(others.map(({ result }: Body) => result)).not.toContain('needs_review');
    expect(findingsOf(await audit(server))).toEqual([['lost_task', 'needs_review']]);
  });
});

describe('history', () => {
  test('numbers that no event has are named, in the middle and at the end', async () => {
    await using given = await aServer();
    const { server } = given;
    await aPlan(server, [aSubtask('A'), aSubtask('B'), aSubtask('C')]);
    const { seq: latest } = await server.orchestrator.read(async ({ events }) => ({ seq: await events.latest() }));
    damage(server.workspace, 'delete from events where seq in (2, 3) or seq = ?', latest);

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings.map(({ description, result }: Body) => [description, result])).toEqual([
      ['Events 2 to 3 are missing', 'needs_review'],
      [`Event ${latest} is missing`, 'needs_review'],
    ]);
  });

  test('what the database finds wrong with itself is told by a full audit', async () => {
    await using given = await aServer();
    const { server } = given;
    await aPlan(server, [aSubtask('A')]);
    damage(server.workspace, 'update tasks set priority = 9 where parent_id is null');
    expect((await audit(server, COMPREHENSIVE)).findings).toEqual([]);

    const reply = await audit(server, { validation_level: 'full_audit' });

    expect(reply.findings).toMatchObject([
      { finding: 'damaged_database', description: expect.stringContaining('tasks'), result: 'needs_review' },
    ]);
  });
});

test('a scope of one subtree leaves the rest as it is', async () => {
  await using given = await aServer();
  const { server } = given;
  const [one, other] = [await aPlan(server, [aSubtask('A')]), await aPlan(server, [aSubtask('A')])];
  for (const { planId } of [one, other]) damage(server.workspace, 'update tasks set children = 7 where id = ?', planId);

  const reply = await audit(server, { ...COMPREHENSIVE, scope: 'specific_subtask', target_task_id: one.planId });

  expect(reply.findings).toMatchObject([{ task_id: one.planId, result: 'repaired' }]);
  expect((await audit(server)).findings).toMatchObject([{ task_id: other.planId }]);
});

test('a store of many batches is checked and mended whole', async () => {
  await using given = await aServer();
  const { server } = given;
  for (const round of [1, 2])
    await aPlan(
      server,
      Array.from({ length: 300 }, (_, place) => aSubtask(`${round}-${place}`)),
    );
  damage(server.workspace, 'update tasks set gates_above = 1, waiters = 3, actionable_since = null');

  const reply = await audit(server, { ...COMPREHENSIVE, budget_tokens: 1000 });

  expect(reply.summary).toEqual({ findings: 602, repaired: 602, needs_review: 0 });
  expect(reply.truncated.omitted).toBe(602 - reply.findings.length);
  expect((await audit(server)).findings).toEqual([]);
});
