import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aSubtask, type Body, completion } from '../harness.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

/** Multiplies the rounds, for a long run. */
const STRESS = Number(process.env.STRESS ?? 1);
const REPEATED = { repeats: STRESS - 1, timeout: 30_000 * STRESS };

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-closing-')));
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

/** Sends a call whose reply nobody waits for. */
const send = ({ rpc }: RawServer, name: string, args: Body, id = 'nobody waits') =>
  rpc.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: `orchestrator_${name}`, arguments: args } });

const HUGE_PLAN = {
  description: 'A huge plan',
  subtasks_json: JSON.stringify(
    Array.from({ length: 500 }, (_, number) => aSubtask(`Task ${number}`, number === 0 ? [] : [`Task ${number - 1}`])),
  ),
};
const HUGE_WORK = 'x'.repeat(4 * 1024 * 1024);

const storeFolder = () => join(workspace, '.task_orchestrator');
const openStore = (options = {}) => new Sqlite(join(storeFolder(), 'task_orchestrator.db'), options);

function inStore<T>(look: (all: (sql: string) => Body[]) => T): T {
  const database = openStore({ readonly: true });
  try {
    return look((sql) => database.prepare<[], Body>(sql).all());
  } finally {
    database.close();
  }
}

/** Keeps all servers from writing until it is disposed of: a call that writes is then under way for as long. */
function aLock(): Disposable {
  const database = openStore();
  database.exec('begin immediate');
  return { [Symbol.dispose]: () => void database.close() };
}

const filesOfArtifacts = async () => {
  const folder = join(storeFolder(), 'artifacts');
  const files = existsSync(folder) ? await readdir(folder, { recursive: true, withFileTypes: true }) : [];
  return files.filter((file) => file.isFile()).map(({ name }) => name);
};

/** Nothing is half done: the store is sound, each plan has all of its tasks, each artifact its file, and no file is unfinished. */
async function expectNothingHalfDone(): Promise<void> {
  const [integrity, keys, counts, artifacts] = inStore((all) => [
    all('pragma integrity_check'),
    all('pragma foreign_key_check'),
    all(`select children, (select count(*) from tasks as child where child.parent_id = plan.id) as stored
      from tasks as plan where type = 'plan'`),
    all('select id from artifacts'),
  ]);
  expect(integrity).toEqual([{ integrity_check: 'ok' }]);
  expect(keys).toEqual([]);
  for (const { children, stored } of counts ?? []) expect(stored).toBe(children);
  const files = await filesOfArtifacts();
  expect(files).toEqual(expect.arrayContaining((artifacts ?? []).map(({ id }) => `${id}.md`)));
  expect(files.filter((name) => !name.endsWith('.md'))).toEqual([]);
}

const ENDINGS = {
  'stdin is closed': (server: RawServer) => server.end(),
  'SIGTERM comes': (server: RawServer) => server.kill('SIGTERM'),
  'SIGINT comes': (server: RawServer) => server.kill('SIGINT'),
} as const;
const EACH_ENDING = Object.entries(ENDINGS);

const sizeOfLog = () => statSync(join(storeFolder(), 'task_orchestrator.db-wal')).size;

/** How far a call has come when the end begins. */
const MOMENTS = {
  'sent but not read': async () => undefined,
  'read and begun': ({ rpc }: RawServer) => rpc.request('ping'),
  async 'as it is committed'(_: RawServer, before: number) {
    while (sizeOfLog() === before) await soon();
  },
} as const;

async function expectEndWithinASecond(server: RawServer, end: (server: RawServer) => Promise<unknown>): Promise<void> {
  const began = performance.now();
  expect(await end(server)).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(1_000);
}

