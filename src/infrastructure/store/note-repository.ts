import { type Kysely, type Selectable, sql } from 'kysely';
import type { NoteRepository } from '../../application/repositories.ts';
import { NOTE_KINDS } from '../../domain/note.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { noteOf } from './rows.ts';
import type { DB } from './schema.ts';

type NoteRow = Selectable<DB['notes']>;
/** SQLite's way of saying that there is no limit. */
const ALL = -1;

export function noteRepository(db: Kysely<DB>): NoteRepository {
  const insert = compiled(db, (given: Given<Omit<NoteRow, 'seq'>>) =>
    db
      .insertInto('notes')
      .values({
        task_id: given('task_id'),
        kind: given('kind'),
        at: given('at'),
        session_id: given('session_id'),
        text: given('text'),
      })
      .returning('seq'),
  );
  /** The latest of each task by the index, then the latest of these together. */
  const latestOf = compiled(
    db,
    (given: Given<{ taskIds: string; kinds: string; limit: number }>) => sql<NoteRow>`
      select notes.* from json_each(${given('taskIds')}) as asked cross join notes on notes.seq in (
        select seq from notes where task_id = asked.value and kind in ${listOf(given('kinds'))}
        order by seq desc limit ${given('limit')})
      order by notes.seq desc limit ${given('limit')}`,
  );
  const latestOfWorkspace = compiled(db, (given: Given<{ limit: number }>) =>
    db.selectFrom('notes').selectAll().where('task_id', 'is', null).orderBy('seq', 'desc').limit(given('limit')),
  );

  return {
    async insert(note) {
      const { taskId, kind, at, sessionId, text } = note;
      const [stored] = await insert({ task_id: taskId ?? null, kind, at, session_id: sessionId, text });
      return { ...note, seq: stored?.seq ?? 0 };
    },
    async of(taskIds, { kinds = NOTE_KINDS, limit = ALL } = {}) {
      const distinct = [...new Set(taskIds)];
      const rows = await latestOf({ taskIds: JSON.stringify(distinct), kinds: JSON.stringify(kinds), limit });
      return rows.map(noteOf).reverse();
    },
    ofWorkspace: async (limit) => (await latestOfWorkspace({ limit })).map(noteOf).reverse(),
  };
}
