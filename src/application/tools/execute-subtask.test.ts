import { describe, expect, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';

/** Two sessions of one server. */
async function twoSessions({ call }: TestOrchestrator) {
  const first = await call('initialize_session', { agent_name: 'Ada' });
  const second = await call('initialize_session', { agent_name: 'Bob' });
  return { ada: { session_id: String(first.session_id) }, bob: { session_id: String(second.session_id) } };
}

const eventTypes = async (server: TestOrchestrator, id: string) =>
  (await server.orchestrator.read(({ events }) => events.of(id, 100))).map(({ type }) => type);

const lastEvent = async (server: TestOrchestrator, id: string) =>
  (await server.orchestrator.read(({ events }) => events.of(id, 1)))[0];

describe('execute_subtask takes a task', () => {
  test('the example of the reference is answered as the reference shows it', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('Design scraper architecture', [], {
        description: 'Plan scalable scraping system',
        specialist_type: 'architect',
      }),
    ]);
    const task_id = id('Design scraper architecture');

    const reply = await server.call('execute_subtask', { task_id });

    expect(reply.specialist_context).toMatchObject({
      role: 'Senior Software Architect',
      expertise: expect.arrayContaining([expect.any(String)]),
      approach: expect.any(String),
      task_details: {
        task_id,
        title: 'Design scraper architecture',
        description: 'Plan scalable scraping system',
        specialist_type: 'architect',
      },
    });
    expect(reply.instructions).toContain('Please complete this task as the architect specialist');
  });

  test('it becomes active and is held for four hours', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);

    const { claim } = await server.call('execute_subtask', { task_id: id('a') });

    expect(claim).toEqual({
      claim_id: expect.stringMatching(/^claim_[0-9a-z]{8}$/),
      held_by: session_id,
      lease_until: new Date(clock.now() + 4 * HOUR).toISOString(),
    });
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'active', claim });
  });

  test('the lease is as long as it is asked for', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);

    const { claim } = await server.call('execute_subtask', { task_id: id('a'), lease_seconds: 60 });

    expect(claim.lease_until).toBe(new Date(clock.now() + 60_000).toISOString());
  });

  test.each([59, 604_801, 1.5])('a lease of %d seconds is refused', async (lease_seconds) => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('execute_subtask', { task_id: id('a'), lease_seconds });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'lease_seconds' });
  });

  test('its parents go to work with it', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('b')], { parent_task_id: outer.id('a') });

    await server.call('execute_subtask', { task_id: inner.id('b') });

    for (const task_id of [inner.planId, outer.id('a'), outer.planId]) {
      expect(await server.call('get_task', { task_id })).toMatchObject({ lifecycle_stage: 'active' });
    }
  });

  test('a change of stage, of status and the claim are recorded', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    await server.call('execute_subtask', { task_id: id('a') });

    expect(await eventTypes(server, id('a'))).toEqual([
      'task.created',
      'task.lifecycle_changed',
      'task.status_changed',
      'task.claimed',
    ]);
  });

  test('a blocked task is taken up again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a'), { next_action: 'blocked' }));

    await server.call('execute_subtask', { task_id: id('a') });

    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'active' });
  });

  test('a shorter beginning of its id is refused, saying how much is needed', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('execute_subtask', { task_id: id('a').slice(0, -5) });

    expect(refusal).toMatchObject({
      error: `Task not found: ${id('a').slice(0, -5)}`,
      suggestion: expect.stringContaining('at least 4 characters after the _'),
    });
  });

  test('an unambiguous beginning of its id that holds four of its own characters is enough', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('execute_subtask', { task_id: id('a').slice(0, -4) });

    expect(reply.specialist_context.task_details.task_id).toBe(id('a'));
  });

  test('an ambiguous beginning is refused with the ids it may mean', async () => {
    let drawn = 0;
    await using server = await anOrchestrator({ drawId: () => `abcd${String(drawn++).padStart(4, '0')}` });
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);

    const refusal = await server.refused('execute_subtask', { task_id: 'implementer_abcd' });

    expect(refusal).toMatchObject({ code: 'invalid', did_you_mean: [id('a'), id('b')] });
  });
});

