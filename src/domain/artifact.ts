export const ARTIFACT_TYPES = ['code', 'documentation', 'analysis', 'design', 'test', 'config', 'general'] as const;
export type ArtifactType = (typeof ARTIFACT_TYPES)[number];

/** What became of the attempt that an artifact records. `kept`: its completion was refused, the work was not lost. */
export const OUTCOMES = ['continue', 'complete', 'needs_revision', 'blocked', 'kept', 'synthesis'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Outcomes that hand work on to those who wait for it. */
export const HANDS_ON: readonly Outcome[] = ['continue', 'complete', 'synthesis'];

/** A file that work touched, as it was named; `isOutside` marks one that does not lie in the workspace and is never read. */
export type TouchedFile = Readonly<{ path: string; isOutside: boolean }>;

/** The record of a piece of work. The work itself lies in a file, whole, so that it never has to pass through a context window. */
export type Artifact = Readonly<{
  id: string;
  taskId: string;
  type: ArtifactType;
  summary: string;
  outcome: Outcome;
  filePaths: readonly TouchedFile[];
  sessionId: string;
  createdAt: number;
  /** Of the work alone, without the front matter; lower-case hex. */
  sha256: string;
  /** Length of the work in bytes of UTF-8, and in characters (UTF-16 code units). */
  bytes: number;
  characters: number;
}>;

/** Where an artifact's file lies, relative to the workspace, with forward slashes on every system. */
export const artifactPath = ({ taskId, id }: Pick<Artifact, 'taskId' | 'id'>) =>
  `.task_orchestrator/artifacts/${taskId}/${id}.md`;
