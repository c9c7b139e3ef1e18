import { createHash } from 'node:crypto';
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aSubtask, type Body, completion } from '../harness.ts';
import { startServer } from '../stdio-client.ts';

/** Multiplies the rounds, for a long run. */
const STRESS = Number(process.env.STRESS ?? 1);
const TIMEOUT_MS = 60_000 * STRESS;

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-many-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

type Servers = AsyncDisposable & Readonly<{ all: readonly Agent[] }>;
type Agent = Awaited<ReturnType<typeof anAgent>>;

/** Starts servers on the one store, each with an agent of its own. */
async function servers(count: number): Promise<Servers> {
  const all = await Promise.all(Array.from({ length: count }, anAgent));
  return { all, [Symbol.asyncDispose]: async () => void (await Promise.all(all.map(({ server }) => server.kill()))) };
}

async function anAgent() {
  const server = startServer({ workspace });
  const { rpc } = server;
  await rpc.initialize();
  const call = (name: string, args: Body = {}) => rpc.call<Body>(`orchestrator_${name}`, args);
  /** The reply of a call that must not be refused. */
  const done = async (name: string, args: Body = {}): Promise<Body> => {
    const { isError, body } = await call(name, args);
    expect(isError, `${name}: ${JSON.stringify(body)}`).toBe(false);
    return body;
  };
  const { session_id } = await done('initialize_session');
  return { server, rpc, call, done, sessionId: String(session_id) };
}

