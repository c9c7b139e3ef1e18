import { type Kysely, sql } from 'kysely';
import type { CheckupRepository } from '../../application/checkup/vitals.ts';
import { PRIORITIES } from '../../domain/task.ts';
import { compiled, type Given } from './compiled.ts';
import { damageBy } from './integrity.ts';
import type { DB } from './schema.ts';

export function checkupRepository(db: Kysely<DB>): CheckupRepository {
  const version = compiled(db, () => db.selectFrom('store').select('schema_version'));
  const extent = compiled(db, () => sql<{ page_count: number }>`pragma page_count`);
  const damage = damageBy(db, 'quick_check');
  // A value that stays the same would not be written at all. Two that undo each other are, when they are committed.
  const shifted = (ms: number) =>
    compiled(db, () => db.updateTable('store').set(({ eb }) => ({ created_at: eb('created_at', '+', ms) })));
  const [forth, back] = [shifted(1), shifted(-1)];
  const lastEvent = compiled(
    db,
    () => sql<{ at: number | null }>`select max(at) as at from events where seq > (select max(seq) from events) - 1000`,
  );
  // The first of each class and priority is found at once; all in the order of their age are in no index.
  const longestOnOffer = compiled(
    db,
    () => sql<{ id: string; since: number }>`
      select task.id, task.actionable_since as since
      from json_each(${JSON.stringify(PRIORITIES.map((_, index) => index))}) as asked
        cross join tasks as task on task.seq = (
          select seq from tasks where (children > 0) = 0 and priority = asked.value
            and actionable_since is not null and deleted_at is null
          order by actionable_since limit 1)
      order by since limit 1`,
  );
  const someArtifacts = compiled(
    db,
    (given: Given<{ limit: number }>) => sql<{ id: string }>`
      with recursive asked (step, last) as (
        select 0, (select max(seq) from artifacts)
        union all
        select step + 1, last from asked where step + 1 < ${given('limit')}
      )
      select distinct artifact.id from asked cross join artifacts as artifact on artifact.seq = (
        select seq from artifacts where seq >= 1 + asked.step * asked.last / ${given('limit')} order by seq limit 1)`,
  );

  return {
    schemaVersion: async () => (await version({}))[0]?.schema_version ?? 0,
    async quickCheck(mostPages) {
      const [{ page_count } = { page_count: 0 }] = await extent({});
      return page_count > mostPages ? undefined : damage();
    },
    async rewrite() {
      await forth({});
      await back({});
    },
    lastEventAt: async () => (await lastEvent({}))[0]?.at ?? undefined,
    longestOnOffer: async () => (await longestOnOffer({}))[0],
    someArtifacts: async (limit) => (await someArtifacts({ limit })).map(({ id }) => id),
  };
}
