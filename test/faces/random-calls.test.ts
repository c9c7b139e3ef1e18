import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Body } from '../harness.ts';
import { Lives } from '../lives.ts';
import { TEMPLATE } from '../model/instantiating.ts';
import { untruths } from '../model/stored.ts';
import { type Call, type Chosen, callOf, MAKING } from '../random-calls.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

/** Multiplies the kills, for a long run. */
const STRESS = Number(process.env.STRESS ?? 1);
const KILLS = 24 * STRESS;
const SERVERS = 3;
const LANES = 2;
/** From so many tasks on, calls that make some are left out: the more there are, the less they meet. */
const CROWD = 150;

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-random-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

const database = () => join(workspace, '.task_orchestrator/task_orchestrator.db');

function inStore(sql: string): readonly Body[] {
  const opened = new Sqlite(database(), { readonly: true });
  try {
    return opened.prepare<[], Body>(sql).all();
  } finally {
    opened.close();
  }
}

async function aServer(): Promise<RawServer> {
  const server = startServer({ workspace });
  await server.rpc.initialize();
  return server;
}

/** Everything that was acknowledged, and the ids that it told of. */
class Known {
  readonly acknowledged: Readonly<{ call: Call; body: Body }>[] = [];
  readonly ids: string[] = [];

  add(call: Call, { isError, body }: Body): void {
    if (isError === true) {
      if (body.code === 'internal') throw new Error(`${call[0]} ${JSON.stringify(call[1])}: ${JSON.stringify(body)}`);
      return;
    }
    this.acknowledged.push({ call, body });
    for (const id of created({ call, body })) this.ids.push(id);
  }

  /** Two of them are neighbours, so that what one call links another may waive. */
  chosen([a = 0, b = 0, c = 0, number = 0]: readonly number[]): Chosen {
    const at = (place: number) => this.ids[place % this.ids.length] ?? 'task_00000000';
    return { one: at(a), other: at(a + 1 + (b % 3)), third: at(c), number, flag: number % 2 === 0 };
  }
}

type Acknowledged = Known['acknowledged'][number];
const idsOf = (tasks: Body[]): readonly string[] => tasks.map(({ task_id }) => task_id);

function created({ call: [tool], body }: Acknowledged): readonly string[] {
  if (tool === 'plan_task') return [body.parent_task_id, ...idsOf(body.subtasks)];
  if (tool === 'create_generic_task') return [body.task_id];
  return tool === 'create_from_template' ? idsOf(body.tasks_created) : [];
}

/** Makes a call under a key that makes it one call, however often its server is killed. */
const performed = (lives: Lives, [name, args]: Call, idempotency_key: string): Promise<Body> =>
  lives.perform(({ rpc }) => rpc.call<Body>(`orchestrator_${name}`, { ...args, idempotency_key }));

/** An agent that calls whatever comes to mind, without a pause. */
async function work(lives: Lives, known: Known, { seed, isOver }: { seed: number; isOver: () => boolean }) {
  const numbers = fc.sample(fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), { seed, numRuns: 5_000 });
  for (let turn = 0; !isOver(); turn++) {
    const [kind = 0, ...rest] = numbers[turn % numbers.length] ?? [];
    const call = callOf(kind, known.chosen(rest), { isCrowded: known.ids.length >= CROWD });
    known.add(call, await performed(lives, call, `agent ${seed}, call ${turn}`));
  }
}

/** What acknowledged calls did to which task, each as often as it was told. */
function told({ call: [tool, args], body }: Acknowledged): readonly string[] {
  const each = (type: string, ids: readonly string[]) => ids.map((id) => `${type} ${id}`);
  const changed = (field: string) => (body.changed_fields?.includes(field) ? [args.task_id] : []);
  switch (tool) {
    case 'add_note':
      return each('note.added', [args.task_id]);
    case 'update_task':
      return [...each('task.updated', changed('priority')), ...each('task.moved', changed('parent_task_id'))];
    case 'delete_task':
      return each('task.deleted', body.deleted_tasks);
    case 'restore_task':
      return body.previous_stage === 'deleted' ? each('task.restored', body.restored_tasks) : [];
    case 'bulk_tasks':
      return toldOfMany(args.operation, body);
    default:
      return each('task.created', created({ call: [tool, args], body }));
  }
}

