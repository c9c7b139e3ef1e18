import { type Kysely, type Selectable, sql } from 'kysely';
import type { EventRepository } from '../../application/repositories.ts';
import { compiled, type Given, inserting } from './compiled.ts';
import { eventOf } from './rows.ts';
import type { DB } from './schema.ts';

/** More events than this are written faster as one list than one by one. */
const FEW = 20;

type EventRow = Selectable<DB['events']>;

export function eventRepository(db: Kysely<DB>): EventRepository {
  const insert = inserting<Omit<EventRow, 'seq'>>(db, 'events');
  const insertAll = compiled(
    db,
    (given: Given<{ events: string; at: number; sessionId: string }>) => sql`
      insert into events (at, type, task_id, session_id, details)
      select ${given('at')}, value ->> 0, value ->> 1, ${given('sessionId')}, value ->> 2 from json_each(${given('events')})`,
  );
  const latest = compiled(db, () => sql<{ seq: number | null }>`select max(seq) as seq from events`);
  const after = compiled(db, (given: Given<{ seq: number; limit: number }>) =>
    db.selectFrom('events').selectAll().where('seq', '>', given('seq')).orderBy('seq').limit(given('limit')),
  );
  const latestOfTask = compiled(db, (given: Given<{ taskId: string; limit: number; before: number }>) =>
    db
      .selectFrom('events')
      .selectAll()
      .where('task_id', '=', given('taskId'))
      .where('seq', '<', given('before'))
      .orderBy('seq', 'desc')
      .limit(given('limit')),
  );
  const latestOfEach = compiled(
    db,
    (given: Given<{ taskIds: string }>) => sql<EventRow>`
      select events.* from json_each(${given('taskIds')}) as asked
        cross join events on events.seq = (select max(seq) from events where task_id = asked.value)`,
  );

  return {
    async append(events, { sessionId, at }) {
      if (events.length > FEW) {
        const rows = events.map(({ type, taskId = null, details }) => [
          type,
          taskId,
          details && JSON.stringify(details),
        ]);
        await insertAll({ events: JSON.stringify(rows), at, sessionId });
        return;
      }
      for (const { type, taskId, details } of events) {
        const told = details === undefined ? null : JSON.stringify(details);
        await insert({ at, type, task_id: taskId ?? null, session_id: sessionId, details: told });
      }
    },
    latest: async () => (await latest({}))[0]?.seq ?? 0,
    after: async (seq, limit) => (await after({ seq, limit })).map(eventOf),
    of: async (taskId, limit, before = Number.MAX_SAFE_INTEGER) =>
      (await latestOfTask({ taskId, limit, before })).map(eventOf).reverse(),
    latestOf: async (taskIds) => (await latestOfEach({ taskIds: JSON.stringify([...new Set(taskIds)]) })).map(eventOf),
  };
}
