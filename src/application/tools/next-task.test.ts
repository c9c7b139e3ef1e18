import { describe, expect, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';

const complete = (server: TestOrchestrator, id: string, more: Readonly<Record<string, unknown>> = {}) =>
  server.call('complete_subtask', completion(id, more));

/** Takes tasks until there is none left; their titles in that order. */
async function takeAll(server: TestOrchestrator): Promise<readonly string[]> {
  const titles: string[] = [];
  for (;;) {
    const reply = await server.call('next_task');
    if (!reply.task_available) return titles;
    titles.push(reply.specialist_context.task_details.title);
  }
}

describe('next_task', () => {
  test('takes a free task and returns what execute_subtask returns, and why', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const reply = await server.call('next_task');

    expect(reply).toMatchObject({
      task_available: true,
      task_id: id('a'),
      why: expect.stringContaining('priority medium; 1 task'),
      specialist_context: { role: expect.any(String), task_details: { task_id: id('a'), title: 'a' } },
      instructions: expect.stringContaining('orchestrator_complete_subtask'),
      claim: { held_by: session_id, lease_until: new Date(clock.now() + 4 * HOUR).toISOString() },
    });
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'active' });
  });

  test('two agents never get the same', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });
    await aPlan(
      first,
      Array.from({ length: 10 }, (_, place) => aSubtask(`part ${place}`)),
    );

    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, turn) => (turn % 2 === 0 ? first : second).call('next_task')),
    );

    expect(new Set(replies.map(({ task_id }) => task_id)).size).toBe(10);
  });

  test('hands out nothing that waits, is held, is blocked or is an approval', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('held'),
      aSubtask('waiting', ['held']),
      aSubtask('blocked'),
      aSubtask('approval', [], { task_type: 'approval' }),
    ]);
    await server.call('execute_subtask', { task_id: id('held') });
    await complete(server, id('blocked'), { next_action: 'blocked' });

    const reply = await server.call('next_task');

    expect(reply.task_available).toBe(false);
  });

  test('a lease can be asked for', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await aPlan(server, [aSubtask('a')]);

    const { claim } = await server.call('next_task', { lease_seconds: 120 });

    expect(claim.lease_until).toBe(new Date(clock.now() + 120_000).toISOString());
  });

  test('the same key gets the same task again', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const first = await server.call('next_task', { idempotency_key: 'k' });

    const second = await server.call('next_task', { idempotency_key: 'k' });

    expect(second).toEqual(first);
  });
});

describe('the order of next_task', () => {
  test('is by priority first', async () => {
    await using server = await anOrchestrator();
    await aPlan(
      server,
      ['low', 'critical', 'medium', 'high'].map((priority) => aSubtask(priority, [], { priority })),
    );

    expect(await takeAll(server)).toEqual(['critical', 'high', 'medium', 'low']);
  });

  test('then by how many wait for it', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [
      aSubtask('none'),
      aSubtask('one'),
      aSubtask('two'),
      aSubtask('x', ['two', 'one']),
      aSubtask('y', ['two']),
    ]);

    expect((await takeAll(server)).slice(0, 3)).toEqual(['two', 'one', 'none']);
  });

  test('then by age', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    for (const title of ['first', 'second', 'third']) {
      await aPlan(server, [aSubtask(title)]);
      clock.advance(1);
    }

    expect(await takeAll(server)).toEqual(['first', 'second', 'third']);
  });

  test('raises a task by one step for each day on which it could be taken', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await aPlan(server, [aSubtask('old and low', [], { priority: 'low' })]);
    clock.advance(24 * HOUR);
    await aPlan(server, [aSubtask('new and medium', [], { priority: 'medium' })]);
    clock.advance(24 * HOUR - 1);

    const { task_id, why } = await server.call('next_task', { claim: false });

    expect((await server.call('get_task', { task_id })).title).toBe('old and low');
    expect(why).toContain('raised 1');
  });

  test('does not raise a task for the time in which it could not be taken', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('gate'), aSubtask('low', ['gate'], { priority: 'low' })]);
    clock.advance(72 * HOUR);
    await complete(server, id('gate'));
    const { id: other } = await aPlan(server, [aSubtask('medium')]);

    const { task_id } = await server.call('next_task', { claim: false });

    expect(task_id).toBe(other('medium'));
  });
});

