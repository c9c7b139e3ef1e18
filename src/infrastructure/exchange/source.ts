import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Entry, ExchangedWork, ExchangeSource } from '../../application/exchange/files.ts';
import { invalid, refused } from '../../domain/errors.ts';
import { parseFrontMatter } from '../artifact-files.ts';
import { explained, ifThere, systemCode } from '../file-errors.ts';
import { jsonLines, LIMITS, tooLarge } from './lines.ts';
import { type Located, present } from './place.ts';
import { type TarMember, tarMembers } from './tar.ts';

export const LINES_FILE = 'tasks.jsonl';
export const isArchive = (path: string) => /\.(tar\.gz|tgz)$/.test(path);

/** Bytes of an artifact file: a work of 4 MiB and its front matter. */
const MOST_WORK = 5 * 1024 * 1024;
/** Bytes of an archive, unpacked: what packs better than that was made to fill the disk or the day. */
const MOST_UNPACKED = 16 * 1024 * 1024 * 1024;

/** Opens an export: a file of lines, a folder with one, or an archive of such a folder. */
export async function sourceAt(at: Located): Promise<ExchangeSource> {
  const found = await present(at);
  if (found.isDirectory()) return folder(at);
  if (isArchive(at.path)) return archive(at);
  if (found.size > LIMITS.all) throw tooLarge(at.shown);
  return { shown: at.shown, entries: () => linesIn(at), works: noWorks };
}

async function* noWorks(): AsyncGenerator<never> {}

const linesIn = ({ path, shown }: Located) => jsonLines(createReadStream(path), shown);

async function folder(at: Located): Promise<ExchangeSource> {
  const lines = { path: join(at.path, LINES_FILE), shown: `${at.shown}/${LINES_FILE}` };
  const found = await present(lines);
  if (!found.isFile())
    throw refused(`${lines.shown} is a folder`, { suggestion: 'Name a folder that holds an export' });
  if (found.size > LIMITS.all) throw tooLarge(lines.shown);
  return { shown: lines.shown, entries: () => linesIn(lines), works: () => worksBelow(at) };
}

async function* worksBelow({ path, shown }: Located): AsyncGenerator<ExchangedWork> {
  const top = join(path, 'artifacts');
  if (!(await ifThere(lstat(top)))?.isDirectory()) return;
  for (const owner of await foldersIn(top)) {
    for (const entry of await readdir(join(top, owner), { withFileTypes: true })) {
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

const archive = (at: Located): ExchangeSource => ({
  shown: at.shown,
  entries: () => linesInside(at),
  works: () => worksInside(at),
});

async function* linesInside(at: Located): AsyncGenerator<Entry> {
  for await (const { path, content } of membersOf(at)) {
    if (basename(path) !== LINES_FILE || path.split('/').length > 2) continue;
    yield* jsonLines(content(), `${at.shown}/${LINES_FILE}`);
    return;
  }
  throw invalid(`${at.shown} holds no ${LINES_FILE}`, {
    suggestion: 'Name an archive that orchestrator_export_workflow wrote',
  });
}

async function* worksInside(at: Located): AsyncGenerator<ExchangedWork> {
  for await (const { path, bytes, content } of membersOf(at)) {
    if (!/^(?:[^/]+\/)?artifacts\/[^/]+\/[^/]+\.md$/.test(path)) continue;
    refuseLarge(bytes, `${at.shown}/${path}`);
    const parts: Uint8Array[] = [];
    for await (const part of content()) parts.push(part);
    yield* workIn(Buffer.concat(parts));
  }
}

const membersOf = ({ path, shown }: Located): AsyncGenerator<TarMember> => tarMembers(unpacked(path, shown), shown);

async function* unpacked(path: string, shown: string): AsyncGenerator<Uint8Array> {
  const file = createReadStream(path);
  const chunks = pipeline(file, createGunzip(), () => undefined);
  let total = 0;
  try {
    for await (const chunk of chunks) {
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
