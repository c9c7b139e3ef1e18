import { describe, expect, test } from 'vitest';
import { directly } from '../../test/directly.ts';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../test/harness.ts';

const typesOf = async (server: TestOrchestrator, id: string) =>
  (await server.orchestrator.read(({ events }) => events.of(id, 100))).map(({ type }) => type);

/** As it is stored, whatever the time is. */
const stored = (server: TestOrchestrator, id: string) => server.orchestrator.read(({ tasks }) => tasks.find(id));

/** A server with a plan of one task that somebody holds, and the clock that they go by. */
async function aHeldTask(more: Readonly<Record<string, unknown>> = {}) {
  const clock = aClock();
  const server = await anOrchestrator({ clock: clock.now });
  const { session_id } = await server.call('initialize_session');
  const { session_id: other } = await server.call('initialize_session');
  const plan = await aPlan(server, [aSubtask('a')]);
  const { claim }: Body = await server.call('execute_subtask', { task_id: plan.id('a'), ...more });
  return { server, clock, holder: String(session_id), other: String(other), task_id: plan.id('a'), claim };
}

describe('a lease', () => {
  test('holds until the very end', async () => {
    const { server, clock, other, task_id } = await aHeldTask();
    await using _ = server;
    clock.advance(4 * HOUR - 1);

    const refusal = await server.refused('execute_subtask', { task_id, session_id: other });

    expect(refusal.code).toBe('conflict');
  });

  test('that ran out is settled by the next write about the task, and recorded as the work of time', async () => {
    const { server, clock, other, task_id, holder, claim } = await aHeldTask();
    await using _ = server;
    clock.advance(4 * HOUR);

    await server.call('add_note', { task_id, text: 'x', session_id: other });

    expect(await stored(server, task_id)).toMatchObject({ stage: 'ready' });
    const events = await server.orchestrator.read((context) => context.events.of(task_id, 100));
    expect(events.find(({ type }) => type === 'task.lease_expired')?.details).toMatchObject({
      claim_id: claim.claim_id,
      held_by: holder,
    });
  });

  test('that ran out frees the task for whoever asks for the next one', async () => {
    const { server, clock, other, task_id } = await aHeldTask();
    await using _ = server;
    clock.advance(4 * HOUR);

    const reply = await server.call('next_task', { session_id: other });

    expect(reply.task_id).toBe(task_id);
    expect(await typesOf(server, task_id)).toContain('task.lease_expired');
  });

  test('that ran out is left alone by reads, which compute with the clock', async () => {
    const { server, clock, task_id } = await aHeldTask();
    await using _ = server;
    clock.advance(4 * HOUR);

    const read = await server.call('get_task', { task_id });

    expect(read).toMatchObject({ lifecycle_stage: 'ready', actionable: true });
    expect(await stored(server, task_id)).toMatchObject({ stage: 'active' });
  });

  test('that ran out leaves a task with open prerequisites waiting again', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('execute_subtask', { task_id: id('b'), allow_unmet: true });
    clock.advance(4 * HOUR);

    await server.call('next_task');

    expect(await server.call('get_task', { task_id: id('b') })).toMatchObject({
      lifecycle_stage: 'ready',
      actionable: false,
    });
  });

  test('of as long as it was asked for begins anew with each writing call of the holder', async () => {
    const { server, clock, task_id } = await aHeldTask({ lease_seconds: 100 });
    await using _ = server;

    for (let turn = 0; turn < 5; turn++) {
      clock.advance(99_999);
      await server.call('add_note', { task_id, text: 'Still here' });
    }

    expect(await server.call('get_task', { task_id })).toMatchObject({ lifecycle_stage: 'active' });
  });

  test('is not renewed by the holder writing about another task', async () => {
    const { server, clock, task_id, claim } = await aHeldTask();
    await using _ = server;
    const { id } = await aPlan(server, [aSubtask('b')]);
    clock.advance(HOUR);

    await server.call('add_note', { task_id: id('b'), text: 'x' });

    expect((await server.call('get_task', { task_id })).claim.lease_until).toBe(claim.lease_until);
  });

  test('that ran out while nobody wrote shows when its task can be taken from', async () => {
    const { server, clock, task_id } = await aHeldTask();
    await using _ = server;
    clock.advance(40 * HOUR);
    await server.call('next_task', { claim: false });

    const task = await stored(server, task_id);

    expect(task?.standing.actionableSince).toBe(clock.now());
  });
});

describe('a claim', () => {
  test('ends when its task leaves active', async () => {
    const { server, task_id, claim } = await aHeldTask();
    await using _ = server;

    await server.call('complete_subtask', completion(task_id, { next_action: 'blocked' }));

    expect(await server.orchestrator.read(({ claims }) => claims.find(claim.claim_id))).toBeUndefined();
  });

  test('ends when the process of its holder is gone', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });
    await using beside = await directly(server);
    const dead = await beside.read(async ({ processes }) => ({
      ...processes.self,
      id: 'process_dead0000',
      pid: 2 ** 22 + 1,
    }));
    await beside.write(({ sessions }) => sessions.attach(claim.held_by, dead));
    await using other = await anOrchestrator({ workspace: server.workspace });

    const reply = await other.call('next_task');

    expect(reply.task_id).toBe(id('a'));
    expect(reply.claim.claim_id).not.toBe(claim.claim_id);
  });

  test('of a process that may still run on another machine lives until its lease ends', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });
    await using beside = await directly(server);
    await beside.write(({ sessions }) =>
      sessions.attach(claim.held_by, { id: 'process_far00000', host: 'elsewhere', pid: 1, startedAt: undefined }),
    );
    await using other = await anOrchestrator({ workspace: server.workspace });

    const refusal = await other.refused('execute_subtask', { task_id: id('a') });

    expect(refusal.code).toBe('conflict');
  });

  test('that was taken over is not ended by the lease of the one before', async () => {
    const { server, clock, task_id, other } = await aHeldTask({ lease_seconds: 60 });
    await using _ = server;
    await server.call('execute_subtask', { task_id, take_over: true, session_id: other });
    clock.advance(60_000);

    expect(await server.call('get_task', { task_id })).toMatchObject({ claim: { held_by: other } });
  });

  test('of a session that is continued elsewhere is answered with the same briefing there', async () => {
    const { server, task_id, holder, claim } = await aHeldTask();
    await using _ = server;
    await using elsewhere = await anOrchestrator({ workspace: server.workspace, clock: () => Date.UTC(2026, 0, 1) });

    const reply = await elsewhere.call('execute_subtask', { task_id, session_id: holder });

    expect(reply.claim.claim_id).toBe(claim.claim_id);
    expect(reply).toHaveProperty('already_held_since');
  });

  test('that is shown when its task is moved is not asked of the new parent', async () => {
    const { server, task_id, claim } = await aHeldTask();
    await using _ = server;
    const { planId } = await aPlan(server, [aSubtask('b')]);

    const reply = await server.call('update_task', {
      task_id,
      parent_task_id: planId,
      claim_id: claim.claim_id,
    });

    expect(reply.parent_task_id).toBe(planId);
  });

  test('is given to one of many who ask at the same time', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const sessions = await Promise.all(Array.from({ length: 8 }, () => server.call('initialize_session')));

    const outcomes = await Promise.allSettled(
      sessions.map(({ session_id }) => server.call('execute_subtask', { task_id: id('a'), session_id })),
    );

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
});
