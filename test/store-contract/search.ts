import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Store } from '../../src/application/ports.ts';
import { RANKED, type SearchEntry, type SourceKey, type Touched } from '../../src/application/search-repository.ts';
import { readQuery, SEARCHED_KINDS, type SearchedKind } from '../../src/domain/search.ts';
import { aNote, anArtifact, aTask, type OpenFresh } from './given.ts';

const anEntry = (given: Partial<SearchEntry>): SearchEntry => ({
  kind: 'task',
  seq: 1,
  taskId: 'task_a',
  title: '',
  body: [],
  ...given,
});

type Change = Readonly<{ emptied?: readonly string[]; entries?: readonly SearchEntry[] }>;

/** Takes a change in, wherever the index stands. */
const take = (store: Store, { emptied = [], entries = [] }: Change) =>
  store.write(async ({ search }) => {
    const from = await search.mark();
    return search.take({ from, to: from + 1, emptied, entries });
  });

type Asked = Readonly<{ kind?: SearchedKind; limit?: number }>;
const find = (store: Store, query: string, { kind, limit = 50 }: Asked = {}) =>
  store.read(({ search }) => search.find(readQuery(query), { kind, limit }));
const numbers = async (store: Store, query: string) => (await find(store, query)).hits.map(({ seq }) => seq).sort();