describe('next_task with a filter', () => {
  test('takes only from the plan, at any depth', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('elsewhere', [], { priority: 'critical' })]);
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('x')], { parent_task_id: outer.id('a') });

    const reply = await server.call('next_task', { parent_task_id: outer.planId });

    expect(reply.task_id).toBe(inner.id('x'));
  });

  test('takes only for the specialist', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('a', [], { priority: 'critical' }),
      aSubtask('b', [], { specialist_type: 'tester' }),
    ]);

    const reply = await server.call('next_task', { specialist_type: 'tester' });

    expect(reply.task_id).toBe(id('b'));
  });

  test('an unknown plan is refused', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('next_task', { parent_task_id: 'task_zzzz0000' });

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Task not found: task_zzzz0000' });
  });
});

describe('next_task that only looks', () => {
  test('shows the next task and takes nothing', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('next_task', { claim: false });

    expect(reply.task_id).toBe(id('a'));
    expect(reply).not.toHaveProperty('claim');
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'ready', version: 1 });
  });

  test('explains why not the others', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('chosen', [], { priority: 'high' }),
      aSubtask('later'),
      aSubtask('waiting', ['later']),
      aSubtask('held', [], { priority: 'critical' }),
    ]);
    await server.call('execute_subtask', { task_id: id('held') });

    const { task_id, others } = await server.call('next_task', { claim: false, explain: true });

    const reasons = new Map(others.map((one: Body) => [one.task_id, one.reason]));
    expect(task_id).toBe(id('chosen'));
    expect(reasons.get(id('later'))).toMatch(/comes later by priority: priority medium/);
    expect(reasons.get(id('waiting'))).toMatch(/waits for "later"/);
    expect(reasons.get(id('held'))).toMatch(/held by/);
    expect(reasons.has(id('chosen'))).toBe(false);
  });

  test('names what decided between free tasks that are as urgent', async () => {
    await using server = await anOrchestrator();
    const [older, chosen] = [await aGenericTask(server, 'Older'), await aGenericTask(server, 'Chosen')];
    await aGenericTask(server, 'Behind', { dependencies: [{ dependency_task_id: chosen }] });

    const byWaiters = await server.call('next_task', { claim: false, explain: true });
    await server.call('complete_subtask', completion(chosen));
    const byAge = await server.call('next_task', { claim: false, explain: true });

    expect(byWaiters.task_id).toBe(chosen);
    expect(byWaiters.others[0]).toMatchObject({
      task_id: older,
      reason: expect.stringContaining('comes later, for fewer wait for it: priority medium; 0 tasks wait for it'),
    });
    expect(byAge.task_id).toBe(older);
    expect(byAge.others[0].reason).toMatch(/^comes later by age/);
  });
});

