import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aSubtask, type Body, completion } from '../harness.ts';
import { Lives } from '../lives.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

/** Multiplies the kills, for a long run. */
const STRESS = Number(process.env.STRESS ?? 1);

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-crash-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

async function aServer(): Promise<RawServer> {
  const server = startServer({ workspace });
  await server.rpc.initialize();
  return server;
}

/** Calls a tool that must not refuse. */
async function done({ rpc }: Pick<RawServer, 'rpc'>, name: string, args: Body = {}): Promise<Body> {
  const { isError, body } = await rpc.call<Body>(`orchestrator_${name}`, args);
  expect(isError, `${name}: ${JSON.stringify(body)}`).toBe(false);
  return body;
}

const DATABASE = '.task_orchestrator/task_orchestrator.db';

/** Looks into the store beside the servers. */
function inStore<T>(look: (all: (sql: string, ...values: unknown[]) => Body[]) => T): T {
  const database = new Sqlite(join(workspace, DATABASE), { readonly: true });
  try {
    return look((sql, ...values) => database.prepare<unknown[], Body>(sql).all(...values));
  } finally {
    database.close();
  }
}

const isSound = () => inStore((all) => [...all('pragma integrity_check'), ...all('pragma foreign_key_check')]);
const SOUND = [{ integrity_check: 'ok' }];

/** Waits until the store holds what `sql` asks for. */
async function untilStored(sql: string): Promise<void> {
  for (;;) {
    if (inStore((all) => all(sql)).length > 0) return;
    await soon();
  }
}

const FOUR = [
  aSubtask('Design'),
  aSubtask('Build', ['Design']),
  aSubtask('Test', ['Build']),
  aSubtask('Explain', ['Build']),
];

