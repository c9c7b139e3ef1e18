import { type Kysely, sql } from 'kysely';
import type { MaintenanceRepository, MaintenanceRun } from '../../application/repositories.ts';
import { compiled, type Given } from './compiled.ts';
import { type ProcessColumns, processOf } from './rows.ts';
import type { DB } from './schema.ts';

export function maintenanceRepository(db: Kysely<DB>): MaintenanceRepository {
  return { ...runs(db), ...walks(db) };
}

type NewRow = Readonly<{ id: string; action: string; sessionId: string; processId: string; startedAt: number }>;

function runs(db: Kysely<DB>): Pick<MaintenanceRepository, 'running' | 'begin' | 'renew' | 'end'> {
  const running = compiled(
    db,
    () => sql<RunRow>`
      select run.id, run.action, run.session_id, session.agent_name, run.started_at as began_at, run.seen_at,
        process.id as process_id, process.host, process.pid, process.started_at
      from maintenance as run
        left join sessions as session on session.id = run.session_id
        left join processes as process on process.id = run.process_id
      order by run.started_at desc limit 1`,
  );
  const clear = compiled(db, () => sql`delete from maintenance`);
  const begin = compiled(
    db,
    (given: Given<NewRow>) => sql`
      insert into maintenance (id, action, session_id, process_id, started_at, seen_at) values (${given('id')},
        ${given('action')}, ${given('sessionId')}, ${given('processId')}, ${given('startedAt')}, ${given('startedAt')})`,
  );
  const renew = compiled(
    db,
    (given: Given<{ id: string; at: number }>) =>
      sql<{ id: string }>`update maintenance set seen_at = ${given('at')} where id = ${given('id')} returning id`,
  );
  const end = compiled(db, (given: Given<{ id: string }>) => sql`delete from maintenance where id = ${given('id')}`);

  return {
    running: async () => (await running({})).map(runOf)[0],
    async begin(run, process) {
      await clear({});
      await begin({ ...run, processId: process.id });
    },
    renew: async (id, at) => (await renew({ id, at })).length > 0,
    async end(id) {
      await end({ id });
    },
  };
}

type RunRow = ProcessColumns &
  Readonly<{
    id: string;
    action: string;
    session_id: string;
    agent_name: string | null;
    began_at: number;
    seen_at: number;
  }>;

const runOf = (row: RunRow): MaintenanceRun => ({
  id: row.id,
  action: row.action,
  sessionId: row.session_id,
  agentName: row.agent_name ?? undefined,
  startedAt: row.began_at,
  seenAt: row.seen_at,
  process: processOf(row),
});

/** `union` instead of `union all`, so that a walk ends where parents form a circle. */
function walks(db: Kysely<DB>): Pick<MaintenanceRepository, 'latest' | 'tasksAfter' | 'openIds' | 'idsBelow'> {
  const latest = compiled(db, () => sql<{ seq: number | null }>`select max(seq) as seq from tasks`);
  const tasksAfter = compiled(db, (given: Given<{ seq: number; limit: number }>) =>
    db
      .selectFrom('tasks')
      .select(['seq', 'id'])
      .where('seq', '>', given('seq'))
      .where('deleted_at', 'is', null)
      .orderBy('seq')
      .limit(given('limit')),
  );
  /** The top ones by their index, word for word; then down through what is open. */
  const openIds = compiled(
    db,
    () => sql<{ id: string }>`
      with recursive below (seq, id) as (
        select seq, id from tasks
        where (stage in ('completed', 'failed', 'cancelled')) = 0
          and parent_id is null and deleted_at is null and stage not in ('archived', 'superseded')
        union
        select child.seq, child.id from below cross join tasks as child
          on child.parent_id = below.id and child.deleted_at is null
            and child.stage in ('draft', 'ready', 'active', 'blocked', 'review')
      )
      select id from below order by seq`,
  );
  const idsBelow = compiled(
    db,
    (given: Given<{ id: string }>) => sql<{ id: string }>`
      with recursive below (seq, id) as (
        select seq, id from tasks where parent_id = ${given('id')} and deleted_at is null
        union
        select child.seq, child.id
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
      )
      select id from below where id <> ${given('id')} order by seq`,
  );

  return {
    latest: async () => (await latest({}))[0]?.seq ?? 0,
    tasksAfter: async (seq, limit) => tasksAfter({ seq, limit }),
    openIds: async () => (await openIds({})).map(({ id }) => id),
    idsBelow: async (id) => (await idsBelow({ id })).map((row) => row.id),
  };
}
