import { constants } from 'node:fs';
import { access, copyFile, lstat, mkdir, realpath, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isSound, type Made } from '../../application/safekeeping/backups.ts';
import { type BackupKind, backupName } from '../../domain/backup.ts';
import { notFound, OrchestratorError, refused, transient } from '../../domain/errors.ts';
import { explained, fileError, ifThere, systemCode } from '../file-errors.ts';
import { drawId } from '../ids.ts';
import { copyDatabase } from '../store/copying.ts';
import { identityOf } from '../store/inspection.ts';
import { isUnreadable } from '../store/sqlite-errors.ts';
import { DATABASE_FILE } from '../workspace.ts';
import { flushFolder } from '../workspace-files.ts';
import { copyArtifacts } from './artifact-copies.ts';
import { backupOf, backupsIn, bytesOf, MANIFEST_FILE, type Manifest, sha256Of } from './manifest.ts';
import { verdictOn } from './verdicts.ts';

export type Ground = Readonly<{
  workspace: string;
  /** `.task_orchestrator` of the workspace. */
  folder: string;
  database: string;
  /** The store's own folder of backups. */
  backups: string;
  clock: () => number;
}>;

type Making = Readonly<{ kind: BackupKind; to?: string | undefined }>;

/**
 * Makes a backup. Of a store that is damaged so far that no copy of it could be checked, its files are kept as they are,
 * which is told by the refusal.
 */
export async function make(ground: Ground, { kind, to }: Making): Promise<Made> {
  await refuseNoStore(ground);
  const madeAt = ground.clock();
  const target = to === undefined ? join(ground.backups, backupName(madeAt, kind)) : resolve(to);
  try {
    const made = await placed(ground, target, (folder) => fill(ground, folder, { kind, madeAt }));
    return {
      path: target,
      backup: { ...made.backup, name: basename(target) },
      verdict: { ...made.verdict, path: join(target, DATABASE_FILE) },
    };
  } catch (error) {
    throw isUnreadable(error) ? await keptAsItIs(ground, { kept: `${target}-damaged`, cause: error }) : error;
  }
}

/** Fills a folder under a name that is not taken for a backup, and puts it in its place when that is done. */
async function placed<T>(ground: Ground, target: string, filling: (folder: string) => Promise<T>): Promise<T> {
  await refuseTaken(target);
  const unfinished = join(dirname(target), `.${basename(target)}.${drawId()}.tmp`);
  try {
    await explained({ verb: 'write', path: dirname(target) }, async () => {
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await access(dirname(target), constants.W_OK);
    });
    await refuseWithoutSpace(ground, dirname(target));
    await mkdir(unfinished, { mode: 0o700 });
    const filled = await filling(unfinished);
    await rename(unfinished, target);
    await flushFolder(dirname(target));
    return filled;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw isFull(error) ? diskIsFull(dirname(target), error) : fileError(error, { verb: 'write', path: target });
  }
}

/** The database first: a file that is written after it belongs to rows that it does not have. */
async function fill(ground: Ground, folder: string, { kind, madeAt }: { kind: BackupKind; madeAt: number }) {
  // What is wrong with the store is told of the store, not of a copy that nobody will ever see.
  await identityOf(ground.database);
  const database = join(folder, DATABASE_FILE);
  const earlier = (await backupsIn(ground.backups)).findLast((one) => one.isSound);
  const copying = {
    from: ground.folder,
    to: folder,
    earlier: earlier === undefined ? undefined : join(ground.backups, earlier.name),
  };
  await copyDatabase({ from: ground.database, to: database });
  await copyArtifacts(copying);
  const first = await verdictOn({ folder, database });
  // What was moved into the trash or out of it meanwhile may have been missed in both places.
  if (first.artifacts.missing > 0) await copyArtifacts(copying);
  const verdict = first.artifacts.missing > 0 ? await verdictOn({ folder, database }) : first;
  const manifest: Manifest = {
    kind,
    store_id: verdict.storeId,
    schema_version: verdict.schemaVersion,
    generation: verdict.generation,
    made_at: new Date(madeAt).toISOString(),
    is_sound: isSound(verdict),
    database_bytes: await bytesOf(database),
    database_sha256: await sha256Of(database),
    artifacts: verdict.counts.artifacts - verdict.artifacts.missing,
  };
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`, { flag: 'wx', flush: true });
  await flushFolder(folder);
  return { backup: backupOf(basename(folder), manifest), verdict };
}

/** The log beside a database holds what was written last: without it the newest of what is left would be lost. */
async function keptAsItIs(ground: Ground, { kept, cause }: { kept: string; cause: unknown }) {
  await placed(ground, kept, async (folder) => {
    for (const suffix of ['', '-wal'])
      await ifThere(copyFile(`${ground.database}${suffix}`, join(folder, `${DATABASE_FILE}${suffix}`)));
    await copyArtifacts({ from: ground.folder, to: folder, earlier: undefined });
    await flushFolder(folder);
  });
  const whole = (await backupsIn(ground.backups)).findLast((one) => one.isSound);
  return refused(
    `The store of ${ground.workspace} is damaged so far that no backup of it can be made; its files were copied to ${kept} as they are`,
    {
      kept_as: kept,
      suggestion:
        whole === undefined
          ? 'Keep that copy: parts of it may still be read. No backup that was whole is here'
          : `Go back to the latest backup that was whole: mcp-task-orchestrator restore ${whole.name}`,
      cause,
    },
  );
}

/** A store is never made only to be looked at. */
export async function refuseNoStore({ workspace, database }: Pick<Ground, 'workspace' | 'database'>): Promise<void> {
  if ((await bytesOf(database)) > 0) return;
  throw notFound('Store', workspace, { suggestion: 'Name the folder of the project with --workspace' });
}

async function refuseTaken(target: string): Promise<void> {
  if ((await ifThere(lstat(target))) === undefined) return;
  throw refused(`${target} is there already, and a backup is never written over anything`, {
    suggestion: 'Name a folder that does not exist yet with --to',
  });
}

/** Said before the work is done in vain. What goes wrong all the same is told when it does. */
async function refuseWithoutSpace({ database }: Ground, folder: string): Promise<void> {
  const needed = (await bytesOf(database)) + (await bytesOf(`${database}-wal`));
  const { bavail, bsize } = await statfs(await realpath(folder));
  if (bavail * bsize <= needed) throw diskIsFull(folder, undefined, needed);
}

const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(systemCode(error) ?? '') ||
  (error instanceof OrchestratorError && error.details.free !== undefined && isFull(error.cause));

const diskIsFull = (folder: string, cause?: unknown, needed?: number) =>
  transient(
    `There is no space for a backup on the disk that holds ${folder}: none was made, and nothing is left of it`,
    {
      ...(needed !== undefined && { needed_bytes: needed }),
      free: `space on the disk that holds ${folder}`,
      suggestion: 'Free space on that disk, or name a folder on another one with --to',
      cause,
    },
  );
