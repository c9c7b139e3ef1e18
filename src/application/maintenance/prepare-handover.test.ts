import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { aServer, moved } from '../../../test/maintenance.ts';

const handOver = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'prepare_handover', ...more });

const textOf = ({ workspace }: TestOrchestrator, path: string) => readFile(join(workspace, path), 'utf8');

/** A session that has done something, is at something, and waits, is blocked and stuck with the rest. */
async function aSessionAtWork({ server, clock }: Awaited<ReturnType<typeof aServer>>) {
  const { session_id } = await server.call('initialize_session', { agent_name: 'builder' });
  const plan = await aPlan(server, [
    aSubtask('Done'),
    aSubtask('Active', ['Done']),
    aSubtask('Waiting', ['Active']),
    aSubtask('Blocked'),
    aSubtask('Failed'),
    aSubtask('Stuck', ['Failed']),
    aSubtask('Ready'),
  ]);
  await server.call('complete_subtask', completion(plan.id('Done'), { summary: 'Drawn up' }));
  await server.call(
    'complete_subtask',
    completion(plan.id('Blocked'), { next_action: 'blocked', summary: 'No key for the API' }),
  );
  await moved(server, clock.now, { id: plan.id('Failed'), through: ['active', 'failed'] });
  await server.call('execute_subtask', { task_id: plan.id('Active') });
  for (const kind of ['decision', 'learning', 'risk', 'question', 'progress'])
    await server.call('add_note', { task_id: plan.id('Active'), kind, text: `A ${kind}` });
  return { session_id, plan };
}

describe('a handover', () => {
  test('tells what is done, under way, held up and why, what was noted, and the calls that go on', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { session_id, plan } = await aSessionAtWork(given);

    const { handover, path, recommendations } = await handOver(server);

    expect(handover).toMatchObject({
      from_session: session_id,
      done: [
        {
          task_id: plan.id('Done'),
          title: 'Done',
          summary: 'Drawn up',
          accessible_via: expect.stringMatching(/\.md$/),
        },
      ],
      in_progress: [
        {
          task_id: plan.id('Active'),
          held_by: session_id,
          agent_name: 'builder',
          lease_until: new Date(clock.now() + 4 * HOUR).toISOString(),
          last_recorded: 'A progress',
        },
      ],
      decisions: [{ text: 'A decision', task_id: plan.id('Active') }],
      learnings: [{ text: 'A learning' }],
      risks: [{ text: 'A risk' }],
      open_questions: [{ text: 'A question' }],
      plans: [{ task_id: plan.planId, progress: { completed: 1, total: 7 } }],
      ready: [{ task_id: plan.id('Ready') }],
    });
    const heldUp = Object.fromEntries(
      handover.blocked.map((one: Body) => [one.title, [one.state, one.reason, one.way_out]]),
    );
    expect(heldUp).toEqual({
      Blocked: ['blocked', 'No key for the API', expect.any(String)],
      Waiting: ['waiting', expect.stringContaining(plan.id('Active')), expect.any(String)],
      Stuck: ['stuck', expect.stringContaining(plan.id('Failed')), expect.any(String)],
    });
    expect(recommendations).toMatchObject([
      { priority: 'high', description: expect.stringContaining(plan.id('Stuck')) },
    ]);
    expect(path).toMatch(/^\.task_orchestrator\/handovers\/2026-01-01-maint_[0-9a-z]{8}\.md$/);
  });

  test('is a file that says the same to people, and repeats the calls word for word', async () => {
    await using given = await aServer();
    const { server } = given;
    const { plan } = await aSessionAtWork(given);

    const { handover, path } = await handOver(server);

    const text = await textOf(server, path);
    for (const { tool, arguments: args } of handover.next_calls)
      expect(text).toContain(`\`${tool} ${JSON.stringify(args)}\``);
    for (const title of [
      'Next calls',
      'Plans',
      'In progress',
      'Blocked, waiting and stuck',
      'Ready',
      'Done',
      'Decisions',
      'Learnings',
      'Risks',
      'Open questions',
    ])
      expect(text).toContain(`## ${title}\n\n`);
    expect(text).toContain(`(\`${plan.id('Blocked')}\`) is blocked: No key for the API. Way out: `);
    expect(text).toContain('Last recorded: A progress');
  });

  test('another agent goes on with the calls that it names, while the first still holds its work', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { session_id, plan } = await aSessionAtWork(given);
    const { handover } = await handOver(server);
    await using other = await anOrchestrator({ workspace: server.workspace, clock: clock.now });

    const replies: Body[] = [];
    for (const { tool, arguments: args } of handover.next_calls) replies.push(await other.call(tool, args));

    expect(handover.next_calls.map(({ tool }: Body) => tool)).toEqual([
      'orchestrator_initialize_session',
      'orchestrator_execute_subtask',
      'orchestrator_next_task',
    ]);
    expect(replies).toMatchObject([
      { session_id },
      { specialist_context: { task_details: { task_id: plan.id('Active') } }, already_held_since: expect.any(String) },
      { task_available: true, task_id: plan.id('Ready') },
    ]);
  });

  test('each call works as it is printed in the file, for who has nothing but the file', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await aSessionAtWork(given);
    const { path, handover } = await handOver(server);
    await using other = await anOrchestrator({ workspace: server.workspace, clock: clock.now });

    const printed = [...(await textOf(server, path)).matchAll(/^\d+\. `(\w+) (\{.*\})`: \S/gm)];
    const replies: Body[] = [];
    for (const [, tool = '', args = ''] of printed) replies.push(await other.call(tool, JSON.parse(args)));

    expect(printed).toHaveLength(handover.next_calls.length);
    expect(replies).toHaveLength(printed.length);
  });

  test('the same calls work once the first agent has left', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const before = await anOrchestrator({ workspace: server.workspace, clock: clock.now });
    const plan = await aPlan(before, [aSubtask('A')]);
    await before.call('execute_subtask', { task_id: plan.id('A') });
    const { handover } = await handOver(before);
    await before[Symbol.asyncDispose]();

    const replies: Body[] = [];
    for (const { tool, arguments: args } of handover.next_calls) replies.push(await server.call(tool, args));

    expect(replies[1]).toMatchObject({ claim: { held_by: handover.from_session } });
  });

  test('a plan whose parts have all ended is to be put together', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('complete_subtask', completion(plan.id('A')));

    const { handover } = await handOver(server);

    const [, call] = handover.next_calls;
    expect(call).toMatchObject({ tool: 'orchestrator_synthesize_results', arguments: { parent_task_id: plan.planId } });
    expect(await server.call(call.tool, call.arguments)).toMatchObject({ synthesis_complete: true });
  });

  test('where nothing can be taken, the status tells what has to move first', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await moved(server, clock.now, { id: plan.id('A'), through: ['blocked'] });

    const { handover } = await handOver(server);

    expect(handover.next_calls.at(-1)).toMatchObject({ tool: 'orchestrator_get_status' });
    const { tool, arguments: args } = handover.next_calls.at(-1);
    expect(await server.call(tool, args)).toMatchObject({ blocked: [{ task_id: plan.id('A') }] });
  });
});

