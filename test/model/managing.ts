import { expect } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';
import type { Body } from '../harness.ts';
import { hasCircle } from './circle.ts';
import { ANYWHERE, STAGES } from './operations.ts';
import {
  type Expected,
  hand,
  isAnothers,
  type Of,
  obstacles,
  PRIORITY,
  picked,
  type Request,
  refused,
  type Scene,
  shown,
  toChange,
} from './scene.ts';
import {
  addPiece,
  ancestors,
  children,
  type Edge,
  endOf,
  followChildren,
  hasEnded,
  isLeaf,
  isOpen,
  known,
  move,
  type Piece,
  piece,
  refresh,
  settle,
  transplant,
  type World,
} from './world.ts';

/** Why nothing can be put below a task. */
function unfitParent(scene: Scene, above: Piece | undefined): ErrorCode | undefined {
  if (above === undefined) return undefined;
  if (isAnothers(scene, above, {})) return 'conflict';
  return hasEnded(above) || above.type === 'approval' ? 'refused' : undefined;
}

export function creating(scene: Scene, { parent, isApproval, stage, on, type }: Of<'create'>): Expected {
  const { world } = scene;
  const above = parent === undefined ? undefined : picked(world, parent);
  const prerequisites = [...new Set(on.flatMap((pick) => picked(world, pick)?.id ?? []))];
  const request: Request = {
    tool: 'create_generic_task',
    args: {
      task_type: isApproval ? 'approval' : 'custom',
      attributes: { title: 'One more' },
      stage,
      ...(above !== undefined && { parent_task_id: above.id }),
      dependencies: prerequisites.map((id) => ({ dependency_task_id: id, dependency_type: type })),
    },
  };
  const unfit = unfitParent(scene, above);
  if (unfit !== undefined) return refused(request, unfit);
  const add = (to: World, id: string) => {
    addPiece(to, { id, parent: above?.id, type: isApproval ? 'approval' : 'custom', priority: 1, stage });
    for (const prerequisite of prerequisites) to.edges.push({ task: id, prerequisite, type, verdict: undefined });
  };
  const tried = structuredClone(world);
  add(tried, 'new');
  if (hasCircle(tried)) return refused(request, 'refused');
  const follow = (reply: Body) => {
    expect(reply.lifecycle_stage).toBe(stage);
    add(world, reply.task_id);
    if (above !== undefined) world.holds.delete(above.id);
    refresh(world);
    if (above !== undefined) followChildren(world, above.id, stage);
  };
  return { ...request, follow };
}

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

/** The stage that is meant by a number: mostly one that the table allows. */
function stageMeant({ stage }: Piece, choice: number): Stage {
  const allowed = STAGES.filter(
    (to) => TABLE[stage].split(', ').includes(to) || (stage === 'completed' && to === 'active'),
  );
  const stages = choice >= ANYWHERE || allowed.length === 0 ? STAGES : allowed;
  return stages[choice % stages.length] ?? 'ready';
}

function isInTable(world: World, one: Piece, to: Stage): boolean {
  const isReopened = one.stage === 'completed' && isOpen({ ...one, stage: to });
  if (isReopened && !isLeaf(world, one)) return to === 'active';
  return TABLE[one.stage].split(', ').includes(to);
}

export function moving(
  scene: Scene,
  { task, to: choice, checks, takeOver, shows }: Of<'lifecycle'>,
): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const to = stageMeant(one, choice);
  const claim = shown(world, one.id, shows);
  const args = { task_id: one.id, lifecycle_stage: to, validation_checks: checks, take_over: takeOver, ...claim };
  const request: Request = { tool: 'manage_lifecycle', args };
  const takes = to === 'active' && isLeaf(world, one) && one.type !== 'approval';
  if (to === 'active') settle(world, one.id);
  else if (!takeOver && toChange(scene, one, claim)) return refused(request, 'conflict');
  if (takeOver && to !== 'active' && isGone(scene, one, claim)) return refused(request, 'conflict');
  if (!mayMove(world, one, to) || isHeldBack(world, one, { to, checks })) return refused(request, 'refused');
  if (takes && isGone(scene, one, claim)) return refused(request, 'conflict');
  const from = one.stage;
  const follow = (reply: Body, session: string) => {
    if (takes) hand(world, one, { reply, session, leaseSeconds: undefined });
    else move(world, one.id, to);
  };
  const check = (reply: Body) => expect(reply).toMatchObject({ previous_stage: from, current_stage: one.stage });
  return { ...request, follow, check };
}

/** Whether a claim is shown on a task that nobody holds. */
function isGone({ world }: Scene, one: Piece, claim: { claim_id?: string }): boolean {
  settle(world, one.id);
  return claim.claim_id !== undefined && !world.holds.has(one.id);
}

function mayMove(world: World, one: Piece, to: Stage): boolean {
  if (one.type === 'approval' && (to === 'completed' || to === 'failed')) return false;
  if (!isInTable(world, one, to)) return false;
  const below = children(world, one.id);
  if (to === 'review' && below.length > 0 && !below.some((child) => endOf(child) === 'completed')) return false;
  const isOver = to === 'review' || hasEnded({ ...one, stage: to });
  if (isOver) return !below.some(isOpen);
  return !hasEnded(one) || isUnderOpen(world, one);
}

export const isUnderOpen = (world: World, { parent }: Piece) => parent === undefined || isOpen(piece(world, parent));

function isHeldBack(world: World, one: Piece, { to, checks }: { to: Stage; checks: boolean }): boolean {
  if (to !== 'active' && to !== 'completed') return false;
  const { count, isGated } = obstacles(world, one);
  return count > 0 && (isGated || (checks && one.stage !== 'active'));
}

