import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { newTask } from '../../domain/task.ts';
import { MIGRATIONS } from './migrate.ts';
import { openStore } from './open.ts';

/** The schema version of a store of today. */
const TODAY = Object.keys(MIGRATIONS).length;

function aFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mto-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const opening = (folder: string) =>
  openStore({ path: join(folder, 'store.db'), synchronous: 'full', backups: join(folder, 'backups') });

/** A store with enough in it to have many pages, closed. */
async function aStoreWithTasks(folder: string) {
  const store = await opening(folder);
  const tasks = Array.from({ length: 300 }, (_, index) =>
    newTask({ id: `task_${index}`, type: 'custom', title: 'x'.repeat(300), sessionId: 's', createdAt: 1 }),
  );
  await store.write((repositories) => repositories.tasks.insert(tasks));
  await store.close();
  return join(folder, 'store.db');
}

test('a store that is not there yet is made', async () => {
  const folder = aFolder();

  await (await opening(folder)).close();

  expect(readdirSync(folder)).toEqual(['store.db']);
  const database = new Sqlite(join(folder, 'store.db'), { readonly: true });
  expect(database.pragma('user_version', { simple: true })).toBe(TODAY);
  expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
  database.close();
});

test('an empty file becomes a store', async () => {
  const folder = aFolder();
  writeFileSync(join(folder, 'store.db'), '');

  const store = await opening(folder);

  expect(await store.read(({ events }) => events.latest())).toBe(0);
  await store.close();
});

test('opening an existing store changes nothing in it', async () => {
  const folder = aFolder();
  const path = await aStoreWithTasks(folder);
  const before = readFileSync(path);

  await (await opening(folder)).close();

  expect(readFileSync(path).equals(before)).toBe(true);
});

test.for([
  ['a text', (path: string) => writeFileSync(path, 'These are my notes, and they are long enough.\n'.repeat(50))],
  ['a very short text', (path: string) => writeFileSync(path, 'hello')],
  [
    'the database of another program',
    (path: string) => new Sqlite(path).exec('create table customers (name text)').close(),
  ],
  [
    'a database with the version of another program',
    (path: string) => new Sqlite(path).exec('pragma user_version = 1; create table tasks (id text)').close(),
  ],
  [
    'a database that another program has marked as its own',
    (path: string) => new Sqlite(path).exec('pragma application_id = 42').close(),
  ],
] as const)('%s is refused and left as it is', async ([, make]) => {
  const folder = aFolder();
  const path = join(folder, 'store.db');
  make(path);
  const before = readFileSync(path);

  const error = await opening(folder).catch((thrown: unknown) => thrown);

  expect(error).toMatchObject({
    code: 'refused',
    suggestion: expect.stringMatching(/Nothing was changed.*move the file aside/),
  });
  expect(String(error)).toContain('is not a store');
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(folder)).toEqual(['store.db']);
});

test('a store of a newer server is refused, telling both versions', async () => {
  const folder = aFolder();
  const path = await aStoreWithTasks(folder);
  new Sqlite(path).exec(`pragma user_version = ${TODAY + 6}`).close();

  await expect(opening(folder)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringMatching(`schema version ${TODAY + 6}.*up to ${TODAY}`),
    details: { store_version: TODAY + 6, known_version: TODAY },
    suggestion: 'Start a newer mcp-task-orchestrator',
  });
});

test.for([
  ['cut off', (path: string) => truncateSync(path, 20_000)],
  ['overwritten in part', (path: string) => writeFileSync(path, readFileSync(path).fill(0xff, 8192))],
] as const)('a store that was %s is refused and left as it is', async ([, damage]) => {
  const folder = aFolder();
  const path = await aStoreWithTasks(folder);
  damage(path);
  const before = readFileSync(path);

  const using = opening(folder).then((store) =>
    store.read(({ tasks }) => tasks.children('task_1')).finally(() => store.close()),
  );

  await expect(using).rejects.toMatchObject({ code: 'refused', suggestion: expect.stringContaining('backups') });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('a folder in the place of the file is refused', async () => {
  const folder = aFolder();
  mkdirSync(join(folder, 'store.db'));

  await expect(opening(folder)).rejects.toMatchObject({ code: 'refused' });
});

test('a folder that does not exist is refused, not made', async () => {
  const folder = join(aFolder(), 'missing');

  await expect(opening(folder)).rejects.toMatchObject({ code: 'refused', message: expect.stringContaining('folder') });
});
