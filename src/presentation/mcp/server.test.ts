import { describe, expect, test } from 'vitest';
import { pipeTo } from '../../../test/json-rpc-pipe.ts';
import type { CallOptions } from '../../application/orchestrator.ts';
import { taskNotFound } from '../../domain/errors.ts';
import { listedTools, type ToolEntry } from './tool-list.ts';

/** How a request is sent in each era. */
const ERAS = ['request', 'modern'] as const;

const anEntry = (name: string, given: Partial<ToolEntry> = {}): ToolEntry => ({
  set: 'core',
  tool: { name, title: name, description: name, inputSchema: { type: 'object' }, outputSchema: { type: 'object' } },
  ...given,
});

describe('the list of tools', () => {
  const entries = [
    anEntry('orchestrator_get_status', { plannedName: 'orchestrator_check_status' }),
    anEntry('orchestrator_plan_task'),
    anEntry('orchestrator_bulk_tasks', { set: 'bulk' }),
  ];
  const names = (...choice: Parameters<typeof listedTools>) => listedTools(...choice).map(({ name }) => name);

  test('holds the sets that were chosen, in order', () => {
    expect(names({ toolsets: ['core'], toolNames: 'current' }, entries)).toEqual([
      'orchestrator_get_status',
      'orchestrator_plan_task',
    ]);
    expect(names({ toolsets: ['bulk', 'core'], toolNames: 'current' }, entries)).toHaveLength(3);
  });

  test.each([
    ['planned' as const, ['orchestrator_check_status', 'orchestrator_plan_task']],
    ['both' as const, ['orchestrator_get_status', 'orchestrator_check_status', 'orchestrator_plan_task']],
  ])('shows %s names', (toolNames, expected) => {
    expect(names({ toolsets: ['core'], toolNames }, entries)).toEqual(expected);
  });

  test('may be kept by a client for an hour', async () => {
    const { rpc } = pipeTo({ tools: listedTools({ toolsets: ['core'], toolNames: 'current' }, entries) });

    const { result } = await rpc.modern('tools/list');

    expect(result).toMatchObject({ ttlMs: 3_600_000, cacheScope: 'public' });
    expect(result?.tools).toHaveLength(2);
  });
});

describe('a call', () => {
  test('is answered twice in one reply: structured, and as one block of compact text', async () => {
    const reply = { task_id: 'task_00000001', attributes: { a: [1] } };
    const { rpc } = pipeTo({ call: async () => reply });
    await rpc.initialize();

    const { result } = await rpc.request('tools/call', { name: 'orchestrator_get_task', arguments: {} });

    expect(result).toEqual({
      content: [{ type: 'text', text: '{"task_id":"task_00000001","attributes":{"a":[1]}}' }],
      structuredContent: reply,
    });
  });

  test('gets its name and its arguments through, with none as an empty object', async () => {
    const calls: unknown[] = [];
    const { rpc } = pipeTo({ call: async (name, args) => ({ count: calls.push([name, args]) }) });
    await rpc.initialize();

    await rpc.request('tools/call', { name: 'orchestrator_plan_task', arguments: { description: 'x' } });
    await rpc.request('tools/call', { name: 'orchestrator_get_status' });

    expect(calls).toEqual([
      ['orchestrator_plan_task', { description: 'x' }],
      ['orchestrator_get_status', {}],
    ]);
  });

  test.each(ERAS)('that is refused says so as text alone (%s)', async (era) => {
    const { rpc } = pipeTo({ call: () => Promise.reject(taskNotFound('task_zzzzzzzz')) });

    const { result } = await rpc[era]('tools/call', { name: 'orchestrator_get_task', arguments: {} });

    const text = JSON.stringify({
      error: 'Task not found: task_zzzzzzzz',
      code: 'not_found',
      suggestion: 'Use orchestrator_get_status to see available tasks',
    });
    expect(result).toMatchObject({ isError: true, content: [{ type: 'text', text }] });
    expect(result).not.toHaveProperty('structuredContent');
  });

  test('that fails in a way nobody foresaw shows no details', async () => {
    const { rpc, logged } = pipeTo({ call: () => Promise.reject(new Error('no such table: secrets')) });

    const { result } = await rpc.request('tools/call', { name: 'orchestrator_get_task', arguments: {} });

    expect(JSON.stringify(result)).not.toContain('secrets');
    expect(JSON.stringify(result)).toContain('internal');
    expect(logged).toMatchObject([{ level: 'error', details: { err: { message: 'no such table: secrets' } } }]);
  });

  test.each(ERAS)('of a tool that does not exist is an error (%s)', async (era) => {
    const available = ['orchestrator_plan_task', 'orchestrator_get_status'];
    const { rpc } = pipeTo({ knows: () => false, names: () => available });

    const { error } = await rpc[era]('tools/call', { name: 'orchestrator_plan_tasks', arguments: {} });

    expect(error).toEqual({
      code: -32602,
      message: 'Unknown tool: orchestrator_plan_tasks; did you mean orchestrator_plan_task?',
      data: {
        error: 'Unknown tool: orchestrator_plan_tasks; did you mean orchestrator_plan_task?',
        available_tools: available,
        did_you_mean: ['orchestrator_plan_task'],
      },
    });
  });
});

