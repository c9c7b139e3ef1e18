import { z } from 'zod';
import type { Embedded, Embedder } from '../application/embedder.ts';
import { RETRIES } from '../domain/retries.ts';

export type EmbeddingEndpoint = Readonly<{
  /** The beginning of the endpoint's addresses, such as `http://localhost:11434/v1`. */
  url: string;
  model: string;
  /** Sent as a bearer token; local endpoints want none. */
  key: string | undefined;
}>;

const Answer = z.object({
  data: z.array(z.object({ index: z.number().int().nonnegative(), embedding: z.array(z.number()).min(1) })),
});

/** Vectors from whatever speaks OpenAI's `POST /embeddings`: Ollama, llama.cpp, LM Studio, vLLM and many services do. */
export function embedderAt({ url, model, key }: EmbeddingEndpoint): Embedder {
  const address = `${url.replace(/\/+$/, '')}/embeddings`;
  const headers = { 'content-type': 'application/json', ...(key !== undefined && { authorization: `Bearer ${key}` }) };

  return {
    model,
    async embed(texts, { withinMs, signal }) {
      const ending = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
      const request = { method: 'POST', headers, body: JSON.stringify({ model, input: texts }), signal: ending };
      let answer: Embedded = unavailable('was not asked');
      for (
        let tries = 0;
        tries < RETRIES.embedding.tries && answer.state === 'unavailable' && !ending.aborted;
        tries++
      ) {
        answer = await ask(address, request, texts.length);
      }
      return ending.aborted && answer.state !== 'done' ? unavailable(`did not answer within ${withinMs} ms`) : answer;
    },
  };
}

/** Says nothing of the address, which may hold a secret. */
const unavailable = (what: string): Embedded => ({ state: 'unavailable', why: `The embedding endpoint ${what}` });

/** Statuses that say that the request is at fault, not the moment or the way it is configured. */
const REFUSING = [400, 413, 422];

async function ask(address: string, request: RequestInit, count: number): Promise<Embedded> {
  try {
    const response = await fetch(address, request);
    if (response.ok) return read(await response.json(), count);
    await response.body?.cancel();
    if (!REFUSING.includes(response.status)) return unavailable(`answered with status ${response.status}`);
    return { state: 'refused', why: `The embedding endpoint refused the text with status ${response.status}` };
  } catch {
    return unavailable('cannot be reached, or answered with what is no JSON');
  }
}

/** The vectors in the order of the texts. */
function read(body: unknown, count: number): Embedded {
  const answer = Answer.safeParse(body);
  if (!answer.success) return unavailable('answered with something other than vectors');
  const places = new Map(answer.data.data.map(({ index, embedding }) => [index, embedding]));
  const embeddings = Array.from({ length: count }, (_, place) => places.get(place));
  const vectors = embeddings.flatMap((embedding) => (embedding === undefined ? [] : [ofLengthOne(embedding)]));
  const lengths = new Set(vectors.map(({ length }) => length));
  const isSound =
    vectors.length === count && lengths.size === 1 && vectors.every((vector) => vector.every(Number.isFinite));
  return isSound ? { state: 'done', vectors } : unavailable('answered with vectors that do not fit one another');
}

function ofLengthOne(embedding: readonly number[]): Float32Array {
  const length = Math.hypot(...embedding);
  return Float32Array.from(embedding, (part) => part / length);
}

/** What the distance of vectors is measured with; undefined where it is not installed or there is none for this system. */
export async function vectorExtension(): Promise<string | undefined> {
  try {
    const { getLoadablePath } = await import('sqlite-vec');
    return getLoadablePath();
  } catch {
    return undefined;
  }
}

/** Stands in for an endpoint whose vectors could not be compared. */
export const withoutExtension = (model: string): Embedder => ({
  model,
  embed: async () => ({
    state: 'unavailable',
    why: 'sqlite-vec, which compares vectors, is not installed or does not exist for this system',
  }),
});
