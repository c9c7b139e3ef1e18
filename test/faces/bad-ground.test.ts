import { execFileSync, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { run } from '../command.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { MAIN, RawServer, startServer } from '../stdio-client.ts';

/** A store of the first schema version. */
const OLDEST = '../fixtures/stores/0001-initial.db.gz';

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-ground-')));
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

/** Calls a tool that must refuse, in a way that a caller can go on from, and never by destroying something. */
async function refused({ rpc }: Pick<RawServer, 'rpc'>, name: string, args: Body = {}): Promise<Body> {
  const { isError, body } = await rpc.call<Body>(`orchestrator_${name}`, args);
  expect(isError, `${name}: ${JSON.stringify(body)}`).toBe(true);
  expect(body.code).not.toBe('internal');
  expect(String(body.suggestion)).not.toMatch(/delet|remov|rm -|drop|reset|overwrit/i);
  return body;
}

const plan = (...titles: readonly string[]) => ({
  description: `A plan of ${titles.length}`,
  subtasks_json: JSON.stringify(titles.map((title) => aSubtask(title))),
});

const folder = () => join(workspace, '.task_orchestrator');
const databaseFile = () => join(folder(), 'task_orchestrator.db');
const artifactFile = ({ task_id, artifact_info }: Body) =>
  join(folder(), 'artifacts', task_id, `${artifact_info.artifact_id}.md`);

/** A store with a plan of two, one of them handed in; its server has ended. */
async function aStore() {
  await using server = await aServer();
  const { parent_task_id, subtasks } = await done(server, 'plan_task', plan('One', 'Two'));
  const handedIn = await done(
    server,
    'complete_subtask',
    completion(subtasks[0].task_id, { detailed_work: 'The work' }),
  );
  await server.end();
  return { planId: String(parent_task_id), handedIn, openTask: String(subtasks[1].task_id) };
}

/** Has the system do something to a disk or a folder. */
const system = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'pipe' });