describe('a long call', () => {
  const steps = 1_000;
  const reporting = async (_name: string, _args: object, { report }: CallOptions = {}) => {
    for (let step = 1; step <= steps; step++) report?.(step, steps, `step ${step}`);
    return {};
  };

  test('tells a client that asked for it how far it is, seldom and to the end', async () => {
    const { rpc } = pipeTo({ call: reporting });

    await rpc.request('tools/call', { name: 'x', arguments: {}, _meta: { progressToken: 'p' } });

    const told = rpc.notices.map(({ params }) => params.progress);
    expect(told.at(0)).toBe(1);
    expect(told.at(-1)).toBe(steps);
    expect(told.length).toBeLessThan(20);
    expect(rpc.notices.at(-1)?.params).toEqual({
      progressToken: 'p',
      progress: 1_000,
      total: 1_000,
      message: 'step 1000',
    });
  });

  test('tells nothing to a client that did not ask', async () => {
    const { rpc } = pipeTo({ call: reporting });

    await rpc.request('tools/call', { name: 'x', arguments: {} });

    expect(rpc.notices).toEqual([]);
  });

  /** Waits until its signal aborts, and tells when it began and what became of it. */
  function endless() {
    const began = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    const call = (_name: string, _args: object, { signal }: CallOptions = {}) =>
      new Promise<never>((_, reject) => {
        signal?.addEventListener('abort', () => {
          aborted.resolve();
          reject(new Error('aborted'));
        });
        began.resolve();
      });
    return { call, began: began.promise, aborted: aborted.promise };
  }

  test('stops when the client cancels it', async () => {
    const { call, began, aborted } = endless();
    const { rpc } = pipeTo({ call });

    rpc.send({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'x', arguments: {} } });
    await began;
    rpc.notify('notifications/cancelled', { requestId: 'long' });

    await aborted;
  });

  test('stops when the client goes away', async () => {
    const { call, began, aborted } = endless();
    const { rpc, stdin, connection } = pipeTo({ call });

    rpc.send({ jsonrpc: '2.0', id: 'long', method: 'tools/call', params: { name: 'x', arguments: {} } });
    await began;
    stdin.end();

    await aborted;
    await connection.closed;
  });
});

describe('the wire', () => {
  test('lets a line pass that is no JSON, and one that is no JSON-RPC', async () => {
    const { rpc } = pipeTo({});

    rpc.write('what is this?\n{"neither":"this"}\n');

    expect((await rpc.initialize()).result).toMatchObject({ protocolVersion: '2025-11-25' });
  });

  test('takes an argument of many megabytes', async () => {
    const text = 'x'.repeat(20 * 1024 * 1024);
    const { rpc } = pipeTo({ call: async (_, args) => ({ characters: String(args.detailed_work).length }) });
    await rpc.initialize();

    const { body } = await rpc.call('orchestrator_complete_subtask', { detailed_work: text });

    expect(body).toEqual({ characters: text.length });
  });
});
