import type { Artifact } from '../../domain/artifact.ts';
import type { Beforehand, Context } from '../tool.ts';
import { byteLength } from '../work.ts';
import type { Account } from './account.ts';
import type { ExchangeSource } from './files.ts';
import { isAbsent, sessionOf } from './importing.ts';
import type { Places } from './places.ts';
import type { ArtifactRecord } from './record.ts';
import { recordsOf, type Survey } from './survey.ts';

type Bringing = Readonly<{
  source: ExchangeSource;
  survey: Survey;
  account: Account;
  expected: Places;
  /** Tells of everything, and writes nothing. */
  isDryRun: boolean;
}>;

/** An artifact of the file that is not here yet, with the ids that it gets. */
type Coming = Readonly<{ record: ArtifactRecord; place: string; id: string; taskId: string }>;

/** Files that are written side by side: each waits for the disk by itself. */
const SIDE_BY_SIDE = 16;

/** Writes the files of the artifacts that are new here, and tells of those whose work is lost or altered. */
export async function bringWorks(beforehand: Beforehand, bringing: Bringing): Promise<void> {
  const { source, account } = bringing;
  const awaited = new Map<string, Coming>();
  let pending: Promise<void>[] = [];
  const bring = async (coming: Coming, work: string) => {
    const artifact = { ...artifactOf(beforehand, coming.record, work), id: coming.id, taskId: coming.taskId };
    if (artifact.sha256 !== beforehand.artifactFiles.hash(work)) account.tell('adjusted', altered(coming));
    if (bringing.isDryRun) return;
    pending.push(beforehand.artifactFiles.write(artifact, work));
    if (pending.length < SIDE_BY_SIDE) return;
    beforehand.signal.throwIfAborted();
    await Promise.all(pending);
    pending = [];
  };
  for await (const { place, record } of recordsOf(source)) {
    const coming = record.kind === 'artifact' ? comingOf(bringing, record, place) : undefined;
    if (coming?.record.detailed_work !== undefined) await bring(coming, coming.record.detailed_work);
    else if (coming !== undefined) awaited.set(coming.record.artifact_id, coming);
  }
  for await (const { artifactId, work } of source.works()) {
    const coming = awaited.get(artifactId);
    if (coming === undefined) continue;
    awaited.delete(artifactId);
    await bring(coming, work);
  }
  await Promise.all(pending);
  for (const coming of awaited.values()) account.tell('left_out', lost(coming));
}

function comingOf({ expected, survey }: Bringing, record: ArtifactRecord, place: string): Coming | undefined {
  const here = expected.artifacts.get(record.artifact_id);
  const number = survey.numbers.get(record.task_id) ?? -1;
  const taskId = expected.ids[number];
  const isWanted = here?.isKnown === false && !isAbsent({ places: expected, survey }, number);
  return isWanted && taskId !== undefined ? { record, place, id: here.id, taskId } : undefined;
}

const altered = ({ id, taskId, place }: Coming) => ({
  task_id: taskId,
  place,
  why: `the artifact ${id} counts as altered, for its work is not the one that was recorded`,
});
const lost = ({ id, taskId, place }: Coming) => ({
  task_id: taskId,
  place,
  why: `the work of the artifact ${id} did not come along`,
});

/** An artifact as the line tells of it. `work` is counted, unless it is not the one that the line tells of. */
export function artifactOf(
  { artifactFiles, actor }: Pick<Context, 'artifactFiles' | 'actor'>,
  record: ArtifactRecord,
  work: string | undefined = record.detailed_work,
): Omit<Artifact, 'id' | 'taskId'> {
  const { sha256, bytes = 0, characters = 0 } = record;
  const hash = work === undefined ? undefined : artifactFiles.hash(work);
  const isAsSaid = work !== undefined && (sha256 === undefined || sha256 === hash);
  return {
    type: record.artifact_type,
    outcome: record.outcome,
    summary: record.summary,
    filePaths: artifactFiles.touched(record.file_paths),
    sessionId: sessionOf({ actor }, record.session_id),
    createdAt: Date.parse(record.created_at),
    sha256: sha256 ?? hash ?? '',
    bytes: isAsSaid ? byteLength(work) : bytes,
    characters: isAsSaid ? work.length : characters,
  };
}
