import { type Kysely, sql } from 'kysely';
import type { RosterRepository, SessionWork } from '../../application/roster-repository.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';
import { isWork, type SessionRow, sessionOf } from './session-repository.ts';

type Asked = Readonly<{ at: number; id: string; limit: number; hasEnded: number | null }>;

export function rosterRepository(db: Kysely<DB>): RosterRepository {
  const page = compiled(
    db,
    (given: Given<Asked>) => sql<SessionRow>`
      select session.id, session.agent_name, session.created_at, session.ended_at,
        process.id as process_id, process.host, process.pid, process.started_at
      from sessions as session left join processes as process on process.id = session.process_id
      where session.created_at <= ${given('at')} and (session.created_at, session.id) < (${given('at')}, ${given('id')})
        and (${given('hasEnded')} is null or (session.ended_at is not null) = ${given('hasEnded')})
      order by session.created_at desc, session.id desc limit ${given('limit')}`,
  );
  const count = compiled(
    db,
    () => sql<{ all: number; unended: number }>`
      select (select count(*) from sessions) as "all",
        (select count(*) from sessions where ended_at is null) as unended`,
  );

  return {
    async page({ hasEnded, after, limit }) {
      const { createdAt: at, id } = after ?? FIRST;
      const wanted = hasEnded === undefined ? null : Number(hasEnded);
      return (await page({ at, id, limit, hasEnded: wanted })).map(sessionOf);
    },
    async count() {
      const [{ all, unended } = { all: 0, unended: 0 }] = await count({});
      return { ended: all - unended, unended };
    },
    workOf: working(db),
  };
}

/** Comes before every session, for the latest are first. */
const FIRST = { createdAt: Number.MAX_SAFE_INTEGER, id: '' } as const;

type WorkRow = Readonly<{ id: string; created: number; completed: number; latest_at: number | null }>;

function working(db: Kysely<DB>): RosterRepository['workOf'] {
  const work = compiled(
    db,
    (given: Given<{ ids: string }>) => sql<WorkRow>`
      select asked.value as id,
        (select count(*) from tasks where session_id = asked.value and deleted_at is null) as created,
        (select count(distinct work.task_id) from events as work
          where ${isWork('work')} and work.session_id = asked.value and work.type = 'task.lifecycle_changed') as completed,
        (select at from events where seq = (
          select max(latest.seq) from events as latest indexed by events_by_session
          where latest.session_id = asked.value and latest.task_id is not null
            and latest.type in ('task.created', 'task.claimed', 'task.taken_over', 'task.lifecycle_changed'))) as latest_at
      from json_each(${given('ids')}) as asked`,
  );
  return async (ids) =>
    (await work({ ids: JSON.stringify(ids) })).map(
      ({ id, created, completed, latest_at }): SessionWork => ({
        sessionId: id,
        created,
        completed,
        latestAt: latest_at ?? undefined,
      }),
    );
}
