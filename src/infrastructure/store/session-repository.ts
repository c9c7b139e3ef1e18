import { type Kysely, type Selectable, sql } from 'kysely';
import type { SessionRepository } from '../../application/repositories.ts';
import type { ProcessIdentity, Session } from '../../domain/session.ts';
import { compiled, type Given, inserting } from './compiled.ts';
import { type ProcessColumns, processOf } from './rows.ts';
import type { DB } from './schema.ts';

export function sessionRepository(db: Kysely<DB>): SessionRepository {
  const sessions = () =>
    db
      .selectFrom('sessions')
      .leftJoin('processes', 'processes.id', 'sessions.process_id')
      .select(['sessions.id', 'agent_name', 'created_at', 'ended_at'])
      .select(['processes.id as process_id', 'host', 'pid', 'started_at']);
  const find = compiled(db, (given: Given<{ id: string }>) => sessions().where('sessions.id', '=', given('id')));
  const unended = compiled(db, (given: Given<{ limit: number }>) =>
    sessions()
      .where('ended_at', 'is', null)
      .orderBy('created_at', 'desc')
      .orderBy('sessions.id', 'desc')
      .limit(given('limit')),
  );
  const insert = inserting<Selectable<DB['sessions']>>(db, 'sessions');
  const register = compiled(
    db,
    (given: Given<Selectable<DB['processes']>>) => sql`
      insert into processes (id, host, pid, started_at)
      values (${given('id')}, ${given('host')}, ${given('pid')}, ${given('started_at')}) on conflict do nothing`,
  );
  /** Nothing is written where nothing changes. */
  const attach = compiled(
    db,
    (given: Given<{ sessionId: string; processId: string }>) => sql`
      update sessions set process_id = ${given('processId')}, ended_at = null
      where id = ${given('sessionId')} and (process_id is not ${given('processId')} or ended_at is not null)`,
  );
  const tasksOf = workedOn(db);

  return {
    find: async (id) => (await find({ id })).map(sessionOf)[0],
    async insert({ id, agentName, createdAt, endedAt, process }) {
      if (process !== undefined) await register(registered(process));
      const row = { id, agent_name: agentName ?? null, created_at: createdAt, ended_at: endedAt ?? null };
      await insert({ ...row, process_id: process?.id ?? null });
    },
    name: naming(db),
    async attach(sessionId, process) {
      await register(registered(process));
      await attach({ sessionId, processId: process.id });
    },
    async endAllOf(process, at) {
      const ended = await db
        .updateTable('sessions')
        .set((eb) => ({ ended_at: eb.fn.coalesce('ended_at', eb.val(at)), process_id: null }))
        .where('process_id', '=', process.id)
        .returning('id')
        .execute();
      await db.deleteFrom('processes').where('id', '=', process.id).execute();
      return ended.map(({ id }) => id);
    },
    unended: async (limit) => (await unended({ limit })).map(sessionOf),
    tasksOf: async (sessionId, limit) => (await tasksOf({ sessionId, limit })).map(({ id }) => id),
  };
}

function naming(db: Kysely<DB>): SessionRepository['name'] {
  const name = compiled(
    db,
    (given: Given<{ sessionId: string; agentName: string }>) =>
      sql`update sessions set agent_name = ${given('agentName')} where id = ${given('sessionId')}`,
  );
  return async (sessionId, agentName) => {
    await name({ sessionId, agentName });
  };
}

const registered = ({ id, host, pid, startedAt }: ProcessIdentity) => ({
  id,
  host,
  pid,
  started_at: startedAt ?? null,
});

/** The latest that it created, and those with its latest such event: the first of both together are the first of all. */
const workedOn = (db: Kysely<DB>) =>
  compiled(
    db,
    (given: Given<{ sessionId: string; limit: number }>) => sql<{ id: string }>`
      select id from (
        select * from (
          select id, created_at as at, 0 as seq from tasks
          where session_id = ${given('sessionId')} and deleted_at is null
          order by created_at desc limit ${given('limit')})
        union all
        select * from (
          select work.task_id, work.at, work.seq from events as work
          where ${isWork('work')} and work.session_id = ${given('sessionId')}
            and exists (select 1 from tasks where id = work.task_id and deleted_at is null)
            and not exists (
              select 1 from events as later indexed by events_by_task
              where later.task_id = work.task_id and later.seq > work.seq
                and later.session_id = work.session_id and ${isWork('later')})
          order by work.seq desc limit ${given('limit')})
      ) group by id order by max(at) desc, max(seq) desc, id limit ${given('limit')}`,
  );

/** The first two lines are those of the index, word for word. */
export const isWork = (event: string) => {
  const [taskId, type, details] = [sql.ref(`${event}.task_id`), sql.ref(`${event}.type`), sql.ref(`${event}.details`)];
  return sql`${taskId} is not null
    and ${type} in ('task.created', 'task.claimed', 'task.taken_over', 'task.lifecycle_changed')
    and (${type} <> 'task.lifecycle_changed' or ${details} ->> 'to' = 'completed')`;
};

export type SessionRow = ProcessColumns &
  Readonly<{ id: string; agent_name: string | null; created_at: number; ended_at: number | null }>;

export const sessionOf = (row: SessionRow): Session => ({
  id: row.id,
  agentName: row.agent_name ?? undefined,
  createdAt: row.created_at,
  endedAt: row.ended_at ?? undefined,
  process: processOf(row),
});
