import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report, run } from '../command.ts';
import { damage, rowOf } from '../damage.ts';
import { aDisk, makeReadOnly } from '../disk.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { MAIN, type RawServer, startServer } from '../stdio-client.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-doctor-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const folder = () => join(workspace, '.task_orchestrator');
const databaseFile = () => join(folder(), 'task_orchestrator.db');

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
async function aStore() {
  await using server = await aServer();
  const plan = { description: 'A plan', subtasks_json: JSON.stringify([aSubtask('One'), aSubtask('Two')]) };
  const { subtasks, parent_task_id } = await done(server, 'plan_task', plan);
  const { artifact_info } = await done(server, 'complete_subtask', completion(subtasks[0].task_id));
  await server.end();
  const path = `artifacts/${subtasks[0].task_id}/${artifact_info.artifact_id}.md`;
  return { planId: String(parent_task_id), artifact: join(folder(), path), openTask: String(subtasks[1].task_id) };
}

/** What the doctor finds wrong, by what it is about. */
async function ill(...args: readonly string[]) {
  const { code, body } = await report<Body>(workspace, 'doctor', ...args);
  const findings: Body[] = body.findings.filter(({ state }: Body) => state === 'ill');
  expect(code).toBe(findings.length === 0 ? 0 : 1);
  for (const { mend } of findings) expect(mend).not.toMatch(/delet|remov|rm -|drop|reset|overwrit/i);
  return { body, findings, about: findings.map(({ about }) => about) };
}

/** What lies in the store's folder, but for the files that SQLite makes and ends by itself. */
const contents = () =>
  readdirSync(folder(), { recursive: true, encoding: 'utf8' })
    .filter((name) => !/-(wal|shm)$/.test(name))
    .sort();

/** All that lies in the store's folder, by what it holds and when it was written; an empty log is what looking leaves. */
const fingerprint = () =>
  readdirSync(folder(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('-shm'))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ path, at: statSync(path).mtimeMs, bytes: readFileSync(path) }))
    .filter(({ path, bytes }) => !(path.endsWith('-wal') && bytes.length === 0))
    .map(({ path, at, bytes }) => `${path} ${at} ${createHash('sha256').update(bytes).digest('hex')}`)
    .sort();

/** Runs what a finding says mends it. */
const follow = (mend: unknown, ...more: readonly string[]) => {
  const [program, ...args] = String(mend).split(' ');
  expect(program).toBe('mcp-task-orchestrator');
  return report<Body>(workspace, ...args, ...more);
};

const longAgo = (path: string) => utimesSync(path, new Date(0), new Date(0));

const PAGE_BYTES = 4096;

/** Overwrites one page of the database, as a failing disk would. */
function ruin(page: number): void {
  const bytes = readFileSync(databaseFile());
  writeFileSync(databaseFile(), bytes.fill(0x5a, page * PAGE_BYTES, (page + 1) * PAGE_BYTES));
}

