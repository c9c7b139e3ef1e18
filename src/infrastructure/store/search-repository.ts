import { type Kysely, type RawBuilder, type Selectable, sql } from 'kysely';
import {
  type IndexChange,
  RANKED,
  type SearchEntry,
  type SearchRepository,
} from '../../application/search-repository.ts';
import { SEARCHED_KINDS, type SearchedKind, type Sought } from '../../domain/search.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';
import { keyOf, NUMBERS_OF_A_KIND, type NumberRange, numberOf, rangeOf } from './search-numbers.ts';
import { indexedText, matchExpression, ownerWord } from './search-text.ts';
import { sourcesOf } from './source-repository.ts';

/** Title, body and owner: a word in the title weighs as much as ten others, whose it is nothing. */
const SCORE = sql`bm25(search_index, 10, 1, 0)`;

/** The numbers of the tasks that match by their own texts; `expression` is what `matchExpression` makes. */
export const tasksMatching = (expression: RawBuilder<string>): RawBuilder<number> => sql`
  select rowid from search_index where search_index match ${expression} and rowid < ${sql.lit(NUMBERS_OF_A_KIND)}`;

/** Characters that a word and one that was meant begin with alike. */
const LEAST_ALIKE = 2;

type Match = Readonly<{ expression: string }> & NumberRange;
type Numbered = Readonly<{ number: number }>;

export function searchRepository(db: Kysely<DB>): SearchRepository {
  const mark = compiled(db, () => db.selectFrom('search_mark').select('words_to'));
  const wordsBetween = compiled(
    db,
    (given: Given<{ first: string; last: string; limit: number }>) => sql<{ term: string }>`
      select term from search_words where term >= ${given('first')} and term < ${given('last')} limit ${given('limit')}`,
  );

  return {
    mark: async () => (await mark({}))[0]?.words_to ?? 0,
    take: taking(db),
    ...sourcesOf(db),
    find: finding(db),
    async wordsLike(word, limit) {
      const beginning = [...word].slice(0, LEAST_ALIKE).join('');
      const words = await wordsBetween({ first: beginning, last: `${beginning}\u{10ffff}`, limit });
      return words.map(({ term }) => term);
    },
  };
}

function finding(db: Kysely<DB>): SearchRepository['find'] {
  const counts = SEARCHED_KINDS.map((kind) => {
    const { first, last } = rangeOf([kind]);
    return sql`sum(rowid between ${sql.lit(first)} and ${sql.lit(last)}) as ${sql.ref(kind)}`;
  });
  const counted = compiled(
    db,
    (given: Given<Match>) => sql<Record<SearchedKind, number | null>>`
      select ${sql.join(counts)} from search_index where ${matching(given)}`,
  );
  const ranked = compiled(
    db,
    (given: Given<Match & { limit: number }>) => sql<Numbered>`
      select rowid as number from search_index where ${matching(given)}
      order by ${SCORE}, rowid desc limit ${given('limit')}`,
  );
  const newest = compiled(
    db,
    (given: Given<Match & { limit: number }>) => sql<Numbered>`
      select rowid as number from search_index where ${matching(given)} order by rowid desc limit ${given('limit')}`,
  );

  const firstOfMany = async (sought: Sought, kinds: readonly SearchedKind[], limit: number) => {
    const titled = await newest({ expression: matchExpression(sought, { isTitled: true }), ...rangeOf(kinds), limit });
    if (titled.length === limit) return titled;
    const expression = matchExpression(sought);
    const lists: (readonly Numbered[])[] = [];
    for (const kind of kinds) lists.push(await newest({ expression, ...rangeOf([kind]), limit }));
    const inTurn = Array.from({ length: limit }, (_, place) => lists.flatMap((list) => list[place] ?? [])).flat();
    const all = new Map([...titled, ...inTurn].map((one) => [one.number, one]));
    return [...all.values()].slice(0, limit);
  };

  return async (sought, { kind, limit }) => {
    const kinds = kind === undefined ? SEARCHED_KINDS : [kind];
    const match = { expression: matchExpression(sought), ...rangeOf(kinds) };
    const [count] = await counted(match);
    // To look for the newest of a kind is to pass over all matches of those after it, so it is not done for nothing.
    const found = kinds.filter((one) => (count?.[one] ?? 0) > 0);
    const total = found.reduce((sum, one) => sum + (count?.[one] ?? 0), 0);
    const best = total > RANKED ? await firstOfMany(sought, found, limit) : await ranked({ ...match, limit });
    return { hits: best.map(({ number }) => keyOf(number)), total };
  };
}

const matching = (given: Given<Match>) => sql`search_index match ${given('expression')}
  and rowid between ${given('first')} and ${given('last')}`;

function taking(db: Kysely<DB>): (change: IndexChange) => Promise<boolean> {
  const advance = compiled(
    db,
    (given: Given<Pick<IndexChange, 'from' | 'to'>>) => sql<Selectable<DB['search_mark']>>`
      update search_mark set words_to = ${given('to')} where words_to = ${given('from')} returning words_to`,
  );
  const empty = compiled(
    db,
    (given: Given<{ owned: string }>) => sql`delete from search_index
      where rowid in (select rowid from search_index where search_index match ${given('owned')})`,
  );
  const put = compiled(
    db,
    (given: Given<{ number: number; title: string; body: string; owner: string }>) => sql`
      insert or replace into search_index (rowid, title, body, owner)
      values (${given('number')}, ${given('title')}, ${given('body')}, ${given('owner')})`,
  );
  const putEntry = ({ taskId, title, body, ...key }: SearchEntry) =>
    put({
      number: numberOf(key),
      title: indexedText([title]),
      body: indexedText(body),
      owner: taskId === undefined ? '' : ownerWord(taskId),
    });

  return async ({ from, to, emptied, entries }) => {
    const [advanced] = await advance({ from, to });
    if (advanced === undefined) return false;
    for (const taskId of emptied) await empty({ owned: `owner : "${ownerWord(taskId)}"` });
    for (const entry of entries) await putEntry(entry);
    return true;
  };
}
