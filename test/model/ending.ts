import { expect } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Body } from '../harness.ts';
import { hasCircle } from './circle.ts';
import { isUnderOpen } from './managing.ts';
import {
  type Expected,
  isAnothers,
  isMine,
  type Of,
  picked,
  type Request,
  refused,
  type Scene,
  shown,
} from './scene.ts';
import { bringBack, deletedWith, discard, purge } from './trash.ts';
import {
  descendants,
  edgeStatus,
  hasEnded,
  isOpen,
  move,
  type Piece,
  piece,
  restore,
  restoredStage,
  unmetOf,
  type World,
} from './world.ts';

type Claimed = Readonly<{ claim: { claim_id?: string }; mayTake: boolean }>;

/** Why what others hold keeps tasks from ending; a claim that is shown is a live one on any of them. */
function heldAmong(scene: Scene, family: readonly Piece[], { claim, mayTake }: Claimed): ErrorCode | undefined {
  const { world, session } = scene;
  const live = family.flatMap(({ id }) => world.holds.get(id) ?? []).filter(({ until }) => until > world.now);
  if (claim.claim_id !== undefined && !live.some(({ id }) => id === claim.claim_id)) return 'conflict';
  const isOwn = live.every((hold) => hold.holder === session || isMine(hold, scene, claim));
  return isOwn || mayTake ? undefined : 'conflict';
}

const idsIn = (tasks: Body[]) => tasks.map(({ task_id }) => task_id).toSorted();
const idsOf = (pieces: readonly Piece[]) => pieces.map(({ id }) => id).toSorted();

export function cancelling(
  scene: Scene,
  { task, shows, cascade, preserves, takeOver }: Of<'cancel'>,
): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const claim = shown(world, one.id, shows);
  const args = { task_id: one.id, cascade, preserve_work: preserves, take_over: takeOver, ...claim };
  const request: Request = { tool: 'cancel_task', args };
  if (hasEnded(one)) return refused(request, 'refused');
  const below = descendants(world, one.id);
  const open = below.filter(isOpen);
  if (open.length > 0 && !cascade) return refused(request, 'refused');
  const family = [one, ...open];
  const held = heldAmong(scene, family, { claim, mayTake: takeOver });
  if (held !== undefined) return refused(request, held);
  const from = one.stage;
  const follow = () => {
    for (const { id } of family) world.holds.delete(id);
    for (const each of family) {
      move(world, each.id, 'cancelled');
      if (!preserves) each.givenUp = each.artifacts;
    }
  };
  const check = (reply: Body) => {
    expect(reply).toMatchObject({ previous_stage: from, current_stage: 'cancelled', work_preserved: preserves });
    expect(reply.cancelled_tasks.toSorted()).toEqual(idsOf(family));
    expect(reply.cancelled_count).toBe(family.length);
    expect(reply.ended_subtasks_left).toBe(below.length - open.length);
    expect(idsIn(reply.stuck_dependents)).toEqual(idsOf(stuckBehind(world, family)));
  };
  return { ...request, follow, check };
}

/** Open tasks that can never start as things stand, because of these. */
function stuckBehind(world: World, family: readonly Piece[]): readonly Piece[] {
  const ids = new Set(family.map(({ id }) => id));
  return [...world.pieces.values()].filter(
    (one) =>
      isOpen(one) &&
      unmetOf(world, one.id).some((edge) => ids.has(edge.prerequisite) && edgeStatus(world, edge) === 'failed'),
  );
}

export function deleting(scene: Scene, { task, shows, cascade, force }: Of<'delete'>): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const claim = shown(world, one.id, shows);
  const request: Request = { tool: 'delete_task', args: { task_id: one.id, cascade, force, ...claim } };
  const family = [one, ...descendants(world, one.id)];
  if (family.length > 1 && !cascade) return refused(request, 'refused');
  const held = heldAmong(scene, family, { claim, mayTake: force });
  if (held !== undefined) return refused(request, held);
  const waiting = waitingFor(world, family);
  if (waiting.length > 0 && !force) return refused(request, 'refused');
  const follow = () => void discard(world, one.id);
  const check = (reply: Body) => {
    expect(reply).toMatchObject({ permanent: false, deleted_count: family.length });
    expect(reply.deleted_tasks.toSorted()).toEqual(idsOf(family));
    expect(idsIn(reply.stuck_dependents)).toEqual(idsOf(waiting));
  };
  return { ...request, follow, check };
}

/** Open tasks outside that would be stuck without these, and are not so already. */
function waitingFor(world: World, family: readonly Piece[]): readonly Piece[] {
  const gone = new Set(family.map(({ id }) => id));
  const fails = world.edges.filter(
    (edge) => gone.has(edge.prerequisite) && edge.verdict === undefined && edgeStatus(world, edge) !== 'failed',
  );
  const dependents = new Set(fails.map(({ task }) => task));
  return [...world.pieces.values()].filter((one) => dependents.has(one.id) && !gone.has(one.id) && isOpen(one));
}

export function purging({ world }: Scene, { task }: Of<'purge'>): Expected | undefined {
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const request: Request = { tool: 'delete_task', args: { task_id: one.id, permanent: true } };
  if (world.trash.get(one.id)?.root !== one.id) return refused(request, 'refused');
  const family = deletedWith(world, one.id);
  if (stuckBehind(world, family).length > 0) return refused(request, 'refused');
  const follow = () => purge(world, one.id);
  const check = (reply: Body) => expect(reply.deleted_tasks.toSorted()).toEqual(idsOf(family));
  return { ...request, follow, check };
}

export function restoring(scene: Scene, call: Of<'restore'>): Expected | undefined {
  const { world } = scene;
  const one = picked(world, call.task);
  if (one === undefined) return undefined;
  const request: Request = { tool: 'restore_task', args: { task_id: one.id } };
  if (world.trash.has(one.id)) return restoringDeleted(scene, one, request);
  const isAway = one.stage === 'archived' || one.stage === 'superseded';
  const opens = !hasEnded({ ...one, stage: restoredStage(one) });
  if (!isAway || (opens && !isUnderOpen(world, one))) return refused(request, 'refused');
  const follow = () => restore(world, one.id);
  const check = (reply: Body) => expect(reply.current_stage).toBe(one.stage);
  return { ...request, follow, check };
}

function restoringDeleted(scene: Scene, one: Piece, request: Request): Expected {
  const { world } = scene;
  const deleted = world.trash.get(one.id);
  if (deleted?.root !== one.id) return refused(request, 'refused');
  if (one.parent !== undefined && world.trash.has(one.parent)) return refused(request, 'refused');
  const above = one.parent === undefined ? undefined : piece(world, one.parent);
  if (above !== undefined && isAnothers(scene, above, {})) return refused(request, 'conflict');
  if (isOpen(one) && !isUnderOpen(world, one)) return refused(request, 'refused');
  const tried = structuredClone(world);
  bringBack(tried, one.id);
  if (hasCircle(tried)) return refused(request, 'refused');
  const family = deletedWith(world, one.id);
  const follow = () => bringBack(world, one.id);
  const check = (reply: Body) => {
    expect(reply).toMatchObject({ previous_stage: 'deleted', current_stage: one.stage });
    expect(reply.restored_tasks.toSorted()).toEqual(idsOf(family));
    expect(reply.moved_to_top ?? false).toBe(deleted.isOrphan);
  };
  return { ...request, follow, check };
}
