import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as soon } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { report, run } from '../command.ts';
import { aTaskLine, exportOf } from '../exchange.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { connectClient, MAIN, startServer } from '../stdio-client.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/imports');

let folder: string;
let here: string;
let there: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'mto-exchange-')));
  [here, there] = [join(folder, 'here'), join(folder, 'there')];
  for (const workspace of [here, there]) await cp(join(FIXTURES, 'checklist'), workspace, { recursive: true });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function aPlanHere(): Promise<void> {
  await using server = startServer({ workspace: here });
  await server.rpc.initialize();
  const call = async (name: string, args: Body) => (await server.rpc.call<Body>(`orchestrator_${name}`, args)).body;
  const subtasks_json = JSON.stringify([aSubtask('A'), aSubtask('B', ['A'])]);
  const { subtasks } = await call('plan_task', { description: 'A goal', subtasks_json });
  await call('complete_subtask', completion(subtasks[0].task_id));
}

test('a store goes from one workspace to another by a file that lies in neither', async () => {
  await aPlanHere();
  const file = join(folder, 'all.tar.gz');

  const out = await run(here, 'export', file);
  const tried = await report(there, 'import', file, '--dry-run');
  const first = await report(there, 'import', file);
  const again = await run(there, 'import', file);

  expect(out).toMatchObject({ code: 0, stdout: expect.stringContaining('3 tasks, 1 dependency, 1 artifact, 0 notes') });
  expect(tried).toMatchObject({ code: 0, body: { imported: false, tasks: { added: 3 } } });
  expect(first).toMatchObject({ code: 0, body: { imported: true, tasks: { added: 3 }, artifacts_added: 1 } });
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('0 tasks added, 0 updated, 3 unchanged') });
  expect(await run(there, 'verify')).toMatchObject({ code: 0 });
});

test('the tasks of the Python orchestrator come in by command', async () => {
  const path = join(folder, 'old.db');
  const database = new Sqlite(path);
  database.exec(readFileSync(join(FIXTURES, 'python/v1_8.sql'), 'utf8'));
  database.close();

  const { code, stdout } = await run(there, 'import', path, '--from', 'python');

  expect(code).toBe(0);
  expect(stdout).toContain('4 tasks added');
  expect(stdout).toContain('left out: There is no specialist wizard here; its tasks name none');
});

test('what is wrong is said in a sentence with the next step, and told by the exit code', async () => {
  await aPlanHere();
  await writeFile(
    join(folder, 'half.jsonl'),
    '{"format":"mcp-task-orchestrator","version":1,"exported_at":"2026-01-01T00:00:00Z"}\n',
  );

  const half = await run(there, 'import', join(folder, 'half.jsonl'));
  const unknown = await run(there, 'import', join(folder, 'half.jsonl'), '--from', 'task-maester');
  const missing = await run(there, 'import', join(folder, 'gone.jsonl'));
  const nothing = await run(there, 'import');
  const taken = await run(here, 'export', join(folder, 'half.jsonl'));

  expect(half).toMatchObject({ code: 1, stderr: expect.stringContaining('ends after 0 lines, before its end line') });
  expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean task-master?') });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('File not found') });
  expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('import needs <file>') });
  expect(taken).toMatchObject({ code: 1, stderr: expect.stringContaining('already') });
});

test('what tools say to agents is said to people in the words of the command line', async () => {
  await aPlanHere();
  const file = join(folder, 'todo.md');
  await writeFile(file, '- [ ] Buy milk\n');
  const said = async (...args: readonly string[]) => {
    const { code, stderr } = await run(here, ...args);
    return `${code}: ${stderr}`;
  };

  expect(await said('import', file)).toMatch(/^1: .*no export.*\n.*Repeat with --from checklist\n$/);
  expect(await said('import', file, '--from', 'jira')).toMatch(/^2: --from: "jira" is not one of python, /);
  expect(await said('import', file, '--into', 'new')).toMatch(/^2: --into: "new" is not one of same, fresh\n$/);
  expect(await said('export', '--format', 'xml')).toMatch(
    /^2: --format: "xml" is not one of jsonl, markdown, mermaid\n$/,
  );
  expect(await said('export', join(folder, 'k.md'))).toMatch(/^1: .*\nRepeat with --format markdown, or/);
  expect(await said('export', '--task', 'nope')).toMatch(/^1: Task not found: nope\nRepeat with --task/);
});

