import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RawServer, startServer } from '../stdio-client.ts';

const PAGE = await readFile(join(import.meta.dirname, '../../docs/resources.md'), 'utf8');
/** The task that the page speaks of. */
const TASK = 'task_k3v9q2mz';

let workspace: string;
let server: RawServer;
let planId: string;

beforeAll(async () => {
  workspace = await mkdtemp(join(tmpdir(), 'resources-page-'));
  server = startServer({ workspace });
  await server.rpc.initialize();
  const subtasks_json = JSON.stringify([{ title: 'Build', description: 'B', specialist_type: 'implementer' }]);
  const plan = { description: 'Build it', subtasks_json };
  const { body } = await server.rpc.call<{ parent_task_id: string }>('orchestrator_plan_task', plan);
  planId = body.parent_task_id;
});
afterAll(async () => {
  await server.kill();
  await rm(workspace, { recursive: true });
});

/** The requests that the page shows, about the plan of this test. */
const requests = () =>
  Array.from(PAGE.matchAll(/```json\n(.*?)```/gs), ([, text = '']) =>
    JSON.parse(text.replaceAll(TASK, planId).replaceAll('task_k3', planId.slice(0, 7))),
  );

test('every request on the page about resources is answered as the page says', async () => {
  const replies = [];
  for (const { method, params } of requests()) replies.push((await server.rpc.request(method, params)).result);

  expect(replies).toEqual([
    expect.objectContaining({ messages: [expect.objectContaining({ role: 'user' })] }),
    {
      contents: [expect.objectContaining({ mimeType: 'text/vnd.mermaid', text: expect.stringMatching(/^flowchart/) })],
    },
    {},
    { completion: { values: [planId], hasMore: false } },
    { completion: { values: ['git_automation_v1'], hasMore: false } },
  ]);
});

test('a change below a task is told to who subscribed to the task', async () => {
  await server.rpc.request('resources/subscribe', { uri: `orchestrator://tasks/${planId}` });

  await server.rpc.call('orchestrator_next_task');

  const { params } = await server.rpc.notice(({ method }) => method === 'notifications/resources/updated');
  expect(params).toEqual({ uri: `orchestrator://tasks/${planId}` });
});

test('the page about resources names all prompts with their arguments and all resources, and no others', async () => {
  const listed = await Promise.all(
    ['prompts/list', 'resources/list', 'resources/templates/list'].map(
      async (method) => (await server.rpc.request(method)).result,
    ),
  );

  const [{ prompts }, { resources }, { resourceTemplates }] = JSON.parse(JSON.stringify(listed));
  const rows = Array.from(PAGE.matchAll(/^\| `([^`]+)` \| (.*?) \|/gm), ([, name = '', second = '']) => [name, second]);
  const said = new Map(rows.map(([name, second]) => [name, second]));
  const open = `orchestrator://tasks/${planId}`;
  const uris = [...resources, ...resourceTemplates].map(({ uri, uriTemplate = uri }) => uriTemplate);
  expect([...said.keys()].toSorted()).toEqual(
    [...prompts.map(({ name }: { name: string }) => name), ...uris.filter((uri) => uri !== open)].toSorted(),
  );
  for (const { name, arguments: args } of prompts) {
    const words = args.map((one: { name: string; required?: boolean }) => `\`${one.name}${one.required ? '' : '?'}\``);
    expect(said.get(name)).toBe(words.join(', '));
  }
});
