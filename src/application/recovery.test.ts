import { describe, expect, test } from 'vitest';
import { directly } from '../../test/directly.ts';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../test/harness.ts';

/** Makes it look as if the process behind a session had been killed. */
async function kill(server: TestOrchestrator, session_id: string): Promise<void> {
  await using beside = await directly(server);
  await beside.write(async ({ sessions, processes }) => {
    await sessions.attach(session_id, { ...processes.self, id: `process_${session_id.slice(-8)}`, pid: 2 ** 22 + 1 });
  });
}

describe('recovery_info', () => {
  test('names sessions that stopped without an end, what they last recorded, and the call that resumes each', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await server.call('add_note', { task_id: id('a'), text: 'Half of the tests are written' });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace, clock: clock.now });

    const { recovery_info } = await next.call('initialize_session');

    expect(recovery_info.stopped_sessions).toEqual([
      {
        session_id,
        agent_name: 'Ada',
        began_at: new Date(clock.now()).toISOString(),
        last_recorded: 'Half of the tests are written',
        resume_with: { tool: 'orchestrator_initialize_session', arguments: { session_id } },
      },
    ]);
  });

  test('names tasks whose holder is gone, what each last recorded, and the call that resumes each', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await server.call('add_note', { task_id: id('a'), text: 'Half of it' });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace });

    const { recovery_info } = await next.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toEqual([
      {
        task_id: id('a'),
        title: 'a',
        last_recorded: 'Half of it',
        resume_with: { tool: 'orchestrator_execute_subtask', arguments: { task_id: id('a') } },
      },
    ]);
  });

  test('the call that it names for a task takes that task', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace });
    const { recovery_info } = await next.call('initialize_session');
    const [{ resume_with }] = recovery_info.interrupted_tasks;

    const reply = await next.call(resume_with.tool, resume_with.arguments);

    expect(reply.specialist_context.task_details.task_id).toBe(id('a'));
  });

  test('the call that it names for a session continues it with what it holds', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace });
    const { recovery_info } = await next.call('initialize_session');
    const [{ resume_with }] = recovery_info.stopped_sessions;

    const continued = await next.call(resume_with.tool, resume_with.arguments);

    expect(continued.session_id).toBe(session_id);
    expect(await next.call('get_task', { task_id: id('a') })).toMatchObject({ claim: { held_by: session_id } });
  });

  test('names a task whose lease ran out', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const { recovery_info } = await server.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toMatchObject([{ task_id: id('a') }]);
  });

  test('tells the summary of work that was handed back', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('add_note', { task_id: id('a'), text: 'Begun' });
    await server.call(
      'complete_subtask',
      completion(id('a'), { next_action: 'needs_revision', summary: 'It leaks memory' }),
    );

    const { recovery_info } = await server.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toMatchObject([{ task_id: id('a'), last_recorded: 'It leaks memory' }]);
  });

  test('says nothing of sessions that ended in order, and of those that run', async () => {
    await using folder = await anOrchestrator();
    const ended = await anOrchestrator({ workspace: folder.workspace });
    await aPlan(ended, [aSubtask('a')]);
    await ended[Symbol.asyncDispose]();
    await aPlan(folder, [aSubtask('b')]);
    await using next = await anOrchestrator({ workspace: folder.workspace });

    const reply = await next.call('initialize_session');

    expect(reply).not.toHaveProperty('recovery_info');
  });

  test('says nothing of a stopped session whose work is done', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));
    await server.call('synthesize_results', { parent_task_id: planId });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace });

    const reply = await next.call('initialize_session');

    expect(reply).not.toHaveProperty('recovery_info');
  });

  test('names to a continued session the unfinished tasks that it holds itself, and the call that goes on with each', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await kill(server, session_id);
    await using next = await anOrchestrator({ workspace: server.workspace });

    const { recovery_info } = await next.call('initialize_session', { session_id });
    const { interrupted_tasks } = recovery_info;
    const { tool, arguments: of } = interrupted_tasks[0].resume_with;
    const reply = await next.call(tool, { ...of, session_id });

    expect(interrupted_tasks).toMatchObject([{ task_id: id('a') }]);
    expect(reply).toHaveProperty('already_held_since');
  });

  test('says nothing to a new session of what others hold', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { session_id } = await server.call('initialize_session');
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const reply = await server.call('initialize_session');

    expect(reply).not.toHaveProperty('recovery_info');
  });

  test('a task that was finished and reopened on purpose was not interrupted', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await server.call('complete_subtask', completion(id('a')));
    await server.call('manage_lifecycle', { task_id: id('a'), lifecycle_stage: 'ready' });

    const reply = await server.call('initialize_session');

    expect(reply).not.toHaveProperty('recovery_info');
  });

  test('a reopened task that was begun again and given back was interrupted', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));
    await server.call('manage_lifecycle', { task_id: id('a'), lifecycle_stage: 'ready' });
    await server.call('complete_subtask', completion(id('a'), { next_action: 'needs_revision' }));

    const { recovery_info } = await server.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toMatchObject([{ task_id: id('a') }]);
  });

  test('many reopened tasks do not hide one that was given back before', async () => {
    await using server = await anOrchestrator();
    const titles = Array.from({ length: 60 }, (_, place) => `part ${place}`);
    const { id } = await aPlan(server, [aSubtask('given back'), ...titles.map((title) => aSubtask(title))]);
    await server.call('complete_subtask', completion(id('given back'), { next_action: 'needs_revision' }));
    for (const title of titles) {
      await server.call('complete_subtask', completion(id(title)));
      await server.call('manage_lifecycle', { task_id: id(title), lifecycle_stage: 'ready' });
    }

    const { recovery_info } = await server.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toMatchObject([{ task_id: id('given back') }]);
  });

  test('names no more than ten of each', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await aPlan(
      server,
      Array.from({ length: 14 }, (_, place) => aSubtask(`part ${place}`)),
    );
    for (let turn = 0; turn < 14; turn++) await server.call('next_task');
    clock.advance(4 * HOUR);

    const { recovery_info } = await server.call('initialize_session');

    expect(recovery_info.interrupted_tasks).toHaveLength(10);
  });
});