describe('the doctor', () => {
  test('finds nothing wrong with a store that servers are using, and changes nothing', async () => {
    await aStore();
    await using server = await aServer();
    await done(server, 'add_note', { text: 'A note' });
    const before = fingerprint();

    const { about, body } = await ill();

    expect({ about, isWell: body.is_well }).toEqual({ about: [], isWell: true });
    expect(fingerprint()).toEqual(before);
    await done(server, 'add_note', { text: 'Another' });
  });

  const SICK: readonly (readonly [what: string, ail: () => Promise<void>])[] = [
    [
      'whose server was killed, so that its log is left',
      async () => {
        await using server = await aServer();
        await done(server, 'add_note', { text: 'A note' });
        await server.kill();
      },
    ],
    ['whose database is damaged', async () => ruin(3)],
    ['whose database is cut off', async () => truncateSync(databaseFile(), 50)],
    ['whose database is gone', async () => rmSync(databaseFile())],
    [
      'that has lost work',
      async () => {
        const lost = contents().find((path) => path.startsWith('artifacts') && path.endsWith('.md')) ?? '';
        rmSync(join(folder(), lost));
      },
    ],
  ];

  test.each(SICK)('writes nothing to a store %s', async (_, ail) => {
    await aStore();
    await report(workspace, 'backup');
    await ail();
    const before = fingerprint();

    await report(workspace, 'doctor');
    await report(workspace, 'verify');

    expect(fingerprint()).toEqual(before);
  });

  test('of a store whose database is gone names the backup that brings it back', async () => {
    await aStore();
    await report(workspace, 'backup');
    rmSync(databaseFile());

    const { findings } = await ill('--fix');
    const { code } = await follow(findings[0]?.mend, '--yes');

    expect(findings).toMatchObject([{ about: 'store', finding: expect.stringContaining('only backups') }]);
    expect(code).toBe(0);
    expect((await ill()).about).toEqual([]);
  });

  test('names what is to be run with the workspace that was examined, in words that a shell leaves alone', async () => {
    const elsewhere = join(workspace, "it's $HOME");
    mkdirSync(elsewhere);

    await report(elsewhere, 'doctor');
    const { body } = await report<Body>(elsewhere, 'doctor');
    await using server = startServer({ workspace: elsewhere });
    await server.rpc.initialize();
    await done(server, 'add_note', { text: 'A note' });
    await server.end();
    const after = await report<Body>(elsewhere, 'doctor');

    expect(body.findings.at(-1).mend).toBe('mcp-task-orchestrator doctor --workspace <the folder of your project>');
    expect(after.body.findings.find(({ about }: Body) => about === 'backups').mend).toBe(
      `mcp-task-orchestrator backup --workspace '${elsewhere.replace("'", "'\\''")}'`,
    );
  });

  test('makes no store where there is none, and says how to name another folder', async () => {
    const { findings } = await ill();

    expect(findings).toMatchObject([{ about: 'store', mend: expect.stringContaining('--workspace') }]);
    expect(readdirSync(workspace)).toEqual([]);
  });

  test('names what is wrong with the structure, with the files, and with roles, each with what mends it', async () => {
    const { planId, artifact } = await aStore();
    damage(workspace, 'update tasks set open_children = 9 where id = ?', planId);
    rmSync(artifact);
    mkdirSync(join(folder(), 'roles'), { recursive: true });
    writeFileSync(join(folder(), 'roles', 'painter.yaml'), 'role_definition: [');
    writeFileSync(join(folder(), 'artifacts', '.left.abcdefgh.tmp'), '');
    longAgo(join(folder(), 'artifacts', '.left.abcdefgh.tmp'));
    rmSync(join(folder(), '.gitignore'));

    const { findings } = await ill();

    expect(findings).toEqual([
      {
        about: 'files',
        state: 'ill',
        finding: expect.stringContaining('.gitignore'),
        mend: expect.stringContaining('--fix'),
      },
      {
        about: 'structure',
        state: 'ill',
        finding: expect.stringContaining(planId),
        mend: expect.stringContaining('--fix'),
      },
      {
        about: 'structure',
        state: 'ill',
        finding: expect.stringContaining('does not exist'),
        mend: expect.any(String),
      },
      {
        about: 'files',
        state: 'ill',
        finding: expect.stringContaining('.left.abcdefgh.tmp'),
        mend: expect.stringContaining('--fix'),
      },
      {
        about: 'roles',
        state: 'ill',
        finding: expect.stringMatching(/painter\.yaml:\d/),
        mend: 'Correct that file in an editor',
      },
    ]);
  });

  test('mends what can be mended once it has made a backup, says so, and leaves the rest', async () => {
    const { planId, artifact } = await aStore();
    await report(workspace, 'backup');
    damage(workspace, 'update tasks set open_children = 9 where id = ?', planId);
    rmSync(artifact);
    writeFileSync(join(folder(), 'artifacts', '.left.abcdefgh.tmp'), '');
    longAgo(join(folder(), 'artifacts', '.left.abcdefgh.tmp'));
    const unfinished = [
      'backups/.20260101.abcdefgh.tmp',
      'backups/before-v2-20260101.db.part',
      '.restoring.abcdefgh.tmp',
    ];
    for (const path of unfinished) {
      mkdirSync(join(folder(), path));
      longAgo(join(folder(), path));
    }
    const young = join(folder(), 'backups', '.20260102.abcdefgh.tmp');
    mkdirSync(young);
    rmSync(join(folder(), '.gitignore'));

    const { body, findings } = await ill('--fix');
    const again = await ill('--fix');

    expect(body.fixed).toEqual(['ignoring', 'structure', 'files', 'leftovers']);
    expect(findings).toMatchObject([
      { about: 'structure', mend: expect.stringMatching(/restore \S+ --files --workspace \S+$/) },
    ]);
    expect(rowOf(workspace, 'select open_children from tasks where id = ?', planId)).toEqual({ open_children: 1 });
    expect(existsSync(join(body.backup, 'task_orchestrator.db'))).toBe(true);
    expect(unfinished.filter((path) => existsSync(join(folder(), path)))).toEqual([]);
    expect(existsSync(young)).toBe(true);
    expect(existsSync(join(folder(), 'trash', 'artifacts', '.left.abcdefgh.tmp'))).toBe(true);
    expect(again.body.fixed).toEqual([]);
  });

  test('shows what it is going to do, and about what, before it does it', async () => {
    const { planId } = await aStore();
    damage(workspace, 'update tasks set open_children = 9 where id = ?', planId);

    const { code, stdout, stderr } = await run(workspace, 'doctor', '--fix');

    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^This will be done, after a backup:\n- mend the structure, [^\n]+:\n {2}Task \S+: openChildren says 9/,
    );
    expect(stdout).toMatch(/^done: mend the structure.*\nbackup: \S+-before-repair\n/);
  });

  test('names a template that cannot be used, with the line of its mistake', async () => {
    await aStore();
    mkdirSync(join(folder(), 'templates'));
    writeFileSync(join(folder(), 'templates', 'q.yaml'), 'id: q\ntasks: [');

    const { findings } = await ill();

    expect(findings).toEqual([
      {
        about: 'templates',
        state: 'ill',
        finding: expect.stringMatching(/templates\/q\.yaml: line \d/),
        mend: 'Correct that file in an editor',
      },
    ]);
  });

  test('says no more of files than it knows: a new one may belong to something yet', async () => {
    await aStore();
    writeFileSync(join(folder(), 'artifacts', 'stray.md'), 'Something');

    const { body } = await ill();

    expect(body.findings).toContainEqual({
      about: 'files',
      state: 'fine',
      finding: 'none that belongs to nothing and is older than 7 days',
    });
  });

  test('says so where it can mend nothing of what is wrong', async () => {
    const { artifact } = await aStore();
    rmSync(artifact);

    const looked = await run(workspace, 'doctor');
    const fixed = await run(workspace, 'doctor', '--fix');

    expect(looked.stdout).toMatch(/1 thing to mend\.\n$/);
    expect(fixed.stdout).toMatch(/1 thing to mend\. Nothing of this can be mended by --fix\.\n$/);
  });

  test('tells of a task whose holder is gone, which is nothing that is wrong', async () => {
    const { openTask } = await aStore();
    await using server = await aServer();
    await done(server, 'execute_subtask', { task_id: openTask });
    await server.kill();

    const { about, body } = await ill();

    expect(about).toEqual([]);
    expect(body.findings).toContainEqual({
      about: 'claims',
      state: 'note',
      finding: expect.stringContaining(openTask),
      mend: expect.stringContaining('orchestrator_next_task'),
    });
  });

  test('names a command that puts lost work back, which does it while a server goes on', async () => {
    const { artifact } = await aStore();
    const before = readFileSync(artifact);
    await report(workspace, 'backup');
    rmSync(artifact);
    await using server = await aServer();
    await done(server, 'get_status');

    const [{ mend = '' } = {}] = (await ill()).findings;
    const { code } = await follow(mend);

    expect(code).toBe(0);
    expect(readFileSync(artifact)).toEqual(before);
    await done(server, 'add_note', { text: 'It goes on' });
    expect((await ill()).about).toEqual([]);
  });

  test('names a backup that has the lost work, though a younger one was made since', async () => {
    const { artifact } = await aStore();
    await report(workspace, 'backup');
    rmSync(artifact);
    await report(workspace, 'backup');

    const [{ mend = '' } = {}] = (await ill()).findings;
    const { code } = await follow(mend);

    expect(code).toBe(0);
    expect(existsSync(artifact)).toBe(true);
  });

  test('names no backup for work that none of them has', async () => {
    const { artifact } = await aStore();
    rmSync(artifact);
    await report(workspace, 'backup');

    const { findings } = await ill();

    expect(findings).toMatchObject([{ mend: expect.stringContaining('none of the backups here has it') }]);
  });

  test('of a damaged database names the backup to restore, writes nothing, and that restore heals it', async () => {
    await aStore();
    await report(workspace, 'backup');
    const bytes = readFileSync(databaseFile());
    bytes.fill(0x5a, 4096 * 3, 4096 * 12);
    writeFileSync(databaseFile(), bytes);

    const { findings, body } = await ill('--fix');
    const untouched = readFileSync(databaseFile());
    const found = findings.find(({ about }) => about === 'database');
    const restored = await follow(found?.mend, '--yes');

    expect(body.fixed).toEqual([]);
    expect(untouched).toEqual(bytes);
    expect(restored.code).toBe(0);
    expect((await ill()).about).toEqual([]);
    expect(readFileSync(join(restored.body.kept_as, 'task_orchestrator.db'))).toEqual(bytes);
  });

  test('of a database with one ruined page names a restore that heals it, whichever page it is', async () => {
    await aStore();
    await report(workspace, 'backup');
    const whole = readFileSync(databaseFile());
    const last = whole.length / PAGE_BYTES - 1;

    for (const page of [0, 1, 5, Math.floor(last / 2), last]) {
      writeFileSync(databaseFile(), whole);
      ruin(page);
      const { findings } = await ill();
      const restored = await follow(findings[0]?.mend, '--yes');
      expect({ page, code: restored.code, about: (await ill()).about }).toEqual({ page, code: 0, about: [] });
    }
  });

  const STRANGERS: readonly (readonly [what: string, put: (path: string) => void])[] = [
    ['is no database', (path) => writeFileSync(path, 'Some text '.repeat(1000))],
    [
      'is the database of another program',
      (path) => {
        const database = new Sqlite(path);
        database.exec('create table bookmarks (url text)');
        database.close();
      },
    ],
  ];

  test.each(STRANGERS)('of a file that %s says so and leaves it', async (_, put) => {
    mkdirSync(folder());
    put(databaseFile());
    const before = readFileSync(databaseFile());

    const { about } = await ill('--fix');

    expect(about).toContain('database');
    expect(readFileSync(databaseFile())).toEqual(before);
  });

  test('of a store of a newer schema asks for a newer program, and does nothing', async () => {
    await aStore();
    const newer = new Sqlite(databaseFile());
    newer.pragma('user_version = 999');
    newer.close();

    const { findings, body } = await ill('--fix');

    expect(findings).toMatchObject([{ about: 'database', mend: 'Start a newer mcp-task-orchestrator' }]);
    expect(body.fixed).toEqual([]);
  });

  test('of a store of an older schema says so, and brings it up only when it is told to', async () => {
    mkdirSync(folder());
    const kept = join(import.meta.dirname, '../fixtures/stores/0001-initial.db.gz');
    writeFileSync(databaseFile(), gunzipSync(readFileSync(kept)));
    const versionOf = (path: string) => {
      const database = new Sqlite(path, { readonly: true });
      const version = database.pragma('user_version', { simple: true });
      database.close();
      return version;
    };

    const before = await ill();
    const health = await report<Body>(workspace, 'health');
    const untouched = versionOf(databaseFile());
    const after = await ill('--fix');

    expect(before.findings).toContainEqual(
      expect.objectContaining({ about: 'version', mend: expect.stringContaining('--fix') }),
    );
    expect(health).toMatchObject({ code: 1, body: { error: expect.stringContaining('schema version 1') } });
    expect(untouched).toBe(1);
    expect(after.body.fixed).toContain('schema');
    expect(after.about).not.toContain('version');
    expect(versionOf(join(after.body.backup, 'task_orchestrator.db'))).toBe(1);
  });

  test('tells a mistake in the settings beside everything else', async () => {
    await aStore();
    process.env.MCP_TASK_ORCHESTRATOR_TIMEOUT = 'soon';
    try {
      const { findings, body } = await ill();

      expect(findings).toMatchObject([{ about: 'settings', finding: expect.stringContaining('TIMEOUT: "soon"') }]);
      expect(body.findings.map(({ about }: Body) => about)).toContain('structure');
    } finally {
      delete process.env.MCP_TASK_ORCHESTRATOR_TIMEOUT;
    }
  });

  test('tells of what this user may not use and of the command that permits it, without a stack trace', async (context) => {
    if (process.platform === 'win32') context.skip('Windows keeps permissions in another way');
    const { artifact } = await aStore();
    await report(workspace, 'backup');
    const nobody = asNobody(workspace);
    if (nobody('--version').status !== 0) context.skip('the program cannot be read by another user here');

    for (const path of [folder(), databaseFile(), join(folder(), 'backups'), dirname(artifact)]) {
      chmodSync(path, 0);
      const looked = nobody('doctor', '--json');
      const others = [nobody('backup'), nobody('verify'), nobody('restore', 'some', '--yes')];
      const { findings } = JSON.parse(looked.stdout);
      const ill = findings.filter(({ state }: Body) => state === 'ill');
      expect(ill).toMatchObject([{ mend: `chmod -R u+rwX ${folder()}` }]);
      for (const { stderr } of others) expect(stderr).not.toMatch(/^\s+at /m);
      nobody.system('chmod', '-R', 'u+rwX', folder());
      expect(JSON.parse(nobody('doctor', '--json').stdout)).toMatchObject({ is_well: true });
    }
  });

  test('of a disk that cannot be written says so, and how it goes on', async (context) => {
    await aStore();
    const disk = await realpath(await mkdtemp(join(tmpdir(), 'mto-read-only-')));
    context.onTestFinished(() => rm(disk, { recursive: true, force: true }));
    aDisk(disk, '20m', context);
    cpSync(folder(), join(disk, '.task_orchestrator'), { recursive: true });
    makeReadOnly(disk);

    const { code, body } = await report<Body>(disk, 'doctor', '--fix');

    expect(code).toBe(1);
    expect(body.findings).toContainEqual({
      about: 'permissions',
      state: 'ill',
      finding: `the disk that holds ${join(disk, '.task_orchestrator')} is read-only`,
      mend: 'Make that disk writable, or copy the project to one that is',
    });
    expect(body.fixed).toEqual([]);
  });

  test('tells of permissions that are missing', async (context) => {
    if (process.geteuid?.() !== 0) context.skip('only root can make a file belong to somebody else');
    await aStore();
    execFileSync('chown', ['1:1', databaseFile()]);

    const { findings } = await ill();

    expect(findings).toMatchObject([{ about: 'permissions', finding: expect.stringContaining('another user') }]);
    chmodSync(databaseFile(), 0o600);
  });
});

