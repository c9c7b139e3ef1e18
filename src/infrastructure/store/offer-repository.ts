import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { OfferFilter, OfferRepository } from '../../application/repositories.ts';
import { byOffer, RAISED_EVERY_MS } from '../../domain/readiness.ts';
import { PRIORITIES, type Task } from '../../domain/task.ts';
import { compiled, type Given } from './compiled.ts';
import { taskOf } from './rows.ts';
import type { DB } from './schema.ts';

type TaskRow = Selectable<DB['tasks']>;
type Wanted = OfferFilter & Readonly<{ limit: number; withParents: boolean }>;

/**
 * The order of `byOffer` without sorting all that is offered.
 *
 * Tasks of one class (leaf or parent, one priority) are raised step by step as they wait, so that those of one class
 * with the same raised priority became actionable within the same 24 h. A level is all tasks of one raised priority:
 * one such stretch of time in each class. The highest level follows from the oldest task of each class; within a level
 * the order is that of an index. Levels are read from the highest down until there are enough.
 */
export function offerRepository(db: Kysely<DB>): OfferRepository {
  const below = offersBelow(db);
  const ofAll = levelQueries(db, { ofSpecialist: false });
  const ofSpecialist = levelQueries(db, { ofSpecialist: true });
  const count = compiled(
    db,
    () => sql<{ count: number }>`
      select count(*) as count from tasks where actionable_since is not null and deleted_at is null`,
  );

  const wanted = async (at: number, { specialist, within, limit, withParents }: Wanted): Promise<readonly Task[]> => {
    if (within === undefined)
      return byLevels(specialist === undefined ? ofAll : ofSpecialist, { at, specialist, limit, withParents });
    const parents = withParents ? 1 : 0;
    const rows = await below({ at, within, specialist: specialist ?? null, parents, limit });
    return rows.map(taskOf).sort(byOffer(at));
  };

  return {
    first: async (at, filter) => (await wanted(at, { ...filter, limit: 1, withParents: false }))[0],
    list: (at, options) => wanted(at, { ...options, withParents: true }),
    count: async () => (await count({}))[0]?.count ?? 0,
  };
}

/** A subtree is walked and sorted: its size bounds the work. */
const offersBelow = (db: Kysely<DB>) =>
  compiled(
    db,
    (
      given: Given<{ at: number; within: string; specialist: string | null; parents: number; limit: number }>,
    ) => sql<TaskRow>`
      with recursive below (seq, id) as (
        select seq, id from tasks where parent_id = ${given('within')} and deleted_at is null
        union
        select child.seq, child.id
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
      ),
      offered (seq) as (
        select task.seq from below cross join tasks as task on task.seq = below.seq
        where task.actionable_since is not null
          and (task.children = 0 or ${given('parents')})
          and (${given('specialist')} is null or task.specialist = ${given('specialist')})
        order by
          task.priority + max(0, cast(${given('at')} as integer) - task.actionable_since) / ${sql.lit(RAISED_EVERY_MS)} desc,
          task.waiters desc, task.created_at, task.seq
        limit ${given('limit')}
      )
      select tasks.* from offered cross join tasks on tasks.seq = offered.seq`,
  );

/** A class and the stretch of time in it that is looked at: later than `after`, up to and including `upto`. */
type Stretch = Readonly<{ parents: 0 | 1; priority: number; after: number; upto: number }>;

const BEFORE_ALL = -1;
const AFTER_ALL = Number.MAX_SAFE_INTEGER;
/** Up to so many tasks a level is sorted; when it has more, walking the index meets one of them soon. */
const FEW = 200;

type LevelValues = Readonly<{ stretches: string; specialist: string | null; limit: number }>;
type LevelQueries = ReturnType<typeof levelQueries>;

