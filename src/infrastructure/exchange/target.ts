import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { ExchangeTarget } from '../../application/exchange/files.ts';
import { type Artifact, artifactPath } from '../../domain/artifact.ts';
import { conflict, notFound } from '../../domain/errors.ts';
import { explained, ifThere } from '../file-errors.ts';
import { drawId } from '../ids.ts';
import { isWithin, STORE_FOLDER } from '../workspace.ts';
import { workspaceFiles } from '../workspace-files.ts';
import type { Located } from './place.ts';
import { isArchive, LINES_FILE } from './source.ts';
import { TAR_END, tarFilling, tarHeader } from './tar.ts';

type Beginning = Readonly<{ workspace: string /** When, for the dates in an archive. */; at: number }>;

/** Begins an export, which is written beside its place and put there whole. */
export async function targetAt(at: Located, { workspace, at: begunAt }: Beginning): Promise<ExchangeTarget> {
  const unfinished = join(dirname(at.path), `.${basename(at.path)}.${drawId()}.tmp`);
  const parts = { at, begunAt, unfinished, artifacts: artifactsOf(workspace) };
  const told = <T>(work: () => Promise<T>) => explained({ verb: 'write', path: at.shown }, work);
  const target = await told(async () => {
    await refuseTaken(at);
    await makeOwnFolder(at, workspace);
    if (extname(at.path) !== '' && !isArchive(at.path)) return file(parts);
    return isArchive(at.path) ? archive(parts) : folder(parts);
  });
  return {
    ...target,
    write: (text) => told(() => target.write(text)),
    copy: (artifact) => told(() => target.copy(artifact)),
    finish: () => told(target.finish),
  };
}

type Parts = Readonly<{
  at: Located;
  begunAt: number;
  unfinished: string;
  artifacts: (artifact: Artifact) => Promise<string | undefined>;
}>;

/** The files of artifacts as they lie in the store, front matter and all. */
function artifactsOf(workspace: string): Parts['artifacts'] {
  const files = workspaceFiles(workspace);
  return (artifact) => files.read(posix.relative(STORE_FOLDER, artifactPath(artifact)));
}

/** Our own folder is made where it is wanted; any other that is not there is a slip of the pen. */
async function makeOwnFolder({ path, shown }: Located, workspace: string): Promise<void> {
  const folder = dirname(path);
  const own = join(await realpath(workspace), STORE_FOLDER, 'exports');
  if (isWithin(own, folder)) await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await ifThere(stat(folder)))?.isDirectory() === true) return;
  throw notFound('Folder', dirname(shown), {
    suggestion: 'Make that folder first, or repeat with a path in one that is there',
  });
}

async function refuseTaken({ path, shown }: Located): Promise<void> {
  if ((await ifThere(lstat(path))) === undefined) return;
  throw conflict(`${shown} is there already`, { suggestion: 'Repeat with another path, or without one' });
}

async function file({ at, unfinished }: Parts): Promise<ExchangeTarget> {
  const lines = await writerOf(unfinished);
  return {
    holdsWorksInLines: true,
    write: lines.write,
    copy: async () => true,
    async finish() {
      await lines.close();
      return put(unfinished, at);
    },
    async discard() {
      await lines.abandon();
      await rm(unfinished, { force: true });
    },
  };
}

async function folder({ at, unfinished, artifacts }: Parts): Promise<ExchangeTarget> {
  await mkdir(unfinished, { mode: 0o700 });
  const lines = await writerOf(join(unfinished, LINES_FILE));
  let bytes = 0;
  return {
    holdsWorksInLines: false,
    write: lines.write,
    async copy(artifact) {
      const text = await artifacts(artifact);
      if (text === undefined) return false;
      const path = join(unfinished, 'artifacts', artifact.taskId, `${artifact.id}.md`);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const copied = await writerOf(path);
      await copied.write(text);
      await copied.close();
      bytes += Buffer.byteLength(text);
      return true;
    },
    async finish() {
      await lines.close();
      bytes += (await stat(join(unfinished, LINES_FILE))).size;
      return { ...(await put(unfinished, at)), bytes };
    },
    async discard() {
      await lines.abandon();
      await rm(unfinished, { recursive: true, force: true });
    },
  };
}

/** An archive tells the size of a file before its content, so that the lines are written apart and packed at the end. */
async function archive({ at, begunAt, unfinished, artifacts }: Parts): Promise<ExchangeTarget> {
  const apart = `${unfinished}.lines`;
  const lines = await writerOf(apart);
  const copied: Artifact[] = [];
  const members = async function* () {
    const { size } = await stat(apart);
    yield tarHeader({ name: LINES_FILE, bytes: size, changedAt: begunAt });
    yield* createReadStream(apart);
    yield tarFilling(size);
    for (const artifact of copied) yield* memberOf(artifact, await artifacts(artifact));
    yield TAR_END;
  };
  return {
    holdsWorksInLines: false,
    write: lines.write,
    async copy(artifact) {
      const isThere = (await artifacts(artifact)) !== undefined;
      if (isThere) copied.push(artifact);
      return isThere;
    },
    async finish() {
      await lines.close();
      const handle = await open(unfinished, 'wx', 0o600);
      await pipeline(Readable.from(members()), createGzip({ level: 6 }), handle.createWriteStream({ flush: true }));
      await rm(apart);
      return put(unfinished, at);
    },
    async discard() {
      await lines.abandon();
      for (const path of [apart, unfinished]) await rm(path, { force: true });
    },
  };
}

function* memberOf({ id, taskId, createdAt }: Artifact, text: string | undefined): Generator<Buffer> {
  if (text === undefined) return;
  const content = Buffer.from(text);
  yield tarHeader({ name: `artifacts/${taskId}/${id}.md`, bytes: content.length, changedAt: createdAt });
  yield content;
  yield tarFilling(content.length);
}

async function put(unfinished: string, at: Located): Promise<Readonly<{ path: string; bytes: number }>> {
  await refuseTaken(at);
  await rename(unfinished, at.path);
  return { path: at.shown, bytes: (await stat(at.path)).size };
}

/** Characters that are gathered before they are written. */
const GATHERED = 256 * 1024;

async function writerOf(path: string) {
  const handle: FileHandle = await open(path, 'wx', 0o600);
  let [gathered, isClosed] = ['', false];
  const flush = async () => {
    const text = gathered;
    gathered = '';
    await handle.writeFile(text);
  };
  return {
    async write(text: string) {
      gathered += text;
      if (gathered.length >= GATHERED) await flush();
    },
    async close() {
      await flush();
      await handle.sync();
      isClosed = true;
      await handle.close();
    },
    async abandon() {
      if (!isClosed) await handle.close();
      isClosed = true;
    },
  };
}
