import { describe, expect, test } from 'vitest';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../test/harness.ts';

const DAY = 24 * HOUR;
const planArgs = (more: Readonly<Record<string, unknown>> = {}) => ({
  description: 'A goal',
  subtasks_json: JSON.stringify([aSubtask('a')]),
  ...more,
});

const countPlans = (server: TestOrchestrator) =>
  server.orchestrator.read(async ({ tasks }) => (await tasks.roots({ limit: 100 })).length);

describe('a call that is repeated with its idempotency_key', () => {
  test('gets the same reply, and nothing is done again', async () => {
    await using server = await anOrchestrator();
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    const second = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    expect(second).toEqual(first);
    expect(await countPlans(server)).toBe(1);
  });

  test('gets it after a restart, too', async () => {
    await using folder = await anOrchestrator();
    const server = await anOrchestrator({ workspace: folder.workspace });
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));
    await server[Symbol.asyncDispose]();

    const second = await folder.call('plan_task', planArgs({ idempotency_key: 'k' }));

    expect(second).toEqual(first);
  });

  test('gets it whatever the order of its arguments', async () => {
    await using server = await anOrchestrator();
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k', context: 'c' }));

    const second = await server.call('plan_task', { context: 'c', idempotency_key: 'k', ...planArgs() });

    expect(second.parent_task_id).toBe(first.parent_task_id);
  });

  test('with other arguments is a conflict, and nothing is done', async () => {
    await using server = await anOrchestrator();
    await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    const refusal = await server.refused('plan_task', planArgs({ idempotency_key: 'k', context: 'Another' }));

    expect(refusal).toMatchObject({ code: 'conflict', error: expect.stringContaining('k') });
    expect(await countPlans(server)).toBe(1);
  });

  test('of another tool is another call', async () => {
    await using server = await anOrchestrator();
    await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    const reply = await server.call('add_note', { text: 'x', idempotency_key: 'k' });

    expect(reply.note_added).toBe(true);
  });

  test('of another session is another call', async () => {
    await using server = await anOrchestrator();
    const { session_id: ada } = await server.call('initialize_session');
    const { session_id: bob } = await server.call('initialize_session');
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k', session_id: ada }));

    const second = await server.call('plan_task', planArgs({ idempotency_key: 'k', session_id: bob }));

    expect(second.parent_task_id).not.toBe(first.parent_task_id);
  });

  test('that was refused is tried again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.refused('complete_subtask', completion(id('b'), { idempotency_key: 'k' }));
    await server.call('complete_subtask', completion(id('a')));

    const reply = await server.call('complete_subtask', completion(id('b'), { idempotency_key: 'k' }));

    expect(reply.status).toBe('completed');
  });

  test('is known for seven days', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));
    clock.advance(7 * DAY - 1);

    const second = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    expect(second.parent_task_id).toBe(first.parent_task_id);
  });

  test('is a new call after seven days', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const first = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));
    clock.advance(7 * DAY);

    const second = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    expect(second.parent_task_id).not.toBe(first.parent_task_id);
  });

  test('that is new after seven days is known for seven more', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await server.call('plan_task', planArgs({ idempotency_key: 'k' }));
    clock.advance(7 * DAY);
    const second = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    const third = await server.call('plan_task', planArgs({ idempotency_key: 'k' }));

    expect(third.parent_task_id).toBe(second.parent_task_id);
  });

  test('twice at the same time is done once', async () => {
    await using first = await anOrchestrator();
    await using second = await anOrchestrator({ workspace: first.workspace });

    const replies = await Promise.all(
      [first, second, first, second].map((server) => server.call('plan_task', planArgs({ idempotency_key: 'k' }))),
    );

    expect(new Set(replies.map(({ parent_task_id }) => parent_task_id)).size).toBe(1);
  });

  test('completes once, and its artifact is made once', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const first = await server.call('complete_subtask', completion(id('a'), { idempotency_key: 'k' }));

    const second = await server.call('complete_subtask', completion(id('a'), { idempotency_key: 'k' }));

    expect(second).toEqual(first);
    expect(await server.orchestrator.read(({ artifacts }) => artifacts.of([id('a')]))).toHaveLength(1);
  });

  test('adds a note once', async () => {
    await using server = await anOrchestrator();
    await server.call('add_note', { text: 'x', idempotency_key: 'k' });

    await server.call('add_note', { text: 'x', idempotency_key: 'k' });

    expect(await server.orchestrator.read(({ notes }) => notes.ofWorkspace(10))).toHaveLength(1);
  });

  test.each(['', 'x'.repeat(201)])(
    'that is empty or longer than 200 characters is refused',
    async (idempotency_key) => {
      await using server = await anOrchestrator();

      const refusal = await server.refused('add_note', { text: 'x', idempotency_key });

      expect(refusal).toMatchObject({ code: 'invalid', parameter: 'idempotency_key' });
    },
  );
});

describe('a claim under an idempotency_key', () => {
  test('is given again while it lives', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const first = await server.call('next_task', { idempotency_key: 'k' });
    clock.advance(4 * HOUR - 1);

    const second = await server.call('next_task', { idempotency_key: 'k' });

    expect(second.claim.claim_id).toBe(first.claim.claim_id);
  });

  test('is a conflict after its lease ran out', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await aPlan(server, [aSubtask('a')]);
    await server.call('next_task', { idempotency_key: 'k' });
    clock.advance(4 * HOUR);

    const refusal = await server.refused('next_task', { idempotency_key: 'k' });

    expect(refusal).toMatchObject({ code: 'conflict', suggestion: expect.stringContaining('new idempotency_key') });
  });

  test('is a conflict after it was taken over', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session').then(() => server.call('initialize_session'));
    await aPlan(server, [aSubtask('a')]);
    const { task_id } = await server.call('next_task', { idempotency_key: 'k' });
    await server.call('execute_subtask', { task_id, take_over: true, session_id });

    const refusal = await server.refused('next_task', { idempotency_key: 'k' });

    expect(refusal.code).toBe('conflict');
  });

  test('is a conflict after the work was handed in', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a'), idempotency_key: 'k' });
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('execute_subtask', { task_id: id('a'), idempotency_key: 'k' });

    expect(refusal.code).toBe('conflict');
  });
});