const BULK_EVENTS = new Map([
  ['update', 'task.updated'],
  ['delete', 'task.deleted'],
  ['move', 'task.moved'],
]);

function toldOfMany(operation: string, { tasks, consequences, truncated }: Body): readonly string[] {
  expect(truncated).toBeUndefined();
  const type = BULK_EVENTS.get(operation);
  const others = consequences.filter((one: Body) => one.type === type);
  return type === undefined ? [] : idsOf([...tasks, ...others]).map((id) => `${type} ${id}`);
}

const EVENTS = `
  select type || ' ' || task_id as told from events
  where type in ('task.created', 'task.updated', 'task.deleted', 'note.added')
    or (type = 'task.moved' and details ->> 'why' is null)
    or (type = 'task.restored' and details ->> 'from' = 'trash')`;

/** What was told and did not happen, or happened more often than it was told. */
function differences(acknowledged: readonly Acknowledged[]) {
  const happened = counts(inStore(EVENTS).map((row) => String(row.told)));
  const due = counts(acknowledged.flatMap(told));
  const keys = [...new Set([...happened.keys(), ...due.keys()])];
  const count = (of: ReadonlyMap<string, number>, key: string) => of.get(key) ?? 0;
  return {
    lost: keys.filter((key) => count(happened, key) < count(due, key)),
    repeated: keys.filter((key) => count(happened, key) > count(due, key)),
  };
}

const counts = (entries: readonly string[]): ReadonlyMap<string, number> =>
  new Map([...Map.groupBy(entries, (entry) => entry)].map(([entry, { length }]) => [entry, length]));

const SOUND = [{ integrity_check: 'ok' }];
const isSound = () => [...inStore('pragma integrity_check'), ...inStore('pragma foreign_key_check')];

test('three servers that are called at random and killed on the way lose nothing, repeat nothing, and count right', {
  timeout: 120_000 * STRESS,
}, async () => {
  const known = new Known();
  await using crew = new AsyncDisposableStack();
  const servers = Array.from({ length: SERVERS }, () => crew.use(new Lives(aServer)));
  const [first] = servers;
  if (first === undefined) throw new Error('there are servers');
  await performed(first, ['save_template', { content: TEMPLATE.content }], 'the template');
  const plan: Call = MAKING.plan();
  known.add(plan, await performed(first, plan, 'the first plan'));

  let isOver = false;
  const agents = servers.flatMap((lives, server) =>
    Array.from({ length: LANES }, (_, lane) =>
      work(lives, known, { seed: server * LANES + lane, isOver: () => isOver }),
    ),
  );
  for (let kills = 0, round = 0; kills < KILLS; round++) {
    const victims = round % 3 === 2 ? servers : servers.slice(round % SERVERS).slice(0, 1);
    await Promise.all(victims.map((lives) => lives.killAfter(5 + (round % 11))));
    kills += victims.length;
    const acknowledged = [...known.acknowledged];
    expect(differences(acknowledged).lost).toEqual([]);
    expect(isSound()).toEqual(SOUND);
    expect(untruths(database())).toEqual([]);
  }
  isOver = true;
  await Promise.all(agents);
  expect(differences(known.acknowledged)).toEqual({ lost: [], repeated: [] });
  for (const { id } of inStore('select id from tasks where deleted_with = id order by seq')) {
    const call: Call = ['delete_task', { task_id: id, permanent: true }];
    await performed(first, call, `purge ${id}`);
  }
  await Promise.all(servers.map((lives) => lives.end()));

  expect(isSound()).toEqual(SOUND);
  expect(untruths(database())).toEqual([]);
  await using survivor = await aServer();
  const left = (await findings(survivor)).filter(({ finding }) => !LEFT_BY_KILLS.includes(finding));
  expect(left).toEqual([]);
  expect(await findings(survivor)).toEqual([]);
});

/** Files are written before their rows, and follow their rows into the trash and back: a kill in between is made up for here. */
const LEFT_BY_KILLS: readonly unknown[] = ['unrecorded_artifact', 'trashed_artifact'];

async function findings({ rpc }: RawServer): Promise<readonly Body[]> {
  const { isError, body } = await rpc.call<Body>('orchestrator_maintenance_coordinator', {
    action: 'validate_structure',
    scope: 'full_project',
    validation_level: 'full_audit',
  });
  expect(isError).toBe(false);
  return body.findings;
}
