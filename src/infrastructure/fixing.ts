import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from './store/open.ts';
import { unfinishedCopies } from './unfinished-copies.ts';
import { DATABASE_FILE, prepareStoreFolder } from './workspace.ts';

/** Brings the store to the schema of today, as a server does when it opens it. */
export async function bringUpToDate(workspace: string): Promise<void> {
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const store = await openStore({ path, backups: join(folder, 'backups'), synchronous: 'full' });
  await store.close();
}

/** Writes back into the database what was committed; what somebody is still reading stays for the next time. */
export async function writeBack(path: string): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  const database = new Sqlite(path, { fileMustExist: true, timeout: 5_000 });
  try {
    database.pragma('wal_checkpoint(truncate)');
  } finally {
    database.close();
  }
}

export async function clearUnfinished(folder: string): Promise<void> {
  for (const path of await unfinishedCopies(folder)) await rm(path, { recursive: true, force: true });
}
