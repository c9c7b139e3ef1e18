import { describe, expect, test } from 'vitest';
import { directly } from '../../../test/directly.ts';
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
import type { Stage } from '../../domain/lifecycle.ts';
import { newTask } from '../../domain/task.ts';
import { move } from '../consequences.ts';

const complete = (server: TestOrchestrator, id: string, more: Readonly<Record<string, unknown>> = {}) =>
  server.call('complete_subtask', completion(id, more));

/** Moves a task as only other tools can. */
async function moveTo(server: TestOrchestrator, id: string, to: Stage): Promise<void> {
  await using beside = await directly(server);
  await beside.write(async (context) => {
    const task = await context.tasks.find(id);
    if (task !== undefined) await move(context, task, { to });
  });
}

const idsOf = (list: readonly Body[]) => list.map(({ task_id }) => task_id);

describe('get_status', () => {
  test('of an empty workspace is good and empty', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('get_status');

    expect(reply).toEqual({
      active_tasks: [],
      ungrouped: [],
      ready: [],
      in_progress: [],
      blocked: [],
      system_status: { total_active_tasks: 0, health: 'good', recommendations: [] },
    });
  });

  test('shows open plans with their subtasks and progress as the reference does', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c', ['b'])], {
      description: 'Build a Python web scraper',
    });
    await complete(server, plan.id('a'));

    const reply = await server.call('get_status', { include_completed: false });

    expect(reply.active_tasks).toMatchObject([
      {
        parent_task_id: plan.planId,
        description: 'Build a Python web scraper',
        progress: { completed: 1, total: 3, percentage: 33.3 },
      },
    ]);
    expect(new Map(reply.active_tasks[0].subtasks.map((one: Body) => [one.title, one.status]))).toEqual(
      new Map([
        ['a', 'completed'],
        ['b', 'pending'],
        ['c', 'pending'],
      ]),
    );
    expect(reply.system_status.total_active_tasks).toBe(2);
  });

  test('shows the title of a plan whose description does not begin with it', async () => {
    await using server = await anOrchestrator();
    const root = await aGenericTask(server, '', {
      attributes: { title: 'Catalogue API', description: 'List and show books' },
    });
    await aGenericTask(server, 'Routes', { parent_task_id: root });

    const [status, session] = [await server.call('get_status'), await server.call('initialize_session')];

    const shown = { parent_task_id: root, title: 'Catalogue API', description: 'List and show books' };
    expect(status.active_tasks).toMatchObject([shown]);
    expect(session.active_tasks).toMatchObject([shown]);
  });

  test('shows of a nested plan its leaves, under the root', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const inner = await aPlan(server, [aSubtask('x')], { parent_task_id: outer.id('a') });

    const { active_tasks } = await server.call('get_status');

    expect(active_tasks).toHaveLength(1);
    expect(new Set(idsOf(active_tasks[0].subtasks))).toEqual(new Set([outer.id('b'), inner.id('x')]));
  });

  test('shows open single tasks under ungrouped', async () => {
    await using server = await anOrchestrator();
    await using beside = await directly(server);
    const alone = newTask({ id: 'task_alone000', type: 'custom', title: 'Alone', sessionId: '', createdAt: 0 });
    await beside.write(({ tasks }) => tasks.insert([alone]));

    const reply = await server.call('get_status');

    expect(reply).toMatchObject({
      active_tasks: [],
      ungrouped: [{ task_id: 'task_alone000', title: 'Alone', status: 'pending' }],
    });
  });

  test('shows ended plans only when they are asked for', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));
    await server.call('synthesize_results', { parent_task_id: planId });

    const [without, withEnded] = await Promise.all([
      server.call('get_status'),
      server.call('get_status', { include_completed: true }),
    ]);

    expect(without?.active_tasks).toEqual([]);
    expect(withEnded?.active_tasks).toMatchObject([
      { parent_task_id: planId, progress: { completed: 1, total: 1, percentage: 100 } },
    ]);
  });

  test('shows what is ready in the order in which it is offered', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('low', [], { priority: 'low' }),
      aSubtask('urgent', [], { priority: 'critical' }),
      aSubtask('usual'),
      aSubtask('later', ['low']),
    ]);

    const { ready } = await server.call('get_status');

    expect(idsOf(ready)).toEqual([id('urgent'), id('usual'), id('low')]);
  });

  test('shows who works on what until when', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const { in_progress } = await server.call('get_status');

    expect(in_progress).toEqual([
      {
        task_id: id('a'),
        title: 'a',
        held_by: session_id,
        agent_name: 'Ada',
        lease_until: new Date(clock.now() + 4 * HOUR).toISOString(),
      },
    ]);
  });

  test('answers to its planned name', async () => {
    await using server = await anOrchestrator();

    expect(await server.call('orchestrator_check_status')).toHaveProperty('system_status');
  });
});