export function search(open: OpenFresh) {
  describe('the search index', () => {
    test('stands at no event at first, and moves only from where it stands', async () => {
      const { store } = await open();

      await store.write(async (repositories) => {
        const first = { from: 0, to: 7, emptied: [], entries: [anEntry({ title: 'one' })] };
        expect(await repositories.search.mark()).toBe(0);
        expect(await repositories.search.take(first)).toBe(true);
        expect(await repositories.search.take({ ...first, entries: [anEntry({ title: 'two' })] })).toBe(false);
        expect(await repositories.search.mark()).toBe(7);
      });

      expect(await numbers(store, 'one')).toEqual([1]);
      expect(await numbers(store, 'two')).toEqual([]);
    });

    test('finds words in titles and bodies, and those that names are made of', async () => {
      const { store } = await open();
      await take(store, {
        entries: [
          anEntry({ seq: 1, title: 'Parse the header' }),
          anEntry({ seq: 2, body: ['It has', 'parseHTTPHeader() in src/net/parse_all.ts'] }),
        ],
      });

      expect(await numbers(store, 'header')).toEqual([1, 2]);
      expect(await numbers(store, 'parsehttpheader')).toEqual([2]);
      expect(await numbers(store, '"parse http header"')).toEqual([2]);
      expect(await numbers(store, 'parse_all')).toEqual([2]);
      expect(await numbers(store, 'net all')).toEqual([2]);
    });

    test('finds no phrase across the border of two texts', async () => {
      const { store } = await open();
      await take(store, { entries: [anEntry({ title: 'one', body: ['two three', 'four', 'fiveSix'] })] });

      expect(await numbers(store, '"two three"')).toEqual([1]);
      for (const phrase of ['"one two"', '"three four"', '"fivesix five"'])
        expect(await numbers(store, phrase)).toEqual([]);
    });

    test('puts what has it in its title first, then what has it more often, then what is newer', async () => {
      const { store } = await open();
      await take(store, {
        entries: [
          ...Array.from({ length: 20 }, (_, place) => anEntry({ seq: 100 + place, body: ['other words here'] })),
          anEntry({ seq: 1, body: ['queue of words'] }),
          anEntry({ seq: 2, body: ['queue of words'] }),
          anEntry({ seq: 3, body: ['queue and queue'] }),
          anEntry({ seq: 4, title: 'queue', body: ['of words'] }),
        ],
      });

      expect((await find(store, 'queue')).hits.map(({ seq }) => seq)).toEqual([4, 3, 2, 1]);
      expect(await find(store, 'queue', { limit: 2 })).toMatchObject({ hits: [{ seq: 4 }, { seq: 3 }], total: 4 });
    });

    test('finds all kinds or those that are asked for', async () => {
      const { store } = await open();
      await take(store, { entries: SEARCHED_KINDS.map((kind) => anEntry({ kind, seq: 5, body: ['queue'] })) });

      const notes = await find(store, 'queue', { kind: 'note' });
      const all = await find(store, 'queue');

      expect(notes).toEqual({ hits: [{ kind: 'note', seq: 5 }], total: 1 });
      expect(all.hits.map(({ kind }) => kind).sort()).toEqual(SEARCHED_KINDS.toSorted());
    });

    test('forgets what was replaced or emptied', async () => {
      const { store } = await open();
      await take(store, {
        entries: [
          anEntry({ title: 'old' }),
          anEntry({ kind: 'note', taskId: 'task_a', body: ['old'] }),
          anEntry({ kind: 'note', seq: 2, taskId: 'task_ab', body: ['old'] }),
        ],
      });

      await take(store, { entries: [anEntry({ title: 'new' })] });
      expect(await find(store, 'old', { kind: 'task' })).toEqual({ hits: [], total: 0 });
      await take(store, { emptied: ['task_a'], entries: [anEntry({ title: 'newest' })] });

      expect((await find(store, 'old')).hits).toEqual([{ kind: 'note', seq: 2 }]);
      expect(await numbers(store, 'new')).toEqual([]);
      expect(await numbers(store, 'newest')).toEqual([1]);
    });

    test('counts all matches, and puts titles and then the newest of each kind first where there are very many', async () => {
      const { store } = await open();
      const many = Array.from({ length: RANKED }, (_, place) => anEntry({ seq: place + 1, body: ['queue', 'x'] }));
      await take(store, { entries: [...many, anEntry({ seq: 7, title: 'queue' })] });
      await take(store, { entries: SEARCHED_KINDS.map((kind) => anEntry({ kind, seq: RANKED + 5, body: ['queue'] })) });

      const found = await find(store, 'queue', { limit: 5 });
      const others = await find(store, 'queue -x', { limit: 5 });

      expect(found.total).toBe(RANKED + 3);
      expect(found.hits).toEqual([
        { kind: 'task', seq: 7 },
        ...SEARCHED_KINDS.map((kind) => ({ kind, seq: RANKED + 5 })),
        { kind: 'task', seq: RANKED },
      ]);
      expect(others.total).toBe(4);
    });

    test('knows words that begin alike', async () => {
      const { store } = await open();
      await take(store, { entries: [anEntry({ title: 'queue quay', body: ['quiz other'] })] });

      expect(await store.read((repositories) => repositories.search.wordsLike('quene', 10))).toEqual([
        'quay',
        'queue',
        'quiz',
      ]);
    });
  });

  describe('the search index, whatever the words', () => {
    test('finds what a reader of all texts would find', async () => {
      const { store } = await open();
      const word = fc.constantFrom('red', 'reddish', 'blue', 'bluebird', 'on', 'one');
      const text = fc.array(word, { minLength: 1, maxLength: 5 });
      const mark = fc.constantFrom('', '-');
      const term = fc.oneof(
        fc.tuple(mark, word, fc.constantFrom('', '*')).map((parts) => parts.join('')),
        fc
          .tuple(mark, fc.array(word, { minLength: 1, maxLength: 3 }))
          .map(([sign, words]) => `${sign}"${words.join(' ')}"`),
      );
      const run = async (texts: readonly string[][], wanted: string, others: readonly string[]) => {
        const terms = [wanted.replace('-', ''), ...others];
        await take(store, {
          emptied: ['task_a'],
          entries: texts.map((words, seq) => anEntry({ seq, body: [words.join(seq % 2 === 0 ? '/' : ' ')] })),
        });

        const found = await numbers(store, terms.join(' '));

        const expected = texts.flatMap((words, seq) => (terms.every((one) => holds(words, one)) ? [seq] : []));
        expect(found).toEqual(expected);
      };

      await fc.assert(
        fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 8 }), term, fc.array(term, { maxLength: 3 }), run),
        { numRuns: 300 },
      );
    });

    test('finds every text by itself', async () => {
      const { store } = await open();
      const anything = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ unit: 'grapheme', maxLength: 60 }),
      );
      const run = async (text: string) => {
        const query = `"${text.replaceAll('"', ' ')}"`;
        fc.pre(/[\p{L}\p{N}]/u.test(text) && text.isWellFormed());
        await take(store, { emptied: ['task_a'], entries: [anEntry({ title: text, body: [`${text} more`] })] });

        expect(await find(store, query)).toMatchObject({ total: 1 });
      };

      await fc.assert(fc.asyncProperty(anything, run), { numRuns: 500 });
    });
  });

  describe('what can be found', () => {
    const keysOf = (sources: readonly SourceKey[]) => sources.map(({ kind, seq }) => `${kind} ${seq}`).sort();
    const touched: Touched = { tasks: [], whole: [], notes: [], artifactIds: [] };

    async function filled() {
      const { store } = await open();
      await store.write(async ({ tasks, notes, artifacts }) => {
        await tasks.insert([aTask({ id: 'task_a' }), aTask({ id: 'task_b' })]);
        await artifacts.insert(anArtifact({ id: 'artifact_a', taskId: 'task_a' }));
        await notes.insert(aNote({ taskId: 'task_a', text: 'of a' }));
        await notes.insert(aNote({ text: 'of the workspace' }));
      });
      return store;
    }

    test('is read as it was touched', async () => {
      const store = await filled();
      const sources = (some: Partial<Touched>) =>
        store.read(async ({ search }) => keysOf(await search.sources({ ...touched, ...some })));

      expect(await sources({ tasks: ['task_a'] })).toEqual(['task 1']);
      expect(await sources({ whole: ['task_a'] })).toEqual(['artifact 1', 'note 1', 'task 1']);
      expect(await sources({ notes: [2, 9] })).toEqual(['note 2']);
      expect(await sources({ artifactIds: ['artifact_a', 'artifact_x'] })).toEqual(['artifact 1']);
    });

    test('is read with its task, in the order that was asked for', async () => {
      const store = await filled();
      const keys = [
        { kind: 'note', seq: 2 },
        { kind: 'artifact', seq: 1 },
        { kind: 'task', seq: 9 },
        { kind: 'task', seq: 2 },
        { kind: 'note', seq: 1 },
      ] as const;

      const sources = await store.read(({ search }) => search.sourcesAt(keys));

      expect(sources.map(({ kind, task }) => [kind, task?.id])).toEqual([
        ['note', undefined],
        ['artifact', 'task_a'],
        ['task', 'task_b'],
        ['note', 'task_a'],
      ]);
    });

    test('is nothing of a task that lies in the trash', async () => {
      const store = await filled();
      await store.write(({ trash }) => trash.put(['task_a'], { root: 'task_a', at: 5 }));

      const [whole, named] = await store.read(async ({ search }) => [
        await search.sources({ ...touched, whole: ['task_a'], notes: [1], artifactIds: ['artifact_a'] }),
        await search.sourcesAt([{ kind: 'note', seq: 1 }]),
      ]);

      expect([whole, named]).toEqual([[], []]);
    });
  });
}

/** Whether these words hold what a term asks for, read word by word. */
function holds(words: readonly string[], term: string): boolean {
  if (term.startsWith('-')) return !holds(words, term.slice(1));
  const isBeginning = term.endsWith('*');
  const asked = term.replaceAll(/["*]/g, '').split(' ');
  return words.some((_, start) =>
    asked.every((one, place) => {
      const word = words[start + place];
      return isBeginning ? word?.startsWith(one) : word === one;
    }),
  );
}
