import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { anEmbeddingServer } from '../embedding-server.ts';
import type { Body } from '../harness.ts';
import { startServer } from '../stdio-client.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'mto-search-'));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

async function aServer({ args = [], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {}) {
  const server = startServer({ workspace, args, env });
  await server.rpc.initialize();
  const call = async (name: string, given: Body): Promise<Body> => {
    const { isError, body } = await server.rpc.call<Body>(`orchestrator_${name}`, given);
    expect(isError, JSON.stringify(body)).toBe(false);
    return body;
  };
  const create = (title: string) =>
    call('create_generic_task', { task_type: 'feature', stage: 'ready', attributes: { title } });
  const search = async (query: string) => {
    const { results, total } = await call('search', { query, limit: 50 });
    return { titles: results.map(({ title }: Body) => title), total };
  };
  return { server, call, create, search, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

describe('searching through several processes on one store', () => {
  test('finds what any of them has written, while all write and search at once', async () => {
    await using one = await aServer();
    await using two = await aServer();
    await using three = await aServer();
    const all = [one, two, three];
    const work = async ({ create, search }: (typeof all)[number], name: number) => {
      for (let turn = 0; turn < 40; turn++) {
        await create(`Heron ${name}x${turn}`);
        const { titles } = await search(`heron "${name}x${turn}"`);
        expect(titles).toEqual([`Heron ${name}x${turn}`]);
      }
    };

    await Promise.all(all.map(work));

    for (const { search } of all) expect((await search('heron')).total).toBe(120);
  });

  test('survives the end of the process that indexed', async () => {
    await using one = await aServer();
    for (let turn = 0; turn < 30; turn++) await one.create(`Heron ${turn}`);
    void one.search('heron').catch(() => undefined);
    await one.server.kill();

    await using two = await aServer();

    expect((await two.search('heron')).total).toBe(30);
  });
});

test('the published program finds by meaning, its endpoint named by the environment, and tells nobody the key', async () => {
  await using endpoint = await anEmbeddingServer();
  const env = {
    MCP_TASK_ORCHESTRATOR_EMBEDDINGS_URL: endpoint.url,
    MCP_TASK_ORCHESTRATOR_EMBEDDINGS_KEY: 'hush-hush',
  };
  await using one = await aServer({ env, args: ['--log-level', 'trace'] });
  await one.create('Repair the automobile');

  const found = await vi.waitUntil(
    async () => {
      const reply = await one.call('search', { query: 'car' });
      return reply.results.length > 0 && reply;
    },
    { timeout: 20_000 },
  );

  expect(found.results).toMatchObject([{ title: 'Repair the automobile', found_by: 'meaning' }]);
  expect(endpoint.asked[0]?.authorization).toBe('Bearer hush-hush');
  expect(one.server.stderr).not.toContain('hush-hush');
});
