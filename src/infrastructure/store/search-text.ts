import type { Sought, Term } from '../../domain/search.ts';
import { foldedWords, hasHumps, humpsOf, wordsOf } from '../../domain/words.ts';

/** Stands between texts, so that no phrase reaches from one into the next; it is no word of any text. */
const BORDER = ' · ';
const ASCII_ONLY = /^[\0-\x7f]*$/;
const ASCII_WORD = /[A-Za-z0-9]+/g;

/**
 * Texts as the index takes them in: words between spaces, then those that the names among them are made of. The tokenizer
 * splits and folds ASCII exactly as we do, and leaves everything else as it is.
 */
export const indexedText = (texts: readonly string[]): string =>
  [...texts.map(plainWords), ...new Set(texts.flatMap(humps))].join(BORDER);

const plainWords = (text: string) => (ASCII_ONLY.test(text) ? text : foldedWords(text).join(' '));

function humps(text: string): readonly string[] {
  if (!hasHumps(text)) return [];
  const written = ASCII_ONLY.test(text)
    ? [...text.matchAll(ASCII_WORD)].map(([word]) => word)
    : [...wordsOf(text)].map(({ start, end }) => text.slice(start, end));
  return [...new Set(written)].map((word) => humpsOf(word).join(' ')).filter((parts) => parts !== '');
}

/** The task that an entry belongs to, as one word that no text holds. */
export const ownerWord = (taskId: string) => `·${taskId.replaceAll(/[^a-zA-Z0-9]/g, '·')}`;

type Expressing = Readonly<{ isTitled?: boolean }>;

/** What is sought, in the language of FTS5. Every word stands in quotes, and none holds one; none is that of an owner. */
export function matchExpression({ wanted, unwanted }: Sought, { isTitled = false }: Expressing = {}): string {
  const all = `${isTitled ? 'title : ' : ''}(${wanted.map(phrase).join(' AND ')})`;
  return unwanted.length === 0 ? all : `${all} NOT (${anyOf(unwanted)})`;
}

/** Any of these, in the language of FTS5. */
export const anyOf = (terms: readonly Term[]) => terms.map(phrase).join(' OR ');

const phrase = ({ words, isPrefix }: Term) => `"${words.join(' ')}"${isPrefix ? '*' : ''}`;
