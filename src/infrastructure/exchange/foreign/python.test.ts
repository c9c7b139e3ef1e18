import { readFileSync } from 'node:fs';
import { chmod, cp, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { aServer, findings } from '../../../../test/exchange.ts';
import { aFolder, FIXTURES, read, said, stages } from '../../../../test/foreign.ts';

const script = (name: string) => readFileSync(join(FIXTURES, 'python', name), 'utf8');

/** A database as that program leaves it, which sets WAL mode at every start. */
async function aDatabase(name: string) {
  const path = join(await aFolder(), 'task_orchestrator.db');
  const database = new Sqlite(path);
  database.pragma('journal_mode = wal');
  database.exec(script(name));
  return { path, database };
}

async function aClosedDatabase(name: string) {
  const { path, database } = await aDatabase(name);
  database.close();
  return path;
}

test('Python 1.8: plans, subtasks, results and decisions', async () => {
  const { tasks, lost } = await read('python', await aClosedDatabase('v1_8.sql'));

  expect(said(tasks, 'task_1a2b3c4d')).toMatchObject({
    title: 'Scrape the news',
    type: 'plan',
    context: 'For the archive',
    complexity: 'moderate',
  });
  expect(said(tasks, 'architect_11aa22')).toMatchObject({
    parent: 'task_1a2b3c4d',
    specialist: 'architect',
    stage: 'completed',
    effort: '2 hours',
    works: [{ summary: 'One queue per host.', filePaths: ['docs/design.md'] }],
    notes: [
      {
        kind: 'decision',
        text: expect.stringMatching(/It keeps us polite.*context: Hosts ban.*One queue for all/s),
      },
    ],
    completedAt: Date.UTC(2025, 4, 20, 12),
  });
  expect(said(tasks, 'implementer_33bb44')).toMatchObject({ waitsFor: ['architect_11aa22'], stage: 'active' });
  expect(lost).toEqual(['Its table file_operations was left out; rows in it: 1']);
});

test('Python 1.8: a complexity and a time that are none are told', async () => {
  const { path, database } = await aDatabase('v1_8.sql');
  database.exec("update task_breakdowns set complexity = 'huge', created_at = 'once'");
  database.close();

  const { tasks, lost } = await read('python', path);

  expect(said(tasks, 'task_1a2b3c4d')).toMatchObject({ createdAt: 'once' });
  expect(lost).toContain('task_1a2b3c4d has the complexity huge, which means nothing here; it has none');
});

test('Python 2.0: generic tasks with attributes, dependencies and artifacts', async () => {
  const { tasks, lost } = await read('python', await aClosedDatabase('v2_0.sql'));

  expect(stages(tasks)).toEqual({ epic_1: 'active', rank_1: 'completed', show_1: 'ready' });
  expect(said(tasks, 'epic_1')).toMatchObject({ type: 'feature_epic', dueDate: '2025-12-24' });
  expect(said(tasks, 'rank_1')).toMatchObject({
    parent: 'epic_1',
    attributes: {
      assigned_to: 'ada',
      values: { points: 5 },
      other_fields: { configuration: { retries: 2 }, actual_effort: '5 days' },
    },
    works: [
      { work: 'Ranked by age and by words.' },
      { summary: 'rank.py', type: 'code', work: 'def rank(): ...', filePaths: ['src/rank.py'] },
    ],
  });
  expect(said(tasks, 'show_1').waitsFor).toEqual(['rank_1']);
  expect(lost).toEqual([
    'Left out as deleted or a pattern: gone_1',
    'Left out as dependencies that only tell: rank_1 on show_1',
    'On data or approval there, on completion here: show_1 on rank_1',
  ]);
});

test('a database of somebody else is told apart', async () => {
  const path = join(await aFolder(), 'other.db');
  const database = new Sqlite(path);
  database.exec('create table songs (id integer)');
  database.close();

  await expect(read('python', path, 'other.db')).rejects.toThrow(
    'other.db is a database without tasks of the Python orchestrator',
  );
});

test('Python 2.0: its plain table of tasks, with what it puts into metadata', async () => {
  const { tasks, lost } = await read('python', await aClosedDatabase('v2_0_tasks.sql'));

  expect(stages(tasks)).toEqual({ task_5f0a: 'active', task_5f0b: 'completed', task_5f0c: 'cancelled' });
  expect(said(tasks, 'task_5f0a')).toMatchObject({ type: 'plan', title: 'Move the mail', complexity: 'complex' });
  expect(said(tasks, 'task_5f0b')).toMatchObject({
    parent: 'task_5f0a',
    specialist: 'implementer',
    effort: '1 day',
    context: '{"host":"old"}',
    attributes: { other_fields: { reviewer: 'ada' } },
    works: [{ summary: 'copy.sh', work: '#!/bin/sh', type: 'code' }],
    completedAt: Date.UTC(2025, 6, 2, 9),
  });
  expect(said(tasks, 'task_5f0c')).toMatchObject({ waitsFor: ['task_5f0b'] });
  expect(lost).toEqual(['Its table maintenance_operations was left out; rows in it: 1']);
});

/** What lies in the folder of a file, byte for byte. */
async function bytesBeside(path: string) {
  const names = await readdir(dirname(path));
  const files = await Promise.all(
    names.map(async (name) => [name, await readFile(join(dirname(path), name), 'base64')]),
  );
  return Object.fromEntries(files);
}

test('a Python database stays as it is byte for byte, with nothing beside it', async () => {
  const path = await aClosedDatabase('v1_8.sql');
  await chmod(path, 0o444);
  const before = await bytesBeside(path);

  await read('python', path);

  expect(await bytesBeside(path)).toEqual(before);
});

test('a Python database that its server has open is read up to the last commit, and not changed', async () => {
  const { path, database } = await aDatabase('v1_8.sql');
  database.exec("update subtasks set title = 'Said last' where specialist_type = 'wizard'");
  database.exec("begin immediate; update subtasks set title = 'Not yet said'");
  const files = ({ 'task_orchestrator.db': main, 'task_orchestrator.db-wal': wal }: Record<string, string>) => [
    main,
    wal,
  ];
  const before = files(await bytesBeside(path));

  const { tasks } = await read('python', path);

  expect(said(tasks, 'wizard_55cc66')).toMatchObject({ title: 'Said last' });
  expect(files(await bytesBeside(path))).toEqual(before);
  database.exec('rollback');
  database.close();
});

test('a database that another program keeps locked is told with the way out', async () => {
  const { path, database } = await aDatabase('v1_8.sql');
  database.pragma('journal_mode = delete');
  database.exec('begin exclusive');

  await expect(read('python', path, 'old.db')).rejects.toMatchObject({
    message: 'old.db cannot be read as a database: database is locked',
    suggestion: 'Another program is writing to it: stop that one, then repeat',
  });
  database.close();
});

test('tables of the same names with other columns are not of the Python orchestrator', async () => {
  const path = join(await aFolder(), 'other.db');
  const database = new Sqlite(path);
  database.exec(
    "create table tasks (id integer, title text); create table subtasks (id integer); insert into tasks values (1, 'x')",
  );
  database.close();

  await expect(read('python', path, 'other.db')).rejects.toThrow('without tasks of the Python orchestrator');
});

test.each([
  ['v1_8.sql', 4],
  ['v2_0.sql', 3],
  ['v2_0_tasks.sql', 3],
] as const)('the tasks of a Python database come in once, whole and sound: %s', async (name, count) => {
  await using server = await aServer();
  await cp(await aClosedDatabase(name), join(server.workspace, 'old.db'));

  const first = await server.call('import_workflow', { from: 'old.db', from_tool: 'python' });
  const again = await server.call('import_workflow', { from: 'old.db', from_tool: 'python' });

  expect(first.tasks).toMatchObject({ added: count, conflicts: 0 });
  expect(again).toMatchObject({
    tasks: { added: 0, updated: 0, unchanged: count, conflicts: 0 },
    artifacts_added: 0,
    notes_added: 0,
  });
  expect(await findings(server)).toEqual([]);
});
