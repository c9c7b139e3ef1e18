import { RETRIES } from '../domain/retries.ts';
import type { SearchedKind, Sought } from '../domain/search.ts';
import type { Embedded, Embedder } from './embedder.ts';
import type { IndexChange, SearchEntry, SourceKey } from './search-repository.ts';
import { batchAfter, changesOf, isWorthTaking, leftOf } from './searching.ts';
import type { Beforehand } from './tool.ts';
import type { PlacedSource } from './vector-repository.ts';

/**
 * Searching by meaning, where an endpoint for embeddings is configured. It adds to what the words find, and never stands
 * in their way: nothing that is written or searched waits for an endpoint that is slow or down.
 */

/** How long a question may take to get its vector, and a batch of texts, for which nobody waits. */
const { questionMs, textsMs } = RETRIES.embedding;
/** Texts that an endpoint is given at once. */
const TEXTS_AT_ONCE = 32;
/** Characters that the vector of a text stands for: about 2,000 tokens, which all models take. */
const PLACED_CHARACTERS = 6_000;

/** What lies nearest to a question. `trouble` says why there is nothing, `left` how many events have to be taken in yet. */
export type Nearest = Readonly<{ hits: readonly SourceKey[]; trouble?: string; left?: number }>;
type Question = Readonly<{ sought: Sought; kind: SearchedKind | undefined; limit: number }>;

/** Asks for the vector of a question; nothing where no endpoint is configured. */
export function askForVector(
  { query, sought }: Readonly<{ query: string; sought: Sought }>,
  { embedder, signal }: Pick<Beforehand, 'embedder' | 'signal'>,
): Promise<Embedded> | undefined {
  const wanted = sought.wanted.map(({ words }) => words.join(' ')).join(' ');
  const text = sought.unwanted.length === 0 ? query : wanted;
  return embedder?.embed([text], { withinMs: questionMs, signal });
}

/** Finds what lies nearest to a question, and sees to it that what has no vector yet gets one after the reply. */
export async function nearestTo(
  { sought, kind, limit }: Question,
  embedded: Embedded,
  beforehand: Beforehand,
): Promise<Nearest> {
  const { embedder } = beforehand;
  if (embedder === undefined) return { hits: [] };
  if (embedded.state !== 'done') return { hits: [], trouble: embedded.why };
  const [vector] = embedded.vectors;
  if (vector === undefined) return { hits: [] };
  beforehand.afterwards((later) => placeAll(later, embedder, vector.length));
  return beforehand.read(async ({ vectors, events }) => {
    const standing = await vectors.standing();
    const isComparable = standing?.model === embedder.model && standing.dimensions === vector.length;
    if (!isComparable) return { hits: [], left: await leftOf(events, 0) };
    const hits = await vectors.nearest(vector, { kind, unwanted: sought.unwanted, limit });
    return { hits, left: await leftOf(events, standing.to) };
  });
}

/** Gives a vector to everything that has none yet, until all have one or the endpoint stops. `dimensions` are those of today. */
async function placeAll(beforehand: Beforehand, embedder: Embedder, dimensions: number): Promise<void> {
  const standing = await beforehand.read(({ vectors }) => vectors.standing());
  const isOurs = standing?.model === embedder.model && (standing.dimensions ?? dimensions) === dimensions;
  if (!isOurs) await beforehand.upkeep(({ vectors }) => vectors.begin(embedder.model));
  let goesOn = true;
  while (goesOn) goesOn = await placeNext(beforehand, embedder, dimensions);
}

/** Places the next events' texts; false once there are none, or the endpoint does not answer as it should. */
async function placeNext(beforehand: Beforehand, embedder: Embedder, dimensions: number): Promise<boolean> {
  const batch = await beforehand.read(async (context) =>
    batchAfter(context, (await context.vectors.standing())?.to ?? 0),
  );
  if (!isWorthTaking(batch)) return false;
  const isFull = ({ entries }: Pick<IndexChange, 'entries'>) => entries.length >= TEXTS_AT_ONCE;
  for await (const { from, to, emptied, entries } of changesOf(batch, beforehand.artifactFiles, isFull)) {
    const placed = await placedOf(entries, embedder, beforehand);
    if (placed === undefined || placed.some(({ vector }) => vector.length !== dimensions)) return false;
    const change = { model: embedder.model, from, to, emptied, placed };
    // Another server was first, or began anew with a model of its own.
    if (!(await beforehand.upkeep(({ vectors }) => vectors.take(change)))) return isOurStill(beforehand, embedder);
  }
  return true;
}

const isOurStill = async ({ read }: Pick<Beforehand, 'read'>, { model }: Embedder) =>
  (await read(({ vectors }) => vectors.standing()))?.model === model;

/** The entries with their vectors, those left out that the endpoint refuses even alone; undefined where it does not answer. */
async function placedOf(
  entries: readonly SearchEntry[],
  embedder: Embedder,
  { signal, log }: Pick<Beforehand, 'signal' | 'log'>,
): Promise<readonly PlacedSource[] | undefined> {
  const said = entries.map((entry) => ({ entry, text: placedText(entry) })).filter(({ text }) => text !== '');
  const placed: PlacedSource[] = [];
  const waiting = chunks(said, TEXTS_AT_ONCE);
  for (let some = waiting.shift(); some !== undefined; some = waiting.shift()) {
    const texts = some.map(({ text }) => text);
    const embedded = await embedder.embed(texts, { withinMs: textsMs, signal });
    if (embedded.state === 'unavailable') {
      log.warn({ why: embedded.why }, 'texts are left without their vectors for now');
      return undefined;
    }
    if (embedded.state === 'done') {
      placed.push(...some.flatMap(({ entry }, place) => placedAt(entry, embedded.vectors[place])));
    } else if (some.length > 1) {
      waiting.unshift(...chunks(some, 1));
    }
  }
  return placed;
}

const placedAt = ({ kind, seq, taskId }: SearchEntry, vector: Float32Array | undefined): readonly PlacedSource[] =>
  vector === undefined ? [] : [{ kind, seq, taskId, vector }];

const placedText = ({ title, body }: SearchEntry) => [title, ...body].join('\n').trim().slice(0, PLACED_CHARACTERS);

const chunks = <T>(all: readonly T[], size: number): (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, turn) => all.slice(turn * size, (turn + 1) * size));
