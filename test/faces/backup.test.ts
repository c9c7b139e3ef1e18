import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report, run } from '../command.ts';
import { aDisk } from '../disk.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { MAIN, type RawServer, startServer } from '../stdio-client.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-backup-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const folder = () => join(workspace, '.task_orchestrator');
const backupsFolder = () => join(folder(), 'backups');
const databaseIn = (path: string) => join(path, 'task_orchestrator.db');

async function aServer(): Promise<RawServer> {
  const server = startServer({ workspace });
  await server.rpc.initialize();
  return server;
}

async function done({ rpc }: Pick<RawServer, 'rpc'>, name: string, args: Body = {}): Promise<Body> {
  const { isError, body } = await rpc.call<Body>(`orchestrator_${name}`, args);
  expect(isError, `${name}: ${JSON.stringify(body)}`).toBe(false);
  return body;
}

/** A store with a plan of two, one of them handed in; its server has ended. */
async function aStore(): Promise<void> {
  await using server = await aServer();
  const plan = { description: 'A plan', subtasks_json: JSON.stringify([aSubtask('One'), aSubtask('Two')]) };
  const { subtasks } = await done(server, 'plan_task', plan);
  await done(server, 'complete_subtask', completion(subtasks[0].task_id));
  await server.end();
}

const looking = <T>(path: string, query: string): T[] => {
  const database = new Sqlite(path, { readonly: true });
  try {
    return database.prepare<[], T>(query).pluck().all();
  } finally {
    database.close();
  }
};
const notesIn = (path: string) => looking<string>(path, 'select text from notes order by seq');

/** A server that writes one note after the other until it is refused or told to stop; gives what was acknowledged. */
async function aWriter(name: string) {
  const server = await aServer();
  const acknowledged: string[] = [];
  let isStopped = false;
  let refusal: Body | undefined;
  const writing = (async () => {
    for (let turn = 0; !isStopped; turn++) {
      const text = `${name} ${turn}`;
      const { isError, body } = await server.rpc.call<Body>('orchestrator_add_note', { text });
      if (isError) {
        refusal = body;
        return;
      }
      acknowledged.push(text);
    }
  })();
  return {
    acknowledged,
    hasBegun: async () => {
      while (acknowledged.length === 0) await sleep(5);
    },
    /** Waits until it was refused. */
    refused: async () => {
      await writing;
      return refusal;
    },
    async [Symbol.asyncDispose]() {
      isStopped = true;
      await writing.catch(() => undefined);
      await server[Symbol.asyncDispose]();
    },
  };
}

test('a backup is made while servers write: it is whole, and none of them notices', async () => {
  await aStore();
  await using one = await aWriter('one');
  await using two = await aWriter('two');
  await Promise.all([one.hasBegun(), two.hasBegun()]);
  const before = [...one.acknowledged, ...two.acknowledged];

  const { code, body } = await report<Body>(workspace, 'backup');
  const during = one.acknowledged.length;
  while (one.acknowledged.length === during) await sleep(5);

  expect({ code, problems: body.problems }).toEqual({ code: 0, problems: [] });
  expect(notesIn(databaseIn(body.backup))).toEqual(expect.arrayContaining(before));
  expect(await report(workspace, 'verify', body.backup)).toMatchObject({ code: 0, body: { is_whole: true } });
});

test('a restore while servers write loses no acknowledged write: what it replaces holds them all', async () => {
  await aStore();
  const made = await report<Body>(workspace, 'backup');
  await using one = await aWriter('one');
  await using two = await aWriter('two');
  await Promise.all([one.hasBegun(), two.hasBegun()]);

  const { code, body } = await report<Body>(workspace, 'restore', made.body.backup, '--yes');
  const refusals = await Promise.all([one.refused(), two.refused()]);

  expect(code).toBe(0);
  expect(refusals).toMatchObject([{ code: 'refused' }, { code: 'refused' }]);
  expect(refusals[0]?.error).toContain('was restored from a backup');
  expect(notesIn(databaseIn(folder()))).toEqual([]);
  expect(notesIn(databaseIn(body.kept_as)).sort()).toEqual([...one.acknowledged, ...two.acknowledged].sort());
  expect(await report(workspace, 'verify')).toMatchObject({ code: 0 });
  await using anew = await aServer();
  await done(anew, 'add_note', { text: 'It goes on' });
});

test('of two restores at once both are done, one after the other, and each keeps what it replaced', async () => {
  await aStore();
  const made = await report<Body>(workspace, 'backup');

  const both = await Promise.all([1, 2].map(() => report<Body>(workspace, 'restore', made.body.backup, '--yes')));

  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const generations = both.map(({ body }) => Number(body.generation)).sort();
  expect(generations[1]).toBe(Number(generations[0]) + 1);
  expect(new Set(both.map(({ body }) => body.kept_as)).size).toBe(2);
  expect(await report(workspace, 'verify')).toMatchObject({ code: 0 });
});