describe('execute_subtask refuses', () => {
  test('a task whose prerequisites are open, naming each and what can be done now', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c', ['a', 'b'])]);

    const refusal = await server.refused('execute_subtask', { task_id: id('c') });

    expect(refusal).toMatchObject({
      code: 'refused',
      error: `Task ${id('c')} cannot start yet: 2 open prerequisites`,
      unmet: [
        {
          task_id: id('a'),
          title: 'a',
          status: 'pending',
          dependency_type: 'completion',
          dependency_status: 'pending',
        },
        { task_id: id('b'), title: 'b' },
      ],
    });
    expect(new Set(refusal.actionable)).toEqual(new Set([id('a'), id('b')]));
    expect(refusal.suggestion).toContain('orchestrator_next_task');
  });

  test('a part of a task that waits, naming what the task waits for', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const inner = await aPlan(server, [aSubtask('part')], { parent_task_id: id('second') });

    const refusal = await server.refused('execute_subtask', { task_id: inner.id('part') });

    expect(refusal.unmet).toMatchObject([{ task_id: id('first'), through: id('second') }]);
  });

  test('an ended task, with its stage', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('execute_subtask', { task_id: id('a') });

    expect(refusal).toMatchObject({ code: 'refused', lifecycle_stage: 'completed' });
    expect(refusal.error).toContain(id('a'));
  });

  test('a parent, naming how to go on with it', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('execute_subtask', { task_id: planId });

    expect(refusal).toMatchObject({ code: 'refused' });
    expect(refusal.suggestion).toBe(`Use orchestrator_next_task with parent_task_id ${planId}`);
  });

  test('a parent in review, naming its synthesis', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('execute_subtask', { task_id: planId });

    expect(refusal.suggestion).toBe(`Use orchestrator_synthesize_results with parent_task_id ${planId}`);
  });

  test('an approval, which people decide', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], { task_type: 'approval' })]);

    const refusal = await server.refused('execute_subtask', { task_id: id('a'), allow_unmet: true, take_over: true });

    expect(refusal).toMatchObject({ code: 'refused' });
    expect(refusal.suggestion).toContain('approve');
  });

  test('an unknown task in the words of the reference', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('execute_subtask', { task_id: 'invalid_task_123' });

    expect(refusal).toMatchObject({
      error: 'Task not found: invalid_task_123',
      code: 'not_found',
      suggestion: 'Use orchestrator_get_status to see available tasks',
    });
  });

  test('a call without a task in the words of the reference', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('execute_subtask');

    expect(refusal).toMatchObject({
      error: 'Missing required parameter: task_id',
      required_parameters: ['task_id'],
      provided_parameters: [],
    });
  });

  test('nothing is left behind by a refusal', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    await server.refused('execute_subtask', { task_id: id('b') });

    expect(await eventTypes(server, id('b'))).toEqual(['task.created', 'dependency.added']);
  });
});

describe('execute_subtask with allow_unmet', () => {
  test('starts in spite of open prerequisites, which is recorded', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    await server.call('execute_subtask', { task_id: id('b'), allow_unmet: true });

    expect(await lastEvent(server, id('b'))).toMatchObject({ type: 'task.claimed', details: { unmet: [id('a')] } });
  });

  test('never passes an approval', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('gate', [], { task_type: 'approval' }),
      aSubtask('other'),
      aSubtask('b', ['gate', 'other']),
    ]);

    const refusal = await server.refused('execute_subtask', { task_id: id('b'), allow_unmet: true });

    expect(refusal.code).toBe('refused');
  });

  test('never passes an approval that an ancestor waits for', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('gate', [], { task_type: 'approval' }), aSubtask('b', ['gate'])]);
    const inner = await aPlan(server, [aSubtask('part')], { parent_task_id: id('b') });

    const refusal = await server.refused('execute_subtask', { task_id: inner.id('part'), allow_unmet: true });

    expect(refusal.code).toBe('refused');
  });
});

