import { type RawBuilder, sql } from 'kysely';
import type { QueryField, Sort, TaskFilter } from '../../domain/query.ts';
import {
  AS_LAPSED,
  AS_STORED,
  type Claim,
  claimsOf,
  every,
  given,
  isInStage,
  type Sql,
  valueOfSubject,
} from './query-conditions.ts';
import type { Position } from './query-cursor.ts';
import type { Source } from './query-sources.ts';

/** A task that matches, by its number, with what it is sorted by. */
export type Match = Position & Readonly<{ seq: number }>;
type Asked = Readonly<{ filter: TaskFilter; source: Source }>;
export type AskedPage = Asked & Readonly<{ sort: Sort; limit: number; after?: Position | undefined }>;

/** How many tasks a source has, counted no further than `limit`. */
export const sizeOf = (source: Source, limit: number) => sql<{ count: number }>`
  ${withTables([source.wanted])}
  select count(*) as count from (select 1 from ${source.from} where task.deleted_at is null limit ${given(limit)})`;

/** How many tasks match. */
export function countOf({ filter, source }: Asked) {
  const { stored, lapsed } = matchIn({ filter, source });
  const counted =
    source.walk === undefined
      ? sql`(select count(*) from ${source.from} where ${stored})`
      : sql`(select ifnull(sum((
          select count(*) from tasks as task indexed by ${source.walk.index} where ${source.walk.on} and ${stored}
        )), 0) from wanted)`;
  return sql<{ count: number }>`
    ${withTables([source.wanted, lapsedTasks(filter)])}
    select ${counted} ${lapsed === undefined ? sql`` : sql`+ (select count(*) from ${LAPSED} where ${lapsed})`} as count`;
}

/** The first matches after a position, in order. */
export function pageOf(asked: AskedPage): RawBuilder<Match> {
  const { filter, source, sort, limit } = asked;
  const { stored, lapsed } = matchIn(asked);
  const columns = columnsOf(asked);
  const found =
    source.walk === undefined
      ? sql`select ${columns.stored} from ${source.from} where ${stored} and ${isAfter(asked, 'stored')}`
      : sql`select ${columns.stored} from wanted cross join tasks as task on task.seq in (
          select task.seq from tasks as task indexed by ${source.walk.index}
          where ${source.walk.on} and ${stored} and ${isAfter(asked, 'stored')}
          order by ${inOrder(sort, { key: keyOf(asked, 'stored'), id: sql`task.id` })} limit ${given(limit)})`;
  const more =
    lapsed === undefined
      ? sql``
      : sql`union all select ${columns.lapsed} from ${LAPSED} where ${lapsed} and ${isAfter(asked, 'lapsed')}`;
  return sql`
    ${withTables([source.wanted, lapsedTasks(filter)])}
    select seq, key, id from (${found} ${more})
    order by ${inOrder(sort, { key: sql`key`, id: sql`id` })} limit ${given(limit)}`;
}

/** Both at once, for tasks that are read one by one: all matches are kept until the first of them are known. */
export function pageAndCountOf(asked: AskedPage) {
  const { filter, source, sort, limit, after } = asked;
  const { stored, lapsed } = matchIn(asked);
  const columns = columnsOf(asked);
  const more = lapsed === undefined ? sql`` : sql`union all select ${columns.lapsed} from ${LAPSED} where ${lapsed}`;
  const [key, id] = [sql`key`, sql`id`];
  const order = inOrder(sort, { key, id });
  return sql<Readonly<{ count: number }> & (Match | Readonly<{ seq: null }>)>`
    ${withTables([
      source.wanted,
      lapsedTasks(filter),
      sql`matching as materialized (select ${columns.stored} from ${source.from} where ${stored} ${more})`,
    ])}
    select count, seq, key, id
    from (select count(*) as count from matching)
      left join (select * from matching where ${after === undefined ? sql`true` : beyond(after, { sort, key, id })}
        order by ${order} limit ${given(limit)}) on true
    order by ${order}`;
}

