import type { Artifact, ArtifactType, Outcome } from '../domain/artifact.ts';
import { transient } from '../domain/errors.ts';
import type { Context, Surroundings } from './tool.ts';

type Work = Readonly<{
  taskId: string;
  type: ArtifactType;
  summary: string;
  outcome: Outcome;
  filePaths: readonly string[];
  work: string;
}>;

/** The record of a piece of work, before its file is written. */
export function newArtifact(
  { artifactFiles, actor, clock, drawId }: Pick<Surroundings, 'artifactFiles' | 'actor' | 'clock' | 'drawId'>,
  { work, filePaths, ...rest }: Work,
): Artifact {
  return {
    ...rest,
    id: `artifact_${drawId()}`,
    filePaths: artifactFiles.touched(filePaths),
    sessionId: actor.sessionId,
    createdAt: clock(),
    sha256: artifactFiles.hash(work),
    bytes: byteLength(work),
    characters: work.length,
  };
}

export const byteLength = (text: string) => new TextEncoder().encode(text).length;

/**
 * Records an artifact whose file is written. Its id was drawn before the transaction, where nothing can be reserved,
 * so the reservation is made up for here. `said` goes into the task's story with it.
 */
export async function recordArtifact(
  context: Context,
  artifact: Artifact,
  said: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const [free] = await context.identities.reserve([artifact.id]);
  if (free === undefined) throw transient(`The id ${artifact.id} was taken meanwhile`, { retry_after_ms: 0 });
  await context.artifacts.insert({ ...artifact, sessionId: context.actor.sessionId });
  const details = { artifact_id: artifact.id, artifact_type: artifact.type, outcome: artifact.outcome, ...said };
  await context.record([{ type: 'artifact.added', taskId: artifact.taskId, details }]);
}
