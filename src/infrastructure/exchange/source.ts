import { createReadStream, type Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Entry, ExchangedWork, ExchangeSource } from '../../application/exchange/files.ts';
import { conflict, invalid, refused } from '../../domain/errors.ts';
import { parseFrontMatter } from '../artifact-files.ts';
import { explained, fileError, ifThere, systemCode } from '../file-errors.ts';
import { jsonLines, LIMITS, tooLarge } from './lines.ts';
import { type Located, present } from './place.ts';
import { type TarMember, tarMembers } from './tar.ts';

export const LINES_FILE = 'tasks.jsonl';
export const isArchive = (path: string) => /\.(tar\.gz|tgz)$/i.test(path);

/** Bytes of an artifact file: a work of 4 MiB and its front matter. */
const MOST_WORK = 5 * 1024 * 1024;
/** Bytes of an archive, unpacked: what packs better than that was made to fill the disk or the day. */
const MOST_UNPACKED = 16 * 1024 * 1024 * 1024;

/** Opens an export: a file of lines, a folder with one, or an archive of such a folder. */
export async function sourceAt(at: Located, signal: AbortSignal): Promise<ExchangeSource> {
  const found = await present(at);
  if (found.isDirectory()) return folder(at, signal);
  const opened: Opened = { ...at, found, signal };
  if (isArchive(at.path)) return archive(opened);
  if (found.size > LIMITS.all) throw tooLarge(at.shown);
  return { shown: at.shown, entries: () => linesIn(opened), works: noWorks };
}

/** A file as it lay there when it was opened. It is read more than once, and is not to change in between. */
type Opened = Located & Readonly<{ found: Stats; signal: AbortSignal }>;

async function* noWorks(): AsyncGenerator<never> {}

const linesIn = (file: Opened) => jsonLines(bytesOf(file), file.shown);

async function* bytesOf({ path, shown, found, signal }: Opened): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) {
      signal.throwIfAborted();
      yield chunk;
    }
  } catch (error) {
    throw fileError(error, { verb: 'read', path: shown });
  }
  const { size, mtimeMs, ino } = await present({ path, shown });
  if (size === found.size && mtimeMs === found.mtimeMs && ino === found.ino) return;
  throw conflict(`${shown} was changed while it was read`, {
    suggestion: 'Repeat the call when it is written to no more; nothing was imported',
  });
}

async function folder(at: Located, signal: AbortSignal): Promise<ExchangeSource> {
  const lines = { path: join(at.path, LINES_FILE), shown: `${at.shown}/${LINES_FILE}` };
  const found = await present(lines);
  if (!found.isFile())
    throw refused(`${lines.shown} is a folder`, { suggestion: 'Name a folder that holds an export' });
  if (found.size > LIMITS.all) throw tooLarge(lines.shown);
  const opened: Opened = { ...lines, found, signal };
  return { shown: lines.shown, entries: () => linesIn(opened), works: () => worksBelow(at, signal) };
}

async function* worksBelow({ path, shown }: Located, signal: AbortSignal): AsyncGenerator<ExchangedWork> {
  const top = join(path, 'artifacts');
  if (!(await ifThere(lstat(top)))?.isDirectory()) return;
  for (const owner of await foldersIn(top)) {
    for (const entry of await readdir(join(top, owner), { withFileTypes: true })) {
      signal.throwIfAborted();
      const file = join(top, owner, entry.name);
      const label = `${shown}/artifacts/${owner}/${entry.name}`;
      if (entry.isSymbolicLink())
        throw refused(`${label} is a link`, { suggestion: 'Put the file itself in its place' });
      if (!entry.isFile() || !entry.name.endsWith('.md')) continue;
      refuseLarge((await lstat(file)).size, label);
      yield* workIn(await explained({ verb: 'read', path: label }, () => readFile(file)));
    }
  }
}

const foldersIn = async (top: string) =>
  (await readdir(top, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map(({ name }) => name);

function refuseLarge(bytes: number, label: string): void {
  if (bytes <= MOST_WORK) return;
  throw invalid(`${label} has ${bytes} bytes; an artifact has at most ${MOST_WORK}`, {
    suggestion: 'Take it out of the export; its artifact is then without its file',
  });
}

/** A file that tells of no artifact is none of ours. */
function* workIn(bytes: Uint8Array): Generator<ExchangedWork> {
  const file = parseFrontMatter(Buffer.from(bytes).toString('utf8'));
  if (file !== undefined) yield { artifactId: file.id, work: file.work };
}

const archive = (at: Opened): ExchangeSource => ({
  shown: at.shown,
  entries: () => linesInside(at),
  works: () => worksInside(at),
});

async function* linesInside(at: Opened): AsyncGenerator<Entry> {
  for await (const { path, content } of membersOf(at)) {
    if (basename(path) !== LINES_FILE || path.split('/').length > 2) continue;
    yield* jsonLines(content(), `${at.shown}/${LINES_FILE}`);
    return;
  }
  throw invalid(`${at.shown} holds no ${LINES_FILE}, neither at its top nor in a folder there`, {
    suggestion: 'Name an archive that orchestrator_export_workflow wrote, or one of such a folder',
  });
}

async function* worksInside(at: Opened): AsyncGenerator<ExchangedWork> {
  for await (const { path, bytes, content } of membersOf(at)) {
    if (!/^(?:[^/]+\/)?artifacts\/[^/]+\/[^/]+\.md$/.test(path)) continue;
    refuseLarge(bytes, `${at.shown}/${path}`);
    const parts: Uint8Array[] = [];
    for await (const part of content()) parts.push(part);
    yield* workIn(Buffer.concat(parts));
  }
}

const membersOf = (at: Opened): AsyncGenerator<TarMember> => tarMembers(unpacked(at), at.shown);

async function* unpacked(at: Opened): AsyncGenerator<Uint8Array> {
  const { shown, signal } = at;
  const file = Readable.from(bytesOf(at));
  const chunks = pipeline(file, createGunzip(), () => undefined);
  let total = 0;
  try {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      total += chunk.length;
      if (total > MOST_UNPACKED) throw tooLarge(shown);
      yield chunk;
    }
  } catch (error) {
    if (systemCode(error)?.startsWith('Z_') !== true) throw error;
    throw invalid(`${shown} is no whole gzip archive`, {
      suggestion: 'Export again, or copy the file once more: this one is cut off or damaged',
    });
  } finally {
    file.destroy();
  }
}
