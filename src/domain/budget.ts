/** What a reply may cost unless the caller says otherwise, and at the most. */
export const BUDGET = { default: 6_000, least: 200, most: 18_000 } as const;

/** Everything but ASCII and the Latin letters of Unicode. */
const OUTSIDE_LATIN = /[^\p{ASCII}\p{Script=Latin}]/gu;

/** An estimate of tokens, as JSON, that no model exceeds by much: three characters of Latin text a token, any other character one. */
export function tokensOf(value: unknown): number {
  const text = JSON.stringify(value) ?? '';
  const outside = text.match(OUTSIDE_LATIN)?.length ?? 0;
  return Math.ceil((text.length - outside) / 3) + outside;
}

export type Fitted<T> = Readonly<{ taken: readonly T[]; omitted: number; tokens: number }>;

/** The first of `candidates`, which come in the order of their use, that cost no more than `budget` in all. */
export function takeWithin<T>(candidates: readonly T[], budget: number): Fitted<T> {
  const taken: T[] = [];
  let tokens = 0;
  for (const candidate of candidates) {
    const cost = tokensOf(candidate) + 1;
    if (tokens + cost > budget) break;
    tokens += cost;
    taken.push(candidate);
  }
  return { taken, omitted: candidates.length - taken.length, tokens };
}

/** The longest beginning of a text that costs no more than `tokens`; a surrogate pair is never split. */
export function beginningWithin(text: string, tokens: number): string {
  if (tokensOf(text) <= tokens) return text;
  if (tokens < 1) return '';
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (tokensOf(wholeCharacters(text, middle)) <= tokens) fits = middle;
    else tooLong = middle;
  }
  return wholeCharacters(text, fits);
}

/** The beginning of a text up to `end`, without the first half of a surrogate pair that would be split there. */
const wholeCharacters = (text: string, end: number) =>
  text.slice(0, /[\uD800-\uDBFF]/.test(text.charAt(end - 1)) ? end - 1 : end);

/** A text that costs no more than `tokens`, marked with `…` where it was cut. */
export function textWithin(text: string, tokens: number): string {
  return tokensOf(text) <= tokens ? text : `${beginningWithin(text, tokens - 1)}…`;
}

/** A budget that the parts of one reply spend in turn, so that what is asked for first is what is most useful. */
export type Spending = Readonly<{
  whole: number;
  /** The first of `candidates` that fit into a share of the whole and into what is left of it. */
  list<T>(candidates: readonly T[], share?: number): T[];
  /** The beginning of a text that fits likewise, marked with `…` where it was cut. */
  text(text: string, share?: number): string;
  /** Pays for what is said in any case. */
  pay<T>(value: T): T;
  left(): number;
  /** How many entries were left out, and texts cut. */
  omitted(): number;
}>;

export function spending(whole: number): Spending {
  let left = whole;
  let omitted = 0;
  const room = (share: number) => Math.max(0, Math.min(left, whole * share));
  return {
    whole,
    list(candidates, share = 1) {
      const fitted = takeWithin(candidates, room(share));
      left -= fitted.tokens;
      omitted += fitted.omitted;
      return [...fitted.taken];
    },
    text(text, share = 1) {
      const within = textWithin(text, room(share));
      left -= tokensOf(within);
      if (within !== text) omitted += 1;
      return within;
    },
    pay(value) {
      left -= tokensOf(value);
      return value;
    },
    left: () => left,
    omitted: () => omitted,
  };
}
