import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { ArtifactState } from '../../application/safekeeping/backups.ts';
import { contentOf } from '../artifact-files.ts';
import { ifThere, systemCode } from '../file-errors.ts';
import type { ArtifactRow } from '../store/inspection.ts';

/** Where artifact files lie, in a store's folder and in a backup alike. */
const PLACES = ['artifacts', 'trash/artifacts'] as const;
/** Files that are at work on at the same time. */
const AT_ONCE = 16;
/** What a file is called until it is whole. */
const UNFINISHED = /(^|[\\/])\.[^\\/]+\.tmp$/;

type Copying = Readonly<{
  from: string;
  to: string;
  /** A backup that was made before: what it has already is shared with it, for an artifact never changes. */
  earlier: string | undefined;
}>;

/**
 * Copies all artifact files, those in the trash included, that are not at `to` yet. A file of the store itself is never
 * shared with its copy: somebody who changed the one in an editor would change the other.
 */
export async function copyArtifacts({ from, to, earlier }: Copying): Promise<void> {
  for (const place of PLACES) {
    const files = await filesBelow(join(from, place));
    await inTurns(files, async (file) => {
      const path = relative(from, file);
      await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 });
      const isShared =
        earlier !== undefined && (await shared({ file, known: join(earlier, path), to: join(to, path) }));
      if (!isShared) await copied(file, join(to, path));
    });
  }
}

/** Takes from the store itself what is not intact in its copy: an earlier backup, which it was shared with, may have gone bad. */
export async function copyAnew({ from, to }: Copying, artifacts: readonly ArtifactRow[]): Promise<void> {
  await inTurns(artifacts, async (artifact) => {
    if ((await intactIn(to, artifact)) !== undefined) return;
    const found = await intactIn(from, artifact);
    if (found === undefined) return;
    const copy = join(to, found.path);
    await rm(copy, { force: true });
    await copied(join(from, found.path), copy);
  });
}

/** What became of the files of artifacts in a folder, in their order. */
export async function statesOf(folder: string, artifacts: readonly ArtifactRow[]): Promise<readonly ArtifactState[]> {
  const states: ArtifactState[] = artifacts.map(() => 'missing');
  await inTurns([...artifacts.entries()], async ([index, artifact]) => {
    states[index] = await stateOf(folder, artifact);
  });
  return states;
}

/** The text of an artifact's file where it is as it was recorded, from wherever it lies in a folder. */
export const intactText = async (folder: string, artifact: ArtifactRow): Promise<string | undefined> =>
  (await intactIn(folder, artifact))?.text;

async function intactIn(folder: string, artifact: ArtifactRow) {
  for (const path of pathsOf(artifact)) {
    const text = await ifThere(readFile(join(folder, path), 'utf8'));
    if (text !== undefined && contentOf(text, artifact).state === 'intact') return { path, text };
  }
  return undefined;
}

/** The places of an artifact's file in a folder; none for a name that could lead anywhere else. */
export const pathsOf = ({ taskId, id }: Pick<ArtifactRow, 'taskId' | 'id'>): readonly string[] =>
  [taskId, id].every((name) => /^\w[\w-]*$/.test(name)) ? PLACES.map((place) => `${place}/${taskId}/${id}.md`) : [];

async function stateOf(folder: string, artifact: ArtifactRow): Promise<ArtifactState> {
  const found: ('intact' | 'altered' | 'missing')[] = [];
  for (const path of pathsOf(artifact)) {
    const { state } = contentOf(await ifThere(readFile(join(folder, path), 'utf8')), artifact);
    if (state === 'intact') return path.startsWith('trash') ? 'in_trash' : 'intact';
    found.push(state);
  }
  return found.includes('altered') ? 'altered' : 'missing';
}

/** No symbolic link is followed out of the folder. */
async function filesBelow(folder: string): Promise<readonly string[]> {
  if ((await ifThere(lstat(folder)))?.isDirectory() !== true) return [];
  const entries = (await ifThere(readdir(folder, { recursive: true, withFileTypes: true }))) ?? [];
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.filter((file) => !UNFINISHED.test(file));
}

/** Another length says that it is not what was copied then. */
async function shared({ file, known, to }: Readonly<{ file: string; known: string; to: string }>): Promise<boolean> {
  const [now, then] = await Promise.all([ifThere(lstat(file)), ifThere(lstat(known))]);
  if (then?.isFile() !== true || now?.size !== then.size) return false;
  return link(known, to).then(
    () => true,
    (error: unknown) => systemCode(error) === 'EEXIST',
  );
}

async function copied(file: string, to: string): Promise<void> {
  try {
    await copyFile(file, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    // It was moved to the trash or purged meanwhile, or is there already.
    if (['ENOENT', 'EEXIST'].includes(systemCode(error) ?? '')) return;
    throw error;
  }
  await flushFile(to);
}

export async function flushFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

async function inTurns<T>(things: readonly T[], work: (thing: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < things.length; at += AT_ONCE) await Promise.all(things.slice(at, at + AT_ONCE).map(work));
}
