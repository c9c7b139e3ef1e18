import { type Kysely, sql } from 'kysely';
import type { VectorChange, VectorRepository } from '../../application/vector-repository.ts';
import { SEARCHED_KINDS } from '../../domain/search.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';
import { keyOf, type NumberRange, numberOf, rangeOf } from './search-numbers.ts';
import { anyOf } from './search-text.ts';

type Asked = Readonly<{ vector: Buffer; limit: number }> & NumberRange;
type Numbered = Readonly<{ number: number }>;

/** The distance is a function of sqlite-vec's, which a store has only when it was opened with it. */
const DISTANCE = sql`vec_distance_l2`;

/**
 * Vectors in whole numbers of one byte lie in a plain table and are all compared: 50,000 of 768 dimensions take 54 ms and
 * 41 MB. sqlite-vec's own table takes 86 ms and 155 MB, and cannot be opened by a server that lacks sqlite-vec.
 */
export function vectorRepository(db: Kysely<DB>): VectorRepository {
  const standing = compiled(db, () => db.selectFrom('search_model').selectAll());
  const forget = compiled(db, () => db.deleteFrom('search_vectors'));
  const forgetModel = compiled(db, () => db.deleteFrom('search_model'));
  const begin = compiled(db, (given: Given<{ model: string }>) =>
    db.insertInto('search_model').values({ model: given('model'), dimensions: null, vectors_to: 0 }),
  );
  const nearest = compiled(
    db,
    (given: Given<Asked>) => sql<Numbered>`
      select number from search_vectors where number between ${given('first')} and ${given('last')}
      order by ${DISTANCE}(vec_int8(vector), vec_int8(${given('vector')})), number desc limit ${given('limit')}`,
  );
  const nearestWithout = compiled(
    db,
    (given: Given<Asked & { unwanted: string }>) => sql<Numbered>`
      select number from search_vectors where number between ${given('first')} and ${given('last')}
        and number not in (select rowid from search_index where search_index match ${given('unwanted')})
      order by ${DISTANCE}(vec_int8(vector), vec_int8(${given('vector')})), number desc limit ${given('limit')}`,
  );

  return {
    async standing() {
      const [row] = await standing({});
      return row && { model: row.model, dimensions: row.dimensions ?? undefined, to: row.vectors_to };
    },
    async begin(model) {
      await forget({});
      await forgetModel({});
      await begin({ model });
    },
    take: taking(db),
    async nearest(vector, { kind, unwanted, limit }) {
      const asked = { vector: inBytes(vector), ...rangeOf(kind === undefined ? SEARCHED_KINDS : [kind]), limit };
      const found =
        unwanted.length === 0 ? await nearest(asked) : await nearestWithout({ ...asked, unwanted: anyOf(unwanted) });
      return found.map(({ number }) => keyOf(number));
    },
  };
}

function taking(db: Kysely<DB>): (change: VectorChange) => Promise<boolean> {
  const advance = compiled(
    db,
    (given: Given<{ model: string; from: number; to: number; dimensions: number | null }>) => sql<Numbered>`
      update search_model set vectors_to = ${given('to')}, dimensions = coalesce(dimensions, ${given('dimensions')})
      where model = ${given('model')} and vectors_to = ${given('from')}
        and coalesce(dimensions = ${given('dimensions')}, true) returning vectors_to as number`,
  );
  const empty = compiled(db, (given: Given<{ taskId: string }>) =>
    db.deleteFrom('search_vectors').where('task_id', '=', given('taskId')),
  );
  const put = compiled(
    db,
    (given: Given<{ number: number; taskId: string | null; vector: Buffer }>) => sql`
      insert or replace into search_vectors (number, task_id, vector)
      values (${given('number')}, ${given('taskId')}, ${given('vector')})`,
  );

  return async ({ model, from, to, emptied, placed }) => {
    const dimensions = placed[0]?.vector.length ?? null;
    const [advanced] = await advance({ model, from, to, dimensions });
    if (advanced === undefined) return false;
    for (const taskId of emptied) await empty({ taskId });
    for (const { taskId, vector, ...key } of placed) {
      await put({ number: numberOf(key), taskId: taskId ?? null, vector: inBytes(vector) });
    }
    return true;
  };
}

/** A vector of length 1 with each of its numbers in one byte: that shifts a similarity by about 0.002. */
const inBytes = (vector: Float32Array) => Buffer.from(Int8Array.from(vector, (part) => Math.round(part * 127)).buffer);
