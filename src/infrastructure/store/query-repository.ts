import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import type { QueryRepository } from '../../application/queries.ts';
import type { Sort, TaskFilter, TaskQuery } from '../../domain/query.ts';
import { askedIndexes } from './asked-indexes.ts';
import { compiled, type Given } from './compiled.ts';
import { cursorAt, fingerprintOf, positionIn } from './query-cursor.ts';
import { chooseSource, type Source } from './query-sources.ts';
import { type AskedPage, countOf, type Match, pageAndCountOf, pageOf, sizeOf } from './query-statements.ts';
import { taskOf } from './rows.ts';
import type { DB } from './schema.ts';

type TaskRow = Selectable<DB['tasks']>;

const BY_CREATION: Sort = { by: { field: 'created_at' }, descending: false };

export function queryRepository(db: Kysely<DB>): QueryRepository {
  const asked = askedIndexes(db);
  const { inOrder, childIds, below, store } = lookups(db);
  const rowsOf = async <Row>(query: RawBuilder<Row>) => (await query.execute(db)).rows;
  const probe = async (source: Source, limit: number) => (await rowsOf(sizeOf(source, limit)))[0]?.count ?? 0;

  async function sourceFor(filter: TaskFilter, sort?: Sort): Promise<Source> {
    const source = await chooseSource({ filter, sort, indexes: await asked.look(), probe });
    asked.note({ index: source.asked, missing: source.missing });
    return source;
  }

  async function matches(query: AskedPage): Promise<Readonly<{ found: readonly Match[]; total: number }>> {
    if (isReadOnce(query.source)) {
      const rows = await rowsOf(pageAndCountOf(query));
      return { found: rows.filter((row) => row.seq !== null), total: rows[0]?.count ?? 0 };
    }
    const [counted] = await rowsOf(countOf(query));
    return { found: await rowsOf(pageOf(query)), total: counted?.count ?? 0 };
  }

  return {
    async page({ filter, sort, limit, cursor }: TaskQuery) {
      const fingerprint = fingerprintOf((await store({}))[0]?.store_id ?? '', { filter, sort });
      const after = cursor === undefined ? undefined : positionIn(cursor, fingerprint);
      const source = await sourceFor(filter, sort);
      const { found, total } = await matches({ filter, source, sort, limit: limit + 1, after });
      const shown = found.slice(0, limit);
      return {
        tasks: (await inOrder({ seqs: JSON.stringify(shown.map(({ seq }) => seq)) })).map(taskOf),
        total,
        hasMore: found.length > limit,
        cursorAfter: (place) => cursorAt(fingerprint, shown[place] ?? { key: null, id: '' }),
      };
    },
    async count(filter) {
      const source = await sourceFor(filter);
      return (await rowsOf(countOf({ filter, source })))[0]?.count ?? 0;
    },
    async ids(filter, limit) {
      const source = await sourceFor(filter, BY_CREATION);
      const matches = await rowsOf(pageOf({ filter, source, sort: BY_CREATION, limit }));
      // What was made at one moment has an order as well: parents come before what was made below them.
      return matches.toSorted((a, b) => Number(a.key) - Number(b.key) || a.seq - b.seq).map(({ id }) => id);
    },
    childIds: (parentIds, most) => childIds({ parentIds: JSON.stringify(parentIds), most }),
    below: async (ids, limit) => (await below({ ids: JSON.stringify(ids), limit })).map(taskOf),
    isUpkeepDue: asked.isUpkeepDue,
    keepUp: asked.keepUp,
  };
}

/** Where each task has to be looked up it is done once; the memory that this takes is for the matches alone. */
const isReadOnce = ({ walk, isCovered }: Source) => walk === undefined && !isCovered;

function lookups(db: Kysely<DB>) {
  const store = compiled(db, () => db.selectFrom('store').select('store_id'));
  const inOrder = compiled(
    db,
    (given: Given<{ seqs: string }>) => sql<TaskRow>`
      select tasks.* from json_each(${given('seqs')}) as asked cross join tasks on tasks.seq = asked.value
      order by asked.key`,
  );
  const childIds = compiled(
    db,
    (given: Given<{ parentIds: string; most: number }>) => sql<{ id: string; parentId: string }>`
      select child.id, asked.value as "parentId" from json_each(${given('parentIds')}) as asked
        cross join tasks as child on child.seq in (
          select seq from tasks where parent_id = asked.value and deleted_at is null order by seq limit ${given('most')})
      order by asked.key, child.seq`,
  );
  /** Level by level, so that what is left out lies deeper than what is there. */
  const below = compiled(
    db,
    (given: Given<{ ids: string; limit: number }>) => sql<TaskRow>`
      with recursive below (seq, id, depth) as (
        select child.seq, child.id, 1 from json_each(${given('ids')}) as asked
          cross join tasks as child on child.parent_id = asked.value and child.deleted_at is null
        union
        select child.seq, child.id, below.depth + 1
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
        limit ${given('limit')})
      select tasks.* from below cross join tasks on tasks.seq = below.seq
      order by below.depth, tasks.created_at, tasks.seq`,
  );
  return { store, inOrder, childIds, below };
}
