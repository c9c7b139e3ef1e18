import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { MIGRATIONS } from '../src/infrastructure/store/migrate.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
import { anOrchestrator, type Body, completion } from './harness.ts';

/** A store of each schema version that there ever was, with a row in every table; `scripts/keep-stores.ts` makes them. */
const FOLDER = join(import.meta.dirname, 'fixtures/stores');
const KEPT = readdirSync(FOLDER).sort();
const NAMES = Object.keys(MIGRATIONS);

type Rows = Readonly<Record<string, readonly unknown[]>>;

/** A workspace with a store as it was kept. */
function aWorkspaceOf(kept: string) {
  const workspace = mkdtempSync(join(tmpdir(), 'mto-kept-'));
  onTestFinished(() => rmSync(workspace, { recursive: true }));
  const folder = join(workspace, '.task_orchestrator');
  mkdirSync(folder);
  const path = join(folder, 'task_orchestrator.db');
  writeFileSync(path, gunzipSync(readFileSync(join(FOLDER, kept))));
  return { workspace, path, backups: join(folder, 'backups') };
}

function looking<T>(path: string, look: (database: Sqlite.Database) => T): T {
  const database = new Sqlite(path, { readonly: true });
  try {
    return look(database);
  } finally {
    database.close();
  }
}

const tablesIn = (database: Sqlite.Database) =>
  database
    .prepare<[], string>(
      "select name from pragma_table_list where type = 'table' and schema = 'main' and name not like 'sqlite_%'",
    )
    .pluck()
    .all();

const columnsOf = (database: Sqlite.Database, table: string) =>
  database.prepare<[], string>(`select name from pragma_table_info('${table}')`).pluck().all();

/** Every row of every table, of the columns that there were then. */
function rowsOf(path: string, columns: Readonly<Record<string, readonly string[]>>): Rows {
  return looking(path, (database) =>
    Object.fromEntries(
      Object.entries(columns).map(([table, names]) => {
        const listed = names.map((name) => `"${name}"`).join(', ');
        return [table, database.prepare(`select ${listed} from ${table} order by ${listed}`).all()];
      }),
    ),
  );
}

const shapeOf = (path: string) =>
  looking(path, (database) =>
    Object.fromEntries(tablesIn(database).map((table) => [table, columnsOf(database, table)])),
  );

/** What a step may change: which version it is, and which steps were taken. */
function withoutVersion({ store = [], kysely_migration: _, ...rows }: Rows): Rows {
  return { ...rows, store: store.map((row) => ({ ...(row as object), schema_version: 0 })) };
}

const versionOf = (path: string) => looking(path, (database) => database.pragma('user_version', { simple: true }));

/** The steps up to one that does all that it is there for, and more, and then fails. */
function failingAt(failing: string): typeof MIGRATIONS {
  const steps = Object.entries(MIGRATIONS).filter(([name]) => name < failing);
  return {
    ...Object.fromEntries(steps),
    [failing]: {
      async up(db) {
        await MIGRATIONS[failing]?.up(db);
        await sql`update tasks set title = 'changed'`.execute(db);
        await sql`delete from events`.execute(db);
        await sql`alter table nowhere add column x text`.execute(db);
      },
    },
  };
}

test('a store is kept of every schema version', () => {
  expect(KEPT).toEqual(NAMES.map((name) => `${name}.db.gz`));
});

describe.each(KEPT)('the store of %s', (kept) => {
  test('has a row in every table, so that nothing of it is forgotten', () => {
    const { path } = aWorkspaceOf(kept);

    const empty = Object.entries(rowsOf(path, shapeOf(path))).filter(
      ([name, rows]) => rows.length === 0 && !name.includes('lock'),
    );

    expect(empty).toEqual([]);
  });

  test('is brought to the schema of today with every row as it was', async () => {
    const { path, backups } = aWorkspaceOf(kept);
    const shape = shapeOf(path);
    const before = rowsOf(path, shape);

    await (await openStore({ path, backups, synchronous: 'normal' })).close();

    expect(versionOf(path)).toBe(NAMES.length);
    expect(withoutVersion(rowsOf(path, shape))).toEqual(withoutVersion(before));
    expect(looking(path, (database) => database.pragma('integrity_check', { simple: true }))).toBe('ok');
    expect(looking(path, (database) => database.pragma('foreign_key_check'))).toEqual([]);
  });

  test('is one that can be worked in afterwards, and that finds nothing wrong with itself', async () => {
    const { workspace } = aWorkspaceOf(kept);
    await using given = await anOrchestrator({ workspace });

    const status = await given.call('get_status');
    const { findings } = await given.call('maintenance_coordinator', {
      action: 'validate_structure',
      scope: 'full_project',
      validation_level: 'full_audit',
      dry_run: true,
    });
    const { unblocked_tasks } = await given.call('complete_subtask', completion('implementer_cccc2222'));

    expect(status.active_tasks[0]).toMatchObject({
      parent_task_id: 'task_aaaa0000',
      progress: { total: 3, completed: 1 },
    });
    // The files of work are not kept with the store.
    expect(unblocked_tasks).toEqual(['tester_dddd3333']);
    expect(findings.map(({ finding }: Body) => finding)).toEqual(['lost_artifact']);
  });

  const later = [...NAMES.slice(NAMES.findIndex((name) => kept.startsWith(name)) + 1), 'a-step-to-come'];

  test.each(later)('is as it was when %s fails half-way, and no copy of it is left over', async (failing) => {
    const { path, backups } = aWorkspaceOf(kept);
    const shape = shapeOf(path);
    const before = { version: versionOf(path), rows: rowsOf(path, shape), shape };

    const opening = openStore({ path, backups, synchronous: 'normal', migrations: failingAt(failing) });

    await expect(opening).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('it is as it was'),
    });
    expect({ version: versionOf(path), rows: rowsOf(path, shape), shape: shapeOf(path) }).toEqual(before);
    expect(readdirSync(backups)).toEqual([]);
    await (await openStore({ path, backups, synchronous: 'normal' })).close();
  });
});
