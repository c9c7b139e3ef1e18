import { expect } from 'vitest';
import type { Body } from '../harness.ts';
import { compareStatus, STATUS } from './compare.ts';
import { TEMPLATE } from './instantiating.ts';
import type { Pick, Question } from './operations.ts';
import { type Expected, iso, type Of, PRIORITY, picked, type Request, refused, type Scene } from './scene.ts';
import {
  children,
  edgeStatus,
  edgesOf,
  isActionable,
  isLeaf,
  isOpen,
  type Piece,
  settleAll,
  unmetOf,
  type World,
} from './world.ts';

const nothing = () => undefined;

/** The world as those see it who only read: what ran out is over, though nobody has written that. */
function asRead(world: World): World {
  const seen = structuredClone(world);
  settleAll(seen);
  return seen;
}

const parentId = (world: World, parent: Pick | 'top') =>
  parent === 'top' ? null : (picked(world, parent)?.id ?? null);
const sessionMeant = (world: World, place: number) => {
  const sessions = [...world.sessions.keys()].filter((id) => id.startsWith('session_'));
  return sessions[place % sessions.length];
};
const since = (world: World, minutes: number) => world.now - minutes * 60_000;

/** A question as filters. */
export function wordsFor(world: World, question: Question): Readonly<Record<string, unknown>> {
  const { parent, on, heldBy, minutes, priority } = question;
  const words = {
    status: question.status,
    lifecycle_stage: question.stage,
    task_type: question.type,
    specialist_type: question.specialist,
    priority: priority === undefined ? undefined : PRIORITY[priority],
    parent_task_id: parent && parentId(world, parent),
    depends_on: on && picked(world, on)?.id,
    actionable: question.isActionable,
    has_artifacts: question.hasArtifacts,
    template_id: question.isOfTemplate && TEMPLATE.id,
    claimed_by: heldBy === undefined ? undefined : sessionMeant(world, heldBy),
    created_after: minutes && iso(since(world, minutes)),
  };
  return Object.fromEntries(Object.entries(words).filter(([, word]) => word !== undefined));
}

/** Whether a question can have no answer at all, which is a slip. */
export const excludesItself = ({ status, stage }: Question) =>
  status !== undefined && stage !== undefined && !stage.some((one) => status.some((other) => STATUS[one] === other));

type Test = (one: Piece, world: World) => boolean;

/** Every condition of a question as a test of one task. */
function testsOf(asked: World, question: Question): readonly Test[] {
  const { status, stage, type, specialist, priority, parent, on, heldBy, minutes } = question;
  const awaited = on && picked(asked, on);
  const above = parent && parentId(asked, parent);
  const holder = heldBy === undefined ? undefined : sessionMeant(asked, heldBy);
  const isShown: Test = (one) => status !== undefined || stage !== undefined || STATUS[one.stage] !== 'archived';
  return [
    isShown,
    (one) => status?.some((wanted) => wanted === STATUS[one.stage]) ?? true,
    (one) => stage?.includes(one.stage) ?? true,
    (one) => type === undefined || one.type === type,
    (one) => specialist === undefined || one.specialist === specialist,
    (one) => priority === undefined || one.priority === priority,
    (one) => above === undefined || (one.parent ?? null) === above,
    (one, world) =>
      awaited === undefined || edgesOf(world, one.id).some(({ prerequisite }) => prerequisite === awaited.id),
    (one, world) => question.isActionable === undefined || isActionable(world, one) === question.isActionable,
    (one) => question.hasArtifacts === undefined || one.artifacts > one.givenUp === question.hasArtifacts,
    (one) => question.isOfTemplate === undefined || one.template === TEMPLATE.id,
    (one, world) => holder === undefined || world.holds.get(one.id)?.holder === holder,
    (one) => minutes === undefined || one.createdAt >= since(asked, minutes),
  ];
}

/** The tasks that a question means, in the order in which they were made, found by looking at each. */
export function matching(world: World, question: Question): readonly Piece[] {
  const seen = asRead(world);
  const tests = testsOf(world, question);
  return [...seen.pieces.values()].filter((one) => tests.every((test) => test(one, seen)));
}