describe('a disk', () => {
  const MEGABYTE = 1024 * 1024;
  const filler = () => join(workspace, 'filler');

  /** Puts a disk of its own under the workspace; where that is not permitted there is nothing to test on. */
  function aDisk({ skip }: TestContext): void {
    try {
      system('mount', '-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', workspace);
      isMounted = true;
    } catch (error) {
      skip(`no disk of its own could be mounted: ${error}`);
    }
  }
  let isMounted = false;
  afterEach(() => {
    if (isMounted) system('umount', workspace);
    isMounted = false;
  });

  function fill(): void {
    for (const size of [MEGABYTE, 4096, 1]) {
      try {
        for (;;) appendFileSync(filler(), Buffer.alloc(size));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
  }

  const MANY = plan(...Array.from({ length: 400 }, (_, number) => `Task ${number}`));

  test('that is full loses nothing, and work goes on when there is space again', async (context) => {
    aDisk(context);
    const { planId, handedIn, openTask } = await aStore();
    await using server = await aServer();
    await done(server, 'initialize_session');
    fill();

    const refusedPlan = await refused(server, 'plan_task', MANY);
    const refusedWork = await refused(
      server,
      'complete_subtask',
      completion(openTask, { detailed_work: 'x'.repeat(MEGABYTE) }),
    );
    const status = await done(server, 'get_status');
    const artifact = await done(server, 'get_artifact', { artifact_id: handedIn.artifact_info.artifact_id });
    const health = await done(server, 'health_check');
    await using late = await aServer();
    const refusedStart = await refused(late, 'initialize_session');
    await using unlucky = await aServer();
    await refused(unlucky, 'initialize_session');
    const exit = await unlucky.end();
    rmSync(filler());
    const begun = await done(late, 'initialize_session');
    const planned = await done(server, 'plan_task', MANY);
    const completed = await done(
      server,
      'complete_subtask',
      completion(openTask, { detailed_work: 'x'.repeat(MEGABYTE) }),
    );

    for (const body of [refusedPlan, refusedWork, refusedStart]) {
      expect(body).toMatchObject({
        code: 'transient',
        error: expect.stringContaining('full'),
        suggestion: expect.stringContaining('ree'),
      });
    }
    expect(health.checks.filter(({ state }: Body) => state === 'bad')).toMatchObject([
      { check: 'writable', finding: expect.stringContaining('full'), next_step: expect.stringContaining('Free') },
      { check: 'disk', finding: expect.stringMatching(/^0 kB free/), next_step: expect.stringContaining('Free') },
    ]);
    expect(status.active_tasks).toMatchObject([{ parent_task_id: planId, progress: { completed: 1, total: 2 } }]);
    expect(artifact).toMatchObject({ state: 'intact', content: 'The work' });
    expect(planned.subtasks).toHaveLength(400);
    expect(completed.parent_task_progress).toMatchObject({ completed_subtasks: 2 });
    expect(begun.active_tasks).toHaveLength(1);
    expect(exit).toEqual({ code: 0, signal: null });
    await Promise.all([server.end(), late.end()]);
    const database = new Sqlite(databaseFile(), { readonly: true });
    expect(database.pragma('integrity_check')).toEqual([{ integrity_check: 'ok' }]);
    database.close();
    const files = await readdir(join(folder(), 'artifacts'), { recursive: true });
    expect(files.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  test('that is full at the first start gets a whole store when there is space again', async (context) => {
    aDisk(context);
    fill();
    await using server = await aServer();

    const body = await refused(server, 'plan_task', plan('One'));
    rmSync(filler());
    await done(server, 'plan_task', plan('One'));

    expect(body).toMatchObject({ code: 'transient', error: expect.stringContaining('full') });
    expect(await readFile(join(folder(), '.gitignore'), 'utf8')).toContain('!/roles/');
  });

  test.for([
    ['the copy that is made first', 100],
    ['the migration itself', 250],
  ] as const)(
    'that has no room for %s leaves an older store as it was until there is space',
    async ([, kilobytes], context) => {
      aDisk(context);
      mkdirSync(folder());
      writeFileSync(databaseFile(), gunzipSync(readFileSync(join(import.meta.dirname, OLDEST))));
      fill();
      truncateSync(filler(), statSync(filler()).size - kilobytes * 1024);
      await using server = await aServer();

      const refusals = [await refused(server, 'get_status'), await refused(server, 'get_status')];
      const database = new Sqlite(databaseFile(), { readonly: true });
      const version = database.pragma('user_version', { simple: true });
      database.close();
      const copies = await readdir(join(folder(), 'backups'));
      rmSync(filler());
      const status = await done(server, 'get_status');

      for (const body of refusals)
        expect(body).toMatchObject({ code: 'transient', error: expect.stringContaining('full') });
      expect({ version, copies }).toEqual({ version: 1, copies: [] });
      expect(status.active_tasks).toHaveLength(1);
    },
  );

  test('that is read-only is said to be so, and the store on it stays as it is', async (context) => {
    aDisk(context);
    const { openTask } = await aStore();
    system('mount', '-o', 'remount,ro', workspace);
    await using server = await aServer();

    for (const [name, args] of [
      ['initialize_session'],
      ['complete_subtask', completion(openTask)],
      ['get_status'],
    ] as const) {
      expect(await refused(server, name, args)).toMatchObject({
        error: expect.stringContaining('read-only'),
        suggestion: expect.stringMatching(/write access|writable/),
      });
    }
    expect(await server.end()).toEqual({ code: 0, signal: null });
  });
});

describe('a folder', () => {
  const NOBODY = 65_534;

  /** A server that may not write into the workspace: root may write everywhere, so that it has to be somebody else. */
  async function aStranger({ skip }: TestContext): Promise<RawServer> {
    const isRoot = process.geteuid?.() === 0;
    chmodSync(workspace, isRoot ? 0o755 : 0o555);
    const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
    const child = spawn(process.execPath, [MAIN, '--workspace', workspace], { cwd: workspace, env: {}, ...user });
    const server = new RawServer(child);
    await server.rpc.initialize().catch((error) => skip(`no other user can start the server: ${error}`));
    return server;
  }

  test('that may not be written into is said to be so, and nothing is made in it', async (context) => {
    await using server = await aStranger(context);

    const body = await refused(server, 'plan_task', plan('One'));

    expect(body.error).toContain('no permission');
    expect(body.suggestion).toContain('--workspace');
    expect(await readdir(workspace)).toEqual([]);
    expect(await server.end()).toEqual({ code: 0, signal: null });
  });

  test('that holds the store of another user is left alone', async (context) => {
    if (process.geteuid?.() !== 0) context.skip('only root can make files of another user');
    await aStore();
    system('chmod', '-R', 'a+rwX', workspace);
    const before = await readFile(databaseFile());
    await using server = await aStranger(context);

    const body = await refused(server, 'plan_task', plan('One'));

    expect(body).toMatchObject({ code: 'refused', error: expect.stringContaining('belongs to another user') });
    expect(before.equals(await readFile(databaseFile()))).toBe(true);
  });
});

describe('a file in the place of the store', () => {
  const DAMAGES: Readonly<Record<string, Readonly<{ damage: () => void; error: RegExp; suggestion: RegExp }>>> = {
    'that is a text': {
      damage: () => writeFileSync(databaseFile(), 'Dear diary, today I learnt about databases.\n'.repeat(1_000)),
      error: /task_orchestrator\.db is not a store: it is no SQLite database/,
      suggestion: /doctor (then )?names the copy in the folder backups/,
    },
    'that belongs to another program': {
      damage() {
        rmSync(databaseFile());
        const database = new Sqlite(databaseFile());
        database.exec("create table recipes (name text); insert into recipes values ('Bread')");
        database.close();
      },
      error: /task_orchestrator\.db is not a store: it is the SQLite database of another program/,
      suggestion: /doctor (then )?names the copy in the folder backups/,
    },
    'that was cut in half': {
      damage: () => truncateSync(databaseFile(), readFileSync(databaseFile()).length / 2),
      error: /task_orchestrator\.db is damaged/,
      suggestion: /doctor (then )?names the copy in the folder backups/,
    },
    'of which only a few bytes are left': {
      damage: () => truncateSync(databaseFile(), 100),
      error: /task_orchestrator\.db is (damaged|not a store)/,
      suggestion: /doctor (then )?names the copy in the folder backups/,
    },
    'of which only the beginning can be read': {
      damage() {
        const bytes = readFileSync(databaseFile());
        writeFileSync(databaseFile(), bytes.fill(0xa5, 4096));
      },
      error: /task_orchestrator\.db is damaged/,
      suggestion: /doctor (then )?names the copy in the folder backups/,
    },
    'that a newer version wrote': {
      damage() {
        const database = new Sqlite(databaseFile());
        database.pragma('user_version = 99');
        database.close();
      },
      error: /has schema version 99, and this server knows versions up to \d+/,
      suggestion: /newer/,
    },
  };

  test.each(Object.entries(DAMAGES))(
    '%s is refused and stays as it is, byte for byte',
    async (_, { damage, error, suggestion }) => {
      const { openTask } = await aStore();
      damage();
      const before = await readFile(databaseFile());
      await using server = await aServer();

      for (const [name, args] of [
        ['initialize_session'],
        ['get_status'],
        ['complete_subtask', completion(openTask)],
        ['plan_task', plan('One')],
      ] as const) {
        const body = await refused(server, name, args);
        expect(body).toMatchObject({
          code: 'refused',
          error: expect.stringMatching(error),
          suggestion: expect.stringMatching(suggestion),
        });
      }

      expect((await server.rpc.request('tools/list')).result?.tools).not.toHaveLength(0);
      expect(await server.end()).toEqual({ code: 0, signal: null });
      expect(before.equals(await readFile(databaseFile()))).toBe(true);
    },
  );

  test('that is a link to a store elsewhere is refused, and what it leads to stays as it is', async () => {
    await aStore();
    const elsewhere = join(workspace, 'elsewhere.db');
    renameSync(databaseFile(), elsewhere);
    symlinkSync(elsewhere, databaseFile());
    const before = await readFile(elsewhere);
    await using server = await aServer();

    const body = await refused(server, 'initialize_session');

    expect(body).toMatchObject({ code: 'refused', error: expect.stringContaining('is a symbolic link') });
    expect(body.suggestion).toContain('--workspace');
    await server.end();
    expect(before.equals(await readFile(elsewhere))).toBe(true);
  });

  test('whose folder is a link is refused, and nothing is made where it leads', async () => {
    const elsewhere = join(workspace, 'elsewhere');
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, folder());
    await using server = await aServer();

    const body = await refused(server, 'plan_task', plan('One'));

    expect(body).toMatchObject({ code: 'refused', error: expect.stringContaining('is a symbolic link') });
    expect(await readdir(elsewhere)).toEqual([]);
  });

  test('that is taken away from under a running server is noticed before anything is written', async () => {
    await using server = await aServer();
    await done(server, 'plan_task', plan('One'));
    await rm(folder(), { recursive: true });

    const body = await refused(server, 'plan_task', plan('Two'));

    expect(body).toMatchObject({ code: 'refused', error: expect.stringMatching(/moved, deleted or replaced/) });
    expect(body.suggestion).toContain('Restart');
  });
});

describe('a database whose backup is there', () => {
  test.each([
    ['gone', (file: string) => rm(file)],
    ['empty', (file: string) => writeFile(file, '')],
  ])(
    'is not replaced by a new one when it is %s, and the command that is named brings it back',
    async (state, lose) => {
      {
        await using server = await aServer();
        await done(server, 'plan_task', plan('One'));
        await server.end();
      }
      await run(workspace, 'backup');
      for (const ending of ['-wal', '-shm']) await rm(`${databaseFile()}${ending}`, { force: true });
      await lose(databaseFile());

      await using server = await aServer();
      const body = await refused(server, 'get_status');
      const [, name = ''] = /mcp-task-orchestrator restore (\S+);/.exec(body.suggestion) ?? [];
      await run(workspace, 'restore', name, '--yes');
      const status = await done(server, 'get_status');

      expect(body).toMatchObject({
        code: 'refused',
        error: expect.stringContaining(`is ${state}, and there is a backup`),
      });
      expect(status.active_tasks).toHaveLength(1);
    },
  );
});

describe('the file of an artifact', () => {
  const CHANGES: Readonly<Record<string, Readonly<{ change: (file: string) => unknown; seen: Body }>>> = {
    'that was deleted is said to be missing': {
      change: (file) => rm(file),
      seen: { state: 'missing', content: '' },
    },
    'in whose place there is a folder is said to be missing': {
      change(file) {
        rmSync(file);
        mkdirSync(file);
      },
      seen: { state: 'missing', content: '' },
    },
    'that was written into is said to be altered': {
      change: (file) => writeFile(file, 'and a word more', { flag: 'a' }),
      seen: { state: 'altered', content: 'The workand a word more' },
    },
    'that lost its front matter is shown as it is': {
      change: (file) => writeFile(file, 'The work'),
      seen: { state: 'intact', content: 'The work' },
    },
    'that is empty is said to be altered': {
      change: (file) => writeFile(file, ''),
      seen: { state: 'altered', content: '' },
    },
    'that is no text is said to be altered': {
      change: (file) => writeFile(file, Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28])),
      seen: { state: 'altered' },
    },
  };

  test.each(Object.entries(CHANGES))('%s, and nothing else is the worse for it', async (_, { change, seen }) => {
    const { planId, handedIn, openTask } = await aStore();
    await change(artifactFile(handedIn));
    await using server = await aServer();

    const artifact = await done(server, 'get_artifact', { artifact_id: handedIn.artifact_info.artifact_id });
    await done(server, 'complete_subtask', completion(openTask));
    const synthesis = await done(server, 'synthesize_results', { parent_task_id: planId });

    expect(artifact).toMatchObject(seen);
    expect(artifact.total_characters).toBe((artifact.state === 'missing' ? 'The work' : artifact.content).length);
    expect(synthesis).toMatchObject({ synthesis_complete: true, artifacts: { total_artifacts: 2 } });
  });
});

describe('a client', () => {
  const WORK_LIMIT = 4 * 1024 * 1024;

  test('that sends five megabytes of subtasks is answered, and the server goes on', async () => {
    await using server = await aServer();

    const body = await refused(server, 'plan_task', {
      description: 'Too much',
      subtasks_json: JSON.stringify([aSubtask('One', [], { description: 'x'.repeat(5_000_000) })]),
    });

    expect(body).toMatchObject({ code: 'invalid', parameter: 'subtasks_json' });
    expect(JSON.stringify(body).length).toBeLessThan(2_000);
    await done(server, 'plan_task', plan('One'));
  });

  test('that sends one byte of work too many is answered, and the server goes on', async () => {
    await using server = await aServer();
    const { subtasks } = await done(server, 'plan_task', plan('One'));
    const [{ task_id }] = subtasks;

    const body = await refused(
      server,
      'complete_subtask',
      completion(task_id, { detailed_work: 'x'.repeat(WORK_LIMIT + 1) }),
    );
    const bytes = await refused(
      server,
      'complete_subtask',
      completion(task_id, { detailed_work: 'é'.repeat(WORK_LIMIT / 2 + 1) }),
    );
    const completed = await done(
      server,
      'complete_subtask',
      completion(task_id, { detailed_work: 'x'.repeat(WORK_LIMIT) }),
    );

    expect(body).toMatchObject({ code: 'invalid', parameter: 'detailed_work' });
    expect(bytes).toMatchObject({ code: 'invalid', parameter: 'detailed_work' });
    const { artifact_id } = completed.artifact_info;
    const artifact = await done(server, 'get_artifact', { artifact_id, offset: WORK_LIMIT - 10 });
    expect(artifact).toMatchObject({ state: 'intact', content: 'x'.repeat(10), total_characters: WORK_LIMIT });
  });

  test('that nests its arguments without end is answered, and the server goes on', async () => {
    await using server = await aServer();
    const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;
    const subtask = JSON.stringify(aSubtask('Deep')).replace(/}$/, `,"attributes":${deep}}`);

    const inText = await refused(server, 'plan_task', { description: 'Deep', subtasks_json: `[${subtask}]` });
    const params = `{"name":"orchestrator_plan_task","arguments":{"description":"Deep","subtasks_json":[${subtask}]}}`;
    server.rpc.write(`{"jsonrpc":"2.0","id":"deep","method":"tools/call","params":${params}}\n`);

    expect(inText.code).toBe('invalid');
    await done(server, 'plan_task', plan('One'));
  });

  test.each([
    ['a NUL character', '\\u0000'],
    ['a lone surrogate', '\\ud800'],
  ])('that hides %s in the text of its subtasks is refused', async (what, escaped) => {
    await using server = await aServer();
    const subtasks_json = JSON.stringify([aSubtask('Title')]).replace('Title', `Ti${escaped}tle`);

    const body = await refused(server, 'plan_task', { description: 'A plan', subtasks_json });

    expect(body).toMatchObject({ code: 'invalid', error: expect.stringContaining(what) });
    expect(body.parameter).toContain('subtasks_json');
  });

  test('that sends lines of garbage is heard again with its next call', async () => {
    await using server = await aServer();

    for (const garbage of [
      'garbage',
      '{"jsonrpc":"2.0",',
      '\u0000\u0001\u0002',
      'null',
      '[1,2]',
      '"text"',
      '{}',
      '}'.repeat(100_000),
    ]) {
      server.rpc.write(`${garbage}\n`);
      await done(server, 'add_note', { text: `After ${garbage.slice(0, 20).replaceAll(/\W/g, '')}` });
    }

    expect((await done(server, 'get_status')).system_status.health).toBe('good');
  });
});
