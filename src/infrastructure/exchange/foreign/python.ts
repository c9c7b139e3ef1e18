import { readFile, stat } from 'node:fs/promises';
import type { Database } from 'better-sqlite3';
import { invalid } from '../../../domain/errors.ts';
import type { ForeignProject } from '../../../domain/foreign.ts';
import { explained, ifThere } from '../../file-errors.ts';
import { type Located, present } from '../place.ts';
import { genericTasks } from './python-generic.ts';
import { plansAndSubtasks } from './python-plans.ts';
import type { Row, Tables } from './python-rows.ts';
import { telling } from './reading.ts';

/** Bytes of a database, whose tasks are read as a whole. */
const MOST_BYTES = 512 * 1024 * 1024;
/** Reading waits in the way of everything else that this process does. */
const LOCK_WAIT_MS = 500;

/** Tables that are read, and those that tell nothing about tasks. */
const READ: ReadonlySet<string> = new Set([
  'task_breakdowns',
  'subtasks',
  'architectural_decisions',
  'tasks',
  'generic_tasks',
  'task_attributes',
  'task_dependencies',
  'task_artifacts',
]);
const QUIET = /^(?:sqlite_|workspace|schema_migrations$|legacy_task_mapping$|alembic_version$|lock_tracking$)/;

/**
 * The SQLite file of the Python MCP Task Orchestrator: plans and subtasks as 1.8 keeps them, generic tasks as 2.0 does,
 * or both. Its times tell no zone and are taken as UTC. The file stays as it is.
 */
export async function readPython(at: Located): Promise<ForeignProject> {
  const found = await present(at);
  if (!found.isFile() || found.size > MOST_BYTES) {
    throw invalid(`${at.shown} is no database of at most ${MOST_BYTES} bytes`, { suggestion: NAME_FILE });
  }
  const source = await sourceOf(at);
  const { default: Sqlite } = await import('better-sqlite3');
  return opened(at.shown, () => {
    const options = { readonly: true, timeout: LOCK_WAIT_MS };
    const database = typeof source === 'string' ? new Sqlite(source, options) : new Sqlite(source);
    try {
      // One moment for all tables, though its server goes on writing.
      return database.transaction(() => projectIn(database, at.shown))();
    } finally {
      database.close();
    }
  });
}

/**
 * In WAL mode, which that program sets, even a reader makes files beside the database, and fails where it may not. Where
 * nobody has anything in a WAL, the bytes of the file are all there is, and are opened in memory.
 */
async function sourceOf({ path, shown }: Located): Promise<string | Buffer> {
  const wal = await ifThere(stat(`${path}-wal`));
  if ((wal?.size ?? 0) > 0) return path;
  const bytes = await explained({ verb: 'read', path: shown }, () => readFile(path));
  if (bytes[JOURNAL] !== WAL) return path;
  // A database in memory has no WAL, so that its header must not promise one.
  return bytes.fill(ROLLBACK, JOURNAL, JOURNAL + 2);
}

/** The two bytes of the header that say how the file is written and read, and what they say. */
const JOURNAL = 18;
const [ROLLBACK, WAL] = [1, 2];

const NAME_FILE = 'Name its file task_orchestrator.db';

function opened<T>(shown: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
    if (!code.startsWith('SQLITE_')) throw error;
    const why = error instanceof Error ? error.message : code;
    const isBusy = code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
    throw invalid(`${shown} cannot be read as a database: ${why}`, {
      suggestion: isBusy ? 'Another program is writing to it: stop that one, then repeat' : NAME_FILE,
    });
  }
}

function projectIn(database: Database, shown: string): ForeignProject {
  const { tell, told } = telling();
  const names = database
    .prepare<[], { name: string }>("select name from sqlite_schema where type = 'table' order by name")
    .all()
    .map(({ name }) => name);
  const quoted = (table: string) => `"${table.replaceAll('"', '""')}"`;
  const columns = (table: string) =>
    new Set(
      database
        .prepare<[string], { name: string }>('select name from pragma_table_info(?)')
        .all(table)
        .map(({ name }) => name),
    );
  const tables: Tables = {
    has: (table, ...wanted) => names.includes(table) && wanted.every((column) => columns(table).has(column)),
    rows: (table) => (names.includes(table) ? database.prepare<[], Row>(`select * from ${quoted(table)}`).all() : []),
  };
  if (!holdsTasks(tables)) throw noTasks(shown);
  for (const table of names.filter((name) => !READ.has(name) && !QUIET.test(name))) {
    const count =
      database
        .prepare<[], number>(`select count(*) from ${quoted(table)}`)
        .pluck()
        .get() ?? 0;
    if (count > 0) tell(`Its table ${table} was left out; rows in it: ${count}`);
  }
  const generic = genericTasks(tables, tell);
  const known = new Set(generic.map(({ origin }) => origin));
  const older = plansAndSubtasks(tables, tell).filter(({ origin }) => !known.has(origin));
  return { scope: '', tasks: [...generic, ...older], lost: told() };
}

const holdsTasks = (tables: Tables) =>
  tables.has('subtasks', 'task_id', 'parent_task_id', 'status') ||
  tables.has('generic_tasks', 'task_id', 'title', 'status') ||
  tables.has('tasks', 'id', 'type', 'status', 'metadata');

const noTasks = (shown: string) =>
  invalid(`${shown} is a database without tasks of the Python orchestrator`, {
    suggestion: `${NAME_FILE}, usually in .task_orchestrator/`,
  });