describe('what get_status says of a task that is held up', () => {
  test('one that waits, with what for', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const { blocked } = await server.call('get_status');

    expect(blocked).toEqual([
      {
        task_id: id('b'),
        title: 'b',
        state: 'waiting',
        reason: `waits for "a" (${id('a')})`,
        way_out: `Complete ${id('a')} first`,
      },
    ]);
  });

  test('one that is blocked, with what its last worker said', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'), { next_action: 'blocked', summary: 'No access to the host' });

    const { blocked } = await server.call('get_status');

    expect(blocked).toMatchObject([{ task_id: id('a'), state: 'blocked', reason: 'No access to the host' }]);
  });

  test('one that is up for review, with the call that ends it', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Draft the notes');
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'active' });
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'review' });

    const [status, task] = [await server.call('get_status'), await server.call('get_task', { task_id })];

    const way_out = `orchestrator_manage_lifecycle with task_id ${task_id} and lifecycle_stage completed, or orchestrator_execute_subtask to go on with it`;
    expect(status.blocked).toMatchObject([{ task_id, state: 'waiting', reason: 'it waits for a review', way_out }]);
    expect(task).toMatchObject({ actionable: false, waiting_for: [`waits for a review. Way out: ${way_out}`] });
  });

  test('one that is stuck, with what failed', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await moveTo(server, id('a'), 'cancelled');

    const { blocked, system_status } = await server.call('get_status');

    expect(blocked).toMatchObject([{ task_id: id('b'), state: 'stuck', reason: expect.stringContaining('cancelled') }]);
    expect(system_status.health).toBe('critical');
  });

  test('one whose parent is blocked', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await moveTo(server, planId, 'blocked');

    const { blocked } = await server.call('get_status');

    expect(blocked).toMatchObject([{ task_id: id('a'), state: 'waiting', reason: expect.stringContaining(planId) }]);
  });
});

describe('get_status computes with the clock', () => {
  test('a task whose lease ran out is ready and no longer in progress, though nothing was written', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const reply = await server.call('get_status');

    expect(idsOf(reply.ready)).toEqual([id('a')]);
    expect(reply.in_progress).toEqual([]);
    expect(reply.active_tasks[0].subtasks).toEqual([{ task_id: id('a'), title: 'a', status: 'pending' }]);
    expect(reply.system_status).toMatchObject({
      health: 'degraded',
      recommendations: [expect.stringContaining('1 ab')],
    });
    const stored = await server.orchestrator.read(({ tasks }) => tasks.find(id('a')));
    expect(stored?.stage).toBe('active');
  });

  test('one that was started in spite of open prerequisites waits again', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('execute_subtask', { task_id: id('b'), allow_unmet: true });
    clock.advance(4 * HOUR);

    const reply = await server.call('get_status');

    expect(idsOf(reply.ready)).toEqual([id('a')]);
    expect(idsOf(reply.blocked)).toEqual([id('b')]);
  });

  test('one whose lease ran out takes its place in the order', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [
      aSubtask('low', [], { priority: 'low' }),
      aSubtask('urgent', [], { priority: 'high' }),
    ]);
    await server.call('execute_subtask', { task_id: id('urgent') });
    clock.advance(4 * HOUR);

    const reply = await server.call('get_status');

    expect(idsOf(reply.ready)).toEqual([id('urgent'), id('low')]);
  });
});

describe('get_status of a part', () => {
  test('one plan is shown alone, by the beginning of its id, too', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('elsewhere')]);
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const reply = await server.call('get_status', { task_id: planId.slice(0, -3) });

    expect(reply.active_tasks).toMatchObject([{ parent_task_id: planId }]);
    expect([idsOf(reply.ready), idsOf(reply.blocked)]).toEqual([[id('a')], [id('b')]]);
    expect(reply.system_status.total_active_tasks).toBe(2);
  });

  test('an unknown task is refused', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('get_status', { task_id: 'task_zzzz0000' });

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Task not found: task_zzzz0000' });
  });

  test('a session shows what it created, claimed or completed', async () => {
    await using server = await anOrchestrator();
    const { session_id: ada } = await server.call('initialize_session');
    const { session_id: bob } = await server.call('initialize_session');
    const adas = await aPlan(server, [aSubtask('a')], { session_id: ada });
    const bobs = await aPlan(server, [aSubtask('b'), aSubtask('c')], { session_id: bob });
    await server.call('execute_subtask', { task_id: bobs.id('c'), session_id: ada });

    const reply = await server.call('get_status', { session_id: ada });

    expect(new Set(reply.active_tasks.map((one: Body) => one.parent_task_id))).toEqual(
      new Set([adas.planId, bobs.planId]),
    );
    expect(idsOf(reply.ready)).toEqual([adas.id('a')]);
    expect(idsOf(reply.in_progress)).toEqual([bobs.id('c')]);
  });

  test('a session that has touched nothing shows all open work', async () => {
    await using server = await anOrchestrator();
    const { session_id: ada } = await server.call('initialize_session');
    const { session_id: bob } = await server.call('initialize_session');
    const { planId } = await aPlan(server, [aSubtask('a')], { session_id: ada });

    const reply = await server.call('get_status', { session_id: bob });

    expect(reply.active_tasks).toMatchObject([{ parent_task_id: planId }]);
  });

  test('an unknown session is refused', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('get_status', { session_id: 'session_zzzz0000' });

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Session not found: session_zzzz0000' });
  });
});

