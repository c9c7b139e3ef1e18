import { expect } from 'vitest';
import { OrchestratorError } from '../../src/domain/errors.ts';
import { type Directly, directly } from '../directly.ts';
import { aClock, anOrchestrator, type Body, HOUR, type TestOrchestrator } from '../harness.ts';
import { compareAll, compareAudit, compareReads, compareRecords } from './compare.ts';
import { expected } from './expected.ts';
import { TEMPLATE } from './instantiating.ts';
import type { Operation } from './operations.ts';
import { type Call, type Expected, picked } from './scene.ts';
import { emptyWorld, move, piece, type World } from './world.ts';

type Server = { running: TestOrchestrator; session: string | undefined };

/** Two servers on one store, a third connection beside the tools, and the world that all of it should look like. */
type Table = {
  world: World;
  readonly workspace: string;
  readonly clock: ReturnType<typeof aClock>;
  readonly servers: Record<'A' | 'B', Server>;
  readonly guest: string;
  readonly beside: Directly;
  /** What was played so far, as a person would read it. */
  readonly story: string[];
};

/** Plays operations one after the other and compares everything after each; a difference tells the whole story up to it. */
export async function play(operations: readonly Operation[]): Promise<void> {
  await using folder = await anOrchestrator();
  await using table = await laid(folder.workspace);
  try {
    for (const operation of operations) {
      table.world.appeared.clear();
      await perform(table, operation);
      await compareAll(table.world, table.beside);
    }
    await compareReads(table.world, table.servers.A.running);
    await compareRecords(table.world, table.beside);
    await compareAudit(table.servers.A.running);
  } catch (error) {
    const story = table.story.map((line, place) => `${place + 1}. ${line}`).join('\n');
    throw new Error(`${story}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function laid(workspace: string): Promise<Table & AsyncDisposable> {
  const clock = aClock();
  const a = await opened(workspace, clock);
  const own = await a.call('initialize_session', { agent_name: 'Ada' });
  await a.call('save_template', { content: TEMPLATE.content });
  const guest = await a.call('initialize_session', { agent_name: 'Guest' });
  const world = emptyWorld(clock.now());
  for (const { session_id } of [own, guest]) world.sessions.set(session_id, 'A');
  const table: Table = {
    world,
    workspace,
    clock,
    servers: {
      A: { running: a, session: own.session_id },
      B: { running: await opened(workspace, clock), session: undefined },
    },
    guest: guest.session_id,
    beside: await directly({ workspace, clock: clock.now }),
    story: [],
  };
  const end = async () => {
    await table.beside[Symbol.asyncDispose]();
    for (const { running } of Object.values(table.servers)) await running[Symbol.asyncDispose]();
  };
  return Object.assign(table, { [Symbol.asyncDispose]: end });
}

const opened = (workspace: string, clock: ReturnType<typeof aClock>) =>
  anOrchestrator({ workspace, clock: clock.now, config: { synchronous: 'normal' } });

async function perform(table: Table, operation: Operation): Promise<void> {
  switch (operation.kind) {
    case 'wait':
      table.story.push(`${operation.minutes} minutes pass`);
      table.world.now = table.clock.advance((operation.minutes / 60) * HOUR);
      return;
    case 'restart':
      return restart(table, operation.server);
    default:
      return callTool(table, operation);
  }
}

async function callTool(table: Table, call: Call): Promise<void> {
  const server = table.servers[call.by.through];
  const named = sessionNamed(table, call);
  const draft = structuredClone(table.world);
  const due = expected({ world: draft, session: named ?? server.session }, call);
  if (due === undefined) return;
  const args = { ...due.args, ...(named !== undefined && { session_id: named }) };
  table.story.push(`through ${call.by.through}: ${due.tool} ${JSON.stringify(args)}`);
  const result = await attempt(server.running, due.tool, args);
  table.story.push(`   → ${JSON.stringify(result).slice(0, 300)}`);
  server.session = (await server.running.orchestrator.read(async ({ actor }) => actor.sessionId)) || undefined;
  const session = named ?? server.session ?? 'no session';
  if (!isFollowed(due, result, session)) return;
  if (!READING.has(call.kind)) draft.sessions.set(session, call.by.through);
  table.world = draft;
}

/** Calls that show nothing of who makes them. */
const READING = new Set<Call['kind']>(['query', 'analyze', 'status']);

/** The session that the call names: none where it is left to the server. */
function sessionNamed({ world, guest }: Table, call: Call): string | undefined {
  if (call.by.as === 'guest') return guest;
  const task = 'task' in call && call.task !== undefined ? picked(world, call.task) : undefined;
  return call.by.as === 'holder' && task !== undefined ? world.holds.get(task.id)?.holder : undefined;
}

/** Whether the call came to what was expected and has changed something, which is followed in the world. */
function isFollowed(due: Expected, { reply = {}, refusal }: Result, session: string): boolean {
  expect(refusal?.code ?? 'done').toBe(due.refusal ?? 'done');
  if (due.refusal !== undefined) return due.leavesChanges;
  due.follow(reply, session);
  due.check?.(reply);
  return true;
}

type Result = Readonly<{ reply?: Body; refusal?: OrchestratorError }>;

async function attempt(
  server: TestOrchestrator,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<Result> {
  try {
    return { reply: await server.call(tool, args) };
  } catch (error) {
    if (error instanceof OrchestratorError) return { refusal: error };
    throw error;
  }
}

/** A server that ends in order ends its sessions, and what these hold is free again. */
async function restart({ world, servers, story, workspace, clock }: Table, name: 'A' | 'B'): Promise<void> {
  story.push(`server ${name} ends and another one starts`);
  await servers[name].running[Symbol.asyncDispose]();
  servers[name] = { running: await opened(workspace, clock), session: undefined };
  for (const [session, process] of world.sessions) {
    if (process !== name) continue;
    world.sessions.set(session, undefined);
    for (const hold of [...world.holds.values()].filter(({ holder }) => holder === session)) {
      world.holds.delete(hold.task);
      if (piece(world, hold.task).stage === 'active') move(world, hold.task, 'ready');
    }
  }
}