/** Looks into the store beside the servers. */
function inStore<T>(look: (all: (sql: string) => Body[]) => T): T {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  try {
    return look((sql) => database.prepare<[], Body>(sql).all());
  } finally {
    database.close();
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('four servers with 25 plans of four subtasks each', () => {
  const PLANS = 25 * STRESS;

  /** One plan from its beginning to its synthesis, by one agent. */
  async function workThrough({ done }: Agent, goal: string): Promise<void> {
    const subtasks_json = JSON.stringify([
      aSubtask('Design'),
      aSubtask('Build', ['Design']),
      aSubtask('Test', ['Build']),
      aSubtask('Explain', ['Build']),
    ]);
    const plan = await done('plan_task', { description: goal, subtasks_json });
    for (const { task_id, title } of plan.subtasks) {
      await done('execute_subtask', { task_id });
      await done('complete_subtask', completion(task_id, { detailed_work: `${title} of ${goal}` }));
    }
    const { synthesis_complete } = await done('synthesize_results', { parent_task_id: plan.parent_task_id });
    expect(synthesis_complete).toBe(true);
  }

  test('bring all of them to their synthesis at once, and nothing of it is lost', { timeout: TIMEOUT_MS }, async () => {
    await using crew = await servers(4);

    await Promise.all(
      crew.all.map(async (agent, server) => {
        for (let plan = 0; plan < PLANS; plan++) await workThrough(agent, `Plan ${plan} of server ${server}`);
      }),
    );

    const [work, stages, events, integrity] = inStore((all) => [
      all(`select task_id, artifacts.id, sha256, tasks.title || ' of ' || plans.description as work
          from artifacts join tasks on tasks.id = task_id left join tasks as plans on plans.id = tasks.parent_id
          where outcome = 'complete'`),
      all('select type, stage, count(*) as count from tasks group by type, stage order by type'),
      all('select count(*) as count, max(seq) as last from events'),
      all('pragma integrity_check'),
    ]);
    expect(integrity).toEqual([{ integrity_check: 'ok' }]);
    expect(stages).toEqual([
      { type: 'plan', stage: 'completed', count: 4 * PLANS },
      { type: 'specialist_task', stage: 'completed', count: 16 * PLANS },
    ]);
    expect(events?.[0]?.count).toBe(events?.[0]?.last);
    expect(work).toHaveLength(16 * PLANS);
    for (const artifact of work ?? []) {
      const file = join(workspace, '.task_orchestrator/artifacts', artifact.task_id, `${artifact.id}.md`);
      expect(artifact.sha256).toBe(sha256(artifact.work));
      expect((await readFile(file, 'utf8')).endsWith(`---\n\n${artifact.work}`)).toBe(true);
    }
  });
});

describe('six servers that take the next task until there is none', () => {
  const TASKS = 300 * STRESS;

  /** Plans of a hundred in layers of ten, each task waiting for two of the layer above. */
  async function plan({ done }: Agent): Promise<void> {
    for (let part = 0; part < TASKS / 100; part++) {
      const subtasks = Array.from({ length: 100 }, (_, number) => {
        const above = [number - 10, number - 10 - (number % 10) + ((number + 1) % 10)].filter((other) => other >= 0);
        return aSubtask(
          `Task ${number}`,
          above.map((other) => `Task ${other}`),
        );
      });
      await done('plan_task', { description: `Part ${part}`, subtasks_json: JSON.stringify(subtasks) });
    }
  }

  /** Takes and completes until nothing is free and nobody holds anything that could free more. */
  async function drain({ done }: Agent): Promise<readonly string[]> {
    const taken: string[] = [];
    for (;;) {
      const next = await done('next_task');
      if (!next.task_available && next.retry_after_ms === undefined) return taken;
      if (!next.task_available) continue;
      taken.push(next.task_id);
      await done('complete_subtask', completion(next.task_id, { claim_id: next.claim.claim_id }));
    }
  }

  test('hand each task out once, in the order of its prerequisites, and leave none', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using crew = await servers(6);
    const [first] = crew.all;
    if (first === undefined) throw new Error('there are servers');
    await plan(first);

    const taken = (await Promise.all(crew.all.map(drain))).flat();

    expect(taken).toHaveLength(TASKS);
    expect(new Set(taken).size).toBe(TASKS);
    const [left, early, claims] = inStore((all) => [
      all("select id from tasks where parent_id is not null and stage <> 'completed'"),
      all(`select edge.task_id from dependencies as edge
        join events as begun on begun.task_id = edge.task_id and begun.type = 'task.claimed'
        join events as ended on ended.task_id = edge.prerequisite_id
          and ended.type = 'task.lifecycle_changed' and ended.details ->> 'to' = 'completed'
        where begun.seq < ended.seq`),
      all('select * from claims'),
    ]);
    expect(left).toEqual([]);
    expect(early).toEqual([]);
    expect(claims).toEqual([]);
  });
});

describe('two agents of two servers', () => {
  test('that reach for one task at once: one gets it, the other is told who has it', {
    timeout: TIMEOUT_MS,
  }, async () => {
    await using crew = await servers(2);
    const titles = Array.from({ length: 30 * STRESS }, (_, number) => `Task ${number}`);
    const subtasks_json = JSON.stringify(titles.map((title) => aSubtask(title)));
    const plan = await crew.all[0]?.done('plan_task', { description: 'A race', subtasks_json });

    for (const { task_id } of plan?.subtasks ?? []) {
      const race = crew.all.map(async ({ call, sessionId }) => ({
        sessionId,
        ...(await call('execute_subtask', { task_id })),
      }));
      const [winner, loser] = (await Promise.all(race)).sort((a, b) => Number(a.isError) - Number(b.isError));

      expect(winner?.body.claim).toMatchObject({ held_by: winner?.sessionId });
      expect(loser).toMatchObject({
        isError: true,
        body: {
          code: 'conflict',
          error: expect.stringContaining(`${task_id} is held by ${winner?.sessionId}`),
          held_by: winner?.sessionId,
          lease_until: winner?.body.claim.lease_until,
        },
      });
    }
    expect(plan?.subtasks).toHaveLength(titles.length);
  });
});

describe('one call that comes through two servers at once, under one key', () => {
  test('is made once, and both are answered alike', { timeout: TIMEOUT_MS }, async () => {
    await using crew = await servers(2);
    const subtasks_json = JSON.stringify([aSubtask('Only')]);
    const both = (name: string, args: Body) => Promise.all(crew.all.map(({ done }) => done(name, args)));

    for (let number = 0; number < 15 * STRESS; number++) {
      const [plan, samePlan] = await both('plan_task', {
        description: `Plan ${number}`,
        subtasks_json,
        idempotency_key: `plan ${number}`,
      });
      const task_id = plan?.subtasks[0].task_id;
      const [work, sameWork] = await both(
        'complete_subtask',
        completion(task_id, { idempotency_key: `work ${number}` }),
      );

      expect(samePlan).toEqual(plan);
      expect(sameWork).toEqual(work);
    }
    expect(inStore((all) => all("select id from tasks where type = 'plan'"))).toHaveLength(15 * STRESS);
    expect(inStore((all) => all('select id from artifacts'))).toHaveLength(15 * STRESS);
  });
});

describe('a subscriber of one server', () => {
  const aChange = (uri: string) => (notice: Body) =>
    notice.method === 'notifications/resources/updated' && notice.params.uri === uri;

  test('hears within a second what is done through another', async () => {
    await using crew = await servers(2);
    const [writer, listener] = crew.all;
    const plan = await writer?.done('plan_task', {
      description: 'Heard of',
      subtasks_json: JSON.stringify([aSubtask('Only')]),
    });
    const uri = `orchestrator://tasks/${plan?.parent_task_id}`;
    await listener?.rpc.request('resources/subscribe', { uri });

    const began = performance.now();
    await writer?.done('complete_subtask', completion(plan?.subtasks[0].task_id));
    await listener?.rpc.notice(aChange(uri));

    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('hears of a change although a thousand others came with it', async () => {
    await using crew = await servers(2);
    const [writer, listener] = crew.all;
    const watched = await writer?.done('plan_task', {
      description: 'Watched',
      subtasks_json: JSON.stringify([aSubtask('Only')]),
    });
    const uri = `orchestrator://tasks/${watched?.parent_task_id}`;
    await listener?.rpc.request('resources/subscribe', { uri });
    const crowd = Array.from({ length: 500 }, (_, number) =>
      aSubtask(`Task ${number}`, number === 0 ? [] : ['Task 0']),
    );

    await Promise.all([
      ...[1, 2].map((part) =>
        writer?.done('plan_task', { description: `Crowd ${part}`, subtasks_json: JSON.stringify(crowd) }),
      ),
      writer?.done('complete_subtask', completion(watched?.subtasks[0].task_id)),
    ]);
    const began = performance.now();
    await listener?.rpc.notice(aChange(uri));

    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
