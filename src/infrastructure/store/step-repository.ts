import { type Kysely, sql } from 'kysely';
import type { StepRepository } from '../../application/steps.ts';
import { compiled } from './compiled.ts';
import type { DB } from './schema.ts';

/** All savepoints have one name: the latest is meant. */
export function stepRepository(db: Kysely<DB>): StepRepository {
  const begin = compiled(db, () => sql`savepoint step`);
  const keep = compiled(db, () => sql`release step`);
  const undo = compiled(db, () => sql`rollback to step`);

  return {
    async begin() {
      await begin({});
    },
    async keep() {
      await keep({});
    },
    async takeBack() {
      await undo({});
      await keep({});
    },
  };
}
