import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { Store } from '../../application/ports.ts';
import { refused } from '../../domain/errors.ts';
import { RETRIES } from '../../domain/retries.ts';
import { MIGRATIONS, migrate, recognize } from './migrate.ts';
import type { Waits } from './retry.ts';
import type { DB } from './schema.ts';
import { type Faults, SqlStore } from './sql-store.ts';
import { kyselyOn, SqliteConnection } from './sqlite-dialect.ts';
import { shownName, translated } from './sqlite-errors.ts';
import { hasWalResetBug } from './sqlite-version.ts';

export type OpenOptions = Readonly<{
  /** The database file; its folder exists. */
  path: string;
  /** `full` loses no commit when the power fails, `normal` may lose those since the last checkpoint. */
  synchronous: 'full' | 'normal';
  /** The folder for copies of older stores; made when it is needed. */
  backups: string;
  /** How long a transaction waits for its turn; 30 s by default. */
  busyDeadlineMs?: number;
  /** Counts what had to be waited for turns. */
  waits?: Waits;
  migrations?: typeof MIGRATIONS;
  /** A library of functions that SQLite is to load. */
  extension?: string | undefined;
  faults?: Faults;
}>;

/** SQLite's own waiting blocks the process and is unfair, so it does none. */
const UNWAITING = { timeout: 0 };

/** Opens the store at `path`, making or migrating it where that is needed. Refuses, and leaves alone, what is not ours. */
export async function openStore(options: OpenOptions): Promise<Store> {
  const { path } = options;
  if (!existsSync(dirname(path))) throw refused(`The folder of the store ${shownName(path)} does not exist`);
  const { default: Sqlite } = await import('better-sqlite3');
  const open = () => new Sqlite(path, UNWAITING);
  let database: Database | undefined;
  try {
    database = open();
    return await prepare(database, open, options);
  } catch (error) {
    database?.close();
    throw translated(error, shownName(path));
  }
}

/** Opens a store of today's schema for nothing but reading: it is neither made nor brought up, and every write is refused. */
export async function openToLook(path: string): Promise<Store> {
  const { default: Sqlite } = await import('better-sqlite3');
  let database: Database | undefined;
  try {
    database = new Sqlite(path, { ...UNWAITING, readonly: true, fileMustExist: true });
    const connection = new SqliteConnection(database, { busyDeadlineMs: RETRIES.lock.deadlineMs });
    return await SqlStore.start({ connection, db: kyselyOn<DB>(connection), path });
  } catch (error) {
    database?.close();
    throw translated(error, shownName(path));
  }
}

async function prepare(database: Database, openAgain: () => Database, options: OpenOptions): Promise<Store> {
  const { path, backups, busyDeadlineMs = RETRIES.lock.deadlineMs, migrations = MIGRATIONS, waits } = options;
  const known = Object.keys(migrations).length;
  const connection = new SqliteConnection(database, { busyDeadlineMs, waits });
  // A server that opens or closes the store makes even those wait who only look.
  await connection.retried(() => refuseWalResetBug(database));
  // Before anything that writes, for a file that is not ours is not to be changed.
  const found = await connection.retried(() => recognize(database, { path, known }));
  await connection.retried(() => setPragmas(database, options));
  if (options.extension !== undefined) database.loadExtension(options.extension);
  const db = kyselyOn<DB>(connection);
  if (found < known) await migrate({ db, database, openAgain, path, backups, migrations });
  return SqlStore.start({ connection, db, path, faults: options.faults });
}

function refuseWalResetBug(database: Database): void {
  const version = String(database.prepare('select sqlite_version()').pluck().get());
  if (!hasWalResetBug(version)) return;
  throw refused(`SQLite ${version} can lose commits when several servers write to one store: it is not used`, {
    sqlite_version: version,
    suggestion: 'Install mcp-task-orchestrator anew, with the better-sqlite3 that it names',
  });
}

function setPragmas(database: Database, { path, synchronous }: OpenOptions): void {
  const mode = database.pragma('journal_mode = wal', { simple: true });
  if (mode !== 'wal') {
    throw refused(`The disk that holds the store ${shownName(path)} does not support write-ahead logging`, {
      suggestion: 'Put the workspace on a local disk',
    });
  }
  database.pragma(`synchronous = ${synchronous}`);
  database.pragma('foreign_keys = on');
  database.pragma('cache_size = -16000');
  database.pragma('temp_store = memory');
  database.pragma('journal_size_limit = 67108864');
}
