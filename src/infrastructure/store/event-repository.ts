import { type Kysely, type Selectable, sql } from 'kysely';
import type { EventRepository } from '../../application/repositories.ts';
import { compiled, type Given, inserting } from './compiled.ts';
import { eventOf } from './rows.ts';
import type { DB } from './schema.ts';

type EventRow = Selectable<DB['events']>;

export function eventRepository(db: Kysely<DB>): EventRepository {
  const insert = inserting<Omit<EventRow, 'seq'>>(db, 'events');
  const latest = compiled(db, () => sql<{ seq: number | null }>`select max(seq) as seq from events`);
  const after = compiled(db, (given: Given<{ seq: number; limit: number }>) =>
    db.selectFrom('events').selectAll().where('seq', '>', given('seq')).orderBy('seq').limit(given('limit')),
  );
  const latestOfTask = compiled(db, (given: Given<{ taskId: string; limit: number }>) =>
    db
      .selectFrom('events')
      .selectAll()
      .where('task_id', '=', given('taskId'))
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
      for (const { type, taskId, details } of events) {
        const told = details === undefined ? null : JSON.stringify(details);
        await insert({ at, type, task_id: taskId ?? null, session_id: sessionId, details: told });
      }
    },
    latest: async () => (await latest({}))[0]?.seq ?? 0,
    after: async (seq, limit) => (await after({ seq, limit })).map(eventOf),
    of: async (taskId, limit) => (await latestOfTask({ taskId, limit })).map(eventOf).reverse(),
    latestOf: async (taskIds) => (await latestOfEach({ taskIds: JSON.stringify([...new Set(taskIds)]) })).map(eventOf),
  };
}
