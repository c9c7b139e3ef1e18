import type { SourceKey } from '../../application/search-repository.ts';
import { SEARCHED_KINDS, type SearchedKind } from '../../domain/search.ts';

/** Numbers of one kind in the index lie together, so that one kind can be searched alone and its newest come first. */
export const NUMBERS_OF_A_KIND = 1_000_000_000_000;

const firstOf = (kind: SearchedKind) => SEARCHED_KINDS.indexOf(kind) * NUMBERS_OF_A_KIND;

export const numberOf = ({ kind, seq }: SourceKey) => firstOf(kind) + seq;

export const keyOf = (number: number): SourceKey => ({
  kind: SEARCHED_KINDS[Math.floor(number / NUMBERS_OF_A_KIND)] ?? 'task',
  seq: number % NUMBERS_OF_A_KIND,
});

export type NumberRange = Readonly<{ first: number; last: number }>;

/** The numbers of kinds that follow one another. */
export function rangeOf(kinds: readonly SearchedKind[]): NumberRange {
  const starts = kinds.map(firstOf);
  return { first: Math.min(...starts), last: Math.max(...starts) + NUMBERS_OF_A_KIND - 1 };
}
