import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, completion } from '../../../test/harness.ts';

describe('update_task', () => {
  test('changes the fields that it names and no others, and says which', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Old title');

    const reply = await server.call('update_task', { task_id, title: 'New title', priority: 'critical' });

    expect(reply).toMatchObject({ task_updated: true, title: 'New title', priority: 'critical', version: 2 });
    expect(reply.changed_fields.toSorted()).toEqual(['priority', 'title']);
  });

  test('what was before is in its history', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Old title');

    await server.call('update_task', { task_id, title: 'New title' });

    const { events } = await server.call('get_task', { task_id, include: ['events'] });
    expect(events.at(-1)).toMatchObject({
      type: 'task.updated',
      details: { changes: { title: { from: 'Old title', to: 'New title' } } },
    });
  });

  test('attributes are merged at the first level, and null removes one', async () => {
    await using server = await anOrchestrator();
    const attributes = { title: 'a', team: 'backend', points: 3 };
    const task_id = await aGenericTask(server, 'a', { attributes });

    const reply = await server.call('update_task', { task_id, attributes: { team: null, area: { x: 1 } } });

    expect(reply.attributes).toEqual({ points: 3, area: { x: 1 } });
  });

  test("a task's own field is not removed", async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    const refusal = await server.refused('update_task', { task_id, attributes: { title: null } });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'attributes.title' });
  });

  test('a stage is refused, naming the tool for it', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    for (const field of ['lifecycle_stage', 'status']) {
      const refusal = await server.refused('update_task', { task_id, [field]: 'completed' });
      expect(JSON.stringify(refusal)).toContain('orchestrator_manage_lifecycle');
    }
  });

  test('a version that was read before somebody else wrote is a conflict that says who was first', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    await server.call('update_task', { task_id, priority: 'low', session_id });

    const refusal = await server.refused('update_task', { task_id, priority: 'high', expected_version: 1 });

    expect(refusal).toMatchObject({ code: 'conflict', current_version: 2, changed_by: session_id });
  });

  test('an update that changes nothing says so and leaves the version', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    expect(await server.call('update_task', { task_id, title: 'a' })).toMatchObject({
      task_updated: false,
      changed_fields: [],
      version: 1,
    });
  });
});

describe('update_task moves', () => {
  test('a task under another parent, and both parents count anew', async () => {
    await using server = await anOrchestrator();
    const from = await aPlan(server, [aSubtask('stays'), aSubtask('moves')]);
    const to = await aPlan(server, [aSubtask('there')]);

    await server.call('update_task', { task_id: from.id('moves'), parent_task_id: to.planId });

    const total = async (task_id: string) => (await server.call('get_task', { task_id })).progress.total;
    expect([await total(from.planId), await total(to.planId)]).toEqual([1, 2]);
  });

  test('a task to the top with null', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('stays'), aSubtask('leaves')]);

    await server.call('update_task', { task_id: id('leaves'), parent_task_id: null });

    expect((await server.call('get_status')).ungrouped).toMatchObject([{ task_id: id('leaves') }]);
  });

  test('what its new parent waits for holds it back', async () => {
    await using server = await anOrchestrator();
    const first = await aGenericTask(server, 'First');
    const { planId } = await aPlan(server, [aSubtask('inside')]);
    await server.call('manage_dependencies', { task_id: planId, dependencies: [{ dependency_task_id: first }] });
    const moved = await aGenericTask(server, 'Moved');

    await server.call('update_task', { task_id: moved, parent_task_id: planId });

    expect(await server.call('get_task', { task_id: moved })).toMatchObject({ actionable: false });
    await server.call('complete_subtask', completion(first));
    expect(await server.call('get_task', { task_id: moved })).toMatchObject({ actionable: true });
  });

  test('nothing below itself', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('inside')]);

    expect(await server.refused('update_task', { task_id: planId, parent_task_id: id('inside') })).toMatchObject({
      cycle_path: [id('inside'), planId],
    });
  });

  test('nothing under what it waits for', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(server, [aSubtask('inside')]);
    const after = await aGenericTask(server, 'After the plan');
    await server.call('manage_dependencies', { task_id: after, dependencies: [{ dependency_task_id: planId }] });

    const refusal = await server.refused('update_task', { task_id: after, parent_task_id: planId });

    expect(refusal.dependency_validation.cycles_detected).toBe(true);
  });
});

test('a parent whose last subtask leaves is on offer again', async () => {
  await using server = await anOrchestrator();
  const { planId, id } = await aPlan(server, [aSubtask('leaves')]);
  await server.call('execute_subtask', { task_id: id('leaves') });

  await server.call('update_task', { task_id: id('leaves'), parent_task_id: null });

  expect(await server.call('get_task', { task_id: planId })).toMatchObject({
    lifecycle_stage: 'ready',
    actionable: true,
  });
});

test('taking over what another holds is recorded, and gives the claim', async () => {
  await using server = await anOrchestrator();
  const ada = await server.call('initialize_session', { agent_name: 'Ada' });
  const ben = await server.call('initialize_session', { agent_name: 'Ben' });
  const task_id = await aGenericTask(server, 'Held');
  await server.call('execute_subtask', { task_id, session_id: ada.session_id });

  const change = { task_id, priority: 'high', session_id: ben.session_id };
  const refusal = await server.refused('update_task', change);
  const reply = await server.call('update_task', { ...change, take_over: true });

  expect(refusal.suggestion).toContain('repeat this call with take_over: true');
  expect(reply.claim).toMatchObject({ held_by: ben.session_id });
  const { events } = await server.call('get_task', { task_id, include: ['events'] });
  expect(events).toContainEqual(
    expect.objectContaining({
      type: 'task.taken_over',
      session_id: ben.session_id,
      details: expect.objectContaining({ from: ada.session_id }),
    }),
  );
});
