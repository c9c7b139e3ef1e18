import { reaches } from '../../domain/maintenance.ts';
import { artifactOfFile, type Fate, fateOf, type StoredFile, taskOfFile } from '../../domain/stray-files.ts';
import { isNotFound } from '../find.ts';
import { iso } from '../views.ts';
import { actionOf, type CleanupAction } from './cleanup-actions.ts';
import type { Run } from './run.ts';
import type { Scope } from './scope.ts';

/** Files that are looked at, moved or deleted between two looks at the time. */
const AT_ONCE = 200;

/** Purges what was in the trash for long enough; from `comprehensive` on, puts there what nothing refers to. */
export async function* clearFiles(run: Run, scope: Scope): AsyncGenerator<readonly CleanupAction[]> {
  const files = await filesIn(run, scope);
  for (let at = 0; at < files.length; at += AT_ONCE) {
    const some = files.slice(at, at + AT_ONCE);
    const isRecorded = await recordedAmong(run, some);
    yield await run.step(async () => {
      const actions: CleanupAction[] = [];
      for (const file of some) actions.push(...(await clear(run, file, isRecorded(file))));
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
    for (const { path, changedAt } of listed)
      found.push({ path: folder === '.' ? path : `${folder}/${path}`, changedAt });
  }
  return found;
}

function foldersOf(ids: readonly string[] | undefined, isDeep: boolean): readonly string[] {
  if (ids === undefined) return [isDeep ? '.' : 'trash'];
  return ids.flatMap((id) => [`trash/artifacts/${id}`, ...(isDeep ? [`artifacts/${id}`] : [])]);
}

async function recordedAmong(run: Run, files: readonly StoredFile[]): Promise<(file: StoredFile) => boolean> {
  const ids = files.flatMap(({ path }) => artifactOfFile(path)?.id ?? []);
  if (ids.length === 0) return () => false;
  const known = new Set(await run.look(({ artifacts }) => artifacts.known(ids)));
  return ({ path }) => known.has(artifactOfFile(path)?.id ?? '');
}

async function clear(run: Run, file: StoredFile, isRecorded: boolean): Promise<readonly CleanupAction[]> {
  const { thresholds, clock } = run.beforehand;
  const fate = fateOf(file, { thresholds, at: clock(), isRecorded });
  if (fate === undefined) return [];
  if (!run.request.isDryRun && !(await putAway(run, { ...file, fate }))) return [];
  const taskId = taskOfFile(file.path);
  const about = { path: file.path, ...(taskId !== undefined && { task_id: taskId }) };
  const action_type = fate === 'purged' ? 'purge_trash_file' : 'move_file_to_trash';
  return [actionOf(run, { action_type, ...about, reason: REASONS[fate](file) })];
}

/** Puts a file where it belongs; one that somebody else has put away meanwhile needs nothing. */
async function putAway({ beforehand }: Run, { path, fate }: StoredFile & { fate: Fate }): Promise<boolean> {
  const { workspaceFiles } = beforehand;
  if (fate === 'purged') {
    await workspaceFiles.purge(path.slice('trash/'.length));
    return true;
  }
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
  unfinished: ({ changedAt }) => `Left unfinished ${iso(changedAt)} by a process that was stopped`,
  unrecorded: ({ changedAt }) => `No artifact is recorded for it, and it is unchanged since ${iso(changedAt)}`,
} as const satisfies Record<Fate, (file: StoredFile) => string>;
