import './node-version.ts';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import Sqlite, { type Database } from 'better-sqlite3';
import { MIGRATIONS } from '../src/infrastructure/store/migrate.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
import { ROWS, type Row, type Value } from './keep-stores/rows.ts';

/**
 * Keeps a store of each schema version that none is kept of, with a row in every table, for the test that migrates them
 * all: `node scripts/keep-stores.ts`. One that is kept is never made anew, for it is what people have.
 */
const FOLDER = join(import.meta.dirname, '../test/fixtures/stores');

await mkdir(FOLDER, { recursive: true });
const steps = Object.entries(MIGRATIONS);
for (const [index, [name]] of steps.entries()) {
  const kept = join(FOLDER, `${name}.db.gz`);
  if (existsSync(kept)) continue;
  await writeFile(kept, gzipSync(await storeOf(Object.fromEntries(steps.slice(0, index + 1))), { level: 9 }));
  console.log(`kept ${name}`);
}

async function storeOf(migrations: typeof MIGRATIONS): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'mto-keep-'));
  try {
    const path = join(folder, 'store.db');
    const empty = new Sqlite(path);
    empty.close();
    await migrated(path, migrations);
    const database = new Sqlite(path);
    // Tables come in no order; the test that migrates the store looks for what is lost.
    database.pragma('foreign_keys = off');
    database.transaction(() => fill(database))();
    database.pragma('journal_mode = delete');
    database.close();
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An opened store asks for tables of today, which an older schema does not have; by then it is migrated. */
async function migrated(path: string, migrations: typeof MIGRATIONS): Promise<void> {
  await (await openStore({ path, backups: path, synchronous: 'normal', migrations })).close();
}

function fill(database: Database): void {
  const tables = database
    .prepare<[], string>("select name from pragma_table_list where type = 'table' and name not like 'sqlite_%'")
    .pluck()
    .all()
    .filter((table) => !table.startsWith('kysely_') && count(database, table) === 0);
  for (const table of tables) for (const row of ROWS[table] ?? [{}]) insert(database, table, row);
}

function count(database: Database, table: string): number {
  return Number(database.prepare(`select count(*) from ${table}`).pluck().get());
}

type Column = Readonly<{ name: string; type: string; notnull: number; dflt_value: unknown; pk: number }>;

function insert(database: Database, table: string, given: Row): void {
  const columns = database.prepare<[], Column>(`select * from pragma_table_info('${table}')`).all();
  const values = columns.flatMap((column): readonly (readonly [string, Value])[] => {
    const isNumberOfRow = column.pk > 0 && columns.filter(({ pk }) => pk > 0).length === 1 && isInteger(column);
    const value = given[column.name] ?? (isNumberOfRow ? undefined : whatever(table, column));
    return value === undefined ? [] : [[column.name, value]];
  });
  const names = values.map(([name]) => `"${name}"`).join(', ');
  const places = values.map(() => '?').join(', ');
  database.prepare(`insert into ${table} (${names}) values (${places})`).run(...values.map(([, value]) => value));
}

function isInteger({ type }: Column): boolean {
  return type.toLowerCase() === 'integer';
}

/** Something that a column takes where it takes no null. SQLite itself gives a row its number. */
function whatever(table: string, column: Column): Value | undefined {
  if (column.notnull === 0) return undefined;
  if (column.type.toLowerCase() === 'blob') return new Uint8Array([1, 2, 3, 4]);
  return isInteger(column) ? 1 : `${table} ${column.name}`;
}