describe('fifty kills in the middle of writing', () => {
  const KILLS = 50 * STRESS;
  const SERVERS = 3;
  const LANES = 3;

  type Call = Readonly<{ name: string; args: Body }>;
  type Acknowledged = Call & Readonly<{ reply: Body }>;

  type Agent = Readonly<{ name: string; acknowledged: Acknowledged[]; isOver: () => boolean }>;

  /** An agent that plans, notes and completes without a pause, and every fourth piece of its work is a large one. */
  async function work(lives: Lives, agent: Agent): Promise<void> {
    const { name: agentName, acknowledged, isOver } = agent;
    let last = 0;
    const perform = (name: string, given: Body) => {
      last += 1;
      const args: Body = { ...given, idempotency_key: `${agentName} ${last}` };
      return lives.perform(async (server) => {
        const reply = await done(server, name, args);
        acknowledged.push({ name, args, reply });
        return reply;
      });
    };
    for (let number = 0; !isOver(); number++) {
      const goal = `${agentName} goal ${number}`;
      const plan = await perform('plan_task', { description: goal, subtasks_json: JSON.stringify(FOUR) });
      for (const { task_id, title } of plan.subtasks) {
        await perform('add_note', { task_id, text: `${goal} note on ${title}`, kind: 'decision' });
        const detailed_work = `${goal} ${title} `.repeat(title === 'Build' ? 10_000 : 10);
        await perform('complete_subtask', completion(task_id, { detailed_work }));
      }
      await perform('synthesize_results', { parent_task_id: plan.parent_task_id });
    }
  }

  /** What the store holds of an acknowledged call, which is to be there once. */
  const RECORDS: Readonly<Record<string, (call: Acknowledged) => readonly [sql: string, ...values: unknown[]]>> = {
    plan_task: ({ args, reply }) => [
      `select count(*) as count from tasks as plan where description = ? and id = ?
        and (select group_concat(id, ' ' order by seq) from tasks where parent_id = plan.id) = ?
        and (select count(*) from dependencies join tasks on tasks.id = task_id where parent_id = plan.id) = 3`,
      args.description,
      reply.parent_task_id,
      reply.subtasks.map((subtask: Body) => subtask.task_id).join(' '),
    ],
    add_note: ({ args }) => [
      'select count(*) as count from notes where task_id = ? and text = ?',
      args.task_id,
      args.text,
    ],
    complete_subtask: ({ args, reply }) => [
      `select count(*) as count from tasks join artifacts on task_id = tasks.id
        where task_id = ? and artifacts.id = ? and stage = 'completed' and sha256 = ?
          and (select count(*) from artifacts where task_id = tasks.id) = 1`,
      args.task_id,
      reply.artifact_info.artifact_id,
      createHash('sha256').update(args.detailed_work).digest('hex'),
    ],
    synthesize_results: ({ args, reply }) => [
      `select count(*) as count from tasks join artifacts on task_id = tasks.id
        where task_id = ? and artifacts.id = ? and stage = 'completed'
          and (select count(*) from artifacts where task_id = tasks.id) = 1`,
      args.parent_task_id,
      reply.synthesis_artifact.artifact_id,
    ],
  };

  /** The acknowledged calls that did not come to be exactly once. */
  const lost = (calls: readonly Acknowledged[]) =>
    inStore((all) =>
      calls.filter((call) => {
        const [sql = '', ...values] = RECORDS[call.name]?.(call) ?? [];
        return all(sql, ...values)[0]?.count !== 1;
      }),
    );

  /** The goals and notes that are in the store more than once, or that nobody asked for. */
  const surplus = (calls: readonly Acknowledged[]) => {
    const asked = new Set(
      calls.flatMap(({ name, args }) => (name === 'plan_task' ? args.description : (args.text ?? []))),
    );
    const texts = inStore((all) => [
      ...all("select description as text from tasks where type = 'plan'"),
      ...all('select text from notes'),
    ]).map(({ text }) => text);
    return [...texts.filter((text) => !asked.has(text)), ...texts.slice(new Set(texts).size)];
  };

  test('lose nothing that was acknowledged, repeat nothing, and leave a store that is sound', {
    timeout: 60_000 * STRESS,
  }, async () => {
    let isOver = false;
    const acknowledged: Acknowledged[] = [];
    const servers = Array.from({ length: SERVERS }, () => new Lives(aServer));
    const agents = servers.flatMap((lives, server) =>
      Array.from({ length: LANES }, (_, lane) =>
        work(lives, { name: `agent ${server}.${lane}`, acknowledged, isOver: () => isOver }),
      ),
    );

    // One of the servers, and then all of them together, in turns.
    let checked = 0;
    for (let kills = 0, round = 0; kills < KILLS; round++) {
      const victims = round % 2 === 0 ? servers.slice((round / 2) % SERVERS).slice(0, 1) : servers;
      await Promise.all(victims.map((lives) => lives.killAfter(1 + (round % 7))));
      kills += victims.length;
      const calls = acknowledged.slice(checked);
      expect(lost(calls)).toEqual([]);
      checked += calls.length;
      expect(isSound()).toEqual(SOUND);
    }
    isOver = true;
    await Promise.all(agents);
    await Promise.all(servers.map((lives) => lives.end()));

    expect(isSound()).toEqual(SOUND);
    expect(lost(acknowledged)).toEqual([]);
    expect(surplus(acknowledged)).toEqual([]);
    await using survivor = await aServer();
    const audit = await done(survivor, 'maintenance_coordinator', {
      action: 'validate_structure',
      scope: 'full_project',
      validation_level: 'full_audit',
    });
    expect(audit.findings).toEqual([]);
    for (const { name, args, reply } of acknowledged.filter((call) => call.name === 'complete_subtask')) {
      const { artifact_id } = reply.artifact_info;
      const artifact = await done(survivor, 'get_artifact', { artifact_id, length: 50 });
      expect(artifact, name).toMatchObject({ state: 'intact', content: args.detailed_work.slice(0, 50) });
    }
  });
});

