import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';

const TABLES = `
  create table if not exists notes
    (seq integer primary key, task_id text, kind text, at integer, session_id text, text text) strict;
  create index if not exists notes_by_task on notes (task_id);
  create table if not exists events
    (seq integer primary key autoincrement, at integer, type text, task_id text, session_id text, details text) strict;`;

/**
 * The floor for writing: the two rows of a note and its event with nothing around them, by the same driver, on tables
 * like ours, with the same settings and the same way of waiting.
 */
export async function twoRows(path: string): Promise<Readonly<{ write(text: string): Promise<void>; close(): void }>> {
  const database = new Sqlite(path, { timeout: 20 });
  await untilFree(() => {
    database.pragma('journal_mode = wal');
    database.pragma('synchronous = full');
    database.exec(TABLES);
  });
  const begin = database.prepare('begin immediate');
  const note = database.prepare(
    "insert into notes (kind, at, session_id, text) values ('progress', ?, 'session_1', ?)",
  );
  const event = database.prepare(
    "insert into events (at, type, session_id, details) values (?, 'note.added', 'session_1', ?)",
  );
  const commit = database.prepare('commit');
  return {
    async write(text) {
      await untilFree(() => begin.run());
      const { lastInsertRowid } = note.run(Date.now(), text);
      event.run(Date.now(), JSON.stringify({ kind: 'progress', note: Number(lastInsertRowid) }));
      commit.run();
    },
    close: () => database.close(),
  };
}

async function untilFree(attempt: () => unknown): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      attempt();
      return;
    } catch (error) {
      const isBusy = error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY');
      if (!isBusy) throw error;
    }
    await sleep(1 + Math.random() * Math.min(10, 2 ** tries));
  }
}
