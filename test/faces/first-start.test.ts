import { mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aSubtask, type Body } from '../harness.ts';
import { startServer } from '../stdio-client.ts';

/** Multiplies the rounds, for a long run. */
const STRESS = Number(process.env.STRESS ?? 1);
const SERVERS = 8;

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-first-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

/** Starts a server whose client plans as soon as it can, and gives what it was answered. */
async function startAndPlan(goal: string): Promise<Body> {
  await using server = startServer({ workspace });
  await server.rpc.initialize();
  const subtasks_json = JSON.stringify([aSubtask('First'), aSubtask('Second', ['First'])]);
  const { isError, body } = await server.rpc.call<Body>('orchestrator_plan_task', { description: goal, subtasks_json });
  expect(isError, JSON.stringify(body)).toBe(false);
  await server.end();
  return body;
}

/** Everything that a store holds beside what was planned: one of each, however many servers made it together. */
function foundations() {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  const all = (sql: string) => database.prepare(sql).pluck().all();
  try {
    return {
      integrity: all('pragma integrity_check'),
      version: all('pragma user_version'),
      identities: all('select count(*) from store'),
      migrations: all('select count(*) from kysely_migration'),
      schema: all("select type || ' ' || name from sqlite_schema order by 1"),
      goals: all("select description from tasks where type = 'plan' order by 1"),
      tasks: all('select count(*) from tasks'),
      sessions: all('select count(*) from sessions where ended_at is not null'),
    };
  } finally {
    database.close();
  }
}

test.each(Array.from({ length: 2 * STRESS }, (_, round) => round + 1))(
  'eight servers that start at once in an empty folder make one store and lose nothing (round %i)',
  async () => {
    const goals = Array.from({ length: SERVERS }, (_, number) => `Goal ${number}`);

    const plans = await Promise.all(goals.map(startAndPlan));

    expect(await readdir(join(workspace, '.task_orchestrator'))).toEqual(['.gitignore', 'task_orchestrator.db']);
    const found = foundations();
    expect(found).toMatchObject({ integrity: ['ok'], identities: [1], migrations: found.version, goals });
    expect(found.tasks).toEqual([3 * SERVERS]);
    expect(found.sessions).toEqual([SERVERS]);
    expect(new Set(found.schema).size).toBe(found.schema.length);
    expect(new Set(plans.map(({ parent_task_id }) => parent_task_id)).size).toBe(SERVERS);
  },
);

test('the plans of servers that started at once are seen by all of them', async () => {
  const servers = Array.from({ length: SERVERS }, () => startServer({ workspace }));
  await using _ending = {
    [Symbol.asyncDispose]: async () => void (await Promise.all(servers.map((one) => one.kill()))),
  };
  const subtasks_json = JSON.stringify([aSubtask('Only')]);

  const planned = await Promise.all(
    servers.map(async ({ rpc }, number) => {
      await rpc.initialize();
      const { body } = await rpc.call<Body>('orchestrator_plan_task', { description: `Goal ${number}`, subtasks_json });
      return String(body.parent_task_id);
    }),
  );
  const seen = await Promise.all(servers.map(({ rpc }) => rpc.call<Body>('orchestrator_get_status')));

  for (const { body } of seen) {
    expect(body.active_tasks.map((plan: Body) => plan.parent_task_id).sort()).toEqual(planned.toSorted());
  }
});

test('a server that was started, asked for its tools and closed leaves no trace in the folder', async () => {
  for (const era of ['request', 'modern'] as const) {
    await using server = startServer({ workspace });
    if (era === 'request') await server.rpc.initialize();

    const { result } = await server.rpc[era]('tools/list');
    const whileOpen = await readdir(workspace);
    const exit = await server.end();

    expect(result?.tools).not.toHaveLength(0);
    expect(whileOpen).toEqual([]);
    expect(exit).toEqual({ code: 0, signal: null });
    expect(await readdir(workspace)).toEqual([]);
  }
});