describe('a server that is killed in the middle of a plan', () => {
  /** The first of four is handed in and the second under way when its server is killed; gives the plan and the session. */
  async function interrupted() {
    await using server = await aServer();
    const { session_id } = await done(server, 'initialize_session', { agent_name: 'first agent' });
    const plan = await done(server, 'plan_task', { description: 'A plan', subtasks_json: JSON.stringify(FOUR) });
    const ids: readonly string[] = plan.subtasks.map((subtask: Body) => subtask.task_id);
    const [design = '', build = ''] = ids;
    await done(server, 'execute_subtask', { task_id: design });
    await done(server, 'complete_subtask', completion(design));
    await done(server, 'execute_subtask', { task_id: build });
    await done(server, 'add_note', { task_id: build, text: 'Half of it stands' });
    await server.kill();
    return { sessionId: String(session_id), planId: String(plan.parent_task_id), ids, build };
  }

  /** Works on everything that is left, in order, and puts the plan together. */
  async function finish(
    server: RawServer,
    { planId, ids, session }: { planId: string; ids: readonly string[]; session: Body },
  ) {
    for (const task_id of ids.slice(1)) {
      await done(server, 'execute_subtask', { task_id, ...session });
      await done(server, 'complete_subtask', completion(task_id, session));
    }
    return done(server, 'synthesize_results', { parent_task_id: planId, ...session });
  }

  test('leaves word of who stopped, what was interrupted, and the call that resumes it', async () => {
    const { sessionId, planId, build } = await interrupted();
    await using server = await aServer();

    const begun = await done(server, 'initialize_session');

    expect(begun.recovery_info).toEqual({
      stopped_sessions: [
        {
          session_id: sessionId,
          agent_name: 'first agent',
          began_at: expect.any(String),
          last_recorded: 'Half of it stands',
          resume_with: { tool: 'orchestrator_initialize_session', arguments: { session_id: sessionId } },
        },
      ],
      interrupted_tasks: [
        {
          task_id: build,
          title: 'Build',
          last_recorded: 'Half of it stands',
          resume_with: { tool: 'orchestrator_execute_subtask', arguments: { task_id: build } },
        },
      ],
    });
    expect(begun.active_tasks).toMatchObject([{ parent_task_id: planId, progress: { completed: 1, total: 4 } }]);
  });

  test('is followed by another session that takes up the work where it stood, to the synthesis', async () => {
    const { planId, ids, build } = await interrupted();
    await using server = await aServer();
    const { recovery_info, session_id } = await done(server, 'initialize_session');
    const [{ resume_with }] = recovery_info.interrupted_tasks;

    const resumed = await server.rpc.call<Body>(resume_with.tool, resume_with.arguments);
    const synthesis = await finish(server, { planId, ids, session: {} });

    expect(resumed).toMatchObject({
      isError: false,
      body: {
        specialist_context: { task_details: { task_id: build }, notes: [{ text: 'Half of it stands' }] },
        claim: { held_by: session_id },
      },
    });
    expect(resumed.body).not.toHaveProperty('already_held_since');
    expect(synthesis).toMatchObject({
      synthesis_complete: true,
      completed_subtasks: 4,
      artifacts: { total_artifacts: 4 },
    });
    expect((await done(server, 'initialize_session')).recovery_info).toBeUndefined();
  });

  test('is followed by the same session, which still holds what it held', async () => {
    const { sessionId, planId, ids, build } = await interrupted();
    await using server = await aServer();

    const continued = await done(server, 'initialize_session', { session_id: sessionId });
    const session = { session_id: sessionId };
    const held = await done(server, 'execute_subtask', { task_id: build, ...session });
    const synthesis = await finish(server, { planId, ids, session });

    expect(continued).toMatchObject({ session_id: sessionId, active_tasks: [{ parent_task_id: planId }] });
    expect(continued.recovery_info.interrupted_tasks).toMatchObject([{ task_id: build }]);
    expect(held).toMatchObject({ claim: { held_by: sessionId }, already_held_since: expect.any(String) });
    expect(synthesis).toMatchObject({ synthesis_complete: true, completed_subtasks: 4 });
  });

  test('gives its task to whoever asks for the next one, without waiting for the lease', async () => {
    const { build } = await interrupted();
    await using server = await aServer();

    expect(await done(server, 'next_task')).toMatchObject({ task_available: true, task_id: build });
  });
});

