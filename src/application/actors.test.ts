import { describe, expect, test } from 'vitest';
import { anOrchestrator, aPlan, aSubtask, completion, type TestOrchestrator } from '../../test/harness.ts';

const ownerOf = async (server: TestOrchestrator, task_id: string) =>
  (await server.call('get_task', { task_id })).session_id;

const theSession = (server: TestOrchestrator, id: string) =>
  server.orchestrator.read(({ sessions }) => sessions.find(id));

describe('the session of a call', () => {
  test('is the one that it names', async () => {
    await using server = await anOrchestrator();
    await server.call('initialize_session');
    const { session_id } = await server.call('initialize_session');

    const { planId } = await aPlan(server, [aSubtask('a')], { session_id });

    expect(await ownerOf(server, planId)).toBe(session_id);
  });

  test('is that of the first call of the process when it names none', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    await server.call('initialize_session');

    const { planId } = await aPlan(server, [aSubtask('a')]);

    expect(await ownerOf(server, planId)).toBe(session_id);
  });

  test('is made by the first writing call when nothing was initialized', async () => {
    await using server = await anOrchestrator();

    const first = await aPlan(server, [aSubtask('a')]);
    const second = await aPlan(server, [aSubtask('b')]);

    const owner = await ownerOf(server, first.planId);
    expect(owner).toMatch(/^session_[0-9a-z]{8}$/);
    expect(await ownerOf(server, second.planId)).toBe(owner);
  });

  test('is not made by a call that only reads', async () => {
    await using server = await anOrchestrator();

    await server.call('get_status');

    expect(await server.orchestrator.read(({ sessions }) => sessions.unended(10))).toEqual([]);
  });

  test('is not made by a call that is refused', async () => {
    await using server = await anOrchestrator();

    await server.refused('add_note', { text: 'x', task_id: 'task_zzzz0000' });

    expect(await server.orchestrator.read(({ sessions }) => sessions.unended(10))).toEqual([]);
  });

  test('is made anew by the next call after a refused one', async () => {
    await using server = await anOrchestrator();
    await server.refused('add_note', { text: 'x', task_id: 'task_zzzz0000' });

    const { planId } = await aPlan(server, [aSubtask('a')]);

    expect(await theSession(server, await ownerOf(server, planId))).toBeDefined();
  });

  test('is refused when it is unknown, by reading and writing calls alike', async () => {
    await using server = await anOrchestrator();
    const session_id = 'session_zzzz0000';

    for (const [tool, args] of [
      ['get_status', {}],
      ['add_note', { text: 'x' }],
      ['next_task', {}],
    ] as const) {
      expect(await server.refused(tool, { ...args, session_id })).toMatchObject({
        code: 'not_found',
        error: 'Session not found: session_zzzz0000',
        suggestion: expect.stringContaining('orchestrator_initialize_session'),
      });
    }
  });

  test('is one for calls that come at the same time', async () => {
    await using server = await anOrchestrator();

    const plans = await Promise.all(['a', 'b', 'c'].map((title) => aPlan(server, [aSubtask(title)])));

    const owners = await Promise.all(plans.map(({ planId }) => ownerOf(server, planId)));
    expect(new Set(owners).size).toBe(1);
  });

  test('is another for each process', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });

    const plans = await Promise.all([first, second].map((server) => aPlan(server, [aSubtask('a')])));

    const owners = await Promise.all(plans.map(({ planId }) => ownerOf(first, planId)));
    expect(new Set(owners).size).toBe(2);
  });

  test('begins with an event, once', async () => {
    await using server = await anOrchestrator();

    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    await server.call('initialize_session', { session_id });

    const events = await server.orchestrator.read((context) => context.events.after(0, 100));
    expect(events.filter(({ type }) => type === 'session.started')).toMatchObject([
      { sessionId: session_id, details: { agent_name: 'Ada' } },
    ]);
  });
});

