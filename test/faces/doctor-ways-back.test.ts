import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report } from '../command.ts';
import { rowOf } from '../damage.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

let workspace: string;
beforeEach(async () => {
  // A name that a shell would take apart.
  workspace = join(await realpath(await mkdtemp(join(tmpdir(), 'mto-ways-back-'))), "it's mine");
  mkdirSync(workspace);
});
afterEach(() => rm(join(workspace, '..'), { recursive: true, force: true }));

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

/** A store with a plan of two, one of them handed in; its server has ended. Its answer is the id of the plan. */
async function aStore(): Promise<string> {
  await using server = await aServer();
  const plan = { description: 'A plan', subtasks_json: JSON.stringify([aSubtask('One'), aSubtask('Two')]) };
  const { subtasks, parent_task_id } = await done(server, 'plan_task', plan);
  await done(server, 'complete_subtask', completion(subtasks[0].task_id));
  await server.end();
  return String(parent_task_id);
}

async function examined(): Promise<readonly Body[]> {
  return (await report<Body>(workspace, 'doctor')).body.findings;
}

const about = (findings: readonly Body[], what: string) => findings.filter((one) => one.about === what);

/** Runs what a finding says mends it, as somebody does who copies it into a shell. */
const inAShell = (command: unknown) => execFileSync('sh', ['-c', String(command)], { encoding: 'utf8' });

/** A restore that a finding names; the workspace is named by the test. */
const restored = (mend: unknown) => {
  const [, ...args] = String(mend)
    .replace(/ --workspace .*/, '')
    .split(' ');
  return report<Body>(workspace, ...args, '--yes');
};

const DAMAGES: readonly (readonly [what: string, ail: () => void])[] = [
  ['is cut off', () => truncateSync(databaseFile(), 50)],
  [
    'has ruined pages',
    () => writeFileSync(databaseFile(), readFileSync(databaseFile()).fill(0x5a, 4096 * 3, 4096 * 12)),
  ],
];

describe.skipIf(process.platform === 'win32')('a damaged store without a whole backup', () => {
  test.each(DAMAGES)('whose database %s is moved aside as it was by the command that is named', async (_, ail) => {
    await aStore();
    ail();
    const bytes = readFileSync(databaseFile());

    const [found] = about(await examined(), 'database');
    inAShell(found?.mend);
    const kept = readdirSync(folder()).find((name) => name.startsWith('damaged-')) ?? '';
    const after = await examined();
    await using server = await aServer();
    await done(server, 'get_status');

    expect(found?.mend).toMatch(/^mkdir .* && mv /);
    expect(readFileSync(join(folder(), kept, 'task_orchestrator.db'))).toEqual(bytes);
    expect(readdirSync(join(folder(), kept, 'artifacts'))).toHaveLength(1);
    expect(about(after, 'store')).toMatchObject([{ finding: expect.stringContaining(kept) }]);
    expect((await examined()).filter(({ state }) => state === 'ill')).toEqual([]);
  });

  test('is told of without the command that would only copy it once more, and with the copy that there is', async () => {
    await aStore();
    truncateSync(databaseFile(), 50);
    const backup = await report<Body>(workspace, 'backup');

    const findings = await examined();

    expect(findings.filter(({ mend = '' }) => /orchestrator backup/.test(mend))).toEqual([]);
    expect(about(findings, 'backups')).toMatchObject([{ finding: expect.stringContaining(backup.body.kept_as) }]);
  });

  test.each(['health', 'verify'])('is not said by %s to have one', async (command) => {
    await aStore();
    truncateSync(databaseFile(), 50);

    const { body } = await report<Body>(workspace, command);

    expect(body.suggestion).toContain('mcp-task-orchestrator doctor');
    expect(body.suggestion).not.toContain('Restore it');
  });
});

