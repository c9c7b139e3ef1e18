import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report, run } from '../command.ts';
import { damage, rowOf } from '../damage.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

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

const longAgo = (path: string) => utimesSync(path, new Date(0), new Date(0));

describe('the doctor', () => {
  test('finds nothing wrong with a store that servers are using, and changes nothing', async () => {
    await aStore();
    await using server = await aServer();
    await done(server, 'add_note', { text: 'A note' });
    const before = { files: contents(), events: rowOf(workspace, 'select max(seq) from events') };

    const { about, body } = await ill();

    expect({ about, isWell: body.is_well }).toEqual({ about: [], isWell: true });
    expect({ files: contents(), events: rowOf(workspace, 'select max(seq) from events') }).toEqual(before);
    await done(server, 'add_note', { text: 'Another' });
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
    const unfinished = join(folder(), 'backups', '.20260101.abcdefgh.tmp');
    mkdirSync(unfinished);
    longAgo(unfinished);
    rmSync(join(folder(), '.gitignore'));

    const { body, findings } = await ill('--fix');
    const again = await ill('--fix');

    expect(body.fixed).toEqual(['ignoring', 'structure', 'files', 'leftovers']);
    expect(findings).toMatchObject([{ about: 'structure', mend: expect.stringMatching(/restore \S+ --files$/) }]);
    expect(rowOf(workspace, 'select open_children from tasks where id = ?', planId)).toEqual({ open_children: 1 });
    expect(existsSync(join(body.backup, 'task_orchestrator.db'))).toBe(true);
    expect(existsSync(unfinished)).toBe(false);
    expect(existsSync(join(folder(), 'trash', 'artifacts', '.left.abcdefgh.tmp'))).toBe(true);
    expect(again.body.fixed).toEqual([]);
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
    const [, ...args] = String(mend).split(' ');
    const { code } = await report(workspace, ...args);

    expect(code).toBe(0);
    expect(readFileSync(artifact)).toEqual(before);
    await done(server, 'add_note', { text: 'It goes on' });
    expect((await ill()).about).toEqual([]);
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
    const name = /restore (\S+)/.exec(found?.mend)?.[1] ?? '';
    const restored = await report<Body>(workspace, 'restore', name, '--yes');

    expect(body.fixed).toEqual([]);
    expect(untouched).toEqual(bytes);
    expect(restored.code).toBe(0);
    expect((await ill()).about).toEqual([]);
    expect(readFileSync(join(restored.body.kept_as, 'task_orchestrator.db'))).toEqual(bytes);
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

  test('tells of permissions that are missing', async (context) => {
    if (process.geteuid?.() !== 0) context.skip('only root can make a file belong to somebody else');
    await aStore();
    execFileSync('chown', ['1:1', databaseFile()]);

    const { findings } = await ill();

    expect(findings).toMatchObject([{ about: 'permissions', finding: expect.stringContaining('another user') }]);
    chmodSync(databaseFile(), 0o600);
  });
});

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
