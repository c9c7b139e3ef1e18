import { describe, expect, test } from 'vitest';
import { anEmbeddingServer, type Mood } from '../../test/embedding-server.ts';
import { embedderAt } from './embeddings.ts';

const NEVER = new AbortController().signal;
const within = (withinMs: number, signal = NEVER) => ({ withinMs, signal });

describe('an endpoint for embeddings', () => {
  test('gives a vector of length 1 for each text, in their order', async () => {
    await using server = await anEmbeddingServer();
    const embedder = embedderAt({ url: server.url, model: 'm', key: undefined });

    const answer = await embedder.embed(['car', 'automobile', 'login'], within(5_000));

    if (answer.state !== 'done') throw new Error(answer.why);
    const [car, automobile, login] = answer.vectors;
    expect(car).toEqual(automobile);
    expect(car).not.toEqual(login);
    for (const vector of answer.vectors) expect(Math.hypot(...vector)).toBeCloseTo(1);
  });

  test('is told the model, and the key where there is one', async () => {
    await using server = await anEmbeddingServer();

    await embedderAt({ url: `${server.url}/`, model: 'large', key: 'hush' }).embed(['a'], within(5_000));
    await embedderAt({ url: server.url, model: 'small', key: undefined }).embed(['b'], within(5_000));

    expect(server.asked).toEqual([
      { model: 'large', input: ['a'], authorization: 'Bearer hush' },
      { model: 'small', input: ['b'], authorization: undefined },
    ]);
  });

  test.each<readonly [what: string, mood: Mood, why: string]>([
    ['fails', { status: 500 }, 'answered with status 500'],
    ['refuses the key', { status: 401 }, 'answered with status 401'],
    ['answers with no JSON', { body: '<html>' }, 'cannot be reached, or answered with what is no JSON'],
    ['answers with other JSON', { body: '{"data":[{"index":0}]}' }, 'answered with something other than vectors'],
    [
      'answers with too few',
      { body: '{"data":[{"index":0,"embedding":[1]}]}' },
      'answered with vectors that do not fit one another',
    ],
    [
      'answers with vectors of several lengths',
      { body: '{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}' },
      'answered with vectors that do not fit one another',
    ],
    [
      'answers with vectors without direction',
      { body: '{"data":[{"index":0,"embedding":[0,0]},{"index":1,"embedding":[1,2]}]}' },
      'answered with vectors that do not fit one another',
    ],
  ])('is asked twice and then given up when it %s', async (_, mood, why) => {
    await using server = await anEmbeddingServer();
    server.become(mood);

    const answer = await embedderAt({ url: server.url, model: 'm', key: undefined }).embed(['a', 'b'], within(5_000));

    expect(answer).toEqual({ state: 'unavailable', why: `The embedding endpoint ${why}` });
    expect(server.asked).toHaveLength(2);
  });

  test('is believed at once when it refuses a text', async () => {
    await using server = await anEmbeddingServer();
    server.become({ status: 413 });

    const answer = await embedderAt({ url: server.url, model: 'm', key: undefined }).embed(['a'], within(5_000));

    expect(answer).toMatchObject({ state: 'refused' });
    expect(server.asked).toHaveLength(1);
  });

  test('is not waited for longer than was said', async () => {
    await using server = await anEmbeddingServer();
    server.become({ isSilent: true });
    const embedder = embedderAt({ url: server.url, model: 'm', key: undefined });

    const late = await embedder.embed(['a'], within(50));
    const ended = await embedder.embed(['a'], within(60_000, AbortSignal.abort()));

    expect(late).toEqual({ state: 'unavailable', why: 'The embedding endpoint did not answer within 50 ms' });
    expect(ended.state).toBe('unavailable');
  });

  test('that is not there is said to be so, without its address', async () => {
    const embedder = embedderAt({ url: 'http://user:secret@127.0.0.1:9/v1', model: 'm', key: 'hush' });

    const answer = await embedder.embed(['a'], within(5_000));

    expect(answer.state).toBe('unavailable');
    expect(JSON.stringify(answer)).not.toMatch(/secret|hush|127/);
  });
});
