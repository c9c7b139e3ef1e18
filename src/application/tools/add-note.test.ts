import { describe, expect, test } from 'vitest';
import { aClock, anOrchestrator, aPlan, aSubtask, HOUR } from '../../../test/harness.ts';

describe('add_note', () => {
  test('a note is kept with its kind and time', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('add_note', { task_id: id('a'), kind: 'risk', text: 'The host blocks us' });

    const at = new Date(clock.now()).toISOString();
    expect(reply).toEqual({ note_added: true, task_id: id('a'), kind: 'risk', at });
    const { notes } = await server.call('get_task', { task_id: id('a'), include: ['notes'] });
    expect(notes).toMatchObject([{ kind: 'risk', text: 'The host blocks us', at }]);
  });

  test('a note is about progress unless it says otherwise', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('add_note', { text: 'Half done' });

    expect(reply.kind).toBe('progress');
  });

  test('without a task it is about the workspace', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('add_note', { text: 'Tests run on two cores' });

    expect(reply).not.toHaveProperty('task_id');
    const notes = await server.orchestrator.read((context) => context.notes.ofWorkspace(10));
    expect(notes).toMatchObject([{ text: 'Tests run on two cores', taskId: undefined }]);
  });

  test('text is kept as it was given', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const text = '  <b>& "quotes" \\ \r\n\t🚀 ';

    await server.call('add_note', { task_id: id('a'), text });

    const { notes } = await server.call('get_task', { task_id: id('a'), include: ['notes'] });
    expect(notes[0].text).toBe(text);
  });

  test('the lease of its writer begins anew, without a new version of the task', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a'), lease_seconds: 600 });
    const before = await server.call('get_task', { task_id: id('a') });
    clock.advance(500_000);

    const reply = await server.call('add_note', { task_id: id('a'), text: 'Still here' });

    const after = await server.call('get_task', { task_id: id('a') });
    expect(reply.lease_until).toBe(new Date(clock.now() + 600_000).toISOString());
    expect(after.claim.lease_until).toBe(reply.lease_until);
    expect(after.version).toBe(before.version);
  });

  test('the lease of another is left as it is', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session');
    const other = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a'), session_id });
    clock.advance(HOUR);

    const reply = await server.call('add_note', { task_id: id('a'), text: 'Look', session_id: other.session_id });

    expect(reply).not.toHaveProperty('lease_until');
    expect((await server.call('get_task', { task_id: id('a') })).claim).toEqual(claim);
  });

  test('a claim that is shown is renewed whoever shows it', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { session_id } = await server.call('initialize_session');
    const other = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a'), session_id });

    const reply = await server.call('add_note', {
      task_id: id('a'),
      text: 'Look',
      claim_id: claim.claim_id,
      session_id: other.session_id,
    });

    expect(reply).toHaveProperty('lease_until');
  });

  test('a lease that ran out is not renewed: the task is free again', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const reply = await server.call('add_note', { task_id: id('a'), text: 'Too late' });

    expect(reply).not.toHaveProperty('lease_until');
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'ready' });
  });

  test('an ended task takes notes, too', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', {
      task_id: id('a'),
      summary: 's',
      detailed_work: 'w',
      next_action: 'complete',
    });

    const reply = await server.call('add_note', { task_id: id('a'), text: 'In hindsight', kind: 'learning' });

    expect(reply.note_added).toBe(true);
  });

  test('it is recorded as an event', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    await server.call('add_note', { task_id: id('a'), text: 'x', kind: 'decision' });

    const [event] = await server.orchestrator.read((context) => context.events.of(id('a'), 1));
    expect(event).toMatchObject({ type: 'note.added', details: { kind: 'decision' } });
  });

  test('an empty note is refused', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('add_note', { text: '' });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'text' });
  });

  test('an unknown kind is refused with those that there are', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('add_note', { text: 'x', kind: 'decison' });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'kind', given: 'decison', did_you_mean: 'decision' });
  });

  test('an unknown task is refused, and no note is kept', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('add_note', { text: 'x', task_id: 'task_zzzz0000' });

    expect(refusal.code).toBe('not_found');
    expect(await server.orchestrator.read((context) => context.notes.ofWorkspace(10))).toEqual([]);
  });

  test('the beginning of an id is answered with the task that was meant', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('add_note', { text: 'x', task_id: id('a').slice(0, -3) });

    expect(refusal).toMatchObject({ code: 'not_found', did_you_mean: [id('a')] });
  });
});
