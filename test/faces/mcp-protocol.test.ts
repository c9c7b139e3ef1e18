import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectClient, MAIN, startServer } from '../stdio-client.ts';

const run = promisify(execFile);
let workspace: string;

beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-protocol-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const IDENTITY = { name: 'mcp-task-orchestrator', title: 'MCP Task Orchestrator' };

describe('a client of the 2025 era', () => {
  test.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])('shakes hands in %s', async (version) => {
    await using server = startServer({ workspace });

    const { result } = await server.rpc.initialize(version);
    const listed = await server.rpc.request('tools/list');

    expect(result).toMatchObject({
      protocolVersion: version,
      serverInfo: IDENTITY,
      capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
      instructions: expect.stringContaining('orchestrator_initialize_session'),
    });
    expect(listed.result?.tools).not.toHaveLength(0);
  });

  test('that asks for a version nobody knows is offered the latest', async () => {
    await using server = startServer({ workspace });

    expect((await server.rpc.initialize('2031-01-01')).result).toMatchObject({ protocolVersion: '2025-11-25' });
  });

  test('may ping', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();

    expect((await server.rpc.request('ping')).result).toEqual({});
  });
});

describe('a client of 2026-07-28', () => {
  test('discovers what there is, and needs no handshake', async () => {
    await using server = startServer({ workspace });

    const discovered = await server.rpc.modern('server/discover');
    const listed = await server.rpc.modern('tools/list');

    expect(discovered.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: ['2026-07-28'],
      instructions: expect.stringContaining('orchestrator_initialize_session'),
      ttlMs: 3_600_000,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': IDENTITY },
    });
    expect(listed.result).toMatchObject({ resultType: 'complete', ttlMs: 3_600_000, cacheScope: 'public' });
  });

  test('that turns out to be of the 2025 era after all is served on the same process', async () => {
    await using server = startServer({ workspace });

    await server.rpc.modern('server/discover');
    const { result } = await server.rpc.initialize('2025-06-18');

    expect(result).toMatchObject({ protocolVersion: '2025-06-18' });
    expect((await server.rpc.request('tools/list')).result?.tools).not.toHaveLength(0);
  });

  test('that asks for a version nobody knows is told which there are', async () => {
    await using server = startServer({ workspace });
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2031-01-01' };

    const { error } = await server.rpc.modern('tools/list', { _meta });

    expect(error).toMatchObject({ code: -32022, data: { supported: ['2026-07-28'], requested: '2031-01-01' } });
  });

  test('gets an answer to a tool call', async () => {
    await using server = startServer({ workspace });

    const { result } = await server.rpc.modern('tools/call', { name: 'orchestrator_get_status', arguments: {} });

    expect(result).toMatchObject({ resultType: 'complete', structuredContent: { active_tasks: [] } });
  });
});

describe('a tool', () => {
  test.each(['legacy', 'modern'] as const)('answers the SDK as its output schema says (%s)', async (era) => {
    await using client = await connectClient({ workspace, era });
    await client.client.listTools();

    const { isError, body } = await client.call('orchestrator_initialize_session');

    expect(isError).toBe(false);
    expect(body).toMatchObject({ session_initialized: true, workspace });
  });

  test('that does not exist is an error which names those that do', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();

    const { error } = await server.rpc.request('tools/call', { name: 'orchestrator_get_statuz', arguments: {} });

    expect(error).toMatchObject({
      code: -32602,
      message: 'Unknown tool: orchestrator_get_statuz; did you mean orchestrator_get_status?',
      data: {
        available_tools: expect.arrayContaining(['orchestrator_get_status', 'orchestrator_plan_task']),
        did_you_mean: expect.arrayContaining(['orchestrator_get_status']),
      },
    });
  });

  test('is called by either name, whichever is listed', async () => {
    await using server = startServer({ workspace, args: ['--tool-names', 'planned'] });
    await server.rpc.initialize();

    const { result } = await server.rpc.request('tools/list');
    const [today, planned] = [
      await server.rpc.call('orchestrator_get_status'),
      await server.rpc.call('orchestrator_check_status'),
    ];

    expect(JSON.stringify(result)).toContain('"orchestrator_check_status"');
    expect(JSON.stringify(result)).not.toContain('"name":"orchestrator_get_status"');
    expect(today.isError).toBe(false);
    expect(planned.isError).toBe(false);
  });

  test('that misses a parameter refuses in text alone', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();

    const { isError, body } = await server.rpc.call('orchestrator_execute_subtask');

    expect(isError).toBe(true);
    expect(body).toMatchObject({ error: 'Missing required parameter: task_id', code: 'invalid' });
  });

  test('that is given five megabytes says what it takes, and the server lives on', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();
    const work = { task_id: 'task_00000000', summary: 'x', next_action: 'complete' };

    const { isError } = await server.rpc.call('orchestrator_complete_subtask', {
      ...work,
      detailed_work: 'x'.repeat(5 * 1024 * 1024),
    });

    expect(isError).toBe(true);
    expect((await server.rpc.call('orchestrator_get_status')).isError).toBe(false);
  });
});

