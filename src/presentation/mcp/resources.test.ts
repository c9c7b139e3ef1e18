import { describe, expect, test } from 'vitest';
import { pipeTo } from '../../../test/json-rpc-pipe.ts';
import type { Context } from '../../application/tool.ts';
import type { Artifact } from '../../domain/artifact.ts';
import { refused, taskNotFound } from '../../domain/errors.ts';
import { newTask, type Task } from '../../domain/task.ts';

const aTask = (id: string, given: Partial<Task> = {}): Task =>
  newTask({ id, type: 'custom', title: `Title of ${id}`, sessionId: 'session_00000000', createdAt: 0, ...given });

const AN_ARTIFACT: Artifact = {
  id: 'artifact_00000001',
  taskId: 'task_00000001',
  type: 'general',
  summary: 'Done',
  outcome: 'complete',
  filePaths: [],
  sessionId: 'session_00000000',
  createdAt: 0,
  sha256: '',
  bytes: 4,
  characters: 4,
};

/** A store of a few tasks: only what resources ask of it. */
function storeOf(tasks: readonly Task[]): Partial<Context> {
  return {
    tasks: Object.create({
      find: async (id: string) => tasks.find((task) => task.id === id),
      descendants: async (id: string) => tasks.filter(({ parentId }) => parentId === id),
      roots: async () => tasks.filter(({ parentId }) => parentId === undefined),
      idsWithPrefix: async (prefix: string, limit: number) =>
        tasks
          .map(({ id }) => id)
          .filter((id) => id.startsWith(prefix))
          .slice(0, limit),
    }),
    dependencies: Object.create({
      of: async () => [{ taskId: 'task_0000000b', prerequisiteId: 'task_0000000a', type: 'completion' }],
    }),
  };
}

const PLAN = [
  aTask('task_00000001', { title: 'Build it' }),
  aTask('task_0000000a', { parentId: 'task_00000001' }),
  aTask('task_0000000b', { parentId: 'task_00000001' }),
];

describe('the list of resources', () => {
  test('holds the status, the guide and the open plans', async () => {
    const { rpc } = pipeTo({ context: storeOf(PLAN) });

    const { result } = await rpc.request('resources/list');

    expect(result).toMatchObject({
      resources: [
        { uri: 'orchestrator://status' },
        { uri: 'orchestrator://guide' },
        { uri: 'orchestrator://tasks/task_00000001', title: 'Build it' },
      ],
    });
  });

  test('is there without a store', async () => {
    const roots = () => Promise.reject(refused('The home directory is no workspace'));
    const { rpc } = pipeTo({ context: { tasks: Object.create({ roots }) } });

    const { result } = await rpc.request('resources/list');

    expect(result?.resources).toHaveLength(2);
  });
});

describe('reading a resource', () => {
  const read = async (uri: string, ...parts: Parameters<typeof pipeTo>) => {
    const { result, error } = await pipeTo(...parts).rpc.modern('resources/read', { uri });
    return error ?? result?.contents;
  };

  test.each([
    ['orchestrator://status', ['orchestrator_get_status', {}]],
    ['orchestrator://tasks/task_00000001', ['orchestrator_get_task', { task_id: 'task_00000001' }]],
  ])('%s gives what the tool gives', async (uri, call) => {
    const contents = await read(uri, { call: async (name, args) => ({ call: [name, args] }) });

    expect(contents).toEqual([{ uri, mimeType: 'application/json', text: JSON.stringify({ call }) }]);
  });

  test('the guide needs no store', async () => {
    expect(await read('orchestrator://guide', {})).toMatchObject([
      { mimeType: 'text/markdown', text: expect.stringContaining('orchestrator_plan_task') },
    ]);
  });

  test('an artifact is given whole', async () => {
    const context = {
      tasks: Object.create({ find: async () => ({}) }),
      artifacts: Object.create({ find: async () => AN_ARTIFACT }),
      artifactFiles: Object.create({ read: async () => ({ state: 'intact', work: '# It' }) }),
    };

    expect(await read('orchestrator://artifacts/artifact_00000001', { context })).toMatchObject([
      { mimeType: 'text/markdown', text: '# It' },
    ]);
  });

  test('a graph shows a plan with its subtasks', async () => {
    const contents = await read('orchestrator://plans/task_00000001/graph', { context: storeOf(PLAN) });

    expect(contents).toMatchObject([
      {
        mimeType: 'text/vnd.mermaid',
        text: expect.stringMatching(/subgraph t_task_00000001\["Build it"\][\s\S]*t_task_0000000a --> t_task_0000000b/),
      },
    ]);
  });

  test('a template is given whole, as it was written', async () => {
    const templates = Object.create({ ofProject: async () => undefined });
    const savedTemplates = Object.create({ find: async () => ({ version: 1, content: 'id: own' }) });

    expect(await read('orchestrator://templates/own', { context: { templates, savedTemplates } })).toMatchObject([
      { mimeType: 'application/yaml', text: 'id: own' },
    ]);
  });

  test.each([
    'orchestrator://tasks/task_zzzzzzzz',
    'orchestrator://artifacts/artifact_zzzzzzzz',
    'orchestrator://plans/task_zzzzzzzz/graph',
    'orchestrator://elsewhere',
    'file:///etc/passwd',
  ])('%s is not there, and said to be so as MCP has it', async (uri) => {
    const context = { ...storeOf([]), artifacts: Object.create({ find: async () => undefined }) };
    const call = () => Promise.reject(taskNotFound('task_zzzzzzzz'));

    expect(await read(uri, { call, context })).toEqual({
      code: -32602,
      message: `Resource not found: ${uri}`,
      data: { uri },
    });
  });

  test('a refusal says what it says as a tool', async () => {
    const call = () => Promise.reject(refused('The home directory is no workspace', { suggestion: 'Use --workspace' }));

    expect(await read('orchestrator://status', { call })).toEqual({
      code: -32602,
      message: 'The home directory is no workspace',
      data: { error: 'The home directory is no workspace', code: 'refused', suggestion: 'Use --workspace' },
    });
  });
});

