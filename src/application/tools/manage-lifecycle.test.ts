import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, completion } from '../../../test/harness.ts';

describe('manage_lifecycle', () => {
  test('the example of the reference is answered as the reference shows it', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Implement');

    const reply = await server.call('manage_lifecycle', {
      task_id,
      lifecycle_stage: 'active',
      validation_checks: true,
      notes: 'Starting implementation after architecture approval',
    });

    expect(reply).toMatchObject({
      lifecycle_updated: true,
      task_id,
      previous_stage: 'ready',
      current_stage: 'active',
      transition_valid: true,
      prerequisites_met: ['All dependencies satisfied', 'Required approvals obtained'],
      events_emitted: expect.arrayContaining(['task.lifecycle_changed', 'task.status_changed']),
      timestamp: expect.stringMatching(/Z$/),
    });
  });

  test('entering active takes the task, so that another agent conflicts', async () => {
    await using server = await anOrchestrator();
    const other = await server.call('initialize_session', { agent_name: 'Ada' });
    const mine = await server.call('initialize_session', { agent_name: 'Bob' });
    const task_id = await aGenericTask(server, 'Shared');
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'active', session_id: other.session_id });

    const refusal = await server.refused('manage_lifecycle', {
      task_id,
      lifecycle_stage: 'ready',
      session_id: mine.session_id,
    });

    expect(refusal).toMatchObject({ code: 'conflict', held_by: other.session_id });
    const moved = { task_id, lifecycle_stage: 'ready', take_over: true, session_id: mine.session_id };
    expect(await server.call('manage_lifecycle', moved)).toMatchObject({ current_stage: 'ready' });
  });

  test('a stage that is not open is refused, naming those that are', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Draft', { stage: 'draft' });

    const refusal = await server.refused('manage_lifecycle', { task_id, lifecycle_stage: 'completed' });

    expect(refusal.open_stages).toEqual(['ready', 'active', 'cancelled', 'superseded', 'archived']);
  });

  test('open prerequisites keep a task from becoming active unless checks are skipped, which is told', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const start = { task_id: id('second'), lifecycle_stage: 'active' };

    expect(await server.refused('manage_lifecycle', start)).toMatchObject({ unmet: [{ task_id: id('first') }] });

    const forced = await server.call('manage_lifecycle', { ...start, validation_checks: false });
    expect(forced).toMatchObject({ current_stage: 'active', prerequisites_met: [], unmet: [{ task_id: id('first') }] });
  });

  test('a parent with open subtasks does not end, and they are named', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('manage_lifecycle', { task_id: planId, lifecycle_stage: 'cancelled' });

    expect(refusal.open_subtasks).toMatchObject([{ task_id: id('a') }]);
  });

  test('a completed task is reopened, and what waited for it waits again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    await server.call('complete_subtask', completion(id('first')));

    await server.call('manage_lifecycle', {
      task_id: id('first'),
      lifecycle_stage: 'ready',
      notes: 'A test is missing',
    });

    expect(await server.call('get_task', { task_id: id('second') })).toMatchObject({ actionable: false });
  });

  test('a failed task makes what waits for it stuck until it is taken up again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    await server.call('execute_subtask', { task_id: id('first') });
    await server.call('manage_lifecycle', { task_id: id('first'), lifecycle_stage: 'failed' });
    const state = async () => (await server.call('get_status')).blocked[0]?.state;
    expect(await state()).toBe('stuck');

    await server.call('manage_lifecycle', { task_id: id('first'), lifecycle_stage: 'ready' });

    expect(await state()).toBe('waiting');
  });

  test('a subtask of an ended plan is not reopened before the plan is', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));
    await server.call('synthesize_results', { parent_task_id: planId });

    const refusal = await server.refused('manage_lifecycle', { task_id: id('a'), lifecycle_stage: 'ready' });

    expect(refusal).toMatchObject({ parent_task_id: planId });
    await server.call('manage_lifecycle', { task_id: planId, lifecycle_stage: 'active' });
    expect(await server.call('manage_lifecycle', { task_id: id('a'), lifecycle_stage: 'ready' })).toMatchObject({
      current_stage: 'ready',
    });
  });
});

test('a parent with open subtasks is not up for review', async () => {
  await using server = await anOrchestrator();
  const { planId, id } = await aPlan(server, [aSubtask('a')]);
  await server.call('execute_subtask', { task_id: id('a') });

  const refusal = await server.refused('manage_lifecycle', { task_id: planId, lifecycle_stage: 'review' });

  expect(refusal.open_subtasks).toMatchObject([{ task_id: id('a') }]);
});

test('a plan that is unblocked catches up with its subtasks', async () => {
  await using server = await anOrchestrator();
  const { planId, id } = await aPlan(server, [aSubtask('a')]);
  await server.call('execute_subtask', { task_id: id('a') });
  await server.call('manage_lifecycle', { task_id: planId, lifecycle_stage: 'blocked' });
  await server.call('complete_subtask', completion(id('a')));

  await server.call('manage_lifecycle', { task_id: planId, lifecycle_stage: 'active' });

  expect(await server.call('get_task', { task_id: planId })).toMatchObject({ lifecycle_stage: 'review' });
});

test('why a task was blocked by hand is what the status says', async () => {
  await using server = await anOrchestrator();
  const task_id = await aGenericTask(server, 'Stuck');
  await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'blocked', notes: 'No licence yet' });

  expect((await server.call('get_status')).blocked).toMatchObject([{ task_id, reason: 'No licence yet' }]);
});