describe('a scope', () => {
  test('one task alone is handed over with the call that takes it up', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);

    const { handover } = await handOver(server, { scope: 'specific_subtask', target_task_id: plan.id('A') });

    expect(handover.ready).toMatchObject([{ task_id: plan.id('A') }]);
    expect(handover.next_calls[1]).toMatchObject({
      tool: 'orchestrator_execute_subtask',
      arguments: { task_id: plan.id('A') },
    });
  });

  test('a session that has touched nothing hands over all open work', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    const { session_id } = await server.call('initialize_session');

    const { handover } = await handOver(server, { session_id });

    expect(handover.ready).toMatchObject([{ task_id: plan.id('A') }]);
  });

  test('what others hold is told, and left to them', async () => {
    await using given = await aServer();
    const { server } = given;
    await server.call('initialize_session');
    const plan = await aPlan(server, [aSubtask('A')]);
    const { session_id } = await server.call('initialize_session', { agent_name: 'other' });
    await server.call('execute_subtask', { task_id: plan.id('A'), session_id });

    const { handover } = await handOver(server, { scope: 'full_project' });

    expect(handover.in_progress).toMatchObject([{ task_id: plan.id('A'), agent_name: 'other' }]);
    expect(handover.next_calls.map(({ tool }: Body) => tool)).not.toContain('orchestrator_execute_subtask');
  });
});

describe('a level', () => {
  test('decides how far back is told', async () => {
    await using given = await aServer();
    const { server } = given;
    const titles = Array.from({ length: 30 }, (_, place) => `Task ${place}`);
    const plan = await aPlan(
      server,
      titles.map((title) => aSubtask(title)),
    );
    for (const title of titles) await server.call('complete_subtask', completion(plan.id(title)));

    const done = async (validation_level: string) => {
      const { handover } = await handOver(server, { validation_level, budget_tokens: 18_000 });
      return handover.done.length;
    };

    expect([await done('basic'), await done('comprehensive'), await done('full_audit')]).toEqual([20, 30, 30]);
  });

  test('a full audit names artifacts that are lost', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    const done = await server.call('complete_subtask', completion(plan.id('A')));
    await rm(join(server.workspace, done.artifact_info.accessible_via));

    const reply = await handOver(server, { validation_level: 'full_audit' });

    expect(reply.recommendations).toMatchObject([{ title: 'Look at lost artifacts' }]);
  });
});

test('a reply with little room keeps the calls, and says what it left to the file', async () => {
  await using given = await aServer();
  const { server } = given;
  await aSessionAtWork(given);

  const reply = await handOver(server, { budget_tokens: 400 });

  expect(reply.handover.next_calls).toHaveLength(3);
  expect(reply.truncated).toMatchObject({ how_to_get_more: expect.stringContaining('path') });
  expect(JSON.stringify(reply).length).toBeLessThan(3 * 400 + 600);
});

test('a dry run writes no file', async () => {
  await using given = await aServer();
  const { server } = given;
  await aSessionAtWork(given);

  const reply = await handOver(server, { dry_run: true });

  expect(reply).not.toHaveProperty('path');
  expect(reply.handover.in_progress).toHaveLength(1);
  expect(await readdir(join(server.workspace, '.task_orchestrator'))).not.toContain('handovers');
});