test('what an import leaves to people is told with the title, what differs and the way out', async () => {
  const list = (title: string) =>
    JSON.stringify({
      tasks: [{ id: 1, title, status: 'pending' }, ...(title === 'One' ? [{ id: 2, title: 'Two' }] : [])],
    });
  const bring = async (title: string) => {
    await writeFile(join(here, 'tasks.json'), list(title));
    return run(here, 'import', join(here, 'tasks.json'), '--from', 'task-master');
  };
  await bring('One');
  await using server = startServer({ workspace: here });
  await server.rpc.initialize();
  const { tasks } = (await server.rpc.call<Body>('orchestrator_query_tasks', {})).body;
  const id = tasks.find((task: Body) => JSON.stringify(task).includes('"One"')).task_id;
  await server.rpc.call<Body>('orchestrator_update_task', { task_id: id, attributes: { title: 'Here' } });

  const { code, stdout } = await bring('There');

  expect(code).toBe(1);
  expect(stdout).toContain('no longer in the file  1 open task\n');
  expect(stdout).toContain(
    `conflict: ${id} "There" (task-master:tasks.json#master/1): it was changed both here and in the file\n  title: "Here" here, "There" in the file\n`,
  );
  expect(stdout).toMatch(
    /\nno longer in the file: task_\w{8} "Two" \(task-master:tasks\.json#master\/2\): it is ready here\n/,
  );
  expect(stdout).toMatch(/make the fields .* equal.*import again/);
});

test('each line that is wrong stands on a line of its own', async () => {
  const file = join(folder, 'wrong.jsonl');
  await writeFile(file, exportOf([{ kind: 'tsk' }, aTaskLine('task_aaaaaaaa'), { kind: 'x' }, { kind: 'y' }]));

  const { code, stderr } = await run(there, 'import', file);
  const { body } = await report(there, 'import', file);

  expect(code).toBe(1);
  expect(stderr.split('\n').map((line) => line.replace(/^.*wrong\.jsonl, /, '').slice(0, 14))).toEqual([
    'line 2: kind i',
    'line 4: kind i',
    'line 5: kind i',
    'Mend these lin',
    '',
  ]);
  expect(body).toMatchObject({ problems: { length: 3 }, error: expect.not.stringContaining('\n') });
});

test('a file that was named by mistake is said to be what it is not, and no folder is made by one', async () => {
  await aPlanHere();
  await writeFile(join(here, 'TODO.md'), '- [ ] Buy milk\n');

  const verified = await run(here, 'verify', join(here, 'TODO.md'));
  const imported = await run(here, 'import', here, '--from', 'checklist');
  const exported = await run(here, 'export', join(folder, 'nodir/z.jsonl'));

  expect(verified).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('TODO.md is no backup: it is no database\n'),
  });
  expect(verified.stderr).toMatch(/\nName the folder of a backup, its name in .* or the database in it\n$/);
  expect(imported.stderr).toBe(`${here} is a folder\nName the file in it\n`);
  expect(exported.stderr).toMatch(/^Folder not found: .*nodir\nMake that folder first, /);
  expect(readdirSync(folder)).not.toContain('nodir');
});