describe('execute_subtask on a task that is held', () => {
  test('the holder gets the same briefing again, and its lease anew', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim, specialist_context } = await server.call('execute_subtask', { task_id: id('a') });
    const taken = clock.now();
    clock.advance(HOUR);

    const again = await server.call('execute_subtask', { task_id: id('a') });

    expect(again).toMatchObject({
      specialist_context,
      already_held_since: new Date(taken).toISOString(),
      claim: { claim_id: claim.claim_id, lease_until: new Date(clock.now() + 4 * HOUR).toISOString() },
    });
  });

  test('another gets a conflict that names the holder and until when', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { ada, bob } = await twoSessions(server);
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a'), ...ada });

    const refusal = await server.refused('execute_subtask', { task_id: id('a'), ...bob });

    expect(refusal).toMatchObject({
      code: 'conflict',
      held_by: ada.session_id,
      lease_until: new Date(clock.now() + 4 * HOUR).toISOString(),
    });
    expect(refusal.error).toContain('Ada');
  });

  test('take_over hands it on with a new claim, and is recorded with its former holder', async () => {
    await using server = await anOrchestrator();
    const { ada, bob } = await twoSessions(server);
    const { id } = await aPlan(server, [aSubtask('a')]);
    const before = await server.call('execute_subtask', { task_id: id('a'), ...ada });

    const after = await server.call('execute_subtask', { task_id: id('a'), take_over: true, ...bob });

    expect(after.claim.held_by).toBe(bob.session_id);
    expect(after.claim.claim_id).not.toBe(before.claim.claim_id);
    expect(await lastEvent(server, id('a'))).toMatchObject({
      type: 'task.taken_over',
      details: { from: ada.session_id },
      sessionId: bob.session_id,
    });
  });

  test('who was taken over is fenced off by its claim', async () => {
    await using server = await anOrchestrator();
    const { ada, bob } = await twoSessions(server);
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a'), ...ada });
    await server.call('execute_subtask', { task_id: id('a'), take_over: true, ...bob });

    const refusal = await server.refused('execute_subtask', { task_id: id('a'), claim_id: claim.claim_id, ...ada });

    expect(refusal).toMatchObject({ code: 'conflict', held_by: bob.session_id });
  });

  test('a claim id that is shown decides alone, whoever calls', async () => {
    await using server = await anOrchestrator();
    const { ada, bob } = await twoSessions(server);
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a'), ...ada });

    const reply = await server.call('execute_subtask', { task_id: id('a'), claim_id: claim.claim_id, ...bob });

    expect(reply).toHaveProperty('already_held_since');
  });

  test('a lease that ran out leaves the task to the next', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { ada, bob } = await twoSessions(server);
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a'), ...ada });
    clock.advance(4 * HOUR);

    const reply = await server.call('execute_subtask', { task_id: id('a'), ...bob });

    expect(reply.claim.held_by).toBe(bob.session_id);
    expect(await eventTypes(server, id('a'))).toContain('task.lease_expired');
  });
});