describe('the budget of get_status', () => {
  test('open subtasks go first, and what was left out is counted', async () => {
    await using server = await anOrchestrator();
    const subtasks = Array.from({ length: 80 }, (_, place) => aSubtask(`part ${place}`));
    const { id } = await aPlan(server, subtasks);
    for (let place = 0; place < 40; place++) await complete(server, id(`part ${place}`));

    const reply = await server.call('get_status', { budget_tokens: 800 });

    expect(JSON.stringify(reply).length / 3).toBeLessThan(800);
    expect(reply.active_tasks[0].subtasks.every((one: Body) => one.status === 'pending')).toBe(true);
    expect(reply.active_tasks[0].progress).toEqual({ completed: 40, total: 80, percentage: 50 });
    expect(reply.truncated.omitted).toBeGreaterThan(0);
  });

  test('over a hundred open tasks are a recommendation', async () => {
    await using server = await anOrchestrator();
    await aPlan(
      server,
      Array.from({ length: 101 }, (_, place) => aSubtask(`part ${place}`)),
    );

    const { system_status } = await server.call('get_status');

    expect(system_status).toMatchObject({
      total_active_tasks: 101,
      health: 'good',
      recommendations: [expect.stringContaining('101 active tasks')],
    });
  });

  test('a plan up for synthesis is a recommendation', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));

    const { system_status, ready } = await server.call('get_status');

    expect(system_status.recommendations).toEqual(['1 finished: use orchestrator_synthesize_results']);
    expect(ready).toHaveLength(1);
  });

  test('a plan with nothing completed is recommended to be retried or cancelled', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await moveTo(server, id('a'), 'cancelled');

    const { system_status } = await server.call('get_status');

    expect(system_status.recommendations.join()).toMatch(/retr|take up|cancel/i);
  });
});

test('subtasks are listed, and offered, in the order of their plan', async () => {
  await using server = await anOrchestrator();
  const titles = ['Research', 'Build', 'Assess'];
  const specialists = ['tester', 'implementer', 'architect'];
  const subtasks = titles.map((title, place) => aSubtask(title, [], { specialist_type: specialists[place] }));
  await aPlan(server, subtasks);

  const { active_tasks, ready } = await server.call('get_status');

  const titlesOf = (list: readonly { title: string }[]) => list.map(({ title }) => title);
  expect(titlesOf(active_tasks[0].subtasks)).toEqual(titles);
  expect(titlesOf(ready)).toEqual(titles);
});

test("a session's own status says how much it leaves out", async () => {
  await using server = await anOrchestrator();
  const ada = await server.call('initialize_session', { agent_name: 'Ada' });
  const ben = await server.call('initialize_session', { agent_name: 'Ben' });
  await aPlan(server, [aSubtask('hers')], { session_id: ada.session_id });
  await aPlan(server, [aSubtask('his'), aSubtask('his too')], { session_id: ben.session_id });

  const status = await server.call('get_status', { session_id: ada.session_id });

  expect(status.system_status.total_active_tasks).toBe(1);
  expect(status.elsewhere).toEqual({ open_tasks: 2, how_to_see: expect.stringContaining('without session_id') });
});

test('plans are seen behind any number of single tasks, and what lies beyond is counted', async () => {
  await using server = await anOrchestrator();
  const { planId } = await aPlan(server, [aSubtask('a')]);
  for (let place = 0; place < 105; place++) await aGenericTask(server, `Single ${place}`);

  const status = await server.call('get_status', { budget_tokens: 18_000 });

  expect(status.active_tasks).toMatchObject([{ parent_task_id: planId }]);
  expect(status.ungrouped.length + status.ready.length).toBeLessThan(206);
  expect(status.truncated.omitted).toBeGreaterThanOrEqual(5);
});