describe('changes', () => {
  test('by one server reach a subscriber of another within a second', async () => {
    await using writer = startServer({ workspace });
    await using listener = startServer({ workspace });
    const uri = 'orchestrator://status';
    await writer.rpc.initialize();
    await writer.rpc.call('orchestrator_initialize_session');
    await listener.rpc.listen([uri], 'status');

    const began = performance.now();
    await writer.rpc.call('orchestrator_add_note', { kind: 'decision', text: 'SQLite it is' });
    const { params } = await listener.rpc.notice(({ method }) => method === 'notifications/resources/updated');

    expect(params).toMatchObject({ uri });
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

describe('stdout', () => {
  test('carries JSON-RPC and nothing else, whatever comes', async () => {
    await using server = startServer({ workspace, args: ['--log-level', 'debug'] });

    server.rpc.write('not JSON\n\n{"not":"JSON-RPC"}\n[]\n');
    await server.rpc.initialize();
    await server.rpc.call('orchestrator_get_status');
    await server.rpc.request('resources/list');
    await server.rpc.request('no/such/method');
    await server.rpc.request('tools/call', { name: 'no_such_tool' });
    await server.end();

    const messages = server.rpc.lines.map((line) => JSON.parse(line));
    expect(messages).toHaveLength(5);
    expect(messages.every(({ jsonrpc, id }) => jsonrpc === '2.0' && typeof id === 'number')).toBe(true);
  });
});

describe('the end', () => {
  const soon = async (ended: Promise<unknown>) => {
    const began = performance.now();
    await ended;
    expect(performance.now() - began).toBeLessThan(1_000);
  };

  test('comes within a second after stdin is closed, without an error', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();
    await server.rpc.call('orchestrator_initialize_session');

    await soon(server.end());

    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  test('comes although nothing was ever said', async () => {
    await using server = startServer({ workspace });

    expect(await server.end()).toEqual({ code: 0, signal: null });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('comes in order with %s', async (signal) => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();
    await server.rpc.call('orchestrator_initialize_session');

    await soon(server.kill(signal));

    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  test('comes quietly when nobody reads stdout any more', async () => {
    await using server = startServer({ workspace });
    await server.rpc.initialize();

    server.closeStdout();
    server.rpc.send({ jsonrpc: '2.0', id: 9, method: 'tools/list' });

    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.stderr).toBe('');
  });
});

describe('an error that nobody caught', () => {
  test('is logged and ends the server in order, with exit code 1', async () => {
    const thrower = "process.on('SIGUSR2', () => { throw new Error('kaboom') })";
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(thrower)}` };
    await using server = startServer({ workspace, env });
    await server.rpc.initialize();

    expect(await server.kill('SIGUSR2')).toEqual({ code: 1, signal: null });
    expect(server.stderr).toContain('kaboom');
    expect(
      server.stderr
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([{ level: 'error' }]);
  });
});

describe('starting', () => {
  test('leaves no trace in the workspace until a tool is called', async () => {
    await using server = startServer({ workspace });

    await server.rpc.modern('server/discover');
    await server.rpc.modern('tools/list');
    await server.rpc.modern('prompts/list');

    expect(existsSync(join(workspace, '.task_orchestrator'))).toBe(false);
  });

  test('says its version and its flags', async () => {
    const { version } = JSON.parse(await readFile(join(MAIN, '../../package.json'), 'utf8'));

    expect((await run(process.execPath, [MAIN, '--version'])).stdout).toBe(`${version}\n`);
    expect((await run(process.execPath, [MAIN, '--help'])).stdout).toContain('--workspace');
  });

  test.each([['--wrkspace', 'x'], ['serve']])('is refused with %s, in one line', async (...args) => {
    const refused = await run(process.execPath, [MAIN, ...args]).catch((error) => error);

    expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^.*--.*\n$/) });
  });

  test('is refused by a Node that is too old, which is told so', async ({ skip }) => {
    const node = await oldNode();
    if (node === undefined) return skip('there is no Node older than 22.14 on the PATH');

    const refused = await run(node, [MAIN, '--workspace', workspace]).catch((error) => error);

    expect(refused).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^mcp-task-orchestrator needs Node 22\.14 or later; this is \d+\.\d+\.\d+\.\n$/),
    });
  });

  async function oldNode(): Promise<string | undefined> {
    const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
    for (const node of folders.map((folder) => join(folder, 'node')).filter((file) => existsSync(file))) {
      const [major = 0, minor = 0] = (await run(node, ['--version'])).stdout.slice(1).split('.').map(Number);
      if (major < 22 || (major === 22 && minor < 14)) return node;
    }
    return undefined;
  }
});
