import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getDefaultEnvironment } from '@modelcontextprotocol/client/stdio';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aSubtask, type Body, completion } from '../harness.ts';
import { MAIN, RawServer } from '../stdio-client.ts';

/** One server's whole life, with everything in it that might make somebody print: what it wrote, byte for byte. */
let life: Awaited<ReturnType<typeof liveThrough>>;
let workspace: string;

beforeAll(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-stdout-')));
  life = await liveThrough();
});
afterAll(() => rm(workspace, { recursive: true, force: true }));

async function liveThrough() {
  const child = spawn(process.execPath, [MAIN, '--workspace', workspace, '--log-level', 'trace'], {
    cwd: workspace,
    env: getDefaultEnvironment(),
  });
  const stdout: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes));
  await using server = new RawServer(child);
  const bodies = await provoke(server);
  const exit = await server.end();
  const lines = server.stderr.split('\n').slice(0, -1);
  return { stdout: Buffer.concat(stdout).toString('utf8'), stderr: server.stderr, lines, bodies, exit };
}

/** Says and asks one thing after the other: good calls, refusals, mistakes of the client, of the project and of our own. */
async function provoke({ rpc }: RawServer) {
  const call = async (name: string, args: Body = {}) => (await rpc.call<Body>(`orchestrator_${name}`, args)).body;
  rpc.write('garbage\n\n{"not": "JSON-RPC"}\n[]\n');
  await rpc.initialize();
  for (const method of [
    'ping',
    'tools/list',
    'prompts/list',
    'resources/list',
    'resources/templates/list',
    'no/such/method',
  ]) {
    await rpc.request(method);
  }
  await rpc.request('tools/call', { name: 'no_such_tool' });
  await rpc.request('resources/read', { uri: 'orchestrator://tasks/none' });

  await call('initialize_session', { agent_name: 'a curious client' });
  const plan = await call('plan_task', {
    description: 'A plan',
    subtasks_json: JSON.stringify([aSubtask('One'), aSubtask('Two', ['One'])]),
  });
  const [one, two] = plan.subtasks;
  await rpc.request('resources/subscribe', { uri: `orchestrator://tasks/${one.task_id}` });
  await call('execute_subtask', { task_id: one.task_id });
  const refused = await call('execute_subtask', { task_id: two.task_id });
  await call('execute_subtask');
  await call('complete_subtask', completion(one.task_id, { detailed_work: 'x'.repeat(4 * 1024 * 1024 + 1) }));
  await call('complete_subtask', completion(one.task_id, { detailed_work: 'Bytes: \u0000\u001b[31m\u2028' }));
  await rpc.notice(({ method }) => method === 'notifications/resources/updated');

  await mkdir(join(workspace, '.task_orchestrator/roles'));
  await writeFile(join(workspace, '.task_orchestrator/roles/architect.yaml'), 'expertise: [unfinished\n  - and: wrong');
  const afterBadRole = await call('execute_subtask', { task_id: two.task_id });

  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'));
  database.exec('alter table notes rename to notes_elsewhere');
  const internal = await call('add_note', { text: 'Where to?' });
  database.exec('alter table notes_elsewhere rename to notes');
  database.close();
  await call('add_note', { text: 'Here' });
  return { refused, afterBadRole, internal };
}

const parsed = (line: string): Body => JSON.parse(line);

describe('stdout', () => {
  test('holds JSON-RPC messages, one a line, and not a byte beside them', () => {
    const lines = life.stdout.split('\n');

    expect(lines.pop()).toBe('');
    expect(lines.length).toBeGreaterThan(20);
    for (const line of lines) {
      expect(parsed(line)).toMatchObject({ jsonrpc: '2.0' });
      expect(JSON.stringify(parsed(line))).toBe(line);
    }
  });

  test('answers each request once', () => {
    const ids = life.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => parsed(line).id);
    const answered = ids.filter((id) => id !== undefined);

    expect(answered).toEqual([...new Set(answered)]);
    expect(life.exit).toEqual({ code: 0, signal: null });
  });
});

describe('stderr', () => {
  test('holds one JSON object a line, each with its time, level and message', () => {
    expect(life.stderr.endsWith('\n')).toBe(true);
    for (const line of life.lines) {
      expect(parsed(line)).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        level: expect.stringMatching(/^(trace|debug|info|warn|error)$/),
        msg: expect.any(String),
      });
    }
  });

  test('names each call by an id that all of its lines share', () => {
    const ofCalls = life.lines.map(parsed).filter(({ msg }) => !/^A message could not be read/.test(msg));
    const endings = ofCalls.filter(({ msg }) => msg === 'answered' || msg === 'refused');

    expect(endings.length).toBeGreaterThan(10);
    expect(new Set(endings.map(({ request }) => request)).size).toBe(endings.length);
    let current: Body[] = [];
    for (const line of ofCalls) {
      current.push(line);
      if (!endings.includes(line)) continue;
      expect(new Set(current.map(({ request, tool }) => `${request} ${tool}`)), JSON.stringify(current)).toHaveLength(
        1,
      );
      current = [];
    }
    expect(current).toEqual([]);
  });

  test('says which file of a role is bad, in the call that met it', () => {
    const [warning] = life.lines
      .map(parsed)
      .filter(({ level }) => level === 'warn')
      .filter(({ msg }) => msg.includes('role'));

    expect(life.bodies.afterBadRole.specialist_context.role).toEqual(expect.any(String));
    expect(warning).toMatchObject({
      file: expect.stringContaining('architect.yaml'),
      tool: 'orchestrator_execute_subtask',
    });
  });

  test('holds an internal error whole under the reference that its caller was given', () => {
    const { internal } = life.bodies;
    const [error, ...others] = life.lines.map(parsed).filter(({ level }) => level === 'error');

    expect(internal).toMatchObject({ code: 'internal', reference: expect.any(String) });
    expect(JSON.stringify(internal)).not.toMatch(/notes|sql|\/|at async/i);
    expect(error).toMatchObject({ reference: internal.reference, err: { message: expect.stringContaining('notes') } });
    expect(error?.err.stack).toContain('at ');
    expect(others).toEqual([]);
  });
});
