import { constants } from 'node:fs';
import { access, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { disk, wal } from '../application/checkup/checkup.ts';
import type { Diagnosis } from '../application/doctor/diagnosis.ts';
import type { Backup } from '../domain/backup.ts';
import type { Check } from '../domain/checkup.ts';
import { OrchestratorError } from '../domain/errors.ts';
import { DAY_MS, HOUR_MS } from '../domain/maintenance.ts';
import { backupsIn } from './backups/manifest.ts';
import { ifThere } from './file-errors.ts';
import { type Inspection, inspect } from './store/inspection.ts';
import { MIGRATIONS } from './store/migrate.ts';
import { noWaits } from './store/retry.ts';
import { isUnreadable } from './store/sqlite-errors.ts';
import { vitals } from './vitals.ts';
import { assertUsable, DATABASE_FILE, IGNORING, STORE_FOLDER } from './workspace.ts';

/** What was found from outside, and whether somebody may look into the store as it is. */
export type Examined = Readonly<{
  diagnoses: readonly Diagnosis[];
  canBeOpened: boolean;
  /** The name of the last good backup. */
  lastBackup?: string | undefined;
}>;

/** A backup that is older than this holds little of what people would miss. */
const OLD_BACKUP_MS = 30 * DAY_MS;
/** Nobody works on a backup for longer. */
const UNFINISHED_AFTER_MS = HOUR_MS;

/** Looks at the store of a workspace from outside. Changes nothing, and makes none where there is none. */
export async function examine(workspace: string): Promise<Examined> {
  const folder = join(workspace, STORE_FOLDER);
  const path = join(folder, DATABASE_FILE);
  const node: Diagnosis = { about: 'node', state: 'fine', finding: process.versions.node };
  if (((await ifThere(lstat(path)))?.size ?? 0) === 0)
    return { diagnoses: [node, missing(workspace)], canBeOpened: false };

  const where: Diagnosis = { about: 'store', state: 'fine', finding: path };
  const permissions = await permissionsOf(folder, path);
  const backups = await backupsIn(join(folder, 'backups'));
  const database = await databaseOf(path, backups);
  const signs = await vitals(path, noWaits()).measure();
  const diagnoses = [
    ...[node, where, permissions, ...database.diagnoses],
    ...[diagnosisOf(disk(signs)), { ...diagnosisOf(wal(signs)), ...(wal(signs).state !== 'good' && FIX_WAL) }],
    ...(await ignoring(folder)),
    ...(await unfinished(join(folder, 'backups'))),
    lastBackup(backups),
  ];
  return {
    diagnoses,
    canBeOpened: permissions.state === 'fine' && database.isWholeAndOfToday,
    lastBackup: backups.findLast((one) => one.isSound)?.name,
  };
}

const FIX_WAL = { fix: 'wal', mend: 'mcp-task-orchestrator doctor --fix' } as const;

const missing = (workspace: string): Diagnosis => ({
  about: 'store',
  state: 'ill',
  finding: `there is none in ${workspace}; a server makes it at its first call`,
  mend: 'mcp-task-orchestrator doctor --workspace <the folder of your project>',
});

async function permissionsOf(folder: string, path: string): Promise<Diagnosis> {
  const about = 'permissions';
  try {
    await assertUsable(folder);
    await access(path, constants.R_OK | constants.W_OK);
    return { about, state: 'fine', finding: 'this user may read and write' };
  } catch (error) {
    return ill(about, error, 'Give this user the right to read and write that folder and what is in it');
  }
}

const ill = (about: string, error: unknown, otherwise: string): Diagnosis => ({
  about,
  state: 'ill',
  finding: error instanceof Error ? error.message : String(error),
  mend: (error instanceof OrchestratorError && error.suggestion) || otherwise,
});

type Looked = Readonly<{ diagnoses: readonly Diagnosis[]; isWholeAndOfToday: boolean }>;

async function databaseOf(path: string, backups: readonly Backup[]): Promise<Looked> {
  const mend = wayBack(backups);
  try {
    const { inspection } = await inspect(path);
    const damages = damagesOf(inspection, mend);
    const schema = schemaOf(inspection);
    const isFine = damages.length === 0;
    const whole: Diagnosis = { about: 'database', state: 'fine', finding: 'whole' };
    return {
      diagnoses: [...(isFine ? [whole] : damages), schema],
      isWholeAndOfToday: isFine && schema.state === 'fine',
    };
  } catch (error) {
    const told = ill('database', error, 'Repeat it in a moment');
    return { diagnoses: [isUnreadable(error) ? { ...told, mend } : told], isWholeAndOfToday: false };
  }
}

function damagesOf({ damages }: Inspection, mend: string): readonly Diagnosis[] {
  const [first] = damages;
  if (first === undefined) return [];
  const more = damages.length > 1 ? ` and ${damages.length - 1} more` : '';
  return [{ about: 'database', state: 'ill', finding: `damaged: ${first}${more}`, mend }];
}

/** A repair of what is damaged would lose what a copy may still have. */
function wayBack(backups: readonly Backup[]): string {
  const good = backups.findLast((one) => one.isSound);
  if (good === undefined)
    return 'Keep a copy of the folder .task_orchestrator: there is no backup, and parts may be read';
  return `mcp-task-orchestrator restore ${good.name} (it keeps what it replaces)`;
}

function schemaOf({ schemaVersion }: Inspection): Diagnosis {
  const today = Object.keys(MIGRATIONS).length;
  if (schemaVersion === today) return { about: 'version', state: 'fine', finding: `schema version ${today}` };
  return {
    about: 'version',
    state: 'ill',
    finding: `schema version ${schemaVersion}; this program writes ${today}`,
    mend: 'mcp-task-orchestrator doctor --fix, or the first call of a server of this version',
    fix: 'schema',
  };
}

const diagnosisOf = ({ check, state, finding, nextStep }: Check): Diagnosis => ({
  about: check,
  state: state === 'good' ? 'fine' : state === 'not_checked' ? 'note' : 'ill',
  finding,
  mend: nextStep,
});

async function ignoring(folder: string): Promise<readonly Diagnosis[]> {
  if (((await ifThere(lstat(join(folder, IGNORING))))?.size ?? 0) > 0) return [];
  return [
    {
      about: 'files',
      state: 'ill',
      finding: `${STORE_FOLDER}/${IGNORING} is missing: the store could be committed with the project`,
      mend: 'mcp-task-orchestrator doctor --fix',
      fix: 'ignoring',
    },
  ];
}

/** The paths of backups that a process began and did not live to finish. */
export async function unfinishedBackups(folder: string, at = Date.now()): Promise<readonly string[]> {
  const names = ((await ifThere(readdir(folder))) ?? []).filter((name) => /^\..+\.[0-9a-z]{8}\.tmp$/.test(name));
  const old = await Promise.all(
    names.map(async (name) => {
      const found = await ifThere(lstat(join(folder, name)));
      return found !== undefined && at - found.mtimeMs > UNFINISHED_AFTER_MS ? [join(folder, name)] : [];
    }),
  );
  return old.flat();
}

async function unfinished(folder: string): Promise<readonly Diagnosis[]> {
  const found = await unfinishedBackups(folder);
  if (found.length === 0) return [];
  const finding = `${found.length} were never finished and take space`;
  return [{ about: 'backups', state: 'ill', finding, mend: 'mcp-task-orchestrator doctor --fix', fix: 'leftovers' }];
}

function lastBackup(backups: readonly Backup[], at = Date.now()): Diagnosis {
  const last = backups.findLast((one) => one.isSound);
  const mend = 'mcp-task-orchestrator backup';
  if (last === undefined) {
    const finding = backups.length === 0 ? 'there is none yet' : `none of ${backups.length} is whole`;
    return { about: 'backups', state: 'note', finding, mend };
  }
  const isOld = at - last.madeAt > OLD_BACKUP_MS;
  const finding = `${backups.length}, the last good one of ${new Date(last.madeAt).toISOString()}`;
  return isOld ? { about: 'backups', state: 'note', finding, mend } : { about: 'backups', state: 'fine', finding };
}