export function querying({ world }: Scene, { question }: Of<'query'>): Expected {
  const args = {
    filters: wordsFor(world, question),
    fields: ['lifecycle_stage', 'children', 'dependencies'],
    limit: 1000,
    budget_tokens: 18_000,
  };
  const request: Request = { tool: 'query_tasks', args };
  if (excludesItself(question)) return refused(request, 'invalid');
  const newestFirst = (a: Piece, b: Piece) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1);
  const found = matching(world, question).toSorted(newestFirst);
  const check = (reply: Body) => {
    expect(reply.total_results).toBe(found.length);
    expect(reply.truncated !== undefined || reply.tasks.length === found.length).toBe(true);
    const shown = found.slice(0, reply.tasks.length);
    expect(reply.tasks.map(sortedView)).toEqual(shown.map((one) => sortedView(viewOf(world, one))));
  };
  return { ...request, follow: nothing, check };
}

const viewOf = (world: World, one: Piece): Body => ({
  task_id: one.id,
  lifecycle_stage: one.stage,
  children: children(world, one.id).map(({ id }) => id),
  dependencies: [...new Set(edgesOf(world, one.id).map(({ prerequisite }) => prerequisite))],
});

/** Neighbours of a task that are named. */
const NAMED = 20;

const sortedView = ({ task_id, lifecycle_stage, ...neighbours }: Body): Body => ({
  task_id,
  lifecycle_stage,
  children: neighbours.children.slice(0, NAMED).toSorted(),
  dependencies: neighbours.dependencies.slice(0, NAMED).toSorted(),
});

export const lookingAround = ({ world }: Scene): Expected => ({
  tool: 'get_status',
  args: { budget_tokens: 18_000 },
  follow: nothing,
  check: (reply) => compareStatus(asRead(world), reply),
});

export function analyzing({ world }: Scene, { within }: Of<'analyze'>): Expected {
  const top = within === undefined ? undefined : picked(world, within);
  const open = new Map(inScope(world, top).map((one) => [one.id, one]));
  const leaves = [...open.values()].filter((one) => isLeaf(world, one));
  const waves = Map.groupBy(leaves, (one) => wave(world, open, one));
  const stuck = [...open.values()].filter((one) => isStuck(world, open, one));
  const check = (reply: Body) => {
    expect(reply).toMatchObject({ open_tasks: open.size, open_leaves: leaves.length });
    expect(reply.critical_path.length).toBe(Math.max(0, ...waves.keys()));
    if (reply.truncated !== undefined) return;
    const due = [...waves].toSorted(([a], [b]) => a - b);
    expect(reply.waves.map(({ wave: number, leaves: count }: Body) => [number, count])).toEqual(
      due.map(([number, { length }]) => [number, length]),
    );
    for (const [place, [, some]] of due.entries()) {
      const named: readonly string[] = reply.waves[place].task_ids;
      expect(some.map(({ id }) => id)).toEqual(expect.arrayContaining([...named]));
    }
    expect(reply.stuck.map(({ task_id }: Body) => task_id).toSorted()).toEqual(stuck.map(({ id }) => id).toSorted());
  };
  const args = { budget_tokens: 18_000, ...(top !== undefined && { task_id: top.id }) };
  return { tool: 'analyze_dependencies', args, follow: nothing, check };
}

function inScope(world: World, top: Piece | undefined): readonly Piece[] {
  const below = (one: Piece): readonly Piece[] => [one, ...children(world, one.id).flatMap(below)];
  const all = top === undefined ? [...world.pieces.values()] : below(top);
  return all.filter(isOpen);
}

type Open = ReadonlyMap<string, Piece>;

/** The first wave is 1: a task comes one later than the last of what it, or anything above it, waits for. */
const wave = (world: World, open: Open, one: Piece) => before(world, open, one) + 1;

/** How many waves pass before a task can begin. */
function before(world: World, open: Open, one: Piece): number {
  const awaited = edgesOf(world, one.id)
    .filter((edge) => edgeStatus(world, edge) === 'pending')
    .flatMap(({ prerequisite }) => open.get(prerequisite) ?? []);
  const above = one.parent === undefined ? undefined : open.get(one.parent);
  const own = awaited.map((other) => until(world, open, other));
  return Math.max(0, ...own, above === undefined ? 0 : before(world, open, above));
}

/** How many waves pass until a task has ended with all that lies below it. */
function until(world: World, open: Open, one: Piece): number {
  if (isLeaf(world, one)) return wave(world, open, one);
  const below = children(world, one.id).flatMap(({ id }) => open.get(id) ?? []);
  return Math.max(before(world, open, one), ...below.map((child) => until(world, open, child)));
}

const isStuck = (world: World, open: Open, one: Piece) =>
  one.stage === 'blocked' ||
  unmetOf(world, one.id).some((edge) => edgeStatus(world, edge) === 'failed' || !open.has(edge.prerequisite));
