import { describe, expect, test } from 'vitest';
import { directly } from '../../../test/directly.ts';
import { aClock, anOrchestrator, aPlan, aSubtask, type Body, completion, HOUR } from '../../../test/harness.ts';
import { tokensOf } from '../../domain/budget.ts';
import { processes } from '../../infrastructure/processes.ts';

const ids = (reply: Body) => reply.sessions.map(({ session_id }: Body) => session_id);

describe('list_sessions', () => {
  test('tells who works here, and what they created, hold and completed', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const began_at = new Date(clock.now()).toISOString();
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')], { session_id });
    await server.call('complete_subtask', completion(id('a'), { session_id }));
    clock.advance(HOUR);
    await server.call('execute_subtask', { task_id: id('b'), session_id });

    const reply = await server.call('list_sessions');

    expect(reply).toEqual({
      sessions: [
        {
          session_id,
          agent_name: 'Ada',
          state: 'live',
          began_at,
          latest_activity_at: new Date(clock.now()).toISOString(),
          tasks: { held: 1, created: 3, completed: 1 },
        },
      ],
      total: 1,
    });
  });

  test('tells those that ended, stopped and live apart', async () => {
    await using server = await anOrchestrator();
    const ended = await anOrchestrator({ workspace: server.workspace });
    const { session_id: of } = await ended.call('initialize_session');
    await ended[Symbol.asyncDispose]();
    await using store = await directly({ workspace: server.workspace });
    const process = { ...processes().self, startedAt: 'another time' };
    await store.write(({ sessions }) =>
      sessions.insert({ id: 'session_stopped0', agentName: 'Gone', createdAt: 1, endedAt: undefined, process }),
    );
    const { session_id: live } = await server.call('initialize_session');

    const [all, ...each] = await Promise.all(
      [undefined, 'live', 'stopped', 'ended'].map((state) =>
        server.call('list_sessions', state === undefined ? {} : { state }),
      ),
    );

    expect(new Set(ids(all ?? {}))).toEqual(new Set([live, 'session_stopped0', of]));
    expect(each.map((reply) => [ids(reply), reply.total])).toEqual([
      [[live], 1],
      [['session_stopped0'], 1],
      [[of], 1],
    ]);
  });

  test('pages through all of them, each once, the latest first', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const begun: string[] = [];
    for (let turn = 0; turn < 5; turn++) {
      if (turn % 2 === 0) clock.advance(HOUR);
      begun.unshift((await server.call('initialize_session', { agent_name: `${turn}` })).session_id);
    }

    const seen: string[] = [];
    let next: Body = {};
    do {
      next = await server.call('list_sessions', { limit: 2, ...(next.next_cursor && { cursor: next.next_cursor }) });
      seen.push(...ids(next));
      expect(next.total).toBe(5);
    } while (next.next_cursor !== undefined);

    expect(new Set(seen)).toEqual(new Set(begun));
    expect(seen).toHaveLength(5);
    expect(seen[0]).toBe(begun[0]);
  });

  test('goes on with the next page where long names leave no room', async () => {
    await using server = await anOrchestrator();
    for (let turn = 0; turn < 30; turn++) await server.call('initialize_session', { agent_name: '名'.repeat(200) });

    const first = await server.call('list_sessions', { limit: 50 });
    const second = await server.call('list_sessions', { limit: 50, cursor: first.next_cursor });

    expect(tokensOf(first)).toBeLessThanOrEqual(6_000);
    expect(ids(first).length + ids(second).length).toBe(30);
    expect(second).not.toHaveProperty('next_cursor');
  });

  test('refuses a cursor that it did not give', async () => {
    await using server = await anOrchestrator();

    expect(await server.refused('list_sessions', { cursor: 'abc' })).toMatchObject({ code: 'not_found' });
  });
});
