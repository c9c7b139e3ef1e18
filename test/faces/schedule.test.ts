import { existsSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Launch, startServer } from '../stdio-client.ts';

const EACH_SECOND = ['--maintenance', '* * * * * *'];
const TIMEOUT_MS = 30_000;

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-schedule-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const database = () => join(workspace, '.task_orchestrator/task_orchestrator.db');

async function aServer(launch: Omit<Launch, 'workspace'> = {}) {
  const server = startServer({ workspace, ...launch });
  await server.rpc.initialize();
  return server;
}

/** The moments that maintenance was made for, so far. */
function madeFor(): readonly string[] {
  const store = new Sqlite(database(), { readonly: true });
  try {
    const runs = "select details ->> 'scheduled_for' as due from events where type = 'maintenance.run' order by seq";
    return store
      .prepare<[], { due: string }>(runs)
      .all()
      .map(({ due }) => due);
  } finally {
    store.close();
  }
}

test(
  'two servers of a store make together one maintenance for each time, without having been called',
  async () => {
    await using maker = await aServer();
    await maker.rpc.call('orchestrator_initialize_session', {});
    await using one = await aServer({ args: EACH_SECOND });
    await using other = await aServer({ args: EACH_SECOND });

    await vi.waitFor(() => expect(madeFor().length).toBeGreaterThanOrEqual(4), { timeout: TIMEOUT_MS, interval: 100 });
    const exits = await Promise.all([one.end(), other.end()]);

    const made = madeFor();
    expect(new Set(made).size).toBe(made.length);
    expect(exits).toEqual([
      { code: 0, signal: null },
      { code: 0, signal: null },
    ]);
  },
  TIMEOUT_MS,
);

test(
  'a schedule makes no store where there is none',
  async () => {
    await using server = await aServer({ args: [...EACH_SECOND, '--log-level', 'debug'] });
    const at = Date.now();

    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(at + 2_100), { timeout: TIMEOUT_MS });

    expect(existsSync(database())).toBe(false);
    expect(server.stderr).not.toContain('failed');
  },
  TIMEOUT_MS,
);