const withTables = (tables: readonly (Sql | undefined)[]) => {
  const present = tables.filter((table) => table !== undefined);
  return present.length === 0 ? sql`` : sql`with ${sql.join(present)}`;
};

/** The few tasks that count as ready, though their stage says otherwise. They are left out of all others and added by themselves. */
const LAPSED = sql`lapsed cross join tasks as task on task.seq = lapsed.seq`;
const lapsedTasks = ({ lapsed }: TaskFilter) =>
  lapsed.length === 0
    ? undefined
    : sql`lapsed (seq) as materialized (
        select task.seq from json_each(${given(JSON.stringify(lapsed))}) as claim
          cross join tasks as task on task.id = claim.value
        where task.stage = 'active' and task.children = 0 and task.deleted_at is null)`;

/** What a task in the source must be to match, and what one whose claim has ended must be, where there are any. */
function matchIn({ filter, source }: Asked): Readonly<{ stored: Claim; lapsed: Claim | undefined }> {
  const [stored, lapsed] = readings(source);
  const hasLapsed = filter.lapsed.length > 0;
  return {
    stored: every([
      sql`task.deleted_at is null`,
      ...(source.wanted === undefined ? [isInStage(filter, stored)] : []),
      ...claimsOf(source.left, stored),
      ...(hasLapsed ? [sql<never>`task.seq not in (select seq from lapsed)`] : []),
    ]),
    lapsed: hasLapsed ? every([isInStage(filter, lapsed), ...claimsOf(filter, lapsed)]) : undefined,
  };
}

const readings = ({ spelt }: Source) =>
  [
    { ...AS_STORED, spelt },
    { ...AS_LAPSED, spelt },
  ] as const;

type AsWhat = 'stored' | 'lapsed';

function keyOf({ source, sort }: Pick<AskedPage, 'source' | 'sort'>, as: AsWhat): Sql {
  const [stored, lapsed] = readings(source);
  return valueOfSubject(sort.by, as === 'stored' ? stored : lapsed);
}

function columnsOf(asked: AskedPage) {
  const columns = (as: AsWhat) => sql`task.seq as seq, ${keyOf(asked, as)} as key, task.id as id`;
  return { stored: columns('stored'), lapsed: columns('lapsed') };
}

type Place = Readonly<{ key: Sql; id: Sql }>;

/** What every task has; for anything else it has to be said that null comes last. */
const EVER_THERE = new Set<QueryField>([
  'created_at',
  'updated_at',
  'priority',
  'title',
  'status',
  'lifecycle_stage',
  'task_type',
  'task_id',
  'session_id',
  'version',
]);
const canBeNull = ({ by }: Sort) => !('field' in by && EVER_THERE.has(by.field));

function inOrder(sort: Sort, { key, id }: Place): Sql {
  const direction = sql.raw(sort.descending ? 'desc' : 'asc');
  const order = sql`${key} ${direction}, ${id} ${direction}`;
  return canBeNull(sort) ? sql`${key} is null, ${order}` : order;
}

const isAfter = (asked: AskedPage, as: AsWhat): Claim =>
  asked.after === undefined
    ? sql`true`
    : beyond(asked.after, { sort: asked.sort, key: keyOf(asked, as), id: sql`task.id` });

/** What comes after a position. The bound stands alone first, so that an index can begin there. */
function beyond(after: Position, { sort, key, id }: Place & Readonly<{ sort: Sort }>): Claim {
  const than = sql.raw(sort.descending ? '<' : '>');
  if (after.key === null) return sql`${key} is null and ${id} ${than} ${given(after.id)}`;
  const bound = given(after.key);
  const isBeyond = sql<never>`${key} ${than}= ${bound} and (${key} ${than} ${bound} or ${id} ${than} ${given(after.id)})`;
  return canBeNull(sort) ? sql`(${isBeyond} or ${key} is null)` : isBeyond;
}
