import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Body } from '../harness.ts';
import type { Params, Reply } from '../json-rpc.ts';
import { type AnsweringPerson, connectClient, type Era, startServer } from '../stdio-client.ts';

const ERAS = ['legacy', 'modern'] as const satisfies readonly Era[];

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-elicitation-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

type Caller = Readonly<{ call(name: string, args?: Params): Promise<Readonly<{ isError: boolean; body: Body }>> }>;

/** A task that waits only for an approval. */
async function gated({ call }: Caller) {
  const create = async (task_type: string, title: string): Promise<string> => {
    const { body } = await call('orchestrator_create_generic_task', {
      task_type,
      stage: 'ready',
      attributes: { title },
    });
    return body.task_id;
  };
  const [task, approval] = [await create('feature', 'Ship'), await create('approval', 'Sign-off')];
  const dependencies = [{ dependency_task_id: approval, dependency_type: 'approval' }];
  await call('orchestrator_manage_dependencies', { task_id: task, dependencies });
  return { task, approval };
}

const stageOf = async ({ call }: Caller, task_id: string) =>
  (await call('orchestrator_get_task', { task_id })).body.lifecycle_stage;

const says =
  (decision: string): AnsweringPerson =>
  async () => ({ action: 'accept', content: { decision_1: decision, comment: 'Because' } });

