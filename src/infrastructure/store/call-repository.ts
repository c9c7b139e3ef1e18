import { type Kysely, sql } from 'kysely';
import type { CallCount, CallRepository } from '../../application/call-repository.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';

export function callRepository(db: Kysely<DB>): CallRepository {
  const add = compiled(
    db,
    (given: Given<CallCount>) => sql`
      insert into calls (day, tool, outcome, bucket, count)
      values (${given('day')}, ${given('tool')}, ${given('outcome')}, ${given('bucket')}, ${given('count')})
      on conflict do update set count = count + excluded.count`,
  );
  const between = compiled(db, (given: Given<{ first: string; last: string }>) =>
    db.selectFrom('calls').selectAll().where('day', '>=', given('first')).where('day', '<=', given('last')),
  );
  const forgetBefore = compiled(db, (given: Given<{ day: string }>) =>
    db.deleteFrom('calls').where('day', '<', given('day')),
  );

  return {
    async add(counts) {
      for (const one of counts) await add(one);
    },
    between: (first, last) => between({ first, last }),
    async forgetBefore(day) {
      await forgetBefore({ day });
    },
  };
}