describe.each(EACH_ENDING)('when %s', (_, end) => {
  test.each(Object.entries(MOMENTS))(
    'while a plan of 500 is made, %s, it is there whole or not at all',
    REPEATED,
    async (_, moment) => {
      await using server = await aServer();
      await done(server, 'initialize_session');

      const before = sizeOfLog();
      send(server, 'plan_task', HUGE_PLAN);
      await moment(server, before);
      await expectEndWithinASecond(server, end);

      await expectNothingHalfDone();
      expect([0, 501]).toContain(inStore((all) => all('select * from tasks')).length);
    },
  );

  test('while a large piece of work is written, it is there whole or not at all', REPEATED, async () => {
    await using server = await aServer();
    const plan = await done(server, 'plan_task', {
      description: 'A plan',
      subtasks_json: JSON.stringify([aSubtask('Only')]),
    });

    send(server, 'complete_subtask', completion(plan.subtasks[0].task_id, { detailed_work: HUGE_WORK }));
    while ((await filesOfArtifacts()).length === 0) await soon();
    await expectEndWithinASecond(server, end);

    await expectNothingHalfDone();
  });

  test('while a call waits for its turn, the call is given up', REPEATED, async () => {
    await using server = await aServer();
    await done(server, 'initialize_session');

    using lock = aLock();
    send(server, 'plan_task', HUGE_PLAN);
    await server.rpc.request('ping');
    await expectEndWithinASecond(server, end);
    lock[Symbol.dispose]();

    await expectNothingHalfDone();
    expect(inStore((all) => all('select * from tasks'))).toEqual([]);
  });

  test('while the first call opens the store, the next server finds nothing in its way', REPEATED, async () => {
    await using server = await aServer();

    send(server, 'plan_task', HUGE_PLAN);
    await expectEndWithinASecond(server, end);

    if (existsSync(join(storeFolder(), 'task_orchestrator.db'))) {
      expect(inStore((all) => all('select id from sessions where ended_at is null'))).toEqual([]);
    }
    await using other = await aServer();
    await done(other, 'initialize_session');
    await expectNothingHalfDone();
  });

  test('the sessions end and what they hold is given back', REPEATED, async () => {
    await using server = await aServer();
    await using other = await aServer();
    const [{ session_id }, second] = [
      await done(server, 'initialize_session'),
      await done(server, 'initialize_session'),
    ];
    const subtasks_json = JSON.stringify([aSubtask('One'), aSubtask('Two'), aSubtask('Three')]);
    const plan = await done(server, 'plan_task', { description: 'A plan', subtasks_json });
    const [one, two] = plan.subtasks.map((subtask: Body) => subtask.task_id);
    await done(server, 'execute_subtask', { task_id: one });
    await done(server, 'execute_subtask', { task_id: two, session_id: second.session_id });

    send(server, 'plan_task', HUGE_PLAN);
    await expectEndWithinASecond(server, end);

    const [claims, open, released, ended] = inStore((all) => [
      all('select * from claims'),
      all('select id from sessions where ended_at is null'),
      all("select task_id from events where type = 'task.released' order by seq"),
      all("select session_id from events where type = 'session.ended' order by session_id"),
    ]);
    expect(claims).toEqual([]);
    expect(open).toEqual([]);
    expect(released?.map(({ task_id }) => task_id).sort()).toEqual([one, two].sort());
    expect(ended?.map((event) => event.session_id)).toEqual([session_id, second.session_id].sort());
    expect(await done(other, 'execute_subtask', { task_id: one })).not.toHaveProperty('already_held_since');
    const { recovery_info } = await done(other, 'initialize_session');
    expect(recovery_info).not.toHaveProperty('stopped_sessions');
    expect(recovery_info.interrupted_tasks).toMatchObject([{ task_id: one }, { task_id: two }]);
  });
});

describe('a session that another server has continued', () => {
  test('goes on, with what it holds, when the one that it left ends', async () => {
    await using first = await aServer();
    await using second = await aServer();
    const { session_id } = await done(first, 'initialize_session');
    const subtasks_json = JSON.stringify([aSubtask('Only')]);
    const plan = await done(first, 'plan_task', { description: 'A plan', subtasks_json });
    const [{ task_id }] = plan.subtasks;
    await done(first, 'execute_subtask', { task_id });

    await done(second, 'initialize_session', { session_id });
    await first.end();

    expect(inStore((all) => all('select holder from claims'))).toEqual([{ holder: session_id }]);
    expect(inStore((all) => all('select id from sessions where ended_at is null'))).toEqual([{ id: session_id }]);
    const held = await done(second, 'execute_subtask', { task_id, session_id });
    expect(held).toMatchObject({ already_held_since: expect.any(String) });
  });
});

describe('a call that its client takes back', () => {
  const takeBack = ({ rpc }: RawServer, requestId: string) => rpc.notify('notifications/cancelled', { requestId });
  const idsAnswered = ({ rpc }: RawServer) => rpc.lines.map((line) => JSON.parse(line).id);

  test('while it waits for its turn leaves nothing, and is not answered', REPEATED, async () => {
    await using server = await aServer();
    await done(server, 'initialize_session');

    using lock = aLock();
    send(server, 'plan_task', HUGE_PLAN, 'the plan');
    await server.rpc.request('ping');
    takeBack(server, 'the plan');
    await server.rpc.request('ping');
    lock[Symbol.dispose]();
    await done(server, 'add_note', { text: 'Work goes on' });

    expect(inStore((all) => all('select * from tasks'))).toEqual([]);
    expect(inStore((all) => all('select text from notes'))).toEqual([{ text: 'Work goes on' }]);
    expect(idsAnswered(server)).not.toContain('the plan');
  });

  test('while its work is written leaves the task as it was, and no file half written', REPEATED, async () => {
    await using server = await aServer();
    const plan = await done(server, 'plan_task', {
      description: 'A plan',
      subtasks_json: JSON.stringify([aSubtask('Only')]),
    });
    const [{ task_id }] = plan.subtasks;
    const before = await done(server, 'get_task', { task_id, include: ['events', 'artifacts'] });

    send(server, 'complete_subtask', completion(task_id, { detailed_work: HUGE_WORK }), 'the work');
    while ((await filesOfArtifacts()).length === 0) await soon();
    takeBack(server, 'the work');
    while ((await filesOfArtifacts()).some((name) => !name.endsWith('.md'))) await soon();

    expect(await done(server, 'get_task', { task_id, include: ['events', 'artifacts'] })).toEqual(before);
    expect(idsAnswered(server)).not.toContain('the work');
    await expectNothingHalfDone();
  });

  test('before it has begun leaves nothing', REPEATED, async () => {
    await using server = await aServer();
    await done(server, 'initialize_session');
    const params = { name: 'orchestrator_plan_task', arguments: HUGE_PLAN };

    server.rpc.write(
      [
        { jsonrpc: '2.0', id: 'the plan', method: 'tools/call', params },
        { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'the plan' } },
      ]
        .map((message) => `${JSON.stringify(message)}\n`)
        .join(''),
    );
    await done(server, 'add_note', { text: 'Work goes on' });

    expect(inStore((all) => all('select * from tasks'))).toEqual([]);
  });
});
