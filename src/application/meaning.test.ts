import { describe, expect, test, vi } from 'vitest';
import { anEmbeddingServer } from '../../test/embedding-server.ts';
import { aGenericTask, anOrchestrator, type Body, completion, type TestOrchestrator } from '../../test/harness.ts';

type Endpoint = Awaited<ReturnType<typeof anEmbeddingServer>>;
type Options = Readonly<{ model?: string; workspace?: string }>;

const withMeaning = ({ url }: Pick<Endpoint, 'url'>, { model = 'small', workspace }: Options = {}) =>
  anOrchestrator({ config: { embeddings: { url, model, key: undefined } }, ...(workspace && { workspace }) });

const search = ({ call }: Pick<TestOrchestrator, 'call'>, query: string, more: Body = {}) =>
  call('search', { query, ...more });
const titlesOf = ({ results }: Body) => results.map(({ title }: Body) => title);

/** Searches until all that was recorded has its vector, and gives that reply. */
async function whenPlaced(server: TestOrchestrator, query: string, more: Body = {}): Promise<Body> {
  return vi.waitUntil(
    async () => {
      const reply = await search(server, query, more);
      return reply.not_yet_by_meaning === undefined && reply;
    },
    { timeout: 10_000 },
  );
}

describe('with an endpoint for embeddings, a search', () => {
  test('finds what means the same, and says that it was found so', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    const same = await aGenericTask(given, 'Repair the automobile');
    await aGenericTask(given, 'Something of login');

    const first = await search(given, 'car');
    const { results, total } = await whenPlaced(given, 'car', { limit: 1 });

    expect(first).toMatchObject({ results: [], total: 0, not_yet_by_meaning: expect.any(Number) });
    expect(results).toEqual([
      { kind: 'task', task_id: same, title: 'Repair the automobile', status: 'pending', found_by: 'meaning' },
    ]);
    expect(total).toBe(0);
  });

  test('puts first what both the words and the meaning find', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    await aGenericTask(given, 'Automobile', { attributes: { title: 'Automobile', description: 'vehicle' } });
    await aGenericTask(given, 'Both', { attributes: { title: 'Both', description: 'The car is an automobile' } });
    await aGenericTask(given, 'Neither nor');

    const reply = await whenPlaced(given, 'car');

    expect(titlesOf(reply)[0]).toBe('Both');
    expect(reply.results[0].found_by).toBeUndefined();
    expect(reply.total).toBe(1);
  });

  test('keeps to the kind, and to what must not be there', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    const id = await aGenericTask(given, 'Red automobile');
    await aGenericTask(given, 'Blue vehicle');
    await given.call('add_note', { task_id: id, text: 'A fast automobile' });

    await whenPlaced(given, 'car');

    expect((await search(given, 'car', { kind: 'note' })).results).toMatchObject([{ kind: 'note' }]);
    expect(titlesOf(await search(given, 'car -red', { kind: 'task' }))).toEqual(['Blue vehicle']);
  });

  test('finds artifacts by what their work means', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    const id = await aGenericTask(given, 'Write it');
    await given.call('complete_subtask', completion(id, { detailed_work: 'The authentication of users' }));

    const { results } = await whenPlaced(given, 'signin', { kind: 'artifact' });

    expect(results).toMatchObject([{ kind: 'artifact', task_id: id, found_by: 'meaning', snippet: 'Done' }]);
  });

  test('follows what changes, is deleted and is restored', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    const id = await aGenericTask(given, 'An automobile');
    await aGenericTask(given, 'A heron');
    expect(titlesOf(await whenPlaced(given, 'car'))).toEqual(['An automobile', 'A heron']);

    await given.call('update_task', { task_id: id, title: 'An ostrich' });
    expect(titlesOf(await whenPlaced(given, 'car')).sort()).toEqual(['A heron', 'An ostrich']);
    await given.call('delete_task', { task_id: id });
    expect(titlesOf(await whenPlaced(given, 'bird'))).toEqual(['A heron']);
    await given.call('restore_task', { task_id: id });
    expect(titlesOf(await whenPlaced(given, 'bird')).sort()).toEqual(['A heron', 'An ostrich']);
  });

  test('places texts in batches, each once, whichever server does it', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    for (let turn = 0; turn < 70; turn++) await aGenericTask(given, `Automobile ${turn}`);
    await using beside = await withMeaning(endpoint, { workspace: given.workspace });

    await Promise.all([whenPlaced(given, 'car'), whenPlaced(beside, 'car')]);
    const before = endpoint.asked.length;
    await whenPlaced(given, 'vehicle');

    expect(endpoint.asked.length).toBe(before + 1);
    for (const { input } of endpoint.asked) expect(input.length).toBeLessThanOrEqual(32);
  });

  test('begins anew with another model, or with vectors of another length', async () => {
    await using endpoint = await anEmbeddingServer();
    await using first = await withMeaning(endpoint, { model: 'small' });
    await aGenericTask(first, 'An automobile');
    await whenPlaced(first, 'car');
    await using second = await withMeaning(endpoint, { model: 'large', workspace: first.workspace });

    const other = await search(second, 'car');
    const anew = await whenPlaced(second, 'car');
    endpoint.become({ dimensions: 32 });
    const shorter = await search(second, 'car');
    const again = await whenPlaced(second, 'car');

    expect([other, shorter]).toMatchObject([{ results: [] }, { results: [] }]);
    expect([titlesOf(anew), titlesOf(again)]).toEqual([['An automobile'], ['An automobile']]);
  });

  test('leaves out a text that the endpoint refuses, and no other', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    await aGenericTask(given, 'An automobile');
    await aGenericTask(given, 'A poisonous vehicle');
    await aGenericTask(given, 'A vehicle');
    endpoint.become({ refuses: 'poisonous' });

    expect(titlesOf(await whenPlaced(given, 'car')).sort()).toEqual(['A vehicle', 'An automobile']);
  });
});