describe('a subscriber', () => {
  const uri = 'orchestrator://tasks/task_00000001';
  const updated = ({ method }: Readonly<{ method: string }>) => method === 'notifications/resources/updated';

  test('of the 2025 era is told of changes until it unsubscribes', async () => {
    const { rpc, commit, watching } = pipeTo({ context: storeOf(PLAN) });
    await rpc.initialize();
    expect(watching()).toBe(0);

    await rpc.request('resources/subscribe', { uri });
    commit([{ taskId: 'task_00000001' }]);
    const { params } = await rpc.notice(updated);
    await rpc.request('resources/unsubscribe', { uri });

    expect(params).toEqual({ uri });
    expect(watching()).toBe(0);
  });

  test('of the 2026 era is told of changes until it cancels', async () => {
    const { rpc, commit, watching } = pipeTo({ context: storeOf(PLAN) });

    await rpc.listen([uri], 'listening');
    commit([{ taskId: 'task_00000001' }]);
    const { params } = await rpc.notice(updated);
    rpc.notify('notifications/cancelled', { requestId: 'listening' });
    await rpc.modern('resources/templates/list');

    expect(params).toMatchObject({ uri, _meta: { 'io.modelcontextprotocol/subscriptionId': 'listening' } });
    expect(watching()).toBe(0);
  });

  test('that goes away is no longer told', async () => {
    const { rpc, stdin, connection, watching } = pipeTo({ context: storeOf(PLAN) });
    await rpc.request('resources/subscribe', { uri });
    expect(watching()).toBe(1);

    stdin.end();
    await connection.closed;

    expect(watching()).toBe(0);
  });

  test('is acknowledged although the store cannot be watched', async () => {
    const { rpc, logged } = pipeTo({ read: () => Promise.reject(refused('The home directory is no workspace')) });

    await rpc.listen([uri], 'listening');

    expect(logged).toMatchObject([{ level: 'error', message: 'A subscriber will hear of no change' }]);
  });
});

describe('an id that is being typed', () => {
  const complete = async (name: string, value: string, tasks: readonly Task[]) => {
    const ref = { type: 'ref/resource', uri: 'orchestrator://tasks/{task_id}' };
    const { rpc } = pipeTo({ context: storeOf(tasks) });
    const { result } = await rpc.request('completion/complete', { ref, argument: { name, value } });
    return result?.completion;
  };

  test('is completed', async () => {
    expect(await complete('task_id', 'task_0000000', PLAN)).toEqual({
      values: PLAN.map(({ id }) => id),
      hasMore: false,
    });
  });

  test('is completed with at most a hundred', async () => {
    const many = Array.from({ length: 150 }, (_, index) => aTask(`task_0000${1_000 + index}`));

    expect(await complete('task_id', 'task', many)).toEqual({
      values: many.slice(0, 100).map(({ id }) => id),
      hasMore: true,
    });
  });

  test('is completed among the templates of the project, saved and built in', async () => {
    const templates = Object.create({ projectIds: async () => ['own_a', 'x'], builtInIds: async () => ['own_c'] });
    const savedTemplates = Object.create({ ids: async () => ['own_a', 'own_b'] });
    const { rpc } = pipeTo({ context: { templates, savedTemplates } });
    const ref = { type: 'ref/resource', uri: 'orchestrator://templates/{template_id}' };

    const { result } = await rpc.request('completion/complete', {
      ref,
      argument: { name: 'template_id', value: 'own' },
    });

    expect(result?.completion).toEqual({ values: ['own_a', 'own_b', 'own_c'], hasMore: false });
  });

  test('is left alone where there is nothing to complete', async () => {
    expect(await complete('goal', 'x', PLAN)).toEqual({ values: [] });
  });
});