function levelQueries(db: Kysely<DB>, { ofSpecialist }: { ofSpecialist: boolean }) {
  const index = sql.raw(ofSpecialist ? 'offers_to_specialist' : 'offers_by_age');
  const filter = (given: Given<LevelValues>) => (ofSpecialist ? sql`and specialist = ${given('specialist')}` : sql``);
  /** Of each class when its oldest after `after` became actionable. */
  const oldest = compiled(
    db,
    (given: Given<LevelValues>) => sql<{ place: number; since: number | null }>`
      with ${stretchesIn(given('stretches'))}
      select place, (
        select actionable_since from tasks indexed by ${index} where ${isInStretch} ${filter(given)}
        order by actionable_since limit 1
      ) as since from stretch`,
  );
  /** Of each class how many there are in its stretch, counted no further than `limit`. */
  const countUpTo = compiled(
    db,
    (given: Given<LevelValues>) => sql<{ place: number; count: number }>`
      with ${stretchesIn(given('stretches'))}
      select place, (
        select count(*) from (
          select 1 from tasks indexed by ${index} where ${isInStretch} ${filter(given)} limit ${given('limit')})
      ) as count from stretch`,
  );
  const sorted = compiled(
    db,
    (given: Given<LevelValues>) => sql<TaskRow>`
      with ${stretchesIn(given('stretches'))},
      offered (seq) as (
        select tasks.seq from stretch
          cross join tasks indexed by ${index} on ${isInStretch} ${filter(given)}
        order by tasks.waiters desc, tasks.created_at, tasks.seq limit ${given('limit')})
      select tasks.* from offered cross join tasks on tasks.seq = offered.seq`,
  );
  /** The first of each class by the index, then the first of these together. */
  const walked = compiled(
    db,
    (given: Given<LevelValues>) => sql<TaskRow>`
      with ${stretchesIn(given('stretches'))}
      select tasks.* from stretch cross join tasks on tasks.seq in (
        select seq from tasks indexed by offers_in_order where ${isInStretch} ${filter(given)}
        order by waiters desc, created_at, seq limit ${given('limit')})
      order by tasks.waiters desc, tasks.created_at, tasks.seq limit ${given('limit')}`,
  );
  return { oldest, countUpTo, sorted, walked };
}

/** Unpacked once: as expressions in the walk they would be read out of the JSON for every task. */
const stretchesIn = (stretches: RawBuilder<string>) => sql`
  stretch (place, parents, urgency, later_than, upto) as materialized (
    select key, value ->> 'parents', value ->> 'priority', value ->> 'after', value ->> 'upto' from json_each(${stretches}))`;

/** The words are those of the indexes. */
const isInStretch = sql`(children > 0) = stretch.parents and priority = stretch.urgency
  and actionable_since is not null and actionable_since > stretch.later_than and actionable_since <= stretch.upto
  and deleted_at is null`;

type Asked = Readonly<{ at: number; specialist: string | undefined; limit: number; withParents: boolean }>;

async function byLevels(queries: LevelQueries, asked: Asked): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  let left = classes(asked.withParents);
  while (tasks.length < asked.limit) {
    const level = await highestLevel(queries, asked, left);
    if (level === undefined) break;
    const stretches = left.map((stretch) => ({ ...stretch, upto: lastOf(level, stretch, asked.at) }));
    tasks.push(...(await ofLevel(queries, { ...asked, stretches, limit: asked.limit - tasks.length })));
    left = stretches.map(({ upto, ...stretch }) => ({ ...stretch, after: upto, upto: AFTER_ALL }));
  }
  return tasks;
}

const classes = (withParents: boolean): readonly Stretch[] =>
  (withParents ? ([0, 1] as const) : ([0] as const)).flatMap((parents) =>
    PRIORITIES.map((_, priority) => ({ parents, priority, after: BEFORE_ALL, upto: AFTER_ALL })),
  );

/** The raised priority of the highest task that is left. */
async function highestLevel(
  queries: LevelQueries,
  { at, specialist }: Asked,
  left: readonly Stretch[],
): Promise<number | undefined> {
  const found = await queries.oldest({ stretches: JSON.stringify(left), specialist: specialist ?? null, limit: 1 });
  const levels = found.flatMap(({ place, since }) =>
    since === null ? [] : [(left[place]?.priority ?? 0) + Math.floor(Math.max(0, at - since) / RAISED_EVERY_MS)],
  );
  return levels.length === 0 ? undefined : Math.max(...levels);
}

/** The latest moment since which a task of the class must have been actionable to be raised to `level`. */
function lastOf(level: number, { priority, after }: Stretch, at: number): number {
  if (level < priority) return after;
  return level === priority ? AFTER_ALL : Math.max(after, at - (level - priority) * RAISED_EVERY_MS);
}

type Level = Asked & Readonly<{ stretches: readonly Stretch[] }>;

async function ofLevel(queries: LevelQueries, { at, stretches, specialist, limit }: Level): Promise<readonly Task[]> {
  const read = (some: readonly Stretch[], upTo: number) =>
    ({ stretches: JSON.stringify(some), specialist: specialist ?? null, limit: upTo }) satisfies LevelValues;
  const counts = await queries.countUpTo(read(stretches, FEW + 1));
  const holding = (isWanted: (count: number) => boolean) =>
    counts.flatMap(({ place, count }) => (isWanted(count) ? stretches.slice(place, place + 1) : []));
  const few = holding((count) => count > 0 && count <= FEW);
  const many = holding((count) => count > FEW);
  const rows = [
    ...(few.length > 0 ? await queries.sorted(read(few, limit)) : []),
    ...(many.length > 0 ? await queries.walked(read(many, limit)) : []),
  ];
  return rows.map(taskOf).sort(byOffer(at)).slice(0, limit);
}
