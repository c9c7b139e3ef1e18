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
} from '../../../test/harness.ts';

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
      waiting_for: [`waits for "a" (${plan.id('a')}). Way out: Complete ${plan.id('a')} first`],
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

describe('what a task still waits for', () => {
  const waitsOf = async (server: Awaited<ReturnType<typeof anOrchestrator>>, task_id: string): Promise<string[]> =>
    (await server.call('get_task', { task_id })).waiting_for;

  test('is told with the way out, also what is inherited through each ancestor', async () => {
    await using server = await anOrchestrator();
    const [own, above, top] = [
      await aGenericTask(server, 'Own'),
      await aGenericTask(server, 'Above'),
      await aGenericTask(server, 'Top', { stage: 'ready' }),
    ];
    const middle = await aGenericTask(server, 'Middle', { parent_task_id: top });
    const leaf = await aGenericTask(server, 'Leaf', {
      parent_task_id: middle,
      dependencies: [{ dependency_task_id: own }],
    });
    await server.call('manage_dependencies', { task_id: middle, dependencies: [{ dependency_task_id: above }] });
    await server.call('manage_lifecycle', { task_id: top, lifecycle_stage: 'blocked' });

    expect(await waitsOf(server, leaf)).toEqual([
      `waits for "Own" (${own}). Way out: Complete ${own} first`,
      `with ${middle} above it waits for "Above" (${above}). Way out: Complete ${above} first`,
      `its parent "Top" (${top}) is blocked. Way out: Unblock ${top}`,
    ]);
  });

  test('is its subtasks where it has any', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const both = await waitsOf(server, planId);
    await server.call('complete_subtask', completion(id('a')));
    const one = await waitsOf(server, planId);
    await server.call('complete_subtask', completion(id('b')));

    expect([both, one, await waitsOf(server, planId)]).toEqual([
      [`waits for 2 of its 2 subtasks to end. Way out: orchestrator_next_task with parent_task_id ${planId}`],
      [`waits for 1 of its subtasks to end. Way out: orchestrator_next_task with parent_task_id ${planId}`],
      undefined,
    ]);
  });

  test('is what it lacks itself: a decision, its release as a draft, the end of a block', async () => {
    await using server = await anOrchestrator();
    const approval = await aGenericTask(server, 'Go?', { task_type: 'approval' });
    const draft = await aGenericTask(server, 'Draft', { stage: 'draft' });
    const blocked = await aGenericTask(server, 'Blocked');
    await server.call('complete_subtask', completion(blocked, { next_action: 'blocked', summary: 'No key' }));

    expect(await waitsOf(server, approval)).toEqual([
      expect.stringMatching(/^waits for a decision.*approve or reject/),
    ]);
    expect(await waitsOf(server, draft)).toEqual([expect.stringMatching(/^is a draft.*orchestrator_manage_lifecycle/)]);
    expect(await waitsOf(server, blocked)).toEqual([expect.stringMatching(/^is blocked: No key\. Way out/)]);
  });

  test('a rejected approval says who rejected it and why, and a waived dependency who waived it', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await server.call('initialize_session', { agent_name: 'Ada' });
    const review = await aGenericTask(server, 'Review', { task_type: 'approval' });
    const other = await aGenericTask(server, 'Other');
    const task_id = await aGenericTask(server, 'Release', {
      dependencies: [
        { dependency_task_id: review, dependency_type: 'approval' },
        { dependency_task_id: other },
        { dependency_task_id: other, dependency_type: 'approval' },
      ],
    });
    const about = (dependency_task_id: string, dependency_type: string) => ({
      task_id,
      dependencies: [{ dependency_task_id, dependency_type }],
    });
    await server.call('manage_dependencies', {
      ...about(review, 'approval'),
      operation: 'reject',
      by: 'Grace',
      comment: 'No tests',
    });
    await server.call('manage_dependencies', {
      ...about(other, 'completion'),
      operation: 'waive',
      comment: 'Not needed',
    });
    await server.call('manage_dependencies', { ...about(other, 'approval'), operation: 'reject' });

    const reply = await server.call('get_task', { task_id });
    const status = await server.call('get_status', { task_id });

    expect(reply.waiting_for).toEqual([
      expect.stringContaining(`"Review" (${review}) was rejected by Grace: No tests`),
      expect.stringContaining(`"Other" (${other}) was rejected by Ada`),
    ]);
    expect(reply.dependencies[1]).toMatchObject({
      status: 'waived',
      verdict: 'waived',
      by: 'Ada',
      at: new Date(clock.now()).toISOString(),
      comment: 'Not needed',
    });
    expect(status.blocked[0].reason).toContain('was rejected by Grace: No tests');
  });
});

