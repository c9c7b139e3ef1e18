import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { refused } from '../domain/errors.ts';
import { createLog, type LogLevel } from './log.ts';

const run = promisify(execFile);

/** A log into memory, and its lines so far. */
function aLog(level: LogLevel = 'debug') {
  const written: string[] = [];
  const log = createLog({ level, destination: { write: (line) => void written.push(line) } });
  return { log, lines: () => written.map((line): Record<string, unknown> => JSON.parse(line)) };
}

/** A script that has the log at hand, run by a process of its own. */
const script = (body: string) => [
  '--input-type=module',
  '-e',
  `import { createLog } from ${JSON.stringify(fileURLToPath(new URL('log.ts', import.meta.url)))}; ${body}`,
];

test('lines come in the order of the calls, whether or not the writer was there yet', async () => {
  const { log, lines } = aLog();

  log.info({ task: 'first' }, 'one');
  log.error({ task: 'second' }, 'two');
  const early = lines().length;
  await log.close();
  log.warn({}, 'three');

  expect(early).toBe(0);
  expect(lines()).toMatchObject([
    { level: 'info', task: 'first', msg: 'one', pid: process.pid },
    { level: 'error', task: 'second', msg: 'two' },
    { level: 'warn', msg: 'three' },
  ]);
});

test('a line carries the moment at which it was logged', async () => {
  const { log, lines } = aLog();

  const before = Date.now();
  log.info({}, 'said before the writer is there');
  const after = Date.now();
  await log.close();

  const time = Date.parse(String(lines()[0]?.time));
  expect(time).toBeGreaterThanOrEqual(before);
  expect(time).toBeLessThanOrEqual(after);
});

test('what lies below the level is not shown', async () => {
  const { log, lines } = aLog('warn');

  log.debug({}, 'no');
  log.info({}, 'no');
  log.warn({}, 'yes');
  log.error({}, 'yes');
  await log.close();

  expect(lines().map((line) => line.level)).toEqual(['warn', 'error']);
});

test('a child says its bindings on each of its lines and shares their order', async () => {
  const { log, lines } = aLog();
  const child = log.child({ session: 'session_1', tool: 'plan_task' });

  child.info({}, 'one');
  log.info({}, 'two');
  child.info({ tool: 'get_task' }, 'three');
  await log.close();

  expect(lines()).toMatchObject([
    { session: 'session_1', tool: 'plan_task', msg: 'one' },
    { msg: 'two' },
    { session: 'session_1', tool: 'get_task', msg: 'three' },
  ]);
  expect(lines()[1]).not.toHaveProperty('session');
});

test('secrets are removed by name, at any of the first levels, in lists and in errors', async () => {
  const { log, lines } = aLog();
  const error = Object.assign(new Error('The endpoint refused'), {
    request: { headers: { Authorization: 'Bearer abc' } },
  });

  log.info(
    {
      token: 'abc',
      API_KEY: 'abc',
      embeddings_key: 'abc',
      nested: { apiKey: 'abc', deeper: [{ 'x-api-key': 'abc', client_secret: 'abc', password: 'abc' }] },
      error,
      budget_tokens: 6000,
      idempotency_key: 'kept',
    },
    'called',
  );
  log.child({ refreshToken: 'abc' }).info({}, 'again');
  await log.close();

  expect(JSON.stringify(lines())).not.toContain('abc');
  expect(lines()[0]).toMatchObject({ token: '[removed]', budget_tokens: 6000, idempotency_key: 'kept' });
});

test('what lies too deep to be looked through is not shown', async () => {
  const { log, lines } = aLog();
  const endless: Record<string, unknown> = { name: 'outer' };
  endless.self = endless;

  log.info({ a: { b: { c: { d: { e: { f: { token: 'abc' } } } } } }, endless }, 'deep');
  await log.close();

  expect(JSON.stringify(lines())).not.toContain('abc');
  expect(JSON.stringify(lines())).toContain('[too deep]');
});

test('an error is logged whole, with its details and its cause', async () => {
  const { log, lines } = aLog();
  const cause = new TypeError('The root of it');

  log.error({ err: refused('Not now', { task_id: 'task_1', cause }) }, 'failed');
  await log.close();

  expect(lines()[0]).toMatchObject({
    err: {
      type: 'OrchestratorError',
      message: 'Not now',
      code: 'refused',
      details: { task_id: 'task_1' },
      stack: expect.stringContaining('log.test.ts'),
      cause: { type: 'TypeError', message: 'The root of it', stack: expect.stringContaining('log.test.ts') },
    },
  });
});

test('values that know their own JSON are shown as they say', async () => {
  const { log, lines } = aLog();

  log.info({ at: new Date(0), url: new URL('http://localhost/x') }, 'values');
  await log.close();

  expect(lines()[0]).toMatchObject({ at: '1970-01-01T00:00:00.000Z', url: 'http://localhost/x' });
});

test("lines go to stderr, and stdout stays the protocol's", async () => {
  const body = `const log = createLog({ level: 'info' }); log.info({ a: 1 }, 'one'); log.child({ b: 2 }).error({}, 'two'); await log.close();`;

  const { stdout, stderr } = await run(process.execPath, script(body));

  const lines = stderr.trimEnd().split('\n');
  expect(stdout).toBe('');
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { level: 'info', a: 1, msg: 'one' },
    { level: 'error', b: 2, msg: 'two' },
  ]);
});

test('the writer is loaded only when there is a line to show', async () => {
  const body = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context); } });
    const silent = createLog({ level: 'silent' }); silent.error({}, 'no'); await silent.close();
    const quiet = createLog({ level: 'error' }); quiet.info({}, 'no'); await quiet.close();
    console.log(loaded.includes('pino'));
    quiet.error({}, 'yes'); await quiet.close();
    console.log(loaded.includes('pino'));`;

  const { stdout } = await run(process.execPath, script(body));

  expect(stdout).toBe('false\ntrue\n');
});

test.runIf(process.platform === 'linux')('a full disk behind stderr does not end the process', async () => {
  const body = `const log = createLog({ level: 'info' }); log.info({}, 'one'); await log.close(); log.info({}, 'two');`;

  const child = spawn(process.execPath, script(body), { stdio: ['ignore', 'ignore', openSync('/dev/full', 'w')] });

  const [exitCode] = await once(child, 'exit');
  expect(exitCode).toBe(0);
});
