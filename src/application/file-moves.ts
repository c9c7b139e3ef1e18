import { type Artifact, artifactPath } from '../domain/artifact.ts';
import { isNotFound } from './find.ts';
import type { Repositories } from './ports.ts';
import type { Surroundings } from './tool.ts';

/** What is done with the files of artifacts once a transaction that decided it has committed. */
export type FileMove =
  | Readonly<{ move: 'to_trash' | 'from_trash'; artifact: Pick<Artifact, 'taskId' | 'id'> }>
  | Readonly<{ move: 'purge'; taskId: string }>;

type Look = <T>(work: (repositories: Pick<Repositories, 'artifacts' | 'givenUp'>) => Promise<T>) => Promise<T>;
type Around = Pick<Surroundings, 'workspaceFiles' | 'log'> & Readonly<{ look: Look }>;

/**
 * The rows say already how it shall be: what fails here, or a crash prevents, the next cleanup makes up for. Another
 * transaction may have decided otherwise before the files were moved, and moved them first: what the rows say then holds.
 */
export async function moveFiles(around: Around, moves: readonly FileMove[]): Promise<void> {
  for (let left = moves; left.length > 0; ) {
    for (const one of left) await carryOut(around.workspaceFiles, one).catch(told(around, one));
    left = await misplaced(around, left).catch(told(around, left[0]));
  }
}

const told =
  ({ log }: Pick<Around, 'log'>, one: FileMove | undefined) =>
  (error: unknown): readonly FileMove[] => {
    if (!isNotFound(error)) log.warn({ err: error, move: one?.move }, 'files were left where they were');
    return [];
  };

/** The way back for files that are not where their rows say by now. */
async function misplaced({ look }: Around, moves: readonly FileMove[]): Promise<readonly FileMove[]> {
  const moved = moves.filter((one) => one.move !== 'purge');
  if (moved.length === 0) return [];
  const ids = moved.map(({ artifact }) => artifact.id);
  const [known, givenUp] = await look(async (repositories) => [
    new Set(await repositories.artifacts.known(ids)),
    new Set((await repositories.givenUp.among(ids)).map(({ id }) => id)),
  ]);
  return moved.flatMap(({ move, artifact }) => {
    const due = givenUp.has(artifact.id) ? 'to_trash' : 'from_trash';
    return due === move || !known.has(artifact.id) ? [] : [{ move: due, artifact }];
  });
}

async function carryOut(files: Surroundings['workspaceFiles'], one: FileMove): Promise<void> {
  switch (one.move) {
    case 'to_trash':
      await files.toTrash(pathOf(one.artifact));
      return;
    case 'from_trash':
      await files.fromTrash(pathOf(one.artifact));
      return;
    case 'purge':
      return files.purgeArtifacts(one.taskId);
  }
}

/** In the store's folder. */
const pathOf = (artifact: Pick<Artifact, 'taskId' | 'id'>) => artifactPath(artifact).replace('.task_orchestrator/', '');