test('a restore that is killed at any moment leaves the store as it was or as it shall be', async () => {
  await aStore();
  const made = await report<Body>(workspace, 'backup');
  await using server = await aServer();
  await done(server, 'add_note', { text: 'Since then' });
  await server.end();

  const seen: (readonly string[])[] = [];
  for (const delay of [60, 90, 120, 150, 180, 210, 240, 270]) {
    const restoring = spawn(process.execPath, [MAIN, 'restore', made.body.backup, '--yes', '--workspace', workspace]);
    await sleep(delay);
    restoring.kill('SIGKILL');
    const { code } = await report(workspace, 'verify');
    expect(code).toBe(0);
    seen.push(notesIn(databaseIn(folder())));
  }

  for (const notes of seen) expect([[], ['Since then']]).toContainEqual(notes);
});

test('a backup that is killed at any moment is there whole or not at all, and the store goes on', async () => {
  await aStore();

  for (const delay of [70, 90, 110, 130, 150, 170, 190, 210]) {
    const making = spawn(process.execPath, [MAIN, 'backup', '--workspace', workspace]);
    const ended = once(making, 'exit');
    await sleep(delay);
    making.kill('SIGKILL');
    await ended;
  }

  const made = await readdir(backupsFolder()).catch(() => []);
  for (const name of made.filter((one) => !one.startsWith('.')))
    expect(await report(workspace, 'verify', name)).toMatchObject({ code: 0 });
  expect(await report(workspace, 'verify')).toMatchObject({ code: 0 });
  expect(await report(workspace, 'backup')).toMatchObject({ code: 0 });
});

describe('a full disk', () => {
  test.for([
    ['is full from the beginning', '4k'],
    ['has room for the database and not for the work', '3m'],
  ] as const)('that %s gets no backup and is left with no half of one', async ([, size], context) => {
    await aStore();
    await using server = await aServer();
    const { subtasks } = await done(server, 'plan_task', {
      description: 'Large work',
      subtasks_json: JSON.stringify([aSubtask('Large')]),
    });
    await done(
      server,
      'complete_subtask',
      completion(subtasks[0].task_id, { detailed_work: 'x'.repeat(4 * 1024 * 1024) }),
    );
    const elsewhere = await realpath(await mkdtemp(join(tmpdir(), 'mto-full-')));
    context.onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
    aDisk(elsewhere, size, context);

    const { code, body } = await report<Body>(workspace, 'backup', '--to', join(elsewhere, 'copy'));

    expect(code).toBe(1);
    expect(body).toMatchObject({ code: 'transient', suggestion: expect.stringContaining('Free space') });
    expect(await readdir(elsewhere)).toEqual([]);
    await done(server, 'add_note', { text: 'It goes on' });
  });

  test('keeps a restore from beginning, and the store and its backup are as they were', async (context) => {
    await aStore();
    await report(workspace, 'backup');
    const disk = await realpath(await mkdtemp(join(tmpdir(), 'mto-full-')));
    context.onTestFinished(() => rm(disk, { recursive: true, force: true }));
    aDisk(disk, '700k', context);
    cpSync(folder(), join(disk, '.task_orchestrator'), { recursive: true });
    const database = databaseIn(join(disk, '.task_orchestrator'));
    const before = readFileSync(database);
    const [name = ''] = await readdir(backupsFolder());

    const { code, body } = await report<Body>(disk, 'restore', name, '--yes');

    expect({ code, refusal: body.code }).toEqual({ code: 1, refusal: 'transient' });
    expect(body).toMatchObject({
      error: expect.stringContaining('nothing was changed'),
      suggestion: expect.stringMatching(/^Free \d+ MB/),
    });
    expect(readFileSync(database)).toEqual(before);
    expect(await readdir(join(disk, '.task_orchestrator', 'backups'))).toEqual([name]);
    expect(await report(disk, 'verify', name)).toMatchObject({ code: 0 });
  });
});

