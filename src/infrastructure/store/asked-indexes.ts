import { createHash } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { QueryField, Subject } from '../../domain/query.ts';
import { compiled, type Given } from './compiled.ts';
import { jsonPath } from './query-conditions.ts';
import type { DB } from './schema.ts';

/**
 * Indexes that questions make for themselves. Each costs every task that is stored, so that there are none by default:
 * what had to be answered by reading all tasks is counted, and once that has cost enough the index is made, after the
 * reply. What is not of use for long is dropped.
 */
export type AskedIndexes = Readonly<{
  /** The longest unused first. */
  present: readonly Selectable<DB['attribute_indexes']>[];
  /** About how many tasks there are. */
  size: number;
}>;

/** A question that has read so many tasks for want of an index is worth one: at a million the first, at 20,000 the tenth. */
const WORTH = 200_000;
/** So few are read in a few milliseconds. */
const TOO_FEW = 5_000;
const MOST_INDEXES = 16;
/** Each takes seconds at a million tasks, in which nobody else can write. */
const MOST_AT_ONCE = 2;
const DAY_MS = 24 * 3_600_000;
const UNUSED_AFTER_MS = 30 * DAY_MS;
/** Longer paths get no index, and so many are counted at most. */
const LONGEST_SUBJECT = 300;
const MOST_COUNTED = 1_000;

/** Fields that tasks are found by, each with its column. */
const COLUMNS = {
  task_type: 'type',
  specialist_type: 'specialist',
  template_id: 'template_id',
  priority: 'priority',
} as const satisfies Partial<Record<QueryField, keyof DB['tasks']>>;
/** Fields that every task has, and that lists are sorted by. */
const SORTED_FIELDS: readonly QueryField[] = ['updated_at', 'priority', 'title'];
const ORDER = 'by ';

/** The index that finds tasks by what a subject is, or undefined where there can be none. */
export function subjectIndex(of: Subject): string | undefined {
  if ('field' in of) return Object.hasOwn(COLUMNS, of.field) ? of.field : undefined;
  const path = jsonPath(of.path);
  return path.length <= LONGEST_SUBJECT ? path : undefined;
}

/** The index that gives tasks in the order of a field. */
export function orderIndex(of: Subject): string | undefined {
  const field = 'field' in of ? SORTED_FIELDS.find((one) => one === of.field) : undefined;
  return field && `${ORDER}${field}`;
}

export function askedIndexes(db: Kysely<DB>) {
  /** How often each index was missed since this process began. */
  const missed = new Map<string, number>();
  const used = new Set<string>();
  const rows = compiled(db, () => db.selectFrom('attribute_indexes').selectAll().orderBy('last_used_at'));
  const latest = compiled(db, () => sql<{ size: number | null }>`select max(seq) as size from tasks`);
  const touch = compiled(
    db,
    (given: Given<{ subjects: string; at: number }>) => sql`update attribute_indexes set last_used_at = ${given('at')}
      where subject in (select value from json_each(${given('subjects')}))`,
  );

  async function look(): Promise<AskedIndexes> {
    const [present, [last]] = [await rows({}), await latest({})];
    return { present, size: last?.size ?? 0 };
  }

  async function due(at: number) {
    const { present, size } = await look();
    const isThere = (subject: string) => present.some((index) => index.subject === subject);
    const notUsedFor = (ms: number, isUsed: boolean) =>
      present.filter((index) => used.has(index.subject) === isUsed && index.last_used_at <= at - ms);
    return {
      present,
      wanted: [...missed.keys()].filter((subject) => !isThere(subject) && isWorthIt(missed.get(subject) ?? 0, size)),
      stale: notUsedFor(DAY_MS, true).map(({ subject }) => subject),
      unused: notUsedFor(UNUSED_AFTER_MS, false),
    };
  }

  return {
    look,
    /** Remembers which index answered a question, and those that would have. */
    note({ index, missing }: Readonly<{ index?: string | undefined; missing: readonly string[] }>): void {
      if (index !== undefined) used.add(index);
      for (const subject of missing) {
        if (missed.size >= MOST_COUNTED && !missed.has(subject)) missed.clear();
        missed.set(subject, (missed.get(subject) ?? 0) + 1);
      }
    },
    async isUpkeepDue(at: number): Promise<boolean> {
      const { wanted, stale, unused } = await due(at);
      return wanted.length + stale.length + unused.length > 0;
    },
    /** Others may have been first: what is there is left, what is gone is gone. */
    async keepUp(at: number): Promise<void> {
      const { present, wanted, stale, unused } = await due(at);
      const made = wanted.slice(0, MOST_AT_ONCE);
      const staying = present.filter((index) => !unused.includes(index));
      const crowd = Math.max(0, staying.length + made.length - MOST_INDEXES);
      const longestUnused = staying.toSorted(
        (one, other) => Number(used.has(one.subject)) - Number(used.has(other.subject)),
      );
      for (const index of [...unused, ...longestUnused.slice(0, crowd)]) await drop(db, index);
      await touch({ subjects: JSON.stringify(stale), at });
      for (const subject of made) await make(db, subject, at);
      for (const subject of made) missed.delete(subject);
      used.clear();
    },
  };
}

const isWorthIt = (times: number, size: number) => size >= TOO_FEW && times * size >= WORTH;

const nameOf = (subject: string) => `asked_${createHash('sha256').update(subject).digest('hex').slice(0, 16)}`;

async function make(db: Kysely<DB>, subject: string, at: number): Promise<void> {
  const name = nameOf(subject);
  await sql`create index if not exists ${sql.id(name)} on tasks ${columnsFor(subject)}`.execute(db);
  await sql`insert into attribute_indexes values (${subject}, ${name}, ${at}, ${at}) on conflict do nothing`.execute(
    db,
  );
}

async function drop(db: Kysely<DB>, { subject, name }: Readonly<{ subject: string; name: string }>): Promise<void> {
  await sql`drop index if exists ${sql.id(name)}`.execute(db);
  await sql`delete from attribute_indexes where subject = ${subject}`.execute(db);
}

/** All that a page and its total look at, so that nothing is looked up in the table; what has to be equal comes first. */
function columnsFor(subject: string) {
  if (subject.startsWith(ORDER)) {
    return sql`(stage, deleted_at, ${sql.ref(subject.slice(ORDER.length))}, id) where deleted_at is null`;
  }
  const column = Object.entries(COLUMNS).find(([field]) => field === subject)?.[1];
  const value = column === undefined ? sql`attributes ->> ${sql.lit(subject)}` : sql.ref(column);
  const type = column === undefined ? sql`json_type(attributes, ${sql.lit(subject)}), ` : sql``;
  return sql`(${value}, ${type}stage, deleted_at, created_at, priority, id)
    where ${value} is not null and deleted_at is null`;
}
