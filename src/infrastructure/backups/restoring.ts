import { lstat, mkdir, rename, rm, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { NO_SESSION } from '../../application/actors.ts';
import type { Restored, Verdict } from '../../application/safekeeping/backups.ts';
import { backupName } from '../../domain/backup.ts';
import { refused, transient } from '../../domain/errors.ts';
import { ifThere } from '../file-errors.ts';
import { drawId } from '../ids.ts';
import { copyDatabase, replaceDatabase } from '../store/copying.ts';
import { type Identity, identityOf } from '../store/inspection.ts';
import { openStore } from '../store/open.ts';
import { isUnreadable } from '../store/sqlite-errors.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../workspace.ts';
import { flushFolder } from '../workspace-files.ts';
import { flushFile } from './artifact-copies.ts';
import { type Ground, keep, keepAsItIs } from './making.ts';
import { backupsIn, bytesOf, latestSound } from './manifest.ts';
import { putBack } from './putting-back.ts';
import { type Place, verdictOn } from './verdicts.ts';

/**
 * Puts a backup in the place of the store. What can fail is done on a copy beside it first: bringing it to today's
 * schema, and its artifact files, which do no harm where they are not needed. Then, while nobody can write any more, what
 * is there is kept as a backup, and the copy is written over it.
 */
export async function restore(
  ground: Ground,
  from: Place,
  { isOther }: Readonly<{ isOther: boolean }>,
): Promise<Restored> {
  if (from.database === ground.database) throw itself(ground);
  const verdict = await verdictOnBackup(ground, from);
  const damage = verdict.problems.find(({ about }) => about === 'database' || about === 'copy');
  if (damage !== undefined) throw await damaged(ground, from, damage.description);
  await prepareStoreFolder(ground.workspace);
  const present = await presentOf(ground);
  const isOfAnother = typeof present === 'object' && present.storeId !== verdict.storeId;
  if (isOfAnother && !isOther) throw ofAnother(from.folder ?? from.database);
  await refuseWithoutSpace(ground, from.database);

  // On the disk of the store itself, where the folder of backups may not lie.
  const staging = join(ground.folder, `.restoring.${drawId()}.tmp`);
  await mkdir(staging, { mode: 0o700 });
  try {
    const prepared = join(staging, DATABASE_FILE);
    await copyDatabase({ from: from.database, to: prepared });
    await bringUp(prepared, { backups: staging, from: shownAs(from), at: ground.clock() });
    const artifacts = await putBack(ground, { database: prepared, backup: from.folder });
    const { kept, generation } = await replace(ground, prepared);
    const { counts, problems } = verdict;
    const lostReferences = problems.flatMap(({ about, description }) => (about === 'references' ? [description] : []));
    return { from: from.folder ?? from.database, kept, generation, counts, artifacts, lostReferences };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** What `verify` and a restore find of a backup. */
export const verdictOnBackup = (ground: Ground, from: Place): Promise<Verdict> =>
  verdictOn(from).catch(async (error: unknown) => {
    if (!isUnreadable(error)) throw error;
    throw isStrange(from) ? noBackup(from) : await damaged(ground, from, 'it cannot be read as a store');
  });

/** A file that lies in no backup and is not named as a database is one that was named by mistake. */
const isStrange = ({ folder, database }: Place) => folder === undefined && !/\.(db|sqlite3?|bak)$/i.test(database);

const noBackup = ({ database }: Place) =>
  refused(`${database} is no backup: it is no database`, {
    suggestion: 'Name the folder of a backup, its name in .task_orchestrator/backups, or the database in it',
  });

type Present = Identity | 'damaged' | 'missing';

/** What there is to be replaced. What is no store of ours, or newer than we are, is not ours to replace. */
async function presentOf({ database }: Ground): Promise<Present> {
  if (((await ifThere(lstat(database)))?.size ?? 0) === 0) return 'missing';
  try {
    return await identityOf(database);
  } catch (error) {
    if (isUnreadable(error)) return 'damaged';
    throw error;
  }
}

type BringingUp = Readonly<{ backups: string; from: string; at: number }>;

/** Brings a copy to today's schema and has it say that it was restored. Afterwards it is one file again. */
async function bringUp(path: string, { backups, from, at }: BringingUp): Promise<void> {
  const store = await openStore({ path, backups, synchronous: 'normal' });
  await store.write(({ events }) =>
    events.append([{ type: 'store.restored', details: { from } }], { sessionId: NO_SESSION, at }),
  );
  await store.close();
  const { default: Sqlite } = await import('better-sqlite3');
  const database = new Sqlite(path, { fileMustExist: true });
  try {
    database.pragma('journal_mode = delete');
  } finally {
    database.close();
  }
}

/** A backup by its name, without the folders that it lies in. */
const shownAs = ({ folder, database }: Place) => basename(folder ?? database);

async function replace(ground: Ground, prepared: string) {
  if ((await presentOf(ground)) === 'damaged') return replaceRuin(ground, prepared);
  let kept: string | undefined;
  let generation = 0;
  await replaceDatabase({
    from: prepared,
    to: ground.database,
    async meanwhile(source) {
      // Looked at only now: a server may have begun a store where there was none.
      const replaced = await presentOf(ground);
      if (replaced !== 'missing') kept = await keep(ground, 'before_restore');
      generation = nextGeneration(source, typeof replaced === 'object' ? replaced.generation : 0);
    },
  });
  const now = await identityOf(ground.database);
  if (now.generation !== generation) throw new Error(`The store has generation ${now.generation}, not ${generation}`);
  return { kept, generation };
}

/** A higher one than the store ever had, so that whoever has it open notices. */
function nextGeneration(source: Database, replaced: number): number {
  const raise = source.prepare('update store set generation = max(generation, ?) + 1 returning generation').pluck();
  return Number(raise.get(replaced));
}

/**
 * What is no database any more cannot be written over by SQLite, and nobody can be using it. It is kept as it is; at its
 * place is always it or the restored one, for where there is nothing, a server would begin a store of its own.
 */
async function replaceRuin(ground: Ground, prepared: string) {
  const { backups, database, clock } = ground;
  const kept = await keepAsItIs(ground, join(backups, `${backupName(clock(), 'before_restore')}-damaged`));
  // Left there, its log would be taken for that of the restored one.
  for (const suffix of ['-wal', '-shm']) await rm(`${database}${suffix}`, { force: true });
  await flushFile(prepared);
  await rename(prepared, database);
  await flushFolder(dirname(database));
  const { generation } = await identityOf(database);
  return { kept, generation };
}

/** The copy beside it, what is kept, and the transaction that writes it over: each once as large as its database. */
async function refuseWithoutSpace({ database, backups }: Ground, from: string): Promise<void> {
  const needed = 2 * (await bytesOf(from)) + (await bytesOf(database)) + (await bytesOf(`${database}-wal`));
  const { bavail, bsize } = await statfs(dirname(backups));
  if (bavail * bsize > needed) return;
  throw transient(`There is no space to restore on the disk that holds ${dirname(backups)}: nothing was changed`, {
    needed_bytes: needed,
    free_bytes: bavail * bsize,
    suggestion: `Free ${Math.ceil((needed - bavail * bsize) / 1_000_000)} MB on that disk, then repeat the command`,
  });
}

async function damaged({ backups }: Ground, { folder, database }: Place, why: string) {
  const latest = latestSound((await backupsIn(backups)).filter(({ name }) => join(backups, name) !== folder));
  return refused(`The backup ${folder ?? database} is damaged: ${why}`, {
    suggestion:
      latest === undefined
        ? 'Nothing was changed. Keep it: parts of it may still be read. Restore another copy if there is one'
        : `Nothing was changed. The latest that was whole is ${latest.name}`,
  });
}

const ofAnother = (path: string) =>
  refused(`The backup ${path} is of another store than the one that it would replace`, {
    suggestion: 'Repeat with --from-other if that is meant: what it replaces is kept as a backup',
  });

const itself = ({ database }: Ground) =>
  refused(`${database} is the store itself, not a backup of it`, {
    suggestion: 'Name a folder in .task_orchestrator/backups',
  });
