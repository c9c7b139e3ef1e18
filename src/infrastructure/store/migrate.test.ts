import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { type Kysely, sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { newTask } from '../../domain/task.ts';
import { MIGRATIONS } from './migrate.ts';
import { openStore } from './open.ts';

/** The version of a store of today, as opposed to `NEXT`. */
const TODAY = Object.keys(MIGRATIONS).length;

const NEXT = {
  ...MIGRATIONS,
  '9998-next': { up: (db: Kysely<unknown>) => sql`alter table tasks add column color text`.execute(db).then(() => {}) },
};
const BROKEN = {
  ...NEXT,
  '9999-broken': { up: (db: Kysely<unknown>) => sql`alter table nowhere add column x text`.execute(db).then(() => {}) },
};

function aFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mto-migrate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const opening = (folder: string, migrations: typeof MIGRATIONS = MIGRATIONS) =>
  openStore({ path: join(folder, 'store.db'), synchronous: 'normal', backups: join(folder, 'backups'), migrations });

const aTask = newTask({ id: 'task_a', type: 'custom', title: 'Before', sessionId: 's', createdAt: 1, updatedAt: 2 });

async function anOlderStore(folder: string) {
  const store = await opening(folder);
  await store.write(({ tasks }) => tasks.insert([aTask]));
  return store;
}

function looking<T>(path: string, look: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(path, { readonly: true });
  try {
    return look(database);
  } finally {
    database.close();
  }
}

const versionIn = (path: string) => looking(path, (database) => database.pragma('user_version', { simple: true }));
const columnsIn = (path: string) =>
  looking(path, (database) => database.prepare("select name from pragma_table_info('tasks')").pluck().all());

test('an older store is brought up to date, and its tasks keep their times', async () => {
  const folder = aFolder();
  await (await anOlderStore(folder)).close();

  const store = await opening(folder, NEXT);

  expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask);
  await store.close();
  expect(versionIn(join(folder, 'store.db'))).toBe(TODAY + 1);
  expect(columnsIn(join(folder, 'store.db'))).toContain('color');
});

test('an older store is copied before it is migrated', async () => {
  const folder = aFolder();
  await (await anOlderStore(folder)).close();

  await (await opening(folder, NEXT)).close();

  const copies = readdirSync(join(folder, 'backups'));
  expect(copies).toEqual([expect.stringMatching(new RegExp(`^before-v${TODAY + 1}-\\d{8}T\\d{6}\\.\\d{3}Z\\.db$`))]);
  const copy = join(folder, 'backups', copies[0] ?? '');
  expect(versionIn(copy)).toBe(TODAY);
  expect(looking(copy, (database) => database.prepare('select title from tasks').pluck().all())).toEqual(['Before']);
});

test('a copy can be opened as the store that it was', async () => {
  const folder = aFolder();
  await (await anOlderStore(folder)).close();
  await (await opening(folder, NEXT)).close();
  const [copy = ''] = readdirSync(join(folder, 'backups'));

  const store = await openStore({ path: join(folder, 'backups', copy), synchronous: 'normal', backups: folder });

  expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask);
  await store.close();
});

test('neither a new store nor one that is up to date is copied', async () => {
  const folder = aFolder();

  await (await opening(folder)).close();
  await (await opening(folder)).close();

  expect(readdirSync(folder)).toEqual(['store.db']);
});

test('a migration that fails leaves the store as it was', async () => {
  const folder = aFolder();
  await (await anOlderStore(folder)).close();

  await expect(opening(folder, BROKEN)).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining(`could not be brought up from schema version ${TODAY}: it is as it was`),
  });

  expect(versionIn(join(folder, 'store.db'))).toBe(TODAY);
  expect(columnsIn(join(folder, 'store.db'))).not.toContain('color');
  const store = await opening(folder);
  expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask);
  await store.close();
});

test('a server whose store is migrated by a newer one stops using it and says why', async () => {
  const folder = aFolder();
  const older = await anOlderStore(folder);
  const newer = await opening(folder, NEXT);

  const stopped = {
    code: 'refused',
    message: expect.stringMatching(/was migrated by a newer server.*stopped using it/),
    suggestion: 'Restart this server',
  };

  await expect(older.write(({ tasks }) => tasks.save(aTask))).rejects.toMatchObject(stopped);
  await expect(older.read(({ tasks }) => tasks.find('task_a'))).rejects.toMatchObject(stopped);
  expect(await newer.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask);
  await older.close();
  await newer.close();
});

test('servers that find the same older store at once migrate it once', async () => {
  const folder = aFolder();
  await (await anOlderStore(folder)).close();

  const stores = await Promise.all(Array.from({ length: 4 }, () => opening(folder, NEXT)));

  expect(readdirSync(join(folder, 'backups'))).toHaveLength(1);
  for (const store of stores) {
    expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(aTask);
    await store.close();
  }
});
