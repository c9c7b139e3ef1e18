import { invalid } from './errors.ts';
import { foldedWords, hasHumps, humpsOf, type Word, wordsOf } from './words.ts';

/** Words that stand one after the other; of the last, the beginning is enough where `isPrefix`. */
export type Term = Readonly<{ words: readonly string[]; isPrefix: boolean }>;
/** What a text must hold, all of it, and what it must not. */
export type Sought = Readonly<{ wanted: readonly Term[]; unwanted: readonly Term[] }>;

export const SEARCHED_KINDS = ['task', 'note', 'artifact'] as const;
export type SearchedKind = (typeof SEARCHED_KINDS)[number];

/** Longer questions are texts. */
export const QUERY_LIMITS = { characters: 1_000, terms: 32 } as const;

/** A sign that what follows is not wanted, then a phrase that may lack its end, or whatever stands until the next space. */
const PART = /(?<minus>(?<!\S)-)?(?:"(?<phrase>[^"]*)"?(?<star>\*?)|(?<plain>[^\s"]+))/gu;

/**
 * Reads what somebody typed: words, "phrases", beginnings*, and -what must not be there. Nothing is a mistake but to ask
 * for nothing; signs that mean nothing here are skipped. What is written in one piece, as `src/app.ts`, is a phrase.
 */
export function readQuery(query: string): Sought {
  const terms = [...query.matchAll(PART)].flatMap(({ groups = {} }) => {
    const { minus, phrase, star, plain = '' } = groups;
    const words = foldedWords(phrase ?? plain);
    const isPrefix = star === '*' || /[^\s*]\*$/.test(plain);
    return words.length === 0 ? [] : [{ term: { words, isPrefix }, isUnwanted: minus !== undefined }];
  });
  const sought = {
    wanted: terms.filter(({ isUnwanted }) => !isUnwanted).map(({ term }) => term),
    unwanted: terms.filter(({ isUnwanted }) => isUnwanted).map(({ term }) => term),
  };
  refuseWhatAsksNothing(sought);
  return sought;
}

/** Whether somebody wrote as in the query languages of others, in which these are no words. */
export const saysOperators = (query: string): boolean =>
  [...query.matchAll(PART)].some(({ groups = {} }) => /^(AND|OR|NOT)$/.test(groups.plain ?? ''));

function refuseWhatAsksNothing({ wanted, unwanted }: Sought): void {
  if (wanted.length + unwanted.length > QUERY_LIMITS.terms) {
    throw invalid(`query has ${wanted.length + unwanted.length} terms; at most ${QUERY_LIMITS.terms} are accepted`, {
      parameter: 'query',
      suggestion: 'Repeat with the few words that matter',
    });
  }
  if (wanted.length > 0) return;
  const isOnlyUnwanted = unwanted.length > 0;
  throw invalid(isOnlyUnwanted ? 'query says only what must not be found' : 'query holds no word to search for', {
    parameter: 'query',
    suggestion: isOnlyUnwanted
      ? 'Repeat with a word that must be found, before those with a minus'
      : 'Repeat with a word, a "phrase" or the beginning* of a word',
  });
}

export type Stretch = Pick<Word, 'start' | 'end'>;

/**
 * The first stretch of a text that was wanted; a text is read no further than to there. A name counts where one of the
 * words it is made of is wanted, unless something stands there as it was written.
 */
export function firstHit(text: string, wanted: readonly Term[]): Stretch | undefined {
  for (const hit of asWritten(text, wanted)) return hit;
  for (const hit of withinNames(text, wanted)) return hit;
  return undefined;
}

/** All stretches of a short text that were wanted, in order and apart. */
export function hitsIn(text: string, wanted: readonly Term[]): readonly Stretch[] {
  const hits = [...asWritten(text, wanted)].toSorted((a, b) => a.start - b.start);
  return hits.length > 0 ? apart(hits) : [...withinNames(text, wanted)];
}

function apart(hits: readonly Stretch[]): readonly Stretch[] {
  const merged: Stretch[] = [];
  for (const hit of hits) {
    const last = merged.at(-1);
    if (last === undefined || hit.start >= last.end) merged.push(hit);
    else merged[merged.length - 1] = { start: last.start, end: Math.max(last.end, hit.end) };
  }
  return merged;
}

/** Where the words of a term stand one after the other. Only those up to the last hit that is asked for are looked up in the text. */
function* asWritten(text: string, wanted: readonly Term[]): Generator<Stretch> {
  const rest = wordsOf(text);
  const read: Word[] = [];
  for (const { first, last } of runsOf(foldedWords(text), wanted)) {
    while (read.length <= last) {
      const next = rest.next();
      if (next.done === true) return;
      read.push(next.value);
    }
    const [start, end] = [read[first]?.start, read[last]?.end];
    if (start !== undefined && end !== undefined) yield { start, end };
  }
}

/** By their places among the words, in the order of their ends. */
function* runsOf(words: readonly string[], wanted: readonly Term[]) {
  for (const last of words.keys()) {
    for (const term of wanted) {
      const first = last - term.words.length + 1;
      if (first >= 0 && standsAt(words, first, term)) yield { first, last };
    }
  }
}

const standsAt = (words: readonly string[], first: number, { words: sought, isPrefix }: Term): boolean =>
  sought.every((word, place) => {
    const found = words[first + place];
    return found === word || (isPrefix && place === sought.length - 1 && found?.startsWith(word) === true);
  });

function* withinNames(text: string, wanted: readonly Term[]): Generator<Stretch> {
  if (!hasHumps(text)) return;
  for (const { start, end } of wordsOf(text)) if (isOfHumps(text.slice(start, end), wanted)) yield { start, end };
}

const isOfHumps = (name: string, wanted: readonly Term[]) =>
  humpsOf(name).some((hump) =>
    wanted.some(({ words, isPrefix }) =>
      words.some((word) => hump === word || (isPrefix && word === words.at(-1) && hump.startsWith(word))),
    ),
  );
