import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { PRIORITIES } from '../src/domain/task.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../src/infrastructure/workspace.ts';

/** A workspace with very many tasks, most of which wait. */
export type LargeStore = Readonly<{
  workspace: string;
  /** The database file. */
  path: string;
  tasks: number;
  /** Tasks that wait for another one. */
  waiting: number;
  /** A task with 1,110 others below it, on three levels. */
  treeId: string;
  sessionId: string;
}>;

const SESSION = 'session_bench000';
/** Each tree is a root, ten, a hundred and a thousand. */
const TREE = 1_111;
const PAST_MS = 90 * 24 * 3_600_000;

/** Fills a workspace by plain inserts: a tenth in trees, nine of ten waiting, the rest on offer, at work, ended or given up. */
export async function fillLarge(workspace: string, tasks: number): Promise<LargeStore> {
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const store = await openStore({ path, backups: join(folder, 'backups'), synchronous: 'normal' });
  await store.close();
  const database = new Sqlite(path);
  database.pragma('synchronous = off');
  database.pragma('foreign_keys = off');
  const indexes = database
    .prepare<[], { name: string; sql: string }>(
      "select name, sql from sqlite_schema where type = 'index' and sql is not null",
    )
    .all();
  const waiting = database.transaction(() => {
    for (const { name } of indexes) database.exec(`drop index "${name}"`);
    const count = insertAll(database, tasks);
    // Built at the end they cost a tenth.
    for (const { sql } of indexes) database.exec(sql);
    return count;
  })();
  database.pragma('wal_checkpoint(truncate)');
  database.close();
  return { workspace, path, tasks, waiting, treeId: idOf(0), sessionId: SESSION };
}

const idOf = (place: number) => `task_${place.toString(36).padStart(8, '0')}`;

type Stage = 'ready' | 'active' | 'blocked' | 'completed' | 'failed' | 'cancelled';
type Row = Readonly<{
  place: number;
  parent?: number;
  stage: Stage;
  children?: number;
  waitsFor?: number;
  waiters?: number;
}>;

function insertAll(database: Sqlite.Database, tasks: number): number {
  const insert = inserter(database, tasks);
  const trees = Math.max(1, Math.floor(tasks / 10 / TREE));
  let place = 0;
  for (let tree = 0; tree < trees; tree++, place += TREE) for (const row of treeFrom(place)) insert(row);
  let waiting = trees * 999;
  for (; place < tasks; place++) {
    const row = alone(place);
    if (row.waitsFor !== undefined) waiting += 1;
    insert(row);
  }
  database.prepare("insert into sessions values (?, 'bench', ?, null, null)").run(SESSION, Date.now());
  return waiting;
}

/** All parents are at work; all leaves but the first wait for that one. */
function* treeFrom(root: number): Generator<Row> {
  yield { place: root, stage: 'active', children: 10 };
  for (let level = 1, first = root + 1, above = root; level <= 3; level++) {
    const width = 10 ** level;
    for (let index = 0; index < width; index++) {
      const own = { place: first + index, parent: above + Math.floor(index / 10) };
      if (level < 3) yield { ...own, stage: 'active', children: 10 };
      else if (index === 0) yield { ...own, stage: 'ready', waiters: 999 };
      else yield { ...own, stage: 'ready', waitsFor: first };
    }
    above = first;
    first += width;
  }
}

/** Of each hundred without a parent 90 wait for the first leaf of the first tree, two are on offer, the others are past or not begun. */
function alone(place: number): Row {
  const kind = place % 100;
  if (kind < 90) return { place, stage: 'ready', waitsFor: 111 };
  if (kind < 92) return { place, stage: 'ready' };
  if (kind < 97) return { place, stage: 'completed' };
  return { place, stage: kind === 97 ? 'blocked' : kind === 98 ? 'failed' : 'cancelled' };
}

const COLUMNS = [
  'id, parent_id, stage, priority, version, children, open_children, completed_children, leaves, completed_leaves',
  'unmet, failed, gates_above, waiters, actionable_since, created_at, updated_at, started_at, completed_at',
  'type, specialist, session_id, title, description, acceptance_criteria, attributes',
].join(', ');
const TYPES = ['feature', 'bug', 'specialist_task', 'research'];
const SPECIALISTS = ['architect', 'implementer', 'tester', 'reviewer', 'documenter'];

type Values = (string | number | null)[];

function inserter(database: Sqlite.Database, tasks: number): (row: Row) => void {
  const places = COLUMNS.split(',').map(() => '?');
  const task = database.prepare<Values>(`insert into tasks (${COLUMNS}) values (${places.join(', ')})`);
  const edge = database.prepare<Values>(
    "insert into dependencies values (?, ?, 'completion', 'pending', null, null, null, 0, ?, ?)",
  );
  const identity = database.prepare<Values>('insert into identities values (?)');
  const now = Date.now();
  return (row) => {
    const id = idOf(row.place);
    const at = now - Math.floor(((tasks - row.place) / tasks) * PAST_MS);
    task.run(id, ...standingOf(row), ...timesOf(row, at), ...textsOf(row));
    if (row.waitsFor !== undefined) edge.run(id, idOf(row.waitsFor), at, at);
    identity.run(id.slice(-8));
  };
}

function standingOf({ place, parent, stage, children = 0, waitsFor, waiters = 0 }: Row): Values {
  const priority = (place * 13) % PRIORITIES.length;
  const counters = [children, children, 0, children * 10, 0, waitsFor === undefined ? 0 : 1, 0, 0, waiters];
  return [parent === undefined ? null : idOf(parent), stage, priority, 1, ...counters];
}

function timesOf({ place, stage, waitsFor }: Row, at: number): Values {
  const isFree = stage === 'ready' && waitsFor === undefined;
  const wasBegun = stage !== 'ready' && stage !== 'blocked';
  const updated = at + (place % 1000) * 1000;
  return [isFree ? at : null, at, updated, wasBegun ? at : null, stage === 'completed' ? updated : null];
}

function textsOf({ place }: Row): Values {
  const attributes = {
    team: `t${(place * 7) % 10}`,
    component: `c${(place * 31) % 100}`,
    sprint: place % 50,
    points: (place * 3) % 13,
  };
  return [
    TYPES[place % TYPES.length] ?? '',
    SPECIALISTS[(place * 3) % SPECIALISTS.length] ?? '',
    SESSION,
    `Task ${place}: carry over the settings of module ${place % 1000}`,
    `The settings of module ${place % 1000} are read in three places; each has its own idea of what is missing.`,
    '[]',
    JSON.stringify(attributes),
  ];
}
