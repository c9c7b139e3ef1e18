import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { anOrchestrator, aPlan, aSubtask, type Body } from '../../../test/harness.ts';

describe('initialize_session', () => {
  test('a session is made, and the agent is told to pass its id on', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('initialize_session');

    expect(reply).toMatchObject({
      session_initialized: true,
      session_id: expect.stringMatching(/^session_[0-9a-z]{8}$/),
      workspace: await realpath(server.workspace),
      instructions: expect.stringContaining('session_id'),
      active_tasks: [],
      ready_tasks: [],
    });
  });

  test('the seven roles of the reference are told with a line each', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('initialize_session');

    expect(reply.orchestrator_context.role).toBe('Task Orchestrator');
    expect(reply.orchestrator_context.specialist_roles).toMatchObject({
      architect: 'System design and architecture planning',
      implementer: 'Writing code and implementing features',
      debugger: 'Fixing issues and optimizing performance',
      documenter: 'Creating documentation and guides',
      reviewer: 'Code review and quality assurance',
      tester: 'Testing and validation',
      researcher: 'Research and information gathering',
    });
  });

  test('a call without session_id makes another session each time', async () => {
    await using server = await anOrchestrator();
    const first = await server.call('initialize_session');

    const second = await server.call('initialize_session');

    expect(second.session_id).not.toBe(first.session_id);
  });

  test('a session is continued from any process', async () => {
    await using first = await anOrchestrator();
    const { session_id } = await first.call('initialize_session', { agent_name: 'Ada' });
    await using second = await anOrchestrator({ workspace: first.workspace });

    const continued = await second.call('initialize_session', { session_id });

    expect(continued.session_id).toBe(session_id);
  });

  test('a session that ended is open again when it is continued', async () => {
    await using folder = await anOrchestrator();
    const first = await anOrchestrator({ workspace: folder.workspace });
    const { session_id } = await first.call('initialize_session');
    await first[Symbol.asyncDispose]();

    await folder.call('initialize_session', { session_id });

    const session = await folder.orchestrator.read(({ sessions }) => sessions.find(session_id));
    expect(session?.endedAt).toBeUndefined();
  });

  test('an unknown session is refused, and nothing is made', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('initialize_session', { session_id: 'session_zzzz9999' });

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Session not found: session_zzzz9999' });
    expect(refusal.suggestion).toContain('orchestrator_initialize_session');
    expect(await server.orchestrator.read(({ sessions }) => sessions.unended(10))).toEqual([]);
  });

  test('open plans are shown with their progress, ended ones are not', async () => {
    await using server = await anOrchestrator();
    const open = await aPlan(server, [aSubtask('a'), aSubtask('b')], { description: 'Build a scraper' });
    await server.call('complete_subtask', {
      task_id: open.id('a'),
      summary: 's',
      detailed_work: 'w',
      next_action: 'complete',
    });
    const done = await aPlan(server, [aSubtask('c')]);
    await server.call('complete_subtask', {
      task_id: done.id('c'),
      summary: 's',
      detailed_work: 'w',
      next_action: 'complete',
    });
    await server.call('synthesize_results', { parent_task_id: done.planId });

    const reply = await server.call('initialize_session');

    expect(reply.active_tasks).toEqual([
      {
        parent_task_id: open.planId,
        description: 'Build a scraper',
        progress: { completed: 1, total: 2, percentage: 50 },
      },
    ]);
  });

  test('free tasks are shown in the order in which they are offered', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [
      aSubtask('later', ['urgent']),
      aSubtask('usual'),
      aSubtask('urgent', [], { priority: 'critical' }),
    ]);

    const reply = await server.call('initialize_session');

    expect(reply.ready_tasks.map((one: Body) => one.task_id)).toEqual([plan.id('urgent'), plan.id('usual')]);
  });

  test('a working directory that means another workspace is a conflict', async () => {
    await using server = await anOrchestrator();
    await using other = await anOrchestrator();

    const refusal = await server.refused('initialize_session', { working_directory: other.workspace });

    expect(refusal).toMatchObject({ code: 'conflict', workspace: await realpath(server.workspace) });
  });

  test('a working directory that means this workspace is taken', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('initialize_session', { working_directory: server.workspace });

    expect(reply.workspace).toBe(await realpath(server.workspace));
  });

  test('it answers to its planned name', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('orchestrator_start_workflow');

    expect(reply.session_initialized).toBe(true);
  });

  test('nothing is said of recovery where nothing was left', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('initialize_session');

    expect(reply).not.toHaveProperty('recovery_info');
  });

  test('a working directory that does not exist is refused', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('initialize_session', {
      working_directory: `${tmpdir()}/no-such-folder-${Date.now()}`,
    });

    expect(refusal.error).toContain('no-such-folder');
  });
});
