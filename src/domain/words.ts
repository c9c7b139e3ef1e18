/**
 * What counts as a word when texts are searched. Index, question and snippet all ask here, so that they cannot differ,
 * and so that no database's idea of a word shows.
 */
export type Word = Readonly<{
  /** As it is compared: lower case, without accents. */
  folded: string;
  /** Where it stands in the text. */
  start: number;
  end: number;
}>;

/** Letters that are written without spaces between words, and pictures, are words by themselves. */
const ALONE = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{So}]\p{M}*`;
const WORD = new RegExp(String.raw`${ALONE}|(?:(?!${ALONE})[\p{L}\p{N}\p{Co}][\p{M}]*)+`, 'gu');
/** Accents and vowel points of scripts that are read as well without them. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]/g;
/** Some letters and numbers are written out with signs: `⑴` as `(1)`. */
const SIGN = /[^\p{L}\p{N}\p{M}\p{Co}\p{So}]/gu;
/** The usual signs of Chinese and Japanese, of which there is no other form. */
const IS_PLAIN_SIGN = /^[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff]$/;
const IS_ASCII = /^[\0-\x7f]*$/;

/** The words of a text in their order. */
export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: written, index } of text.matchAll(WORD)) {
    yield { folded: folded(written), start: index, end: index + written.length };
  }
}

/** The same without their places, which is twice as fast. */
export const foldedWords = (text: string): readonly string[] => (text.match(WORD) ?? []).map(folded);

function folded(written: string): string {
  if (IS_ASCII.test(written)) return written.toLowerCase();
  if (IS_PLAIN_SIGN.test(written)) return written;
  const plain = written.normalize('NFKD').replaceAll(ACCENTS, '').replaceAll(SIGN, '').normalize('NFC');
  // A letter that is nothing but an accent stays as it is.
  return (plain || written).toLowerCase().replaceAll('ς', 'σ');
}

const HUMP = /\p{Lu}+(?!\p{Ll})|\p{Lu}?\p{Ll}+/gu;
const CHANGES_CASE = /\p{Ll}\p{Lu}|\p{Lu}{2}\p{Ll}/u;

/** The words that a name in a program is made of: `parseHTTPHeader` gives parse, http, header; none where it is one word. */
export function humpsOf(written: string): readonly string[] {
  if (!hasHumps(written)) return [];
  return [...written.matchAll(HUMP)].map(([hump]) => folded(hump)).filter((hump) => hump.length > 1);
}

/** Whether there can be such a name in a text. */
export const hasHumps = (text: string) => CHANGES_CASE.test(text);
