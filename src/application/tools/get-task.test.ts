import { describe, expect, test } from 'vitest';
import { aClock, anOrchestrator, aPlan, aSubtask, completion, HOUR } from '../../../test/harness.ts';

describe('get_task', () => {
  test('shows a task whole', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session');
    const plan = await aPlan(server, [
      aSubtask('a'),
      aSubtask('b', ['a'], {
        priority: 'high',
        estimated_effort: 'low',
        acceptance_criteria: ['It works'],
        attributes: { team: { name: 'backend' } },
      }),
    ]);

    const reply = await server.call('get_task', { task_id: plan.id('b') });

    const at = new Date(clock.now()).toISOString();
    expect(reply).toEqual({
      task_id: plan.id('b'),
      parent_task_id: plan.planId,
      task_type: 'specialist_task',
      title: 'b',
      description: 'Do b',
      specialist_type: 'implementer',
      status: 'pending',
      lifecycle_stage: 'ready',
      priority: 'high',
      estimated_effort: 'low',
      acceptance_criteria: ['It works'],
      attributes: { team: { name: 'backend' } },
      session_id,
      version: 1,
      created_at: at,
      updated_at: at,
      dependencies: [{ dependency_task_id: plan.id('a'), dependency_type: 'completion', status: 'pending' }],
      children: [],
      actionable: false,
      waiting_for: [`waits for "a" (${plan.id('a')})`],
    });
  });

  test('shows of a parent its children and progress', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));

    const reply = await server.call('get_task', { task_id: planId });

    expect(new Set(reply.children)).toEqual(new Set([id('a'), id('b')]));
    expect(reply.progress).toEqual({ completed: 1, total: 2, percentage: 50 });
  });

  test('says that a free task can be taken', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('get_task', { task_id: id('a') });

    expect(reply.actionable).toBe(true);
    expect(reply).not.toHaveProperty('waiting_for');
  });

  test('shows who holds it until when', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });

    const reply = await server.call('get_task', { task_id: id('a') });

    expect(reply).toMatchObject({ claim, actionable: false, lifecycle_stage: 'active' });
  });

  test('shows a task whose lease ran out as free again, though nothing was written', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const reply = await server.call('get_task', { task_id: id('a') });

    expect(reply).toMatchObject({ lifecycle_stage: 'ready', status: 'pending', actionable: true });
    expect(reply).not.toHaveProperty('claim');
  });

  test('leaves out artifacts, notes and events unless they are asked for', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('get_task', { task_id: id('a') });

    for (const part of ['artifacts', 'notes', 'events']) expect(reply).not.toHaveProperty(part);
  });

  test('adds artifacts, notes and events that are asked for', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('add_note', { task_id: id('a'), text: 'Careful', kind: 'risk' });
    const { artifact_info } = await server.call('complete_subtask', completion(id('a')));

    const reply = await server.call('get_task', { task_id: id('a'), include: ['artifacts', 'notes', 'events'] });

    expect(reply.artifacts).toEqual([{ ...artifact_info, outcome: 'complete' }]);
    expect(reply.notes).toMatchObject([{ kind: 'risk', text: 'Careful' }]);
    expect(reply.events.map(({ type }: { type: string }) => type)).toEqual([
      'task.created',
      'note.added',
      'task.lifecycle_changed',
      'task.status_changed',
      'artifact.added',
      'task.lifecycle_changed',
      'task.status_changed',
    ]);
  });

  test('is found by an unambiguous beginning of its id', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('get_task', { task_id: id('a').slice(0, -4) });

    expect(reply.task_id).toBe(id('a'));
  });

  test('an id that is one slip away is told', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const wrong = id('a').slice(0, -1) + (id('a').at(-1) === 'x' ? 'y' : 'x');

    const refusal = await server.refused('get_task', { task_id: wrong });

    expect(refusal).toMatchObject({
      error: `Task not found: ${wrong}`,
      suggestion: 'Use orchestrator_get_status to see available tasks',
      did_you_mean: [id('a')],
    });
  });

  test('an unknown part is refused with those that there are', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('get_task', { task_id: id('a'), include: ['artefacts'] });

    expect(refusal).toMatchObject({ code: 'invalid', given: 'artefacts', did_you_mean: 'artifacts' });
  });

  test('parts as JSON text are understood', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('get_task', { task_id: id('a'), include: '["notes"]' });

    expect(reply.notes).toEqual([]);
  });

  test('the latest of long lists are kept within the budget, and what was left out is counted', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    for (let turn = 0; turn < 30; turn++) {
      await server.call('add_note', { task_id: id('a'), text: `${turn} ${'word '.repeat(100)}` });
    }

    const reply = await server.call('get_task', { task_id: id('a'), include: ['notes'], budget_tokens: 2_000 });

    expect(JSON.stringify(reply).length / 3).toBeLessThan(2_000);
    expect(reply.notes.at(-1).text).toMatch(/^29 /);
    expect(reply.truncated.omitted).toBe(30 - reply.notes.length);
  });

  test('a long description is cut, and that is told', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], { description: 'word '.repeat(10_000) })]);

    const reply = await server.call('get_task', { task_id: id('a'), budget_tokens: 1_000 });

    expect(reply.description).toMatch(/^word .*…$/);
    expect(reply.truncated.omitted).toBe(1);
  });
});
