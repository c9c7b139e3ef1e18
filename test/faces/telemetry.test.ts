import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Body } from '../harness.ts';
import { startServer } from '../stdio-client.ts';

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-telemetry-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const RECORDING = ['recording-worker.ts'];
const HIDING = ['hiding-worker.ts'];
const beforehand = (workers: readonly string[]) =>
  workers.map((worker) => `--import=${pathToFileURL(join(import.meta.dirname, worker))}`).join(' ');

/** A server's life with one call that is answered and one that is refused; gives what it told, and what it logged. */
async function live(env: Readonly<Record<string, string>>, workers: readonly string[] = RECORDING) {
  const file = join(workspace, 'told.jsonl');
  await using server = startServer({
    workspace,
    env: { NODE_OPTIONS: beforehand(workers), RECORD_TO: file, ...env },
  });
  await server.rpc.initialize();
  const { isError } = await server.rpc.call('orchestrator_start_workflow', {});
  const refusal = await server.rpc.call('orchestrator_get_task', { task_id: 'task_aaaa0000' });
  await server.end();
  const told: Body[] = existsSync(file)
    ? (await readFile(file, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : [];
  return { told, log: server.stderr, isError, isRefused: refusal.isError };
}

test('each call is a span and a measured duration, and a refusal says its code', async () => {
  const { told } = await live({ OTEL_TRACES_EXPORTER: 'otlp' });

  const SERVER = 1;
  const about = (tool: string) => ({
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool,
  });
  const failure = { 'error.type': 'tool_error', 'orchestrator.refusal.code': 'not_found' };
  const [begins, gets] = [about('orchestrator_initialize_session'), about('orchestrator_get_task')];
  expect(told.filter(({ span }) => span)).toMatchObject([
    {
      span: 'tools/call orchestrator_initialize_session',
      begun: { tracer: manifest.name, version: manifest.version, kind: SERVER, attributes: begins },
      attributes: {},
      status: {},
    },
    {
      span: 'tools/call orchestrator_get_task',
      begun: { attributes: gets },
      attributes: failure,
      status: { message: 'not_found' },
    },
  ]);
  expect(told.filter(({ metric }) => metric)).toEqual([
    { metric: 'mcp.server.operation.duration', value: expect.any(Number), attributes: begins },
    {
      metric: 'orchestrator.refusals',
      value: 1,
      attributes: { 'gen_ai.tool.name': 'orchestrator_get_task', 'orchestrator.refusal.code': 'not_found' },
    },
    { metric: 'mcp.server.operation.duration', value: expect.any(Number), attributes: { ...gets, ...failure } },
  ]);
});

test('nothing is told where no variable asks for it, or telemetry is switched off', async () => {
  const silent = await live({});
  const disabled = await live({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318', OTEL_SDK_DISABLED: 'true' });

  expect(silent.told).toEqual([]);
  expect(disabled.told).toEqual([]);
});

const warnings = (log: string) => log.split('\n').filter((line) => line.includes('"level":"warn"'));

test('where no variable asks for it nothing of it is loaded: that it is not there is not even noticed', async () => {
  const { log, isError, isRefused } = await live({}, HIDING);

  expect(warnings(log)).toEqual([]);
  expect([isError, isRefused]).toEqual([false, true]);
});

test.each([
  ['the optional package', HIDING, '@opentelemetry/api is not installed'],
  ['an SDK beside the server', [], 'no SDK of it was loaded before this server'],
])('without %s there is a warning in the log, and calls are answered', async (_, workers, why) => {
  const { log, isError, isRefused } = await live({ OTEL_TRACES_EXPORTER: 'otlp' }, workers);

  expect(warnings(log)).toEqual([expect.stringContaining(why)]);
  expect([isError, isRefused]).toEqual([false, true]);
});