test('where there is no store nothing is exported from it, and a dry run makes none', async () => {
  await aPlanHere();
  await run(here, 'export', join(folder, 'all.jsonl'));
  const wrong = join(folder, 'wrong');
  await mkdir(wrong);

  const out = await run(wrong, 'export');
  const tried = await report(wrong, 'import', join(folder, 'all.jsonl'), '--dry-run');

  expect(out).toMatchObject({ code: 1, stderr: expect.stringContaining(`Store not found: ${wrong}`) });
  expect(out.stderr).toContain('--workspace');
  expect(tried).toMatchObject({ code: 0, body: { imported: false, tasks: { added: 3 } } });
  expect(readdirSync(wrong)).toEqual([]);
});

/** An import that takes a moment. */
async function aLargeFile(): Promise<string> {
  const path = join(folder, 'large.jsonl');
  const id = (number: number) => `task_${number.toString(36).padStart(8, '0')}`;
  await writeFile(path, exportOf(Array.from({ length: 20_000 }, (_, number) => aTaskLine(id(number)))));
  return path;
}

test('an import that is killed while it writes leaves the store as it was, and can be made again', async () => {
  await aPlanHere();
  const file = await aLargeFile();
  const wal = join(here, '.task_orchestrator/task_orchestrator.db-wal');
  const sizeOfLog = () => statSync(wal, { throwIfNoEntry: false })?.size ?? 0;
  const before = sizeOfLog();
  const importing = spawn(process.execPath, [MAIN, 'import', file, '--workspace', here], { stdio: 'pipe' });
  const ended = once(importing, 'exit');
  while (importing.exitCode === null && sizeOfLog() < before + 1_000_000) await soon();
  importing.kill('SIGKILL');
  const [, signal] = await ended;

  const seen = await report(here, 'export', join(folder, 'after.jsonl'));
  const again = await report(here, 'import', file);

  expect(signal).toBe('SIGKILL');
  expect(seen.body).toMatchObject({ tasks: 3 });
  expect(again.body).toMatchObject({ tasks: { added: 20_000 } });
  expect(await run(here, 'verify')).toMatchObject({ code: 0 });
});

test('two processes that import the same file at once add it once', async () => {
  const file = await aLargeFile();

  const both = await Promise.all([report(there, 'import', file), report(there, 'import', file)]);
  const after = await report(there, 'export', join(folder, 'after.jsonl'));

  const added = both.map(({ body }) => Reflect.get(Object(body.tasks), 'added'));
  expect(added.toSorted()).toEqual([0, 20_000]);
  expect(after.body).toMatchObject({ tasks: 20_000 });
});

test('an import that waits for another process says so', async () => {
  await aPlanHere();
  const file = join(folder, 'one.jsonl');
  await writeFile(file, exportOf([aTaskLine('task_aaaaaaaa')]));
  const other = new Sqlite(join(here, '.task_orchestrator/task_orchestrator.db'));
  other.exec('begin immediate');
  const importing = spawn(process.execPath, [MAIN, 'import', file, '--workspace', here], { stdio: 'pipe' });
  const ended = once(importing, 'exit');

  const [said] = await once(importing.stderr, 'data');
  other.exec('rollback');
  other.close();

  expect(String(said)).toBe('waiting for its turn to write to the store …\n');
  expect(await ended).toEqual([0, null]);
});

test('a client that asks for it hears how far an import is', async () => {
  await aLargeFile();
  await rename(join(folder, 'large.jsonl'), join(here, 'large.jsonl'));
  await using server = await connectClient({ workspace: here });
  const said: string[] = [];

  await server.client.callTool(
    { name: 'orchestrator_import_workflow', arguments: { from: 'large.jsonl' } },
    { onprogress: ({ message = '' }) => said.push(message) },
  );

  expect(said).toEqual(expect.arrayContaining(['writing, 1000 of 20000 lines']));
});

test('the commands answer to the names of the tools as well', async () => {
  await aPlanHere();
  const file = join(folder, 'all.jsonl');

  const out = await run(here, 'export_workflow', file);
  const back = await run(there, 'import-workflow', file);
  const unknown = await run(here, 'backup_workflow');

  expect([out.code, back.code, unknown.code]).toEqual([0, 0, 2]);
  expect(back.stdout).toContain('3 tasks added');
});
