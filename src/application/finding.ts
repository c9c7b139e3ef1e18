import { fused } from '../domain/fusion.ts';
import type { SearchedKind, Sought } from '../domain/search.ts';
import { askForVector, type Nearest, nearestTo } from './meaning.ts';
import type { Source, SourceKey } from './search-repository.ts';
import { bringUpToDate } from './searching.ts';
import type { Beforehand } from './tool.ts';

type Question = Readonly<{ query: string; sought: Sought; kind: SearchedKind | undefined; limit: number }>;

/** What was found, the best first, and how far it can be relied on. */
export type Findings = Readonly<{
  sources: readonly Source[];
  /** How many texts hold the words. */
  total: number;
  /** Those of the sources that were found by their meaning alone. */
  byMeaning: ReadonlySet<Source>;
  /** Events that are not yet searchable by words. */
  left: number;
  meaning: Omit<Nearest, 'hits'>;
}>;

/** Of each ranking so many are fused: what stands further behind in both is hardly the best. */
const RANKED_TOGETHER = 50;

/** Finds by words and, where an endpoint is configured, by meaning. */
export async function find(question: Question, beforehand: Beforehand): Promise<Findings> {
  const { sought, kind, limit } = question;
  // The endpoint thinks while the index is brought up to date.
  const asked = askForVector(question, beforehand);
  const left = await bringUpToDate(beforehand);
  const most = asked === undefined ? limit : Math.max(limit, RANKED_TOGETHER);
  const words = await beforehand.read(({ search }) => search.find(sought, { kind, limit: most }));
  const { hits: near, ...meaning }: Nearest =
    asked === undefined ? { hits: [] } : await nearestTo({ sought, kind, limit: most }, await asked, beforehand);
  const best = fused([words.hits, near], nameOf).slice(0, limit);
  const sources = await beforehand.read(({ search }) => search.sourcesAt(best));
  const byWords = new Set(words.hits.map(nameOf));
  const byMeaning = new Set(sources.filter((source) => !byWords.has(nameOf(source))));
  return { sources, total: words.total, byMeaning, left, meaning };
}

const nameOf = ({ kind, seq }: SourceKey) => `${kind} ${seq}`;