describe('a command that is called wrongly', () => {
  const mistakes: readonly (readonly [said: string, args: readonly string[]])[] = [
    ['There is no command bakup; did you mean backup?', ['bakup']],
    ['Unknown flag --kep of backup; did you mean --keep?', ['backup', '--kep', '3']],
    ['--keep: "x" is not a whole number of at least 1', ['backup', '--keep', 'x']],
    ['--to needs a value: --to <folder>', ['backup', '--to']],
    ['--json takes no value', ['verify', '--json=yes']],
    ['Unexpected argument two; mcp-task-orchestrator verify --help shows what there is', ['verify', 'one', 'two']],
    ['restore needs <backup>; mcp-task-orchestrator restore --help shows what there is', ['restore']],
  ];

  test.each(mistakes)('says in one line: %s', async (said, args) => {
    expect(await run(workspace, ...args)).toEqual({ code: 2, stdout: '', stderr: `${said}\n` });
    expect(readdirSync(workspace)).toEqual([]);
  });

  test('in a workspace without a store makes none', async () => {
    for (const args of [['backup'], ['verify'], ['verify', 'nothing'], ['restore', 'nothing', '--yes']]) {
      const { code, stdout, stderr } = await run(workspace, ...args);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/not found/);
    }
    expect(readdirSync(workspace)).toEqual([]);
  });
});

describe('what people and programs are told', () => {
  test('whether a backup is there is looked at before anybody would be asked for a yes', async () => {
    await aStore();
    const { body } = await report<Body>(workspace, 'backup');

    const missing = await run(workspace, 'restore', 'nope');
    const there = await run(workspace, 'restore', body.backup);

    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('Backup not found: nope') });
    expect(there).toMatchObject({ code: 2, stderr: expect.stringContaining('repeat with --yes') });
  });

  test('help is a command as well, for the program and for each of its commands', async () => {
    const alone = (...args: readonly string[]) => run(workspace, ...args);

    expect((await alone('help')).stdout).toBe((await alone('--help')).stdout);
    expect((await alone('help', 'backup')).stdout).toBe((await alone('backup', '--help')).stdout);
    expect(await alone('help', 'bakup')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean backup?'),
    });
  });

  test('each command has a help of its own, and the program names them all', async () => {
    const all = await run(workspace, '--help');

    for (const name of ['backup', 'restore', 'verify']) {
      const { code, stdout, stderr } = await run(workspace, name, '--help');
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain(`Usage: mcp-task-orchestrator ${name}`);
      expect(all.stdout).toContain(`  ${name} `);
    }
  });

  test('people get aligned lines, programs one object', async () => {
    await aStore();

    const people = await run(workspace, 'backup');
    const programs = await report<Body>(workspace, 'verify');

    expect(people.stdout).toMatch(/^backup {3}\S+\nholds {4}3 tasks, 1 artifact, \S+ \w+\nchecked {2}whole\n$/);
    expect(programs.body).toMatchObject({ is_whole: true, counts: { tasks: 3, artifacts: 1 }, problems: [] });
  });

  test('a store that has lost work is told with 1', async () => {
    await aStore();
    await rm(join(folder(), 'artifacts'), { recursive: true });

    const { code, stdout } = await run(workspace, 'verify');

    expect(code).toBe(1);
    expect(stdout).toMatch(/artifacts {3}1 missing/);
    expect(stdout).toMatch(/- artifacts\/\S+\.md does not exist/);
  });

  test('a backup of such a store is not called whole, and is no advice for who misspells one', async () => {
    await aStore();
    await run(workspace, 'backup');
    await rm(join(folder(), 'artifacts'), { recursive: true });

    const made = await run(workspace, 'backup');
    const misspelt = await run(workspace, 'restore', 'nope');

    expect(made.code).toBe(1);
    expect(made.stdout).toContain('checked  database whole; of the artifacts 1 missing, as in the store');
    expect(misspelt.stderr).toMatch(/There are \S+Z, \S+Z; mcp-task-orchestrator verify says whether one is whole/);
  });

  test('something that is no backup is refused without touching the store', async () => {
    await aStore();
    writeFileSync(join(workspace, 'notes.txt'), 'Some text '.repeat(1000));

    const { code, body } = await report<Body>(workspace, 'restore', join(workspace, 'notes.txt'), '--yes');

    expect({ code, refusal: body.code }).toEqual({ code: 1, refusal: 'refused' });
    expect(JSON.stringify(body)).not.toMatch(/delet|remov|rm -|overwrit/i);
    expect(readdirSync(folder())).not.toContain('backups');
    expect(await report(workspace, 'verify')).toMatchObject({ code: 0 });
  });

  test('the name of a backup is enough to find it, and a slip in it is noticed', async () => {
    await aStore();
    const { body } = await report<Body>(workspace, 'backup');
    const [name = ''] = await readdir(backupsFolder());

    expect(body.backup).toBe(join(backupsFolder(), name));
    expect(await report(workspace, 'verify', name)).toMatchObject({ code: 0 });
    expect(await report(workspace, 'verify', name.slice(0, -1))).toMatchObject({
      code: 1,
      body: { did_you_mean: [name] },
    });
  });
});