describe('next_task when nothing is free', () => {
  test('is no error, and says what is waited for and when to ask again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('next_task');

    const reply = await server.call('next_task');

    expect(reply).toMatchObject({ task_available: false, retry_after_ms: expect.any(Number) });
    expect(new Map(reply.waiting_for.map((one: Body) => [one.task_id, one.reason]))).toEqual(
      new Map([
        [id('a'), expect.stringMatching(/^held by you until/)],
        [id('b'), expect.stringContaining('waits for "a"')],
      ]),
    );
  });

  test('whoever waits for a task of their own is told to go on with it', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('execute_subtask', { task_id: id('a') });

    const { waiting_for, next_call } = await server.call('next_task');
    const continued = await server.call(next_call.tool, next_call.arguments);

    expect(waiting_for[0]).toMatchObject({ task_id: id('a'), reason: expect.stringContaining('held by you') });
    expect(continued).toHaveProperty('already_held_since');
  });

  test('whoever waits for a task of somebody else is told who holds it, and has no call to make', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { session_id } = await server.call('initialize_session', { agent_name: 'cyd' });
    const { session_id: other } = await server.call('initialize_session');
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const reply = await server.call('next_task', { session_id: other });

    expect(reply.waiting_for).toMatchObject([{ task_id: id('a'), reason: expect.stringContaining('held by cyd') }]);
    expect(reply).not.toHaveProperty('next_call');
  });

  test('whoever names their session is given calls that go on in it', async () => {
    await using server = await anOrchestrator();
    await server.call('initialize_session', { agent_name: 'lead' });
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const { session_id } = await server.call('initialize_session', { agent_name: 'sub' });
    await server.call('execute_subtask', { task_id: id('a'), session_id });
    await server.call('execute_subtask', { task_id: id('b') });

    const { next_call } = await server.call('next_task', { session_id });
    const continued = await server.call('execute_subtask', next_call.arguments);
    await server.call('manage_lifecycle', { task_id: id('b'), lifecycle_stage: 'ready' });
    const { next_recommended_task } = await server.call('complete_subtask', { ...completion(id('a')), session_id });

    expect(continued).toHaveProperty('already_held_since');
    expect(next_recommended_task.next_call.arguments).toEqual({ task_id: id('b'), session_id });
  });

  test('gives the way out of what is stuck, blocked or undecided, as the status does', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('broken'),
      aSubtask('stuck', ['broken']),
      aSubtask('blocked'),
      aSubtask('gated', ['gate']),
      aSubtask('gate', [], { task_type: 'approval' }),
    ]);
    await server.call('cancel_task', { task_id: id('broken') });
    await complete(server, id('blocked'), { next_action: 'blocked' });

    const { waiting_for } = await server.call('next_task');
    const { blocked } = await server.call('get_status');

    const waysOf = (tasks: readonly Body[]) => new Map(tasks.map((one) => [one.task_id, one.way_out]));
    expect(waysOf(waiting_for).get(id('stuck'))).toContain(
      `orchestrator_manage_lifecycle with task_id ${id('broken')} and lifecycle_stage ready`,
    );
    expect(waysOf(waiting_for).get(id('gated'))).toContain('operation approve');
    for (const { task_id, way_out } of waiting_for) expect(way_out).toBe(waysOf(blocked).get(task_id));
  });

  test('has nothing to wait for where nobody works', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('next_task');

    expect(reply).toEqual({
      task_available: false,
      why: expect.stringContaining('orchestrator_plan_task'),
      waiting_for: [],
    });
  });

  test('says which plan can be synthesized', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));

    const reply = await server.call('next_task');

    expect(reply).toMatchObject({
      task_available: false,
      next_call: { tool: 'orchestrator_synthesize_results', arguments: { parent_task_id: planId } },
    });
  });

  test('a lease that ran out frees its task for the one who asks', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('next_task');
    clock.advance(4 * HOUR);

    const reply = await server.call('next_task');

    expect(reply.task_id).toBe(id('a'));
    expect(reply).not.toHaveProperty('already_held_since');
  });

  test('within one plan, the reasons are those of that plan', async () => {
    await using server = await anOrchestrator();
    const other = await aPlan(server, [aSubtask('elsewhere'), aSubtask('x', ['elsewhere'])]);
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await server.call('execute_subtask', { task_id: other.id('elsewhere') });

    const reply = await server.call('next_task', { parent_task_id: planId });

    expect(reply.waiting_for.map((one: Body) => one.task_id)).toEqual([id('a')]);
  });
});

describe('next_task refuses', () => {
  test('a specialist that does not exist, for nothing would ever become free', async () => {
    await using server = await anOrchestrator();

    expect(await server.refused('next_task', { specialist_type: 'implementor' })).toMatchObject({
      code: 'invalid',
      did_you_mean: 'implementer',
    });
  });

  test('a task without subtasks as the plan to hand out from', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('next_task', { parent_task_id: id('a') });

    expect(refusal.suggestion).toContain(`orchestrator_execute_subtask with task_id ${id('a')}`);
  });
});

test('what was just handed out is not explained as one of the others', async () => {
  await using server = await anOrchestrator();
  const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

  const { task_id, others } = await server.call('next_task', { explain: true });

  expect(task_id).toBe(id('a'));
  expect(others.map((other: { task_id: string }) => other.task_id)).toEqual([id('b')]);
});

test('that nothing was free is not kept for a repeated call', async () => {
  await using server = await anOrchestrator();
  expect(await server.call('next_task', { idempotency_key: 'mine' })).toMatchObject({ task_available: false });
  const { id } = await aPlan(server, [aSubtask('a')]);

  expect(await server.call('next_task', { idempotency_key: 'mine' })).toMatchObject({ task_id: id('a') });
});
