import type { Restored } from '../../application/safekeeping/backups.ts';
import { type ArtifactRow, artifactsOf } from '../store/inspection.ts';
import { workspaceFiles } from '../workspace-files.ts';
import { intactText, pathsOf, statesOf } from './artifact-copies.ts';
import type { Ground } from './making.ts';

type Files = ReturnType<typeof workspaceFiles>;

/**
 * Sees to it that each artifact which a database records has its file. One that somebody altered goes to the trash
 * before the recorded one takes its place.
 */
export async function putBack(
  { workspace, folder }: Ground,
  { database, backup }: Readonly<{ database: string; backup: string | undefined }>,
): Promise<Restored['artifacts']> {
  const artifacts = await artifactsOf(database);
  const states = await statesOf(folder, artifacts);
  const files = workspaceFiles(workspace);
  let [done, missing] = [0, 0];
  for (const [index, artifact] of artifacts.entries()) {
    const state = states[index];
    if (state === 'intact' || (state === 'in_trash' && artifact.isGivenUp)) continue;
    // From the trash of the store itself, or else from the backup.
    const text = (await intactText(folder, artifact)) ?? (backup && (await intactText(backup, artifact)));
    if (text === undefined) missing += 1;
    else done += await written(files, artifact, text);
  }
  return { putBack: done, missing };
}

async function written(files: Files, artifact: ArtifactRow, text: string): Promise<number> {
  const [place, inTrash] = pathsOf(artifact);
  if (place === undefined || inTrash === undefined) return 0;
  if (artifact.isGivenUp) {
    await files.write(inTrash, text);
    return 1;
  }
  if ((await files.read(place)) !== undefined) await files.toTrash(place);
  await files.write(place, text);
  return 1;
}