describe('a reply that was swallowed by a kill', () => {
  const plan = {
    description: 'Planned once',
    subtasks_json: JSON.stringify(FOUR),
    idempotency_key: 'the plan',
  };

  /** Makes a call, and kills the server as soon as the store holds what it does; nobody reads a reply. */
  async function swallowed(name: string, args: Body, trace: string): Promise<void> {
    await using server = await aServer();
    await done(server, 'initialize_session');
    server.rpc.call(`orchestrator_${name}`, args).catch(() => undefined);
    await untilStored(trace);
    await server.kill();
  }

  test('is given to the call that is repeated with its key: a plan is made once', async () => {
    await swallowed('plan_task', plan, "select id from tasks where type = 'plan'");
    await using server = await aServer();

    const repeated = await done(server, 'plan_task', plan);
    const again = await done(server, 'plan_task', plan);

    const stored = inStore((all) => all("select id from tasks where type = 'plan'"));
    expect(stored).toEqual([{ id: repeated.parent_task_id }]);
    expect(again).toEqual(repeated);
  });

  test('is given to the call that is repeated with its key: work is handed in once', async () => {
    await using planner = await aServer();
    const { subtasks } = await done(planner, 'plan_task', plan);
    const handedIn = completion(subtasks[0].task_id, { idempotency_key: 'the design' });
    await swallowed('complete_subtask', handedIn, 'select id from artifacts');
    await using server = await aServer();

    const repeated = await done(server, 'complete_subtask', handedIn);

    const stored = inStore((all) => all('select id from artifacts'));
    expect(stored).toEqual([{ id: repeated.artifact_info.artifact_id }]);
    expect(repeated).toMatchObject({ status: 'completed', parent_task_progress: { completed_subtasks: 1 } });
  });

  test('is not given to another call with the same key', async () => {
    await swallowed('plan_task', plan, "select id from tasks where type = 'plan'");
    await using server = await aServer();

    const { isError, body } = await server.rpc.call<Body>('orchestrator_plan_task', { ...plan, description: 'Other' });

    expect(isError).toBe(true);
    expect(body).toMatchObject({ code: 'conflict', error: expect.stringContaining('the plan') });
    expect(inStore((all) => all("select id from tasks where type = 'plan'"))).toHaveLength(1);
  });
});

describe('a server that is killed in the middle of a maintenance', () => {
  const AUDIT = { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' };

  test('is in the way of nobody: another can be made at once', async () => {
    await using server = await aServer();
    const many = Array.from({ length: 500 }, (_, number) => aSubtask(`Task ${number}`));
    await done(server, 'plan_task', { description: 'Many', subtasks_json: JSON.stringify(many) });
    server.rpc.call('orchestrator_maintenance_coordinator', AUDIT).catch(() => undefined);
    await untilStored('select id from maintenance');
    await server.kill();
    const begun = inStore((all) => all('select id from maintenance'));

    await using other = await aServer();
    const audit = await done(other, 'maintenance_coordinator', AUDIT);

    expect(begun).toHaveLength(1);
    expect(audit.findings).toEqual([]);
    expect(inStore((all) => all('select id from maintenance'))).toEqual([]);
  });
});

describe('a server that is killed while it makes the store', () => {
  /** What comes to be one after the other, each a moment to be killed at. */
  const MOMENTS = ['', '.gitignore', 'task_orchestrator.db', 'task_orchestrator.db-wal', 'task_orchestrator.db-shm'];

  test.each(MOMENTS)(
    'when .task_orchestrator/%s is there leaves nothing that the next one stumbles over',
    async (file) => {
      await using unlucky = await aServer();
      unlucky.rpc.call('orchestrator_plan_task', { description: 'Lost', subtasks_json: '[]' }).catch(() => undefined);
      while (!existsSync(join(workspace, '.task_orchestrator', file))) await soon();
      await unlucky.kill();

      await using server = await aServer();
      const plan = await done(server, 'plan_task', { description: 'A plan', subtasks_json: JSON.stringify(FOUR) });

      expect(isSound()).toEqual(SOUND);
      expect(inStore((all) => all('select count(*) as plans from tasks where id = ?', plan.parent_task_id))).toEqual([
        { plans: 1 },
      ]);
      expect(inStore((all) => all('select schema_version from store'))).toHaveLength(1);
    },
  );
});