describe('the briefing of execute_subtask', () => {
  test('holds the title, description and context of the parent', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')], {
      description: 'Build a scraper\nwith a queue per host',
      context: 'An online shop',
    });

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('a') });

    expect(specialist_context.task_details.parent).toEqual({
      title: 'Build a scraper',
      description: 'Build a scraper\nwith a queue per host',
      context: 'An online shop',
    });
  });

  test('holds title, summary, artifact and path of each prerequisite, and not the work itself', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    const { artifact_info } = await server.call(
      'complete_subtask',
      completion(id('a'), { summary: 'One queue per host', detailed_work: 'SECRET LENGTHY WORK' }),
    );

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('b') });

    expect(specialist_context.dependency_context).toEqual([
      {
        task_id: id('a'),
        title: 'a',
        summary: 'One queue per host',
        artifact_id: artifact_info.artifact_id,
        accessible_via: `.task_orchestrator/artifacts/${id('a')}/${artifact_info.artifact_id}.md`,
      },
    ]);
    expect(JSON.stringify(specialist_context)).not.toContain('SECRET');
  });

  test('holds the acceptance criteria, the notes and what was wrong with earlier attempts', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], { acceptance_criteria: ['It is fast'] })]);
    await server.call('add_note', { task_id: id('a'), kind: 'decision', text: 'No regular expressions' });
    await server.call(
      'complete_subtask',
      completion(id('a'), { next_action: 'needs_revision', summary: 'It leaks memory' }),
    );

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('a') });

    expect(specialist_context).toMatchObject({
      acceptance_criteria: ['It is fast'],
      notes: [{ kind: 'decision', text: 'No regular expressions' }],
      previous_attempts: [{ outcome: 'needs_revision', summary: 'It leaks memory' }],
    });
  });

  test('leaves out what there is nothing of', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('a') });

    for (const field of ['dependency_context', 'acceptance_criteria', 'previous_attempts', 'notes']) {
      expect(specialist_context).not.toHaveProperty(field);
    }
  });

  test('stays within its budget however long the texts are', async () => {
    await using server = await anOrchestrator();
    const long = 'word '.repeat(20_000);
    const { id } = await aPlan(server, [aSubtask('a', [], { description: long })], {
      description: long,
      context: long,
    });

    const reply = await server.call('execute_subtask', { task_id: id('a'), budget_tokens: 1000 });

    expect(JSON.stringify(reply).length / 3).toBeLessThan(1000);
  });

  test('says which edges were passed over', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('b'), allow_unmet: true });

    expect(specialist_context.dependency_context).toEqual([
      { task_id: id('a'), title: 'a', dependency_status: 'pending' },
    ]);
  });
});

describe('the briefing of a part of a part', () => {
  test('holds what was said above it: context, criteria, and what its parent builds on', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(
      server,
      [aSubtask('Design'), aSubtask('Build', ['Design'], { acceptance_criteria: ['It is fast'], priority: 'high' })],
      { context: 'No TypeScript' },
    );
    await server.call('complete_subtask', completion(outer.id('Design'), { summary: 'One queue' }));
    const inner = await aPlan(server, [aSubtask('Write')], {
      parent_task_id: outer.id('Build'),
      description: 'Build it',
    });

    const { specialist_context } = await server.call('execute_subtask', { task_id: inner.id('Write') });

    expect(specialist_context.task_details.parent).toMatchObject({
      title: 'Build it',
      parent: { title: 'Build', acceptance_criteria: ['It is fast'], parent: { context: 'No TypeScript' } },
    });
    expect(specialist_context.dependency_context).toMatchObject([
      { task_id: outer.id('Design'), summary: 'One queue' },
    ]);
  });

  test('is as urgent as what was broken down', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('Build', [], { priority: 'high' })]);

    const inner = await aPlan(server, [aSubtask('Write')], { parent_task_id: outer.id('Build') });

    expect(await server.call('get_task', { task_id: inner.id('Write') })).toMatchObject({ priority: 'high' });
  });
});

test('a briefing shows the attributes of a task and when it is due', async () => {
  await using server = await anOrchestrator();
  const attributes = { title: 'Fix it', due_date: '2027-01-01', browser: 'Firefox' };
  const task_id = await aGenericTask(server, 'Fix it', { attributes });

  const { specialist_context } = await server.call('execute_subtask', { task_id });

  expect(specialist_context.task_details).toMatchObject({ due_date: '2027-01-01', attributes: { browser: 'Firefox' } });
});
