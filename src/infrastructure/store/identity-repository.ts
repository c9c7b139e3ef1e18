import { type Kysely, sql } from 'kysely';
import type { IdentityRepository } from '../../application/repositories.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';

const suffixOf = (id: string) => id.slice(-8);

export function identityRepository(db: Kysely<DB>): IdentityRepository {
  const reserve = compiled(
    db,
    (given: Given<{ suffixes: string }>) => sql<{ suffix: string }>`
      insert into identities (suffix) select value from json_each(${given('suffixes')})
      where true on conflict do nothing returning suffix`,
  );

  return {
    async reserve(ids) {
      const reserved = await reserve({ suffixes: JSON.stringify(ids.map(suffixOf)) });
      const free = new Set(reserved.map(({ suffix }) => suffix));
      // Of two ids with the same suffix the first has it.
      return ids.filter((id) => free.delete(suffixOf(id)));
    },
  };
}
