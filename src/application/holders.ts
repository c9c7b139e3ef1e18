import { conflict } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import { claimHasEnded, heldByAnother, isLive, release, settled } from './claims.ts';
import type { HeldClaim } from './repositories.ts';
import type { Context } from './tool.ts';

/** Tasks that a refusal names. */
const NAMED = 20;

type Ending = Readonly<{
  /** Whether others are to lose what they hold, and what the caller says for that. */
  mayTake: boolean;
  parameter: 'force' | 'take_over';
}>;

/**
 * The claims on tasks that are about to end, the first of which the call names. Conflicts where others work on them,
 * unless they are to lose what they hold, and where the claim that the call shows is no more.
 */
export async function claimsToEnd(
  context: Context,
  tasks: readonly Task[],
  { mayTake, parameter }: Ending,
): Promise<readonly HeldClaim[]> {
  const [named] = tasks;
  const claims = await context.claims.list({ taskIds: tasks.map(({ id }) => id) });
  const live = claims.filter((claim) => isLive(claim, context));
  const { claimId } = context.actor;
  const isShown = live.some((claim) => claim.id === claimId);
  if (named !== undefined && claimId !== undefined && !isShown) throw shownInVain(context, named, { live, claimId });
  const others = live.filter((claim) => !isOwn(context, claim));
  if (others.length > 0 && !mayTake) throw heldByOthers(context, { tasks, others, parameter });
  return claims;
}

/** Ends claims whose tasks go at once to where nobody holds them. */
export async function endClaims(context: Context, claims: readonly HeldClaim[], why: string): Promise<void> {
  for (const { taskId } of claims) await context.claims.end(taskId);
  await context.record(
    claims.map((claim) => ({
      type: isLive(claim, context) ? ('task.released' as const) : ('task.lease_expired' as const),
      taskId: claim.taskId,
      details: { claim_id: claim.id, held_by: claim.holder, why },
    })),
  );
}

/** Gives tasks back whose claims end, so that nobody seems to be at work when they come again. */
export async function giveBack(context: Context, claims: readonly HeldClaim[], why: string): Promise<void> {
  for (const claim of claims) {
    const task = await context.tasks.find(claim.taskId);
    if (task !== undefined && isLive(claim, context)) await release(context, claim, why);
    else if (task !== undefined) await settled(context, task);
  }
}

const isOwn = ({ actor }: Context, claim: HeldClaim) => claim.holder === actor.sessionId || claim.id === actor.claimId;

type Shown = Readonly<{ live: readonly HeldClaim[]; claimId: string }>;

function shownInVain(context: Context, task: Task, { live, claimId }: Shown) {
  const claim = live.find(({ taskId }) => taskId === task.id);
  return claim === undefined ? claimHasEnded(task, claimId) : heldByAnother(context, task, { claim });
}

type Others = Readonly<{ tasks: readonly Task[]; others: readonly HeldClaim[] }> & Pick<Ending, 'parameter'>;

function heldByOthers(context: Context, { tasks, others, parameter }: Others) {
  const [first] = others;
  const [named] = tasks;
  const held = new Map(others.map((claim) => [claim.taskId, claim]));
  if (named !== undefined && first !== undefined && others.length === 1 && first.taskId === named.id)
    return heldByAnother(context, named, { claim: first, past: parameter });
  return conflict(`Others are at work on ${others.length} of the tasks below ${named?.id}`, {
    held_tasks: tasks
      .filter(({ id }) => held.has(id))
      .slice(0, NAMED)
      .map(({ id }) => ({ task_id: id, held_by: held.get(id)?.holder })),
    held_count: others.length,
    suggestion: `Use orchestrator_get_task to see who is at work, and wait; ${parameter}: true takes it from them`,
  });
}