describe('backups of another store', () => {
  /** What a server made anew where the database was lost, and the backups of what was lost that lie beside it again. */
  async function aStoreInThePlaceOfALostOne() {
    const planId = await aStore();
    await report(workspace, 'backup');
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${databaseFile()}${suffix}`, { force: true });
    renameSync(join(folder(), 'backups'), join(workspace, 'backups'));
    await using server = await aServer();
    await done(server, 'add_note', { text: 'A note' });
    await server.end();
    renameSync(join(workspace, 'backups'), join(folder(), 'backups'));
    return planId;
  }

  test('are found where there is none of this one, with the command that brings the lost one back', async () => {
    const planId = await aStoreInThePlaceOfALostOne();

    const [found] = about(await examined(), 'backups');
    const { code } = await restored(found?.mend);

    expect(found).toMatchObject({ state: 'ill', finding: expect.stringContaining('of another store') });
    expect(code).toBe(0);
    expect(rowOf(workspace, 'select id from tasks where id = ?', planId)).toEqual({ id: planId });
    expect((await examined()).filter(({ state }) => state === 'ill')).toEqual([]);
  });

  test('are noted beside those of this one, and no more once somebody has replaced it on purpose', async () => {
    await aStoreInThePlaceOfALostOne();
    await report(workspace, 'backup');

    const findings = about(await examined(), 'backups');
    await restored(findings[1]?.mend);

    expect(findings).toMatchObject([
      { state: 'fine', finding: expect.stringMatching(/^1, /) },
      { state: 'note', mend: expect.stringContaining('--from-other') },
    ]);
    expect(about(await examined(), 'backups')).toMatchObject([{ state: 'fine' }]);
  });
});

describe('the health of a store that is not there', () => {
  test('names the database that is missing, and the backup that brings it back', async () => {
    await aStore();
    const { body: made } = await report<Body>(workspace, 'backup');
    rmSync(databaseFile());

    const { code, body } = await report<Body>(workspace, 'health');

    expect(code).toBe(1);
    expect(body.error).toBe(`Database of the store not found: ${databaseFile()}`);
    expect(body.suggestion).toContain(`restore ${made.backup.split('/').at(-1)}`);
  });

  test('says what stands in its place', async () => {
    mkdirSync(databaseFile(), { recursive: true });

    const { body } = await report<Body>(workspace, 'health');
    const findings = await examined();

    expect(body.error).toBe(`The store is not a file: ${databaseFile()}`);
    expect(JSON.stringify(findings)).not.toMatch(/disk failed/i);
    expect(findings.filter(({ state }) => state === 'ill')).not.toEqual([]);
  });
});

describe('the lock of those who write', () => {
  test('is told by the doctor where somebody holds it without writing, with the servers that may', async () => {
    await aStore();
    await using server = await aServer();
    await done(server, 'add_note', { text: 'A note' });
    const other = new Sqlite(databaseFile());
    other.exec('begin immediate');

    const findings = await examined();
    other.close();

    expect(about(findings, 'lock')).toMatchObject([
      { state: 'ill', finding: expect.stringMatching(new RegExp(`has held it for the \\d+ ms .*\\b${server.pid}\\b`)) },
    ]);
    expect(about(await examined(), 'lock')).toMatchObject([{ state: 'fine' }]);
  });
});

test('what is wrong with a role file that no editor mends is told with what does', async () => {
  await aStore();
  const roles = join(folder(), 'roles');
  mkdirSync(roles, { recursive: true });
  writeFileSync(join(workspace, 'elsewhere.yaml'), 'description: one\n');
  symlinkSync(join(workspace, 'elsewhere.yaml'), join(roles, 'linked.yaml'));
  writeFileSync(join(roles, 'My-Role.yaml'), 'description: one\n');
  writeFileSync(join(roles, 'painter.yaml'), 'description: one\n');
  writeFileSync(join(roles, 'painter.yml'), 'description: two\n');
  writeFileSync(join(roles, 'writer.yml'), 'colour: red\n');

  const found = about(await examined(), 'roles').map(
    ({ finding, mend }) => [String(finding).split(': ')[0], mend] as const,
  );

  const at = (name: string) => `.task_orchestrator/roles/${name}`;
  expect(new Map(found)).toEqual(
    new Map([
      [at('My-Role.yaml'), 'Rename it after its role, such as painter.yaml'],
      [at('linked.yaml'), 'Put a copy of what it leads to in its place'],
      [at('painter.yml'), 'Put what counts into the other file, and move this one out of the folder'],
      [at('writer.yml:1'), 'Correct that file in an editor'],
    ]),
  );
  renameSync(join(roles, 'My-Role.yaml'), join(roles, 'my_role.yaml'));
  expect(existsSync(join(roles, 'my_role.yaml'))).toBe(true);
  expect(about(await examined(), 'roles')).toHaveLength(3);
});
