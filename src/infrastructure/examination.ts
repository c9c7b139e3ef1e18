import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { disk, wal } from '../application/checkup/checkup.ts';
import { type Diagnosis, illness, isIll } from '../application/doctor/diagnosis.ts';
import type { Check } from '../domain/checkup.ts';
import { intactText } from './backups/artifact-copies.ts';
import { ifThere } from './file-errors.ts';
import { ifPermitted, isToBeSeen, permissionsOf } from './permissions.ts';
import { type ArtifactRow, type Inspection, inspect } from './store/inspection.ts';
import { MIGRATIONS } from './store/migrate.ts';
import { noWaits } from './store/retry.ts';
import { isUnreadable } from './store/sqlite-errors.ts';
import { unfinishedCopies } from './unfinished-copies.ts';
import { vitals } from './vitals.ts';
import { type Kept, keptIn, missing, type Present, standingOf, wayBack, wayOutOfDamage } from './ways-back.ts';
import { DATABASE_FILE, IGNORING, STORE_FOLDER } from './workspace.ts';

/** What was found from outside, and whether somebody may look into the store as it is. */
export type Examined = Readonly<{
  diagnoses: readonly Diagnosis[];
  canBeOpened: boolean;
  /** The name of the latest backup that has the work of an artifact as it was recorded. */
  backupWith: (artifactId: string) => Promise<string | undefined>;
}>;

/** Looks at the store of a workspace from outside. Changes nothing, and makes none where there is none. */
export async function examine(workspace: string): Promise<Examined> {
  const folder = join(workspace, STORE_FOLDER);
  const path = join(folder, DATABASE_FILE);
  const node: Diagnosis = { about: 'node', state: 'fine', finding: process.versions.node };
  const permissions = await permissionsOf(folder);
  const kept = await keptIn(folder);
  const backupWith = async () => undefined;
  if (isIll(permissions) && !(await isToBeSeen(path)))
    return { diagnoses: [node, permissions], canBeOpened: false, backupWith };
  if (((await ifThere(lstat(path)))?.size ?? 0) === 0)
    return { diagnoses: [node, missing(workspace, kept)], canBeOpened: false, backupWith };

  const where: Diagnosis = { about: 'store', state: 'fine', finding: path };
  const database = await databaseOf(path, { kept, isPermitted: !isIll(permissions) });
  const signs = await vitals(path, noWaits()).measure();
  const diagnoses = [
    ...[node, where, permissions, ...database.diagnoses],
    ...[diagnosisOf(disk(signs)), { ...diagnosisOf(wal(signs)), ...(wal(signs).state !== 'good' && FIX_WAL) }],
    ...(await ignoring(folder)),
    ...(await unfinished(folder)),
    ...standingOf(kept, database.present),
  ];
  return {
    diagnoses,
    canBeOpened: !isIll(permissions) && database.isWholeAndOfToday,
    backupWith: (id) => withWork(database.artifacts.find((one) => one.id === id)),
  };

  async function withWork(artifact: ArtifactRow | undefined): Promise<string | undefined> {
    if (artifact === undefined) return undefined;
    for (const { name } of kept.backups.toReversed())
      if ((await ifPermitted(intactText(join(folder, 'backups', name), artifact), undefined)) !== undefined)
        return name;
    return undefined;
  }
}

const FIX_WAL = { fix: 'wal', mend: 'mcp-task-orchestrator doctor --fix' } as const;

type Looked = Readonly<{
  diagnoses: readonly Diagnosis[];
  isWholeAndOfToday: boolean;
  artifacts: readonly ArtifactRow[];
  present: Present;
}>;
type Circumstances = Readonly<{ kept: Kept; isPermitted: boolean }>;

async function databaseOf(path: string, { kept, isPermitted }: Circumstances): Promise<Looked> {
  try {
    const { inspection, artifacts } = await inspect(path);
    const { storeId } = inspection;
    const damages = damagesOf(inspection, wayOutOfDamage(kept, storeId));
    const schema = schemaOf(inspection);
    const isFine = damages.length === 0;
    const whole: Diagnosis = { about: 'database', state: 'fine', finding: 'whole' };
    return {
      diagnoses: [...(isFine ? [whole] : damages), ...lostOf(inspection, wayBack(kept, storeId)), schema],
      isWholeAndOfToday: isFine && schema.state === 'fine',
      artifacts,
      present: { storeId, state: isFine ? 'whole' : 'damaged' },
    };
  } catch (error) {
    const told = illness('database', error, 'Repeat it in a moment');
    const notSeen: Diagnosis = { about: 'database', state: 'note', finding: 'not looked at: see permissions' };
    const isDamaged = isUnreadable(error);
    const damage: Diagnosis = { ...told, mend: wayOutOfDamage(kept, undefined) };
    return {
      diagnoses: [isDamaged ? damage : isPermitted ? told : notSeen],
      isWholeAndOfToday: false,
      artifacts: [],
      present: { storeId: undefined, state: isDamaged ? 'damaged' : 'strange' },
    };
  }
}

/** The structure tells of these itself, and of what mends them. */
const TOLD_ELSEWHERE: readonly string[] = ['tasks', 'dependencies', 'claims', 'artifacts', 'notes'];

const lostOf = ({ lostReferences }: Inspection, mend: string): readonly Diagnosis[] =>
  lostReferences
    .filter(({ table }) => !TOLD_ELSEWHERE.includes(table))
    .map(({ description }) => ({ about: 'references', state: 'ill', finding: description, mend }));

function damagesOf({ damages }: Inspection, mend: string): readonly Diagnosis[] {
  const [first] = damages;
  if (first === undefined) return [];
  const more = damages.length > 1 ? ` and ${damages.length - 1} more` : '';
  return [{ about: 'database', state: 'ill', finding: `damaged: ${first}${more}`, mend }];
}

function schemaOf({ schemaVersion }: Inspection): Diagnosis {
  const today = Object.keys(MIGRATIONS).length;
  if (schemaVersion === today) return { about: 'version', state: 'fine', finding: `schema version ${today}` };
  return {
    about: 'version',
    state: 'ill',
    finding: `schema version ${schemaVersion}; this program writes ${today}, and its servers bring it up at their first call`,
    mend: 'mcp-task-orchestrator doctor --fix',
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

async function unfinished(folder: string): Promise<readonly Diagnosis[]> {
  const found = await unfinishedCopies(folder);
  if (found.length === 0) return [];
  const finding = `${found.length} ${found.length === 1 ? 'was never finished and takes' : 'were never finished and take'} space`;
  return [{ about: 'backups', state: 'ill', finding, mend: 'mcp-task-orchestrator doctor --fix', fix: 'leftovers' }];
}