const isSameEdge = (a: Edge, b: Edge) => a.task === b.task && a.prerequisite === b.prerequisite && a.type === b.type;

export function linking(scene: Scene, { task, on, type, replaces }: Of<'link'>): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const prerequisites = [...new Set(on.flatMap((pick) => picked(world, pick)?.id ?? []))];
  const request: Request = {
    tool: 'manage_dependencies',
    args: {
      task_id: one.id,
      operation: replaces ? 'replace' : 'add',
      dependencies: prerequisites.map((id) => ({ dependency_task_id: id, dependency_type: type })),
    },
  };
  if (toChange(scene, one, {})) return refused(request, 'conflict');
  if (hasEnded(one)) return refused(request, 'refused');
  if (prerequisites.includes(one.id)) return refused(request, 'invalid');
  const asked = prerequisites.map((prerequisite): Edge => ({ task: one.id, prerequisite, type, verdict: undefined }));
  const kept = world.edges.filter(
    (edge) => edge.task !== one.id || !replaces || asked.some((other) => isSameEdge(other, edge)),
  );
  const fresh = asked.filter((edge) => !kept.some((other) => isSameEdge(other, edge)));
  if (hasCircle({ ...world, edges: [...kept, ...fresh] })) return refused(request, 'refused');
  const follow = () => {
    world.edges = [...kept, ...fresh];
    refresh(world);
  };
  return { ...request, follow };
}

const VERDICTS = { approve: 'approved', reject: 'rejected', waive: 'waived' } as const;

/** A word about an edge; approving and rejecting are for approvals, by the edge or by the task that it leads to. */
export function ruling(scene: Scene, { edge: place, word }: Of<'word'>): Expected | undefined {
  const { world } = scene;
  const present = world.edges.filter((one) => world.pieces.has(one.task));
  const edge = present[place % present.length];
  if (edge === undefined) return undefined;
  const request: Request = {
    tool: 'manage_dependencies',
    args: {
      task_id: edge.task,
      operation: word,
      dependencies: [{ dependency_task_id: edge.prerequisite, dependency_type: edge.type }],
      ...(word === 'waive' && { comment: 'It can wait' }),
    },
  };
  const one = piece(world, edge.task);
  if (toChange(scene, one, {})) return refused(request, 'conflict');
  if (word !== 'remove' && hasEnded(one)) return refused(request, 'refused');
  const gate = known(world, edge.prerequisite);
  const isDecision = word === 'approve' || word === 'reject';
  const refusal = isDecision ? undecidable(world, edge, gate) : undefined;
  if (refusal !== undefined) return refused(request, refusal);
  const follow = () => {
    if (isDecision && gate.type === 'approval') return endApproval(world, gate, ENDS_AS[word]);
    if (word === 'remove') world.edges = world.edges.filter((other) => other !== edge);
    else edge.verdict = VERDICTS[word];
    refresh(world);
  };
  return { ...request, follow };
}

const ENDS_AS = { approve: 'completed', reject: 'failed' } as const;

/** Why nobody can approve or reject what an edge leads to. */
function undecidable(world: World, edge: Edge, gate: Piece): ErrorCode | undefined {
  if (world.trash.has(gate.id)) return 'not_found';
  const isDecidable = gate.type === 'approval' ? isOpen(gate) : edge.type === 'approval';
  return isDecidable ? undefined : 'refused';
}

function endApproval(world: World, gate: Piece, to: Stage): void {
  if (gate.stage !== 'active') move(world, gate.id, 'active');
  move(world, gate.id, to);
}

export function updating(
  scene: Scene,
  { task, parent, priority, takeOver, shows }: Of<'update'>,
): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const claim = shown(world, one.id, shows);
  const above = typeof parent === 'object' ? picked(world, parent) : undefined;
  if (above === one) return undefined;
  const isMoved = parent !== undefined && above?.id !== one.parent;
  const where = parent === undefined ? {} : { parent_task_id: above?.id ?? null };
  const urgency = priority === undefined ? {} : { priority: PRIORITY[priority] };
  const args = { task_id: one.id, take_over: takeOver, ...where, ...urgency, ...claim };
  const request: Request = { tool: 'update_task', args };
  const isTaken = takeOver && isAnothers(scene, one, claim) && world.holds.has(one.id);
  if (!isTaken && toChange(scene, one, claim)) return refused(request, 'conflict');
  const refusal = isMoved && notMovable(scene, one, above);
  if (refusal) return refused(request, refusal);
  const follow = (reply: Body, session: string) => {
    if (isTaken) takeFrom(world, one, { id: reply.claim.claim_id, session });
    prioritize(one, priority);
    if (isMoved) transplant(world, one.id, above?.id);
  };
  return { ...request, follow };
}

/** Why a task cannot be put below another. */
function notMovable(scene: Scene, one: Piece, above: Piece | undefined): ErrorCode | undefined {
  return unfitParent(scene, above) ?? (closesCircle(scene.world, one, above) ? 'refused' : undefined);
}

function prioritize(one: Piece, priority: number | undefined): void {
  if (priority === undefined || one.priority === priority) return;
  one.priority = priority;
  one.version += 1;
}

/** A task changes hands, for as long as it was held before. */
function takeFrom(world: World, one: Piece, { id, session }: { id: string; session: string }): void {
  const hold = world.holds.get(one.id);
  if (hold === undefined) return;
  world.holds.set(one.id, { ...hold, id, holder: session, until: world.now + hold.leaseMs, takenAt: world.now });
}

function closesCircle(world: World, one: Piece, above: Piece | undefined): boolean {
  if (above === undefined) return false;
  if (ancestors(world, above).some(({ id }) => id === one.id)) return true;
  const tried = structuredClone(world);
  piece(tried, one.id).parent = above.id;
  return hasCircle(tried);
}
