import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { OrchestratorError, refused } from '../../domain/errors.ts';
import * as initial from './migrations/0001-initial.ts';
import * as trash from './migrations/0002-trash.ts';
import * as attributeIndexes from './migrations/0003-attribute-indexes.ts';
import * as search from './migrations/0004-search.ts';
import * as templates from './migrations/0005-templates.ts';
import * as metrics from './migrations/0006-metrics.ts';
import type { DB } from './schema.ts';
import { foreignDatabase, newerStore, shownName, translated } from './sqlite-errors.ts';

/** All steps from nothing to today's schema, forward only; the number of steps is the schema version. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-initial': initial,
  '0002-trash': trash,
  '0003-attribute-indexes': attributeIndexes,
  '0004-search': search,
  '0005-templates': templates,
  '0006-metrics': metrics,
};

/** Tells a store of ours from any other SQLite database: "MTOS" in ASCII. */
const APPLICATION_ID = 0x4d544f53;

export type Migrating = Readonly<{
  db: Kysely<DB>;
  database: Database;
  /** Opens a second connection to the same file, to copy it while the first one keeps others from writing. */
  openAgain: () => Database;
  path: string;
  backups: string;
  migrations?: typeof MIGRATIONS;
}>;

/** Says which schema version a file has, 0 for one that is new; refuses what is not ours or newer than we are. */
export function recognize(database: Database, { path, known }: { path: string; known: number }): number {
  const one = (source: string) => Number(database.pragma(source, { simple: true }));
  database.prepare('begin').run();
  try {
    const version = one('user_version');
    if (!isOurs(database) && !(version === 0 && one('application_id') === 0 && isEmpty(database)))
      throw foreignDatabase(shownName(path));
    if (version > known) throw newerStore(shownName(path), { found: version, known });
    return version;
  } finally {
    if (database.inTransaction) database.prepare('rollback').run();
  }
}

/** Whether a database is a store of any version. */
export const isOurs = (database: Database) =>
  database.pragma('application_id', { simple: true }) === APPLICATION_ID &&
  Number(database.pragma('user_version', { simple: true })) > 0;

const isEmpty = (database: Database) => database.prepare('select 1 from sqlite_schema limit 1').get() === undefined;

/** Brings a store to today's schema, once, whole or not at all; an older one is copied first. */
export async function migrate({ db, database, openAgain, path, backups, migrations = MIGRATIONS }: Migrating) {
  const known = Object.keys(migrations).length;
  const version = () => Number(database.pragma('user_version', { simple: true }));
  let copied: Copied | undefined;
  const migrated = db.transaction().execute(async (transaction) => {
    const found = version();
    // Another server was first while this one waited for its turn.
    if (found === known) return;
    if (found > known) throw newerStore(shownName(path), { found, known });
    if (found > 0) copied = { found, copy: await backUp(openAgain, { backups, version: known }) };
    await runMigrations(transaction, { migrations, found, path });
    await sql`pragma user_version = ${sql.lit(known)}`.execute(transaction);
    await sql`pragma application_id = ${sql.lit(APPLICATION_ID)}`.execute(transaction);
    await transaction.updateTable('store').set({ schema_version: known }).execute();
  });
  await migrated.catch((error: unknown) => {
    // Each call tries anew; a copy of each attempt would fill the disk with what is still there itself.
    if (copied !== undefined && version() === copied.found) rmSync(copied.copy, { force: true });
    throw error;
  });
}

type Copied = Readonly<{ found: number; copy: string }>;

type Steps = Readonly<{ migrations: typeof MIGRATIONS; found: number; path: string }>;

async function runMigrations(transaction: Kysely<DB>, { migrations, found, path }: Steps): Promise<void> {
  const provider = { getMigrations: async () => ({ ...migrations }) };
  const { error } = await new Migrator({ db: transaction, provider }).migrateToLatest();
  if (error === undefined) return;
  const told = translated(error, shownName(path));
  if (told instanceof OrchestratorError) throw told;
  throw refused(`The store ${shownName(path)} could not be brought up from schema version ${found}: it is as it was`, {
    store_version: found,
    suggestion: 'Start the mcp-task-orchestrator that wrote it last',
    cause: error,
  });
}

/** Copies the store while its lock is held, so that the copy is exactly what will be migrated; gives where it lies. */
async function backUp(openAgain: () => Database, { backups, version }: { backups: string; version: number }) {
  mkdirSync(backups, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
  const copy = join(backups, `before-v${version}-${stamp}.db`);
  const source = openAgain();
  try {
    await source.backup(`${copy}.part`);
  } finally {
    source.close();
  }
  // Half a copy is never taken for a whole one.
  renameSync(`${copy}.part`, copy);
  return copy;
}
