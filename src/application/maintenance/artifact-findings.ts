import {
  ARTIFACT_TYPES,
  type Artifact,
  type ArtifactType,
  artifactPath,
  OUTCOMES,
  type Outcome,
} from '../../domain/artifact.ts';
import { endedAs } from '../../domain/lifecycle.ts';
import { artifactOfFile, isInTrash, placeOf } from '../../domain/stray-files.ts';
import { judgeDependents } from '../consequences.ts';
import type { IdentifiedFile } from '../ports.ts';
import type { Context } from '../tool.ts';
import { byteLength } from '../work.ts';
import { auditArtifacts, type Damage, trashPath } from './artifact-audit.ts';
import { type Finding, type Found, mend, mending } from './findings.ts';
import type { Run } from './run.ts';
import type { Scope } from './scope.ts';

/** A file is written before it is recorded; one that is younger than this may still be. */
const RECORDED_AFTER_MS = 60_000;
/** Files that are looked up at once. */
const AT_ONCE = 200;

/** Finds artifacts whose file is lost or altered. */
export async function* checkArtifacts(run: Run, scope: Scope): AsyncGenerator<readonly Finding[]> {
  for await (const { damages } of auditArtifacts(run, scope)) {
    const found: Found[] = [];
    for (const damage of damages) found.push(...(await foundOf(run, damage)));
    if (found.length > 0) yield await mending(run, (context) => mend(run, context, found));
  }
}

/** The work of a cancelled task may have been given up with it, and lies in the trash until that is purged. */
async function foundOf(run: Run, { artifact, state }: Damage): Promise<readonly Found[]> {
  const about = { task_id: artifact.taskId, artifact_id: artifact.id };
  const path = artifactPath(artifact);
  if (state === 'altered') {
    const description = `${path} is not what was recorded`;
    return [{ finding: 'altered_artifact', about, description, mend: undefined }];
  }
  const task = await run.look(({ tasks }) => tasks.find(artifact.taskId));
  if (task === undefined || endedAs(task) === 'cancelled') return [];
  if (state === 'lost') {
    return [{ finding: 'lost_artifact', about, description: `${path} does not exist`, mend: undefined }];
  }
  const description = `${path} lies in the trash`;
  return [{ finding: 'trashed_artifact', about, description, mend: (context) => bringBack(context, artifact) }];
}

/** A copy: what lies in the trash is purged in its time. */
async function bringBack({ artifactFiles }: Context, artifact: Artifact): Promise<void> {
  const kept = await artifactFiles.identify(trashPath(artifact));
  if (kept !== undefined) await artifactFiles.write(artifact, kept.work);
}

/** Finds artifact files that nothing is recorded for, and records them again from what they say about themselves. */
export async function* checkFiles(run: Run, scope: Scope): AsyncGenerator<readonly Finding[]> {
  const paths = await artifactFilesIn(run, scope);
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    const ids = some.flatMap((path) => artifactAt(path)?.id ?? []);
    const known = new Set(await run.look(({ artifacts }) => artifacts.known(ids)));
    const unknown = some.filter((path) => !known.has(artifactAt(path)?.id ?? ''));
    const found = (await Promise.all(unknown.map((path) => foundIn(run, path)))).flat();
    if (found.length > 0) yield await mending(run, (context) => mend(run, context, found));
    run.tell('checking files', Math.min(at + AT_ONCE, paths.length), paths.length);
  }
}

const artifactAt = (path: string) => artifactOfFile(placeOf(path));

/** Those in the trash as well: a cleanup puts there what has no row, and with its row it would have stayed. */
async function artifactFilesIn({ beforehand, step }: Run, { ids }: Scope): Promise<readonly string[]> {
  const { workspaceFiles, clock } = beforehand;
  const folders = ids === undefined ? ['artifacts'] : ids.map((id) => `artifacts/${id}`);
  const paths: string[] = [];
  for (const folder of folders.flatMap((one) => [one, `trash/${one}`])) {
    for (const { path, changedAt } of await step(() => workspaceFiles.list(folder))) {
      const whole = `${folder}/${path}`;
      const isSettled = clock() - changedAt >= RECORDED_AFTER_MS;
      if (isSettled && artifactAt(whole) !== undefined) paths.push(whole);
    }
  }
  const present = new Set(paths);
  return paths.filter((path) => !isInTrash(path) || !present.has(placeOf(path)));
}

/**
 * What is no artifact file of ours, or belongs to a task that is gone, is no finding: a cleanup moves it to the trash. Nor is
 * what was given up with a cancelled task, whose file may outlive its row there.
 */
async function foundIn({ beforehand, look }: Run, path: string): Promise<readonly Found[]> {
  const file = await beforehand.artifactFiles.identify(path);
  const place = artifactAt(path);
  if (file === undefined || file.id !== place?.id || file.taskId !== place.taskId) return [];
  const task = await look(({ tasks }) => tasks.find(file.taskId));
  if (task === undefined || (isInTrash(path) && endedAs(task) === 'cancelled')) return [];
  const about = { task_id: file.taskId, artifact_id: file.id };
  const description = `.task_orchestrator/${path} is not recorded`;
  if (beforehand.artifactFiles.hash(file.work) !== file.sha256) {
    const altered = `${description}, and is not what it says it was`;
    return [{ finding: 'altered_unrecorded_artifact', about, description: altered, mend: undefined }];
  }
  return [{ finding: 'unrecorded_artifact', about, description, mend: (context) => adopt(context, file, path) }];
}

/** Records a file again. What became of the attempt is known if an event of it is left; otherwise the work is only kept. */
async function adopt(context: Context, file: IdentifiedFile, path: string): Promise<void> {
  const { artifacts, identities, events, tasks, artifactFiles, actor } = context;
  if ((await artifacts.known([file.id])).length > 0) return;
  const task = await tasks.find(file.taskId);
  if (task === undefined) return;
  const event = (await events.of(file.taskId, HISTORY)).find(
    ({ type, details }) => type === 'artifact.added' && details?.artifact_id === file.id,
  );
  const { id, taskId, summary, createdAt, sha256, filePaths, work } = file;
  await identities.reserve([id]);
  const type = ARTIFACT_TYPES.find((known): known is ArtifactType => known === file.type) ?? 'general';
  const outcome = OUTCOMES.find((known): known is Outcome => known === event?.details?.outcome) ?? 'kept';
  const artifact = {
    ...{ id, taskId, type, summary, outcome, createdAt, sha256 },
    filePaths: artifactFiles.touched(filePaths),
    sessionId: event?.sessionId ?? actor.sessionId,
    bytes: byteLength(work),
    characters: work.length,
  };
  if (isInTrash(path)) await artifactFiles.write(artifact, work);
  await artifacts.insert(artifact);
  const details = { artifact_id: id, artifact_type: type, outcome, adopted: true };
  await context.record([{ type: 'artifact.added', taskId, details }]);
  await judgeDependents(context, task);
}

/** Events that are searched for how an attempt ended. */
const HISTORY = 10_000;
