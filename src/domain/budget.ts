/** What a reply may cost unless the caller says otherwise, and at the most. */
export const BUDGET = { default: 6_000, least: 200, most: 18_000 } as const;

/** Everything but ASCII and the Latin letters of Unicode. */
const OUTSIDE_LATIN = /[^\p{ASCII}\p{Script=Latin}]/gu;

/** An estimate of tokens that no model exceeds by much: three characters of Latin text a token, any other character one. */
export function tokensOf(value: unknown): number {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
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
  let [fits, tooLong] = [0, text.length];
  while (tooLong - fits > 1) {
    const middle = Math.floor((fits + tooLong) / 2);
    if (tokensOf(text.slice(0, middle)) <= tokens) fits = middle;
    else tooLong = middle;
  }
  return /[\uD800-\uDBFF]/.test(text.charAt(fits - 1)) ? text.slice(0, fits - 1) : text.slice(0, fits);
}

/** A text that costs no more than `tokens`, marked with `…` where it was cut. */
export function textWithin(text: string, tokens: number): string {
  const beginning = beginningWithin(text, tokens);
  return beginning.length === text.length ? text : `${beginning}…`;
}
