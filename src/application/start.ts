import { type Claim, LEASE_MS } from '../domain/claim.ts';
import { refused } from '../domain/errors.ts';
import { isEnded } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { howToApprove } from './asking.ts';
import { claimHasEnded, heldByAnother, mayWrite, renew, settled, take } from './claims.ts';
import { move } from './consequences.ts';
import { isGated, type Obstacle, obstaclesOf, obstacleView } from './obstacles.ts';
import type { HeldClaim } from './repositories.ts';
import type { Context } from './tool.ts';
import { iso } from './views.ts';
import { wayOut } from './way-out.ts';

export type Start = Readonly<{
  /** How long it is held without a sign of life; the default, or as before, where it is undefined. */
  leaseMs: number | undefined;
  takeOver: boolean;
  allowUnmet: boolean;
  /** Why it is started, for its history. */
  note?: string | undefined;
}>;
export type Started = Readonly<{ task: Task; claim: Claim; heldSince: number | undefined }>;

/** Takes a task for the actor, in the transaction that found it free, or refuses naming what to do instead. */
export async function start(context: Context, found: Task, options: Start): Promise<Started> {
  const { task, claim } = await settled(context, found);
  if (claim === undefined && context.actor.claimId !== undefined) throw claimHasEnded(task, context.actor.claimId);
  refuseUnworkable(context, task);
  if (claim !== undefined && mayWrite(context, claim)) {
    const held = (await renew(context, { ...claim, leaseMs: options.leaseMs ?? claim.leaseMs })) ?? claim;
    return { task, claim: held, heldSince: claim.takenAt };
  }
  if (claim !== undefined && !options.takeOver) throw heldByAnother(context, task, { claim, past: 'take_over' });
  const obstacles = await obstaclesOf(context, task);
  const mayPass = options.allowUnmet && !isGated(obstacles);
  if (obstacles.length > 0 && !mayPass) throw await notYet(context, task, obstacles);
  return begin(context, task, { ...options, from: claim, obstacles });
}

type Beginning = Start & Readonly<{ from: HeldClaim | undefined; obstacles: readonly Obstacle[] }>;

async function begin(context: Context, task: Task, { leaseMs, note, from, obstacles }: Beginning): Promise<Started> {
  const active = task.stage === 'active' ? task : await move(context, task, { to: 'active', note });
  const claim = await take(context, active, { leaseMs: leaseMs ?? LEASE_MS.default });
  const details = {
    claim_id: claim.id,
    lease_until: iso(claim.leaseUntil),
    ...(from !== undefined && { from: from.holder }),
    ...(obstacles.length > 0 && { unmet: obstacles.map((obstacle) => obstacle.task.id) }),
  };
  await context.record([{ type: from === undefined ? 'task.claimed' : 'task.taken_over', taskId: task.id, details }]);
  return { task: active, claim, heldSince: undefined };
}

/** Ended tasks, parents and approvals are not worked on; the refusal says what is done with them instead. */
export function refuseUnworkable(context: Context, task: Task): void {
  if (isEnded(task.stage)) {
    throw refused(`Task ${task.id} is ${task.stage} and cannot be worked on`, {
      lifecycle_stage: task.stage,
      suggestion: `Use orchestrator_next_task for other work, or bring ${task.id} back with ${wayBack(task)}`,
    });
  }
  if (!isLeaf(task)) {
    throw refused(`Task ${task.id} has subtasks; it is worked through them`, {
      suggestion:
        task.stage === 'review'
          ? `Use orchestrator_synthesize_results with parent_task_id ${task.id}`
          : `Use orchestrator_next_task with parent_task_id ${task.id}`,
    });
  }
  if (task.type === APPROVAL) {
    throw refused(`Task ${task.id} is an approval, which is decided and not worked on`, {
      suggestion: wayOut(context, task, []),
    });
  }
}

/** The tool that brings an ended task back. */
const wayBack = ({ stage }: Task) =>
  stage === 'archived' || stage === 'superseded' ? 'orchestrator_restore_task' : 'orchestrator_manage_lifecycle';

/** The refusal of a task whose prerequisites are open: each of them, and what can be done instead. */
export async function notYet(context: Context, task: Task, obstacles: readonly Obstacle[]) {
  const offered = await context.offers.list(context.clock(), { limit: 5 });
  return refused(
    `Task ${task.id} cannot start yet: ${obstacles.length} open prerequisite${obstacles.length > 1 ? 's' : ''}`,
    {
      unmet: obstacles.slice(0, 20).map(obstacleView),
      actionable: offered.map(({ id }) => id),
      suggestion:
        howToApprove(context, task, obstacles) ??
        (offered.length > 0
          ? 'Use orchestrator_next_task to take one of the actionable tasks'
          : 'Use orchestrator_get_status to see what has to move first'),
    },
  );
}
