import { expect } from 'vitest';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';
import type { Body } from '../harness.ts';
import { hasCircle } from './circle.ts';
import { ANYWHERE } from './operations.ts';
import {
  type Expected,
  hand,
  isAnothers,
  isMine,
  iso,
  type Of,
  obstacles,
  PRIORITY,
  picked,
  renew,
  type Scene,
  shown,
} from './scene.ts';
import { firstLeaf } from './taking.ts';
import {
  addPiece,
  descendants,
  followChildren,
  hasEnded,
  isActionable,
  isLeaf,
  isOpen,
  move,
  type Piece,
  piece,
  progressOf,
  refresh,
  settle,
  type World,
} from './world.ts';

/** Why a task is nobody's work: it has ended, it is worked through its subtasks, or people decide it. */
const isUnworkable = (world: World, one: Piece) => hasEnded(one) || !isLeaf(world, one) || one.type === 'approval';

export function planning(scene: Scene, { parent, subtasks, isDry, shows }: Of<'plan'>): Expected {
  const { world } = scene;
  const above = parent === undefined ? undefined : picked(world, parent);
  const claim = shown(world, above?.id, shows);
  const needs = subtasks.map((one, place) => [...new Set(one.needs.flatMap((need) => needed(need, place, subtasks)))]);
  const outside = subtasks.map((one) => [...new Set(one.outside.flatMap((pick) => picked(world, pick)?.id ?? []))]);
  const drafts = subtasks.map((one, place) => ({
    title: `part ${place}`,
    description: 'Do it',
    specialist_type: one.specialist,
    priority: PRIORITY[one.priority],
    task_type: one.isApproval ? 'approval' : 'specialist_task',
    dependencies: [...(needs[place] ?? []).map((other) => `part ${other}`), ...(outside[place] ?? [])],
  }));
  const args = {
    description: 'A goal',
    subtasks_json: JSON.stringify(drafts),
    dry_run: isDry,
    ...(above !== undefined && { parent_task_id: above.id }),
    ...claim,
  };
  const refused = (refusal: ErrorCode): Expected => ({ tool: 'plan_task', args, refusal, leavesChanges: false });
  if (needs.some((some, place) => reaches(needs, some, place))) return refused('invalid');
  if (above !== undefined) {
    if (isAnothers(scene, above, claim)) return refused('conflict');
    if (hasEnded(above) || above.type === 'approval') return refused('refused');
  }
  const ids = { plan: 'plan', subtasks: subtasks.map((_, place) => `part ${place}`) };
  const tried = structuredClone(world);
  addPlan(tried, { above, subtasks, needs, outside, ids });
  if (hasCircle(tried)) return refused('refused');
  const follow = (reply: Body) => {
    expect(reply.task_created).toBe(!isDry);
    if (isDry) return;
    const created = { plan: reply.parent_task_id, subtasks: reply.subtasks.map((one: Body) => one.task_id) };
    addPlan(world, { above, subtasks, needs, outside, ids: created });
    if (above === undefined) return;
    world.holds.delete(above.id);
    refresh(world);
    followChildren(world, above.id, 'ready');
  };
  return { tool: 'plan_task', args, follow };
}

function needed(need: number, place: number, subtasks: readonly unknown[]): readonly number[] {
  if (need >= ANYWHERE) return [need % subtasks.length];
  return place === 0 ? [] : [need % place];
}

/** Whether the way along what is needed leads to `target`. */
function reaches(needs: readonly (readonly number[])[], from: readonly number[], target: number): boolean {
  const seen = new Set(from);
  for (const place of seen) for (const next of needs[place] ?? []) seen.add(next);
  return seen.has(target);
}

type NewPlan = Readonly<{
  above: Piece | undefined;
  subtasks: Of<'plan'>['subtasks'];
  needs: readonly (readonly number[])[];
  outside: readonly (readonly string[])[];
  ids: Readonly<{ plan: string; subtasks: readonly string[] }>;
}>;