describe('a process that ends in order', () => {
  test('ends its session, which is recorded', async () => {
    await using folder = await anOrchestrator();
    const server = await anOrchestrator({ workspace: folder.workspace });
    const { session_id } = await server.call('initialize_session');

    await server[Symbol.asyncDispose]();

    expect((await theSession(folder, session_id))?.endedAt).toEqual(expect.any(Number));
    const events = await folder.orchestrator.read((context) => context.events.after(0, 100));
    expect(events.at(-1)).toMatchObject({ type: 'session.ended', sessionId: session_id });
  });

  test('gives back what its sessions hold', async () => {
    await using folder = await anOrchestrator();
    const server = await anOrchestrator({ workspace: folder.workspace });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });

    await server[Symbol.asyncDispose]();

    expect(await folder.call('get_task', { task_id: id('a') })).toMatchObject({
      lifecycle_stage: 'ready',
      actionable: true,
    });
    const events = await folder.orchestrator.read((context) => context.events.of(id('a'), 10));
    expect(events.map(({ type }) => type)).toContain('task.released');
  });

  test('leaves a session that went on to another process', async () => {
    await using folder = await anOrchestrator();
    const server = await anOrchestrator({ workspace: folder.workspace });
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await folder.call('add_note', { session_id, text: 'Going on here' });

    await server[Symbol.asyncDispose]();

    expect((await theSession(folder, session_id))?.endedAt).toBeUndefined();
    expect(await folder.call('get_task', { task_id: id('a') })).toMatchObject({ claim: { held_by: session_id } });
  });

  test('leaves nothing behind when it did nothing', async () => {
    await using folder = await anOrchestrator();
    const server = await anOrchestrator({ workspace: folder.workspace });
    await server.call('get_status');

    await server[Symbol.asyncDispose]();

    expect(await folder.orchestrator.read(({ events }) => events.latest())).toBe(0);
  });
});

describe('a session that goes on in another process', () => {
  test('keeps its claims and can complete what it holds', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });
    const { session_id } = await first.call('initialize_session');
    const { id } = await aPlan(first, [aSubtask('a')]);
    await first.call('execute_subtask', { task_id: id('a') });

    const reply = await second.call('complete_subtask', completion(id('a'), { session_id }));

    expect(reply.status).toBe('completed');
  });

  test('is no other session than before', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });
    const { session_id } = await first.call('initialize_session', { agent_name: 'Ada' });

    await second.call('initialize_session', { session_id });

    expect(await theSession(second, session_id)).toMatchObject({ id: session_id, agentName: 'Ada' });
  });
});

describe('a session that was begun by a call before initialize_session', () => {
  test('is the one that the first initialize_session begins, so that its agent can go on with what it holds', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    const { session_id: before } = await server.call('get_task', { task_id: id('a') });

    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const reply = await server.call('complete_subtask', completion(id('a'), { session_id }));

    expect(session_id).toBe(before);
    expect(reply.status).toBe('completed');
    expect(await theSession(server, session_id)).toMatchObject({ agentName: 'Ada' });
  });

  test('is not that of the second one', async () => {
    await using server = await anOrchestrator();
    await server.call('add_note', { text: 'x' });

    const first = await server.call('initialize_session', { agent_name: 'Ada' });
    const second = await server.call('initialize_session', { agent_name: 'Grace' });

    expect(second.session_id).not.toBe(first.session_id);
    expect(await theSession(server, first.session_id)).toMatchObject({ agentName: 'Ada' });
  });

  test('is still there to be initialized when the first attempt fails', async () => {
    let isBroken = false;
    const faults = (point: string) => {
      if (isBroken && point === 'before_commit') throw new Error('broken');
    };
    await using server = await anOrchestrator({ faults });
    const { planId } = await aPlan(server, [aSubtask('a')]);
    isBroken = true;
    await server.refused('initialize_session', { agent_name: 'Ada' });
    isBroken = false;

    const { session_id } = await server.call('initialize_session', { agent_name: 'Grace' });

    expect(session_id).toBe(await ownerOf(server, planId));
    expect(await theSession(server, session_id)).toMatchObject({ agentName: 'Grace' });
  });

  test('is left alone by one that continues another', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });
    const { session_id } = await first.call('initialize_session');
    const { planId } = await aPlan(second, [aSubtask('a')]);

    await second.call('initialize_session', { session_id });
    const begun = await second.call('initialize_session');

    expect(begun.session_id).toBe(await ownerOf(second, planId));
  });
});