/** Runs the program as a user for whom permissions count, whom the workspace then belongs to. */
function asNobody(workspace: string) {
  const isRoot = process.geteuid?.() === 0;
  const user = isRoot ? { uid: 65_534, gid: 65_534 } : {};
  if (isRoot) execFileSync('chown', ['-R', '65534:65534', workspace]);
  const options = { ...user, cwd: workspace, encoding: 'utf8', env: { ...process.env, HOME: tmpdir() } } as const;
  const system = (command: string, ...args: readonly string[]) => spawnSync(command, args, options);
  const call = (...args: readonly string[]) => {
    const named = args[0]?.startsWith('--') ? [] : ['--workspace', workspace];
    return system(process.execPath, MAIN, ...args, ...named);
  };
  return Object.assign(call, { system });
}

describe('the health of a store', () => {
  test('is measured for people and for programs', async () => {
    await aStore();

    const people = await run(workspace, 'health');
    const programs = await report<Body>(workspace, 'health');

    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toMatch(/^ok {4}database {3}Answers in \S+ ms$/m);
    expect(programs).toMatchObject({ code: 0, body: { health: 'good' } });
  });

  test('is told with 1 where something should be done', async () => {
    const { artifact } = await aStore();
    rmSync(artifact);

    const { code, body } = await report<Body>(workspace, 'health');

    expect({ code, health: body.health }).toEqual({ code: 1, health: 'concern' });
  });

  test('is not measured by making a store', async () => {
    expect(await report(workspace, 'health')).toMatchObject({ code: 1, body: { code: 'not_found' } });
    expect(readdirSync(workspace)).toEqual([]);
  });
});
