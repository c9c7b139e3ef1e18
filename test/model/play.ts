import { expect } from 'vitest';
import { move as moveInStore } from '../../src/application/consequences.ts';
import { countEdgeChanges } from '../../src/application/edges.ts';
import type { Dependency } from '../../src/domain/dependencies.ts';
import { OrchestratorError } from '../../src/domain/errors.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';
import { type Directly, directly } from '../directly.ts';
import { aClock, anOrchestrator, type Body, HOUR, type TestOrchestrator } from '../harness.ts';
import { compareAll, compareReads } from './compare.ts';
import { type Call, type Expected, expected, picked } from './expected.ts';
import type { Operation } from './operations.ts';
import {
  children,
  type Edge,
  edgeStatus,
  emptyWorld,
  hasCircle,
  hasEnded,
  isLeaf,
  isOpen,
  move,
  type Piece,
  piece,
  refresh,
  type World,
} from './world.ts';

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
  } catch (error) {
    const story = table.story.map((line, place) => `${place + 1}. ${line}`).join('\n');
    throw new Error(`${story}\n${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function laid(workspace: string): Promise<Table & AsyncDisposable> {
  const clock = aClock();
  const a = await opened(workspace, clock);
  const own = await a.call('initialize_session', { agent_name: 'Ada' });
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
    case 'move':
    case 'depend':
    case 'judge':
    case 'part':
      return interfere(table, operation);
    default:
      return callTool(table, operation);
  }
}

async function callTool(table: Table, call: Call): Promise<void> {
  const { through, asGuest } = call.by;
  const server = table.servers[through];
  const draft = structuredClone(table.world);
  const due = expected({ world: draft, session: asGuest ? table.guest : server.session }, call);
  if (due === undefined) return;
  const args = { ...due.args, ...(asGuest && { session_id: table.guest }) };
  table.story.push(`${asGuest ? 'the guest' : 'the owner'} through ${through}: ${due.tool} ${JSON.stringify(args)}`);
  const result = await attempt(server.running, due.tool, args);
  table.story.push(`   → ${JSON.stringify(result).slice(0, 300)}`);
  server.session = (await server.running.orchestrator.read(async ({ actor }) => actor.sessionId)) || undefined;
  const session = asGuest ? table.guest : (server.session ?? 'no session');
  if (!isFollowed(due, result, session)) return;
  draft.sessions.set(session, through);
  table.world = draft;
}

/** Whether the call came to what was expected and has changed something, which is followed in the world. */
function isFollowed(due: Expected, { reply = {}, refusal }: Result, session: string): boolean {
  expect(refusal?.code ?? 'done').toBe(due.refusal ?? 'done');
  if (due.refusal !== undefined) return due.leavesChanges;
  due.follow(reply, session);
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

type Interference = Extract<Operation, { kind: 'move' | 'depend' | 'judge' | 'part' }>;

/** Changes that no call of these tools makes, within what the contract allows; others are left out. */
async function interfere(table: Table, operation: Interference): Promise<void> {
  switch (operation.kind) {
    case 'move':
      return moveOne(table, operation);
    case 'depend':
      return depend(table, operation);
    case 'judge':
    case 'part':
      return changeOne(table, operation);
  }
}

type Only<Kind extends Interference['kind']> = Extract<Interference, { kind: Kind }>;

async function moveOne({ world, beside, story }: Table, { task, to }: Only<'move'>): Promise<void> {
  const one = picked(world, task);
  if (one === undefined || !mayMove(world, one.id, to)) return;
  story.push(`${one.id} is moved from ${one.stage} to ${to}`);
  await beside.write(async (context) => {
    const stored = await context.tasks.find(one.id);
    if (stored !== undefined) await moveInStore(context, stored, { to });
  });
  move(world, one.id, to);
}

async function depend(table: Table, { task, on, type }: Only<'depend'>): Promise<void> {
  const { world, story } = table;
  const [dependent, prerequisite] = [picked(world, task), picked(world, on)];
  if (dependent === undefined || prerequisite === undefined || hasEnded(dependent)) return;
  const edge: Edge = { task: dependent.id, prerequisite: prerequisite.id, type, verdict: undefined };
  const isThere = world.edges.some((other) => isSameEdge(other, edge));
  if (isThere || hasCircle({ ...world, edges: [...world.edges, edge] })) return;
  story.push(`${dependent.id} is made to wait for ${prerequisite.id} (${type})`);
  await changeEdge(table, undefined, edge);
}

async function changeOne(table: Table, operation: Only<'judge' | 'part'>): Promise<void> {
  const { world, story } = table;
  const edge = world.edges[operation.edge % world.edges.length];
  if (edge === undefined) return;
  if (operation.kind === 'part') {
    story.push(`${edge.task} no longer waits for ${edge.prerequisite}`);
    return changeEdge(table, edge, undefined);
  }
  if (edge.verdict === operation.verdict) return;
  story.push(`that ${edge.task} waits for ${edge.prerequisite} is ${operation.verdict ?? 'no longer decided'}`);
  return changeEdge(table, edge, { ...edge, verdict: operation.verdict });
}

const isSameEdge = (a: Edge, b: Edge) => a.task === b.task && a.prerequisite === b.prerequisite && a.type === b.type;

/** The contract's table, once more. */
const TABLE: Readonly<Record<Stage, string>> = {
  draft: 'ready, active, cancelled, superseded, archived',
  ready: 'draft, active, blocked, cancelled, superseded, archived',
  active: 'ready, blocked, review, completed, failed, cancelled, superseded, archived',
  blocked: 'ready, active, failed, cancelled, superseded, archived',
  review: 'ready, active, completed, failed, cancelled, archived',
  completed: 'ready, archived, superseded',
  failed: 'ready, archived, superseded',
  cancelled: 'ready, archived, superseded',
  archived: '',
  superseded: '',
};

/** Entering `active` claims, which is `execute_subtask`'s; parents are put up for review by their subtasks. */
function mayMove(world: World, id: string, to: Stage): boolean {
  const one = piece(world, id);
  if (!isInTable(world, one, to)) return false;
  if (hasEnded({ ...one, stage: to })) return !children(world, id).some(isOpen);
  const parent = one.parent === undefined ? undefined : piece(world, one.parent);
  return parent === undefined || isOpen(parent);
}

function isInTable(world: World, one: Piece, to: Stage): boolean {
  const isReopened = one.stage === 'completed' && !hasEnded({ ...one, stage: to });
  if (!isLeaf(world, one)) return isReopened ? to === 'active' : to !== 'review' && allows(one.stage, to);
  return allows(one.stage, to) && (to !== 'active' || one.type === 'approval');
}

const allows = (from: Stage, to: Stage) => TABLE[from].split(', ').includes(to);

async function changeEdge({ world, beside }: Table, before: Edge | undefined, after: Edge | undefined): Promise<void> {
  const stored = (edge: Edge | undefined) => (edge === undefined ? undefined : dependency(world, edge));
  const was = stored(before);
  world.edges = world.edges.filter((edge) => edge !== before);
  if (after !== undefined) world.edges.push(after);
  const is = stored(after);
  await beside.write(async (context) => {
    if (was === undefined && is !== undefined) await context.dependencies.insert([is], world.now);
    if (was !== undefined && is !== undefined) await context.dependencies.save([is], world.now);
    if (was !== undefined && is === undefined) await context.dependencies.remove([was]);
    const edge = is ?? was;
    if (edge !== undefined) await countEdgeChanges(context, [{ edge, was: was?.status, is: is?.status }]);
  });
  refresh(world);
}

const dependency = (world: World, edge: Edge): Dependency => ({
  taskId: edge.task,
  prerequisiteId: edge.prerequisite,
  type: edge.type,
  artifactType: undefined,
  description: undefined,
  status: edgeStatus(world, edge),
  verdict: edge.verdict,
});
