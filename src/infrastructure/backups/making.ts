import { constants } from 'node:fs';
import { access, copyFile, lstat, mkdir, realpath, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isSound, type Made } from '../../application/safekeeping/backups.ts';
import { type BackupKind, backupName } from '../../domain/backup.ts';
import { notFound, OrchestratorError, refused, transient } from '../../domain/errors.ts';
import { RETRIES } from '../../domain/retries.ts';
import { explained, ifThere, systemCode } from '../file-errors.ts';
import { drawId } from '../ids.ts';
import { copyDatabase } from '../store/copying.ts';
import { artifactsOf, identityOf } from '../store/inspection.ts';
import { isUnreadable } from '../store/sqlite-errors.ts';
import { DATABASE_FILE } from '../workspace.ts';
import { flushFolder } from '../workspace-files.ts';
import { copyAnew, copyArtifacts, flushFile } from './artifact-copies.ts';
import { backupOf, backupsIn, bytesOf, latestSound, MANIFEST_FILE, type Manifest, sha256Of } from './manifest.ts';
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
export async function make(ground: Ground, making: Making): Promise<Made> {
  await refuseNoStore(ground);
  const made = await madeOrKept(ground, making);
  if ('asItIs' in made) throw await onlyKept(ground, made);
  return made;
}

/** Keeps what is about to be replaced: as a backup, or, where none can be made of it any more, its files as they are. */
export async function keep(ground: Ground, kind: BackupKind): Promise<string> {
  const made = await madeOrKept(ground, { kind });
  return 'asItIs' in made ? made.asItIs : made.path;
}

type AsItIs = Readonly<{ asItIs: string; cause: unknown }>;

async function madeOrKept(ground: Ground, { kind, to }: Making): Promise<Made | AsItIs> {
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
    if (!isUnreadable(error)) throw error;
    return { asItIs: await keepAsItIs(ground, `${target}-damaged`), cause: error };
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
    await rename(unfinished, target).catch((error: unknown) => {
      throw ['ENOTEMPTY', 'EEXIST'].includes(systemCode(error) ?? '') ? taken(target) : error;
    });
    await flushFolder(dirname(target));
    return filled;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true }).catch(() => undefined);
    throw isFull(error) ? diskIsFull(dirname(target), error) : error;
  }
}

/** The database first: a file that is written after it belongs to rows that it does not have. */
async function fill(ground: Ground, folder: string, { kind, madeAt }: { kind: BackupKind; madeAt: number }) {
  // What is wrong with the store is told of the store, not of a copy that nobody will ever see.
  await identityOf(ground.database);
  const database = join(folder, DATABASE_FILE);
  const earlier = latestSound(await backupsIn(ground.backups));
  const copying = {
    from: ground.folder,
    to: folder,
    earlier: earlier === undefined ? undefined : join(ground.backups, earlier.name),
  };
  await copyDatabase({ from: ground.database, to: database });
  await copyArtifacts(copying);
  let verdict = await verdictOn({ folder, database });
  for (let tries = 1; tries < RETRIES.movedWork.tries && isAmiss(verdict); tries++) {
    // What was moved into the trash or out of it meanwhile may have been missed in both places.
    if (verdict.artifacts.missing > 0) await copyArtifacts(copying);
    if (verdict.artifacts.altered > 0) await copyAnew(copying, await artifactsOf(database));
    verdict = await verdictOn({ folder, database });
  }
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

const isAmiss = ({ artifacts: { missing, altered } }: Made['verdict']) => missing + altered > 0;

/** The log beside a database holds what was written last: without it the newest of what is left would be lost. */
export async function keepAsItIs(ground: Ground, kept: string): Promise<string> {
  await placed(ground, kept, async (folder) => {
    for (const suffix of ['', '-wal']) {
      const copy = join(folder, `${DATABASE_FILE}${suffix}`);
      await ifThere(copyFile(`${ground.database}${suffix}`, copy).then(() => flushFile(copy)));
    }
    await copyArtifacts({ from: ground.folder, to: folder, earlier: undefined });
    await flushFolder(folder);
  });
  return kept;
}

async function onlyKept({ workspace, backups }: Ground, { asItIs, cause }: AsItIs) {
  const whole = latestSound(await backupsIn(backups));
  return refused(
    `The store of ${workspace} is damaged so far that no backup of it can be made; its files were copied to ${asItIs} as they are`,
    {
      kept_as: asItIs,
      suggestion:
        whole === undefined
          ? 'Keep that copy: parts of it may still be read. No backup that was whole is here'
          : `Go back to the latest backup that was whole: mcp-task-orchestrator restore ${whole.name}`,
      cause,
    },
  );
}

/** A store is never made only to be looked at. */
export async function refuseNoStore(ground: Pick<Ground, 'workspace' | 'database' | 'backups'>): Promise<void> {
  const found = await ifThere(lstat(ground.database));
  if (found?.isFile() === false) throw noFile(ground.database);
  if (found !== undefined && found.size > 0) return;
  const whole = latestSound(await backupsIn(ground.backups));
  if (whole === undefined)
    throw notFound('Store', ground.workspace, { suggestion: 'Name the folder of the project with --workspace' });
  throw notFound('Database of the store', ground.database, {
    suggestion: `Its backups are there: mcp-task-orchestrator restore ${whole.name} brings it back`,
  });
}

const noFile = (path: string) =>
  refused(`The store is not a file: ${path}`, {
    suggestion: 'Move what lies there elsewhere, then repeat the command',
  });

async function refuseTaken(target: string): Promise<void> {
  if ((await ifThere(lstat(target))) !== undefined) throw taken(target);
}

const taken = (target: string) =>
  refused(`${target} is there already, and a backup is never written over anything`, {
    suggestion: 'Name a folder that does not exist yet with --to',
  });

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
