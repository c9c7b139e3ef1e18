import { firstHit, hitsIn, type Stretch, type Term } from './search.ts';

/** Characters of a snippet, without the signs around what was found. */
const LENGTH = 160;
/** Characters before the first hit, so that it is read in its sentence. */
const BEFORE = 40;
/** Beyond this a text is not looked through: nobody reads a snippet for its place in a book. */
const LOOKED_THROUGH = 256 * 1024;

/**
 * The stretch of a text around the first thing that was found, each hit marked «so»; undefined where nothing is found.
 * Line breaks and runs of spaces become one space.
 */
export function snippetOf(text: string, wanted: readonly Term[]): string | undefined {
  const first = firstHit(text.slice(0, LOOKED_THROUGH), wanted);
  if (first === undefined) return undefined;
  const start = first.start <= BEFORE ? 0 : afterSpace(text, first.start - BEFORE, first.start);
  const end = beforeSpace(text, start + LENGTH);
  const stretch = text.slice(start, end);
  // A phrase that is longer than the snippet is marked as far as it is shown.
  const isCut = first.end > end;
  const hits = isCut ? [{ start: first.start - start, end: stretch.length }] : hitsIn(stretch, wanted);
  const marked = markedAt(stretch, hits);
  return oneLine(`${start > 0 ? '…' : ''}${marked}${end < text.length ? '…' : ''}`);
}

function markedAt(text: string, hits: readonly Stretch[]): string {
  const pieces: string[] = [];
  let at = 0;
  for (const { start, end } of hits) {
    pieces.push(text.slice(at, start), `«${text.slice(start, end)}»`);
    at = end;
  }
  return `${pieces.join('')}${text.slice(at)}`;
}

/** The beginning of a text as a snippet shows it. */
export const beginningOf = (text: string): string => {
  const end = beforeSpace(text, LENGTH);
  return oneLine(`${text.slice(0, end)}${end < text.length ? '…' : ''}`);
};

const oneLine = (text: string) => text.replaceAll(/\s+/g, ' ').trim();

/** The beginning of the first word after `from`; `atMost` where there is none before that. */
function afterSpace(text: string, from: number, atMost: number): number {
  const space = text.slice(from, atMost).search(/\s/);
  return space < 0 ? atMost : from + space + 1;
}

/** The last space up to `until`, or a place there where no character is cut in two. */
function beforeSpace(text: string, until: number): number {
  if (until >= text.length) return text.length;
  const space = text.slice(until - BEFORE, until).search(/\s\S*$/);
  if (space >= 0) return until - BEFORE + space;
  return /[\uD800-\uDBFF]/.test(text.charAt(until - 1)) ? until - 1 : until;
}