function addPlan(world: World, { above, subtasks, needs, outside, ids }: NewPlan): void {
  addPiece(world, { id: ids.plan, parent: above?.id, type: 'plan', priority: above?.priority ?? 1 });
  for (const [place, { priority, specialist, isApproval }] of subtasks.entries()) {
    const id = ids.subtasks[place] ?? '';
    const type = isApproval ? 'approval' : 'specialist_task';
    addPiece(world, { id, parent: ids.plan, type, specialist, priority });
    const inside = (needs[place] ?? []).map((other) => ids.subtasks[other] ?? '');
    for (const prerequisite of [...inside, ...(outside[place] ?? [])]) {
      world.edges.push({ task: id, prerequisite, type: 'completion', verdict: undefined });
    }
  }
  refresh(world);
}

export function executing(scene: Scene, { task, leaseSeconds, takeOver, allowUnmet, shows }: Of<'execute'>) {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const claim = shown(world, one.id, shows);
  const lease = leaseSeconds === undefined ? {} : { lease_seconds: leaseSeconds };
  const args = { task_id: one.id, take_over: takeOver, allow_unmet: allowUnmet, ...lease, ...claim };
  const call = { tool: 'execute_subtask', args };
  settle(world, one.id);
  const hold = world.holds.get(one.id);
  if (hold === undefined && claim.claim_id !== undefined)
    return { ...call, refusal: 'conflict', leavesChanges: false } as const;
  if (isUnworkable(world, one)) return { ...call, refusal: 'refused', leavesChanges: false } as const;
  if (hold !== undefined && isMine(hold, scene, claim)) {
    const follow = (reply: Body) => {
      if (leaseSeconds !== undefined) hold.leaseMs = leaseSeconds * 1000;
      renew(world, hold);
      expect(reply).toMatchObject({ claim: { claim_id: hold.id }, already_held_since: iso(hold.takenAt) });
    };
    return { ...call, follow };
  }
  if (hold !== undefined && !takeOver) return { ...call, refusal: 'conflict', leavesChanges: false } as const;
  const { count, isGated } = obstacles(world, one);
  if (count > 0 && !(allowUnmet && !isGated)) return { ...call, refusal: 'refused', leavesChanges: false } as const;
  const follow = (reply: Body, session: string) => hand(world, one, { reply, session, leaseSeconds });
  return { ...call, follow };
}

const LEADS_TO = { continue: 'completed', complete: 'completed', needs_revision: 'ready', blocked: 'blocked' } as const;

export function completing(scene: Scene, { task, action, isAccepted, shows }: Of<'complete'>): Expected | undefined {
  const { world } = scene;
  const one = picked(world, task);
  if (one === undefined) return undefined;
  const claim = shown(world, one.id, shows);
  const args = {
    task_id: one.id,
    summary: 'Done',
    detailed_work: 'All of it',
    next_action: action,
    ...(!isAccepted && { acceptance: [{ criterion: 'It works', met: false }] }),
    ...claim,
  };
  const refused = (refusal: ErrorCode): Expected => ({ tool: 'complete_subtask', args, refusal, leavesChanges: true });
  one.artifacts += 1;
  settle(world, one.id);
  const refusal = unfit(scene, one, claim);
  if (refusal !== undefined) return refused(refusal);
  const to: Stage = LEADS_TO[action];
  if (!isAccepted && to === 'completed') {
    const hold = world.holds.get(one.id);
    if (hold !== undefined) renew(world, hold);
    return refused('refused');
  }
  const follow = (reply: Body) => {
    if (one.stage !== 'active') move(world, one.id, 'active');
    if (to === 'completed') one.handsOn = true;
    move(world, one.id, to);
    expect(reply).toMatchObject(completionReply(world, one));
    expect(new Set(reply.unblocked_tasks)).toEqual(unblocked(world, one));
    expect(reply.next_recommended_task?.task_id).toBe(recommended(world, one)?.id);
  };
  return { tool: 'complete_subtask', args, follow };
}

