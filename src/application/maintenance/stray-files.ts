import { reaches } from '../../domain/maintenance.ts';
import {
  artifactOfFile,
  type Fate,
  fateOf,
  placeOf,
  type Recorded,
  type StoredFile,
  taskOfFile,
} from '../../domain/stray-files.ts';
import { isNotFound } from '../find.ts';
import { iso } from '../views.ts';
import { actionOf, type CleanupAction } from './cleanup-actions.ts';
import type { Run } from './run.ts';
import type { Scope } from './scope.ts';

/** Files that are looked at, moved or deleted between two looks at the time. */
const AT_ONCE = 200;

/** Purges what was in the trash for long enough and brings back what is wanted again; from `comprehensive` on, puts there what nothing refers to. */
export async function* clearFiles(run: Run, scope: Scope): AsyncGenerator<readonly CleanupAction[]> {
  const files = await filesIn(run, scope);
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const some = files.slice(at, at + AT_ONCE);
    const recordedOf = await recordedAmong(run, some);
    yield await run.step(async () => {
      const actions: CleanupAction[] = [];
      for (const file of some) actions.push(...(await clear(run, file, recordedOf(file))));
      return actions;
    });
    run.tell('clearing files', Math.min(at + AT_ONCE, files.length), files.length);
  }
}

/** Files belong to a scope by the task that they lie under; those under none belong to the whole project. */
async function filesIn(run: Run, { ids }: Scope): Promise<readonly StoredFile[]> {
  const isDeep = reaches(run.request.level, 'comprehensive');
  const found: StoredFile[] = [];
  for (const folder of foldersOf(ids, isDeep)) {
    const listed = await run.step(() => run.beforehand.workspaceFiles.list(folder));
    for (const { path, changedAt } of listed) found.push({ path: `${folder}/${path}`, changedAt });
  }
  return found;
}

/** The folders that we write into ourselves, without backups: these may hold as many files as everything else together. */
const WRITTEN = ['artifacts', 'docs', 'handovers', 'templates'];

function foldersOf(ids: readonly string[] | undefined, isDeep: boolean): readonly string[] {
  if (ids === undefined) return ['trash', ...(isDeep ? WRITTEN : [])];
  return ids.flatMap((id) => [`trash/artifacts/${id}`, ...(isDeep ? [`artifacts/${id}`] : [])]);
}

async function recordedAmong(run: Run, files: readonly StoredFile[]): Promise<(file: StoredFile) => Recorded> {
  const ids = files.flatMap((file) => artifactOf(file) ?? []);
  if (ids.length === 0) return () => undefined;
  const { known, givenUp } = await run.look(async (context) => ({
    known: new Set(await context.artifacts.known(ids)),
    givenUp: new Set((await context.givenUp.among(ids)).map(({ id }) => id)),
  }));
  return (file) => {
    const id = artifactOf(file);
    if (id === undefined || !known.has(id)) return undefined;
    return givenUp.has(id) ? 'given_up' : 'kept';
  };
}

/** The artifact whose file it is, at its place or in the trash. */
const artifactOf = ({ path }: StoredFile) => artifactOfFile(placeOf(path))?.id;

async function clear(run: Run, file: StoredFile, recorded: Recorded): Promise<readonly CleanupAction[]> {
  const fate = await fateNow(run, file, recorded);
  if (fate === undefined) return [];
  if (!run.request.isDryRun && !(await putAway(run, { ...file, fate }))) return [];
  const taskId = taskOfFile(file.path);
  const about = { path: file.path, ...(taskId !== undefined && { task_id: taskId }) };
  return [actionOf(run, { action_type: ACTIONS[fate], ...about, reason: REASONS[fate](file) })];
}

/** What lies in the trash is only a copy where the file is at its place. */
async function fateNow({ beforehand }: Run, file: StoredFile, recorded: Recorded): Promise<Fate | undefined> {
  const { thresholds, clock, workspaceFiles } = beforehand;
  const judging = { thresholds, at: clock() };
  const fate = fateOf(file, { ...judging, recorded });
  const isCopy = fate === 'wanted' && (await workspaceFiles.read(placeOf(file.path))) !== undefined;
  return isCopy ? fateOf(file, { ...judging, recorded: undefined }) : fate;
}

const ACTIONS = {
  purged: 'purge_trash_file',
  wanted: 'bring_file_back',
  unfinished: 'move_file_to_trash',
  unrecorded: 'move_file_to_trash',
  given_up: 'move_file_to_trash',
} as const satisfies Record<Fate, CleanupAction['action_type']>;

/** Puts a file where it belongs; one that somebody else has put away meanwhile needs nothing. */
async function putAway({ beforehand }: Run, { path, fate }: StoredFile & { fate: Fate }): Promise<boolean> {
  const { workspaceFiles } = beforehand;
  if (fate === 'purged') {
    await workspaceFiles.purge(placeOf(path));
    return true;
  }
  if (fate === 'wanted') return workspaceFiles.fromTrash(placeOf(path));
  return workspaceFiles.toTrash(path).then(
    () => true,
    (error: unknown) => {
      if (isNotFound(error)) return false;
      throw error;
    },
  );
}

const REASONS = {
  purged: ({ changedAt }) => `In the trash since ${iso(changedAt)}`,
  wanted: () => 'Its work was given up, and its task taken up again',
  given_up: () => 'Its work was given up with its cancelled task',
  unfinished: ({ changedAt }) => `Left unfinished ${iso(changedAt)} by a process that was stopped`,
  unrecorded: ({ changedAt }) => `No artifact is recorded for it, and it is unchanged since ${iso(changedAt)}`,
} as const satisfies Record<Fate, (file: StoredFile) => string>;