describe('with an endpoint that does not do its part, a search', () => {
  test.each([
    ['fails', { status: 503 }, 'The embedding endpoint answered with status 503'],
    ['is silent', { isSilent: true }, 'The embedding endpoint did not answer within 1500 ms'],
    ['answers nonsense', { body: '{}' }, 'The embedding endpoint answered with something other than vectors'],
  ])('finds by words and says why, when it %s', async (_, mood, why) => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    await aGenericTask(given, 'The car');
    endpoint.become(mood);

    const reply = await search(given, 'car');

    expect(reply).toMatchObject({ results: [{ title: 'The car' }], total: 1, words_only: why });
  });

  test('finds by words when there is nothing at that address', async () => {
    await using given = await withMeaning({ url: 'http://127.0.0.1:9/v1' });
    await aGenericTask(given, 'The car');

    expect(await search(given, 'car')).toMatchObject({
      total: 1,
      words_only: expect.stringContaining('cannot be reached'),
    });
  });

  test('keeps what was placed when it goes down in the middle, and goes on when it is back', async () => {
    await using endpoint = await anEmbeddingServer();
    await using given = await withMeaning(endpoint);
    await aGenericTask(given, 'An automobile');
    await whenPlaced(given, 'car');
    endpoint.become({ status: 500 });
    await aGenericTask(given, 'A vehicle');

    const down = await search(given, 'car');
    endpoint.become({});
    const back = await whenPlaced(given, 'car');

    expect(down).toMatchObject({ results: [], words_only: expect.any(String) });
    expect(titlesOf(back).sort()).toEqual(['A vehicle', 'An automobile']);
  });

  test('closes at once although the endpoint is still asked', async () => {
    await using endpoint = await anEmbeddingServer();
    const given = await withMeaning(endpoint);
    await aGenericTask(given, 'An automobile');
    endpoint.become({ ignores: 'automobile' });
    const reply = await search(given, 'car');
    await vi.waitUntil(() => endpoint.asked.length === 2);

    await given[Symbol.asyncDispose]();

    expect(reply.not_yet_by_meaning).toBeGreaterThan(0);
  });
});