describe.each(ERAS)('a %s client that can ask its person', (era) => {
  test('is asked with a form, and the call goes on with a yes', async () => {
    const forms: Body[] = [];
    await using client = await connectClient({
      workspace,
      era,
      person: (form, asking) => {
        forms.push(form);
        return says('approve')(form, asking);
      },
    });
    const { task, approval } = await gated(client);

    const { isError, body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

    expect(isError).toBe(false);
    expect(body.claim).toBeDefined();
    expect(await stageOf(client, approval)).toBe('completed');
    expect(forms).toMatchObject([
      {
        message: expect.stringContaining('"Ship"'),
        requestedSchema: {
          properties: { decision_1: { type: 'string', title: 'Sign-off', enum: ['approve', 'reject'] } },
          required: ['decision_1'],
        },
      },
    ]);
    const told = await client.call<Body>('orchestrator_get_task', { task_id: approval, include: ['events'] });
    expect(told.body.events).toContainEqual(
      expect.objectContaining({
        type: 'dependency.approved',
        details: { source: 'person', by: 'the person at test', comment: 'Because' },
      }),
    );
  });

  test('is refused after a no', async () => {
    await using client = await connectClient({ workspace, era, person: says('reject') });
    const { task, approval } = await gated(client);

    const { isError, body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

    expect({ isError, body }).toMatchObject({ isError: true, body: { rejected: [approval], comment: 'Because' } });
    expect(await stageOf(client, approval)).toBe('failed');
  });

  test.each([
    ['declines', async () => ({ action: 'decline' as const })],
    ['closes the form', async () => ({ action: 'cancel' as const })],
  ])('is refused as ever when the person %s', async (_, person) => {
    await using client = await connectClient({ workspace, era, person });
    const { task, approval } = await gated(client);

    const { isError, body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

    expect({ isError, body }).toMatchObject({
      isError: true,
      body: { code: 'refused', unmet: [{ task_id: approval }] },
    });
    expect(body.suggestion).toContain('orchestrator_manage_dependencies');
    expect(await stageOf(client, approval)).toBe('ready');
  });

  test('may take longer to answer than a call may take, and others write meanwhile', async () => {
    const other = Promise.withResolvers<Caller>();
    await using client = await connectClient({
      workspace,
      era,
      args: ['--timeout', '2'],
      person: async () => {
        const began = performance.now();
        const { call } = await other.promise;
        // Calls that each take a moment of the time that one alone has.
        while (performance.now() - began < 2_200)
          expect((await call('orchestrator_add_note', { text: 'Still here' })).isError).toBe(false);
        return { action: 'accept', content: { decision_1: 'approve' } };
      },
    });
    const { task } = await gated(client);
    await using second = startServer({ workspace });
    await second.rpc.initialize();
    other.resolve({ call: (name, args) => second.rpc.call<Body>(name, args) });

    expect((await client.call('orchestrator_execute_subtask', { task_id: task })).isError).toBe(false);
  });

  test('goes on when somebody approves it on another server while the person is asked', async () => {
    await using second = startServer({ workspace });
    await second.rpc.initialize();
    await using client = await connectClient({
      workspace,
      era,
      person: async (form, asking) => {
        const approve = { task_id: approval, dependencies: [], operation: 'approve' };
        expect((await second.rpc.call('orchestrator_manage_dependencies', approve)).isError).toBe(false);
        return says('approve')(form, asking);
      },
    });
    const { task, approval } = await gated(client);

    expect((await client.call('orchestrator_execute_subtask', { task_id: task })).isError).toBe(false);
    expect(await stageOf(client, task)).toBe('active');
  });

  test('gives each of several approvals its own word', async () => {
    await using client = await connectClient({
      workspace,
      era,
      person: async () => ({ action: 'accept', content: { decision_1: 'approve', decision_2: 'reject' } }),
    });
    const { task, approval } = await gated(client);
    const second = await client.call<Body>('orchestrator_create_generic_task', {
      task_type: 'approval',
      attributes: { title: 'Budget' },
    });
    const dependencies = [{ dependency_task_id: second.body.task_id, dependency_type: 'approval' }];
    await client.call('orchestrator_manage_dependencies', { task_id: task, dependencies });

    const { body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

    expect(body).toMatchObject({ rejected: [second.body.task_id] });
    expect(await stageOf(client, approval)).toBe('completed');
    expect(await stageOf(client, second.body.task_id)).toBe('failed');
  });

  test('is the only way to approve where only a person counts', async () => {
    await using client = await connectClient({
      workspace,
      era,
      args: ['--approvals', 'person'],
      person: says('approve'),
    });
    const { approval } = await gated(client);

    const approve = { task_id: approval, dependencies: [], operation: 'approve' };
    const { isError } = await client.call('orchestrator_manage_dependencies', approve);

    expect(isError).toBe(false);
    expect(await stageOf(client, approval)).toBe('completed');
  });
});

describe.each(ERAS)('a %s client that cannot ask', (era) => {
  test('is refused with how the approval is given', async () => {
    await using client = await connectClient({ workspace, era });
    const { task, approval } = await gated(client);

    const { isError, body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

    expect({ isError, body }).toMatchObject({
      isError: true,
      body: { code: 'refused', unmet: [{ task_id: approval }] },
    });
    expect(body.suggestion).toContain(`orchestrator_manage_dependencies with task_id ${task}`);
  });

  test('cannot approve where only a person counts', async () => {
    await using client = await connectClient({ workspace, era, args: ['--approvals', 'person'] });
    const { approval } = await gated(client);

    const approve = { task_id: approval, dependencies: [], operation: 'approve' };
    const { isError, body } = await client.call<Body>('orchestrator_manage_dependencies', approve);

    expect({ isError, body }).toMatchObject({ isError: true, body: { code: 'refused' } });
    expect(await stageOf(client, approval)).toBe('ready');
  });
});

test('a client of the 2025 era that fails to ask is refused as ever', async () => {
  await using client = await connectClient({ workspace, person: () => Promise.reject(new Error('No screen')) });
  const { task, approval } = await gated(client);

  const { isError, body } = await client.call<Body>('orchestrator_execute_subtask', { task_id: task });

  expect({ isError, body }).toMatchObject({ isError: true, body: { code: 'refused', unmet: [{ task_id: approval }] } });
});

test('a call of the 2025 era that is cancelled while the person is asked takes the question back', async () => {
  const asked = Promise.withResolvers<void>();
  const takenBack = Promise.withResolvers<void>();
  await using client = await connectClient({
    workspace,
    person: async (_, { signal }) => {
      asked.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      takenBack.resolve();
      return { action: 'cancel' };
    },
  });
  const { task, approval } = await gated(client);
  const cancelling = new AbortController();

  const call = client.client.callTool(
    { name: 'orchestrator_execute_subtask', arguments: { task_id: task } },
    { signal: cancelling.signal },
  );
  await asked.promise;
  cancelling.abort();

  await expect(call).rejects.toThrow();
  await takenBack.promise;
  expect(await stageOf(client, approval)).toBe('ready');
  expect(await stageOf(client, task)).toBe('ready');
});

test('a client that goes away while its person is asked leaves everything as it was', async () => {
  const asked = Promise.withResolvers<void>();
  const client = await connectClient({
    workspace,
    person: () => {
      asked.resolve();
      return new Promise(() => undefined);
    },
  });
  const { task, approval } = await gated(client);

  const call = client.call('orchestrator_execute_subtask', { task_id: task }).catch(() => 'gone');
  await asked.promise;
  await client.client.close();

  expect(await call).toBe('gone');
  await using second = startServer({ workspace });
  await second.rpc.initialize();
  const other = { call: (name: string, args?: Params) => second.rpc.call<Body>(name, args) };
  expect(await stageOf(other, approval)).toBe('ready');
  expect(await stageOf(other, task)).toBe('ready');
});

describe('what a client of 2026-07-28 brings back', () => {
  const CAPABLE = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };

  /** Calls without an SDK, so that what is brought back can be anything. */
  async function asking() {
    const server = startServer({ workspace });
    const raw = (name: string, args: Params, more: Params = {}): Promise<Reply> =>
      server.rpc.modern('tools/call', { name: `orchestrator_${name}`, arguments: args, ...more, _meta: CAPABLE });
    const call = async (name: string, args: Params = {}) => {
      const { result } = await server.rpc.modern('tools/call', { name, arguments: args });
      const body: Body = Object(result?.structuredContent);
      return { isError: result?.isError === true, body };
    };
    const ids = await gated({ call });
    const execute = (more: Params = {}, args: Params = { task_id: ids.task }) => raw('execute_subtask', args, more);
    const { result } = await execute();
    return { ...ids, server, call, execute, asked: Object(result) };
  }
  const yes = { approval: { action: 'accept', content: { decision_1: 'approve' } } };

  test('is asked for by name, with a state that proves it', async () => {
    const { asked, server } = await asking();
    await using _ = server;

    expect(asked).toMatchObject({
      resultType: 'input_required',
      inputRequests: { approval: { method: 'elicitation/create' } },
      requestState: expect.any(String),
    });
  });

  test('is not asked for where the client shows addresses and no forms', async () => {
    const { task, server } = await asking();
    await using _ = server;
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { url: {} } } };
    const params = { name: 'orchestrator_execute_subtask', arguments: { task_id: task }, _meta };

    const { result } = await server.rpc.modern('tools/call', params);

    expect(result).toMatchObject({ resultType: 'complete', isError: true });
  });

  test('counts for the same call', async () => {
    const { execute, asked, call, task, server } = await asking();
    await using _ = server;

    const { result } = await execute({ requestState: asked.requestState, inputResponses: yes });

    expect(result).toMatchObject({ resultType: 'complete', structuredContent: { claim: {} } });
    expect(await stageOf({ call }, task)).toBe('active');
  });

  test('counts for no other call, not with a state that was altered, and not without one', async () => {
    const { execute, asked, call, approval, task, server } = await asking();
    await using _ = server;
    const { requestState } = asked;
    const refusal = { code: -32602, data: { reason: 'invalid_request_state' } };

    const other = await execute({ requestState, inputResponses: yes }, { task_id: task, take_over: true });
    const altered = await execute({ requestState: `${requestState.slice(0, -4)}AAAA`, inputResponses: yes });
    const without = await execute({ inputResponses: yes });

    expect([other.error, altered.error]).toMatchObject([refusal, refusal]);
    expect(without.result).toMatchObject({ resultType: 'input_required' });
    expect(await stageOf({ call }, approval)).toBe('ready');
  });

  test.each([
    ['nothing', {}],
    ['another kind of answer', { approval: { roots: [] } }],
    ['no decision', { approval: { action: 'accept', content: {} } }],
    ['a decision that was not offered', { approval: { action: 'accept', content: { decision_1: 'approved' } } }],
  ])('decides nothing when it is %s', async (_, inputResponses) => {
    const { execute, asked, call, approval, server } = await asking();
    await using __ = server;

    const { result } = await execute({ requestState: asked.requestState, inputResponses });

    expect(result).toMatchObject({ isError: true });
    expect(await stageOf({ call }, approval)).toBe('ready');
  });
});
