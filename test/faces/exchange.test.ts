import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { report, run } from '../command.ts';
import { aSubtask, type Body, completion } from '../harness.ts';
import { startServer } from '../stdio-client.ts';

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

  expect(await said('import', file)).toMatch(/^1: .*no export.*\n.*repeat with --from checklist\n$/);
  expect(await said('import', file, '--from', 'jira')).toMatch(/^2: --from: "jira" is not one of python, /);
  expect(await said('import', file, '--into', 'new')).toMatch(/^2: --into: "new" is not one of same, fresh\n$/);
  expect(await said('export', '--format', 'xml')).toMatch(
    /^2: --format: "xml" is not one of jsonl, markdown, mermaid\n$/,
  );
  expect(await said('export', join(folder, 'k.md'))).toMatch(/^1: .*\nRepeat with --format markdown, or/);
  expect(await said('export', '--task', 'nope')).toMatch(/^1: Task not found: nope\nRepeat with --task/);
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
