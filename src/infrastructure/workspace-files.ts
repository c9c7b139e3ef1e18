import type { Dirent } from 'node:fs';
import {
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { WorkspaceFiles } from '../application/ports.ts';
import { notFound, refused } from '../domain/errors.ts';
import { explained, type FileAction, ifThere, systemCode } from './file-errors.ts';
import { drawId } from './ids.ts';
import { isWithin, STORE_FOLDER } from './workspace.ts';

/**
 * The files in `.task_orchestrator`. A file is written under `.<name>.<8 characters>.tmp` beside its place and put there
 * whole; one of that name that stays behind is what a killed process left. No symbolic link is followed out of the folder.
 */
export function workspaceFiles(workspace: string): WorkspaceFiles {
  const at = <T>(verb: FileAction['verb'], path: string, work: (file: string) => Promise<T>) =>
    explained({ verb, path: shown(path) }, async () => work(await located(workspace, path)));

  return {
    async write(path, text) {
      await at('write', path, (file) => writeWhole(file, text));
      return shown(path);
    },

    /** Anything but a regular file, a symbolic link for one, is no file of ours. */
    read: (path) =>
      at('read', path, async (file) => {
        const found = await ifThere(lstat(file));
        return found?.isFile() ? ifThere(readFile(file, 'utf8')) : undefined;
      }),

    isTaken: (path) => at('read', path, async (file) => (await ifThere(lstat(file))) !== undefined),

    list: (folder) =>
      at('read', folder, async (top) => {
        await assertLeadsNowhereElse(top, await storeOf(workspace));
        return listed(top);
      }),

    async toTrash(path) {
      return at('move', path, async (file) => {
        const free = await freePath(workspace, posix.join('trash', path));
        await moveToTrash(file, { target: await located(workspace, free), path });
        return shown(free);
      });
    },

    async purge(path) {
      const inTrash = posix.join('trash', path);
      if (!inTrash.startsWith('trash/')) throw leavesStore(path);
      await at('delete', inTrash, async (file) => {
        await rm(file, { force: true });
        await removeEmptyFolders(dirname(file), { below: join(await storeOf(workspace), 'trash') });
      });
    },

    fromTrash: (path) =>
      at('move', path, async (file) => {
        const inTrash = await located(workspace, posix.join('trash', path));
        const isThere = (await ifThere(lstat(inTrash)))?.isFile() === true;
        if (!isThere || (await ifThere(lstat(file))) !== undefined) return false;
        await makeFolders(dirname(file));
        await rename(inTrash, file);
        return true;
      }),

    async purgeArtifacts(taskId) {
      if (!PLAIN_NAME.test(taskId)) throw leavesStore(taskId);
      for (const folder of [`artifacts/${taskId}`, `trash/artifacts/${taskId}`])
        await at('delete', folder, (file) => rm(file, { recursive: true, force: true }));
    },
  };
}

/** What an id can be, which is no way to anywhere else. */
const PLAIN_NAME = /^\w[\w-]*$/;

/** As people see it: relative to the workspace, with forward slashes on every system. */
const shown = (path: string) => posix.join(STORE_FOLDER, path);

const storeOf = async (workspace: string) => join(await realpath(workspace), STORE_FOLDER);

async function located(workspace: string, path: string): Promise<string> {
  const store = await storeOf(workspace);
  const file = resolve(store, path);
  if (!isWithin(store, file)) throw leavesStore(path);
  if (file !== store) await assertLeadsNowhereElse(dirname(file), store);
  return file;
}

/** Folders that are still missing cannot lead anywhere; the nearest that is there must be where its name says. */
async function assertLeadsNowhereElse(folder: string, store: string): Promise<void> {
  const real = await ifThere(realpath(folder));
  if (real === undefined) return assertLeadsNowhereElse(dirname(folder), store);
  if (real !== folder && !isWithin(store, real)) throw leavesStore(folder);
}

const leavesStore = (path: string) =>
  refused(`The path leads out of ${STORE_FOLDER}: ${path}`, {
    suggestion: `Look for a symbolic link in ${STORE_FOLDER} and put the folder itself in its place`,
  });

async function writeWhole(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  const firstMade = await makeFolders(folder);
  const unfinished = join(folder, `.${basename(file)}.${drawId()}.tmp`);
  try {
    await writeFile(unfinished, text, { flag: 'wx', flush: true });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw error;
  }
  await flushFolders(folder, firstMade === undefined ? folder : dirname(firstMade));
}

/**
 * Makes a folder and those above it that are missing; returns the uppermost that was made. Node's own way reports of a
 * read-only disk and of a used-up quota that the folder above is missing.
 */
async function makeFolders(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return folder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined;
    if (systemCode(error) !== 'ENOENT') throw error;
    const firstMade = await makeFolders(dirname(folder));
    const made = await makeFolders(folder);
    return firstMade ?? made;
  }
}

/** A new name survives a power cut only once its folder is flushed; so do new folders in theirs, up to `top`. */
async function flushFolders(from: string, top: string): Promise<void> {
  for (let folder = from; ; folder = dirname(folder)) {
    await flushFolder(folder);
    if (folder === top) return;
  }
}

export async function flushFolder(folder: string): Promise<void> {
  // Windows opens no folders, and has nothing to flush in them.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    // Some network file systems cannot do it, and need not.
    if (!['EINVAL', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

/** Files that are asked about at once: of very many, what comes back takes more room than their names. */
const ASKED_AT_ONCE = 200;

async function listed(folder: string) {
  const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? [];
  const files: ListedFile[] = [];
  // A few folders at a time: what Node says of all entries of a large store takes tens of megabytes.
  for (const some of inSlices(entries)) {
    const paths = (await Promise.all(some.map(filesAt))).flat();
    for (const few of inSlices(paths))
      files.push(...(await Promise.all(few.map((file) => asked(folder, file)))).flat());
  }
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function* inSlices<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += ASKED_AT_ONCE) yield all.slice(at, at + ASKED_AT_ONCE);
}

/** The path of a file, or of all files below a folder. */
async function filesAt(entry: Dirent): Promise<readonly string[]> {
  const path = join(entry.parentPath, entry.name);
  if (!entry.isDirectory()) return entry.isFile() ? [path] : [];
  const below = (await ifThere(readdir(path, { recursive: true, withFileTypes: true }))) ?? [];
  return below.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

type ListedFile = Awaited<ReturnType<WorkspaceFiles['list']>>[number];

async function asked(folder: string, file: string): Promise<readonly ListedFile[]> {
  const found = await ifThere(lstat(file));
  if (found === undefined) return [];
  const path = relative(folder, file).split(sep).join('/');
  return [{ path, bytes: found.size, changedAt: Math.trunc(found.mtimeMs) }];
}

async function removeEmptyFolders(from: string, { below }: { below: string }): Promise<void> {
  for (let folder = from; folder !== below && isWithin(below, folder); folder = dirname(folder)) {
    const isRemoved = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}

/** What lies in the trash already under that name stays there: the next one gets a number. */
async function freePath(workspace: string, path: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? path : `${path}.${count}`;
    if ((await ifThere(lstat(await located(workspace, candidate)))) === undefined) return candidate;
  }
}

async function moveToTrash(file: string, { target, path }: Readonly<{ target: string; path: string }>): Promise<void> {
  if (!(await ifThere(lstat(file)))?.isFile()) throw notFound('File', shown(path));
  await makeFolders(dirname(target));
  // Trash is kept by its time of change, which a move alone leaves as it was.
  const now = new Date();
  await utimes(file, now, now);
  await rename(file, target);
}
