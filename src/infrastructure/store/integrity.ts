import { type Kysely, sql } from 'kysely';
import { compiled } from './compiled.ts';
import type { DB } from './schema.ts';

/** How thoroughly SQLite looks. */
type Thoroughness = 'integrity_check' | 'quick_check';

/** Problems that the database names before it stops looking for more. */
const NAMED = 100;

/** Tells what SQLite finds wrong with its own file; nothing where all is well. */
export function damageBy(db: Kysely<DB>, thoroughness: Thoroughness): () => Promise<readonly string[]> {
  // A connection remembers how the search index was laid out when it last searched, and the check takes what others
  // have merged since for damage. A question makes it look again.
  const asked = compiled(db, () => sql`select rowid from search_index where rowid = 0`);
  const check = compiled(
    db,
    () => sql<Readonly<Record<Thoroughness, string>>>`pragma ${sql.raw(thoroughness)}(${sql.lit(NAMED)})`,
  );
  return async () => {
    await asked({});
    return (await check({})).map((row) => row[thoroughness]).filter((line) => line !== 'ok');
  };
}