/** Why work on a task cannot be handed in at all. */
function unfit(scene: Scene, one: Piece, claim: { claim_id?: string }): ErrorCode | undefined {
  if (isAnothers(scene, one, claim)) return 'conflict';
  const isHeldBack = one.stage !== 'active' && obstacles(scene.world, one).count > 0;
  return isUnworkable(scene.world, one) || isHeldBack ? 'refused' : undefined;
}

function completionReply(world: World, one: Piece) {
  const parent = one.parent === undefined ? undefined : piece(world, one.parent);
  const progress = parent === undefined ? undefined : progressOf(world, parent.id);
  return {
    status: { completed: 'completed', ready: 'pending', blocked: 'blocked' }[String(one.stage)],
    ...(progress !== undefined && {
      parent_task_progress: {
        parent_task_id: parent?.id,
        completed_subtasks: progress.completed,
        total_subtasks: progress.total,
      },
    }),
  };
}

/** A free task of the same plan, else its synthesis, else a free task anywhere. */
function recommended(world: World, { parent }: Piece): Piece | undefined {
  const plan = parent === undefined ? undefined : piece(world, parent);
  const own = plan === undefined ? undefined : firstLeaf(world, { within: plan.id });
  return own ?? (plan !== undefined && isActionable(world, plan) ? plan : firstLeaf(world, {}));
}

function unblocked(world: World, { id, parent }: Piece): ReadonlySet<string> {
  return new Set([...world.appeared].filter((other) => other !== id && other !== parent));
}

export function noting(scene: Scene, { task, shows }: Of<'note'>): Expected {
  const { world } = scene;
  const one = task === undefined ? undefined : picked(world, task);
  const claim = shown(world, one?.id, shows);
  const args = { text: 'Remember', ...(one !== undefined && { task_id: one.id }), ...claim };
  if (one !== undefined) settle(world, one.id);
  const hold = one === undefined ? undefined : world.holds.get(one.id);
  const follow = (reply: Body) => {
    if (hold !== undefined && isMine(hold, scene, claim)) renew(world, hold);
    const isRenewed = hold !== undefined && isMine(hold, scene, claim);
    expect(reply.lease_until).toBe(isRenewed ? iso(hold.until) : undefined);
  };
  return { tool: 'add_note', args, follow };
}

export function synthesizing({ world }: Scene, { plan }: Of<'synthesize'>): Expected | undefined {
  const one = picked(world, plan);
  if (one === undefined) return undefined;
  const call = { tool: 'synthesize_results', args: { parent_task_id: one.id } };
  const below = descendants(world, one.id);
  const leaves = below.filter((leaf) => isLeaf(world, leaf));
  const completed = leaves.filter((leaf) => (leaf.endedAs ?? leaf.stage) === 'completed');
  if (hasEnded(one) && one.isSynthesized) {
    return { ...call, follow: (reply) => expect(reply.synthesis_complete).toBe(true) };
  }
  const isRefused = hasEnded(one) || completed.length === 0 || obstacles(world, one).count > 0;
  if (isRefused) return { ...call, refusal: 'refused', leavesChanges: false };
  const open = below.filter(isOpen);
  const follow = (reply: Body) => {
    expect(reply).toMatchObject({ synthesis_complete: open.length === 0, completed_subtasks: completed.length });
    expect((reply.remaining ?? []).map((left: Body) => left.task_id).toSorted()).toEqual(
      open.map(({ id }) => id).toSorted(),
    );
    if (open.length > 0) return;
    if (one.stage !== 'review' && one.stage !== 'active') move(world, one.id, 'active');
    one.isSynthesized = true;
    one.artifacts += 1;
    one.handsOn = true;
    move(world, one.id, 'completed');
  };
  return { ...call, follow };
}