describe('the story of a task', () => {
  test('says who did what, and what became what, whichever way it was changed', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const [parent, other, task_id] = [
      await aGenericTask(server, 'Parent'),
      await aGenericTask(server, 'Other'),
      await aGenericTask(server, 'Task', { attributes: { title: 'Task', team: 'a', kept: 'same' } }),
    ];
    const edge = { dependency_task_id: other };
    await server.call('update_task', { task_id, title: 'New', attributes: { team: 'b' }, session_id });
    await server.call('update_task', { task_id, parent_task_id: parent, session_id });
    await server.call('manage_dependencies', { task_id, dependencies: [edge], session_id });
    await server.call('manage_dependencies', { task_id, dependencies: [{ ...edge, description: 'Why' }], session_id });
    await server.call('complete_subtask', completion(other, { session_id }));
    await server.call('manage_lifecycle', { task_id: other, lifecycle_stage: 'ready', session_id });
    await server.call('manage_dependencies', {
      task_id,
      dependencies: [edge],
      operation: 'waive',
      comment: 'Go',
      session_id,
    });
    await server.call('execute_subtask', { task_id, session_id });

    const { events } = await server.call('get_task', { task_id, include: ['events'], budget_tokens: 18_000 });

    const told = new Map<string, Body>(events.map((event: Body) => [event.type, event]));
    const detailsOf = (type: string) => told.get(type)?.details;
    expect(told.get('task.updated')).toMatchObject({ session_id, agent_name: 'Ada', at: expect.any(String) });
    expect(detailsOf('task.updated').changes).toMatchObject({ title: { from: 'Task', to: 'New' } });
    expect(JSON.stringify(detailsOf('task.updated'))).toMatch(/"from":("a"|{"team":"a"}).*"to":("b"|{"team":"b"})/);
    expect(JSON.stringify(detailsOf('task.updated'))).not.toContain('same');
    expect(detailsOf('task.moved')).toEqual({ to: parent });
    expect(detailsOf('dependency.updated').changes).toEqual({ description: { to: 'Why' } });
    expect(detailsOf('dependency.satisfied')).toMatchObject({ from: 'pending', to: 'satisfied' });
    expect(detailsOf('dependency.reopened')).toMatchObject({ from: 'satisfied', to: 'pending' });
    expect(detailsOf('dependency.waived')).toMatchObject({ from: 'pending', to: 'waived', comment: 'Go' });
    expect(detailsOf('task.lifecycle_changed')).toMatchObject({ from: 'ready', to: 'active' });
    expect(detailsOf('task.claimed')).toMatchObject({ claim_id: expect.any(String) });
  });

  test('is shown from its end, and pages back to its beginning without a gap', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Long');
    for (let turn = 0; turn < 260; turn++) await server.call('add_note', { task_id, text: `${turn}` });

    const seen: number[] = [];
    let before: number | undefined;
    do {
      const reply = await server.call('get_task', {
        task_id,
        include: ['events'],
        ...(before !== undefined && { events_before: before }),
      });
      const page: number[] = reply.events.map(({ seq }: Body) => seq);
      expect(page).toEqual(page.toSorted((a, b) => a - b));
      seen.unshift(...page);
      before = reply.earlier_events_before;
    } while (before !== undefined);

    const all = await server.orchestrator.read(({ events }) => events.of(task_id, 1000));
    expect(seen).toEqual(all.map(({ seq }) => seq));
  });

  test('cuts long texts, and shows none of the session names that there are not', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Wordy');
    await server.call('update_task', { task_id, description: 'word '.repeat(10_000) });

    const { events } = await server.call('get_task', { task_id, include: ['events'] });

    expect(JSON.stringify(events).length).toBeLessThan(2_000);
    expect(events[0]).not.toHaveProperty('agent_name');
  });
});
