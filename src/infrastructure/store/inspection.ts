import type { Database } from 'better-sqlite3';
import { RETRIES } from '../../domain/retries.ts';
import { isOurs, MIGRATIONS } from './migrate.ts';
import { retryBusy } from './retry.ts';
import { foreignDatabase, isUnreadable, newerStore, shownName, translated } from './sqlite-errors.ts';

/** What the database of a store says about itself, whatever the version of its schema. */
export type Inspection = Readonly<{
  storeId: string;
  generation: number;
  schemaVersion: number;
  bytes: number;
  counts: Readonly<{ tasks: number; artifacts: number; notes: number; events: number }>;
  /** What SQLite finds wrong with the file, and rows that name others which are not there. */
  damages: readonly string[];
  lostReferences: readonly LostReference[];
}>;

export type LostReference = Readonly<{ table: string; description: string }>;

export type ArtifactRow = Readonly<{ id: string; taskId: string; sha256: string; isGivenUp: boolean }>;
export type InspectedStore = Readonly<{ inspection: Inspection; artifacts: readonly ArtifactRow[] }>;

/** Problems that are named before it is only said that there are more. */
const NAMED = 100;
const PATIENCE = { deadlineMs: RETRIES.lock.deadlineMs };

/** Looks through a whole database without changing it. Refuses what is no store of ours, or newer than we are. */
export function inspect(path: string): Promise<InspectedStore> {
  return looking(path, (database) => {
    const one = (query: string) => database.prepare(query).pluck().get();
    const identity = identityIn(database, path);
    // What is damaged may not let itself be read: then there is nothing to tell but that.
    const damages = damagesOf(database);
    const whole = <T>(look: () => T, otherwise: T) => (damages.length === 0 ? look() : ifReadable(look, otherwise));
    const count = (table: string) => whole(() => Number(one(`select count(*) from ${table}`)), 0);
    return {
      inspection: {
        ...identity,
        bytes: Number(one('select page_count * page_size from pragma_page_count, pragma_page_size')),
        counts: {
          tasks: count('tasks'),
          artifacts: count('artifacts'),
          notes: count('notes'),
          events: count('events'),
        },
        damages,
        lostReferences: whole(() => lostReferencesOf(database), []),
      },
      artifacts: whole(() => artifactsIn(database), []),
    };
  });
}

export type Identity = Pick<Inspection, 'storeId' | 'generation' | 'schemaVersion'>;

/** Which store a file holds. Refuses as `inspect` does. */
export const identityOf = (path: string): Promise<Identity> => looking(path, (database) => identityIn(database, path));

/** The artifacts that a store has recorded. */
export const artifactsOf = (path: string): Promise<readonly ArtifactRow[]> => looking(path, artifactsIn);

/** Opens a database for nothing but looking, at one moment of it. */
async function looking<T>(path: string, look: (database: Database) => T): Promise<T> {
  const { default: Sqlite } = await import('better-sqlite3');
  try {
    const database = new Sqlite(path, { readonly: true, fileMustExist: true });
    try {
      const lookInside = () => {
        // SQLite takes what is shorter than a page for a database that nobody has written to yet.
        if (database.pragma('page_count', { simple: true }) === 0)
          throw new Sqlite.SqliteError('It is empty or cut off', 'SQLITE_NOTADB');
        return look(database);
      };
      return await retryBusy(() => atOneMoment(database, lookInside), PATIENCE);
    } finally {
      database.close();
    }
  } catch (error) {
    throw translated(error, shownName(path));
  }
}

/** Nothing is committed, for there is nothing to commit: of a damaged database even that would fail, and hide what was found. */
function atOneMoment<T>(database: Database, look: () => T): T {
  database.exec('begin');
  try {
    return look();
  } finally {
    if (database.inTransaction) database.exec('rollback');
  }
}

function identityIn(database: Database, path: string): Identity {
  if (!isOurs(database)) throw foreignDatabase(shownName(path));
  const found = Number(database.pragma('user_version', { simple: true }));
  const known = Object.keys(MIGRATIONS).length;
  if (found > known) throw newerStore(shownName(path), { found, known });
  const row = database.prepare<[], IdentityRow>('select store_id, generation from store').get();
  if (row === undefined) throw foreignDatabase(shownName(path));
  return { storeId: row.store_id, generation: row.generation, schemaVersion: found };
}
type IdentityRow = Readonly<{ store_id: string; generation: number }>;

/** The check itself fails on some damages. That is one of them, and what it has found until then is told. */
function damagesOf(database: Database): readonly string[] {
  const damages: string[] = [];
  try {
    const said = database.prepare<[], string>(`pragma integrity_check(${NAMED})`).pluck().iterate();
    // What it says may be several lines below one that names the database, which is always the same.
    for (const text of said)
      damages.push(...text.split('\n').filter((line) => line !== 'ok' && !line.startsWith('***')));
  } catch (error) {
    if (!isUnreadable(translated(error, ''))) throw error;
    damages.push(`SQLite cannot check it to the end: ${error instanceof Error ? error.message : error}`);
  }
  return damages;
}

function lostReferencesOf(database: Database): readonly LostReference[] {
  const lost = database
    .prepare<[], Lost>(`select "table", "parent", count(*) as times from pragma_foreign_key_check group by 1, 2`)
    .all();
  return lost.map(({ table, parent, times }) => ({
    table,
    description: `${times === 1 ? `1 row of ${table} names` : `${times} rows of ${table} name`} ${parent} that do not exist`,
  }));
}
type Lost = Readonly<{ table: string; parent: string; times: number }>;

function artifactsIn(database: Database): readonly ArtifactRow[] {
  const columns = database.prepare<[], string>("select name from pragma_table_info('artifacts')").pluck().all();
  const givenUp = columns.includes('trashed_at') ? 'trashed_at is not null' : '0';
  return database
    .prepare<[], StoredArtifact>(`select id, task_id, sha256, ${givenUp} as given_up from artifacts order by seq`)
    .all()
    .map(({ id, task_id, sha256, given_up }) => ({ id, taskId: task_id, sha256, isGivenUp: given_up === 1 }));
}
type StoredArtifact = Readonly<{ id: string; task_id: string; sha256: string; given_up: number }>;

function ifReadable<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
