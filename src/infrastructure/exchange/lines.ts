import type { Entry } from '../../application/exchange/files.ts';
import { invalid } from '../../domain/errors.ts';
import { cut } from '../../domain/task.ts';

export const LIMITS = {
  /** Bytes of lines, unpacked: a million tasks with their notes take about half of it. */
  all: 1024 * 1024 * 1024,
  /** Bytes of one line: a work of 4 MiB whose every character is escaped. */
  line: 26 * 1024 * 1024,
  /** Lines, empty ones counted: twice what an import takes. A gigabyte of empty ones alone would take a quarter of an hour. */
  lines: 2_000_000,
} as const;

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const NEW_LINE = 10;

/** The lines of a file as JSON values, one after the other: a file of any size needs room for one. */
export async function* jsonLines(chunks: Bytes, shown: string): AsyncGenerator<Entry> {
  let number = 0;
  let isBegun = false;
  for await (const bytes of linesOf(chunks, shown)) {
    number += 1;
    if (number > LIMITS.lines) throw invalid(`${shown} has more than ${LIMITS.lines} lines`, { suggestion: IN_PARTS });
    const text = textOf(bytes, number, shown);
    if (text.trim() === '') continue;
    if (!isBegun && !text.trimStart().startsWith('{')) throw noExport(shown);
    isBegun = true;
    yield { place: `line ${number}`, value: parsed(text, number, shown), isPlain: isPlain(text) };
  }
}

/** What no text may hold stands in JSON only as an escape, in a text that is UTF-8; a name that means something to the language may stand as it is. */
const isPlain = (text: string) => !text.includes('\\u') && !text.includes('__proto__');

async function* linesOf(chunks: Bytes, shown: string): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let [pending, total] = [0, 0];
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > LIMITS.all) throw tooLarge(shown);
    let from = 0;
    for (let end = chunk.indexOf(NEW_LINE); end >= 0; end = chunk.indexOf(NEW_LINE, from)) {
      const rest = chunk.subarray(from, end);
      yield parts.length === 0 ? rest : Buffer.concat([...parts, rest]);
      [parts, pending] = [[], 0];
      from = end + 1;
    }
    parts.push(chunk.subarray(from));
    pending += chunk.length - from;
    if (pending > LIMITS.line)
      throw invalid(`${shown} has a line of more than ${LIMITS.line} bytes`, { suggestion: NO_LINES });
  }
  if (pending > 0) yield Buffer.concat(parts);
}

const NO_LINES = 'Name a file of lines, each one JSON object';

export const tooLarge = (shown: string) =>
  invalid(`${shown} holds more than ${LIMITS.all} bytes of lines`, {
    most_bytes: LIMITS.all,
    suggestion: IN_PARTS,
  });
const IN_PARTS = 'Export one plan after the other, each with its task_id, and import them one by one';

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array, number: number, shown: string): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw invalid(`${shown}, line ${number}: this is no UTF-8 text`, {
      suggestion: PACKED.test(shown) ? UNPACK : 'Save the file as UTF-8, or export again',
    });
  }
}

const PACKED = /\.(tar|gz|xz|bz2|zst|zip|7z)$/i;
const UNPACK = 'Unpack it and name what was in it: of packed files only .tar.gz is read';

const noExport = (shown: string) =>
  invalid(`${shown} is no export: it does not begin with a JSON object`, {
    suggestion: PACKED.test(shown) ? UNPACK : 'Name an export, or say with from_tool which tool the file is from',
  });

function parsed(text: string, number: number, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${shown}, line ${number}: this is no JSON: ${faultIn(error)}`, {
      suggestion: 'Export again, or copy the file once more: a line may be cut off',
    });
  }
}

/** What a JSON parser says of a text, on one line, though it quotes several of the text. */
export const faultIn = (error: unknown): string =>
  error instanceof Error ? cut(error.message.replaceAll(/[\s\p{Cc}]+/gu, ' '), 200) : 'it cannot be read';
