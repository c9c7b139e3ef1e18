import { type Claim, hasRunOut, isHeldBy, renewed } from '../domain/claim.ts';
import { conflict, type OrchestratorError } from '../domain/errors.ts';
import type { EventType } from '../domain/event.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { move } from './consequences.ts';
import type { Clock, Processes } from './ports.ts';
import type { HeldClaim } from './repositories.ts';
import type { Context } from './tool.ts';
import { iso } from './views.ts';

/** Whether somebody still works on it: the lease runs, and the process that the holder last called through has not ended. */
export function isLive(claim: HeldClaim, { clock, processes }: { clock: Clock; processes: Processes }): boolean {
  if (hasRunOut(claim, clock()) || claim.process === undefined) return false;
  return claim.process.id === processes.self.id || !processes.isGone(claim.process);
}

/** A task as it stands, with the live claim on it. */
type Standing = Readonly<{ task: Task; claim: HeldClaim | undefined }>;

/** The live claim on a task. One that has ended is settled on the way, as the next write that meets it must. */
export async function settled(context: Context, task: Task): Promise<Standing> {
  const claim = await context.claims.of(task.id);
  if (claim === undefined || isLive(claim, context)) return { task, claim };
  const why = hasRunOut(claim, context.clock()) ? 'its lease ran out' : 'the process of its holder is gone';
  return { task: await giveBack(context, task, { claim, type: 'task.lease_expired', why }), claim: undefined };
}

/** A task as it stands now, for a call that only reads: one whose claim has ended counts as free again. */
export async function asOf(context: Context, task: Task): Promise<Standing> {
  return standingNow(context, task, await context.claims.of(task.id));
}

/** Tasks as they stand now, in their order. */
export async function allAsOf(context: Context, tasks: readonly Task[]): Promise<readonly Standing[]> {
  const claims = await context.claims.list({ taskIds: tasks.map(({ id }) => id) });
  const byTask = new Map(claims.map((claim) => [claim.taskId, claim]));
  return tasks.map((task) => standingNow(context, task, byTask.get(task.id)));
}

function standingNow(context: Context, task: Task, claim: HeldClaim | undefined): Standing {
  if (claim === undefined || isLive(claim, context)) return { task, claim };
  const isFree = task.stage === 'active' && isLeaf(task);
  return { task: isFree ? { ...task, stage: 'ready' } : task, claim: undefined };
}

/** Settles all claims that have ended, so that their tasks are offered again. */
export async function settleAll(context: Context): Promise<void> {
  for (const claim of await context.claims.list()) {
    if (isLive(claim, context)) continue;
    const task = await context.tasks.find(claim.taskId);
    if (task !== undefined) await settled(context, task);
  }
}

/** Gives a task back to those who wait for work, because its holder left. */
export async function release(context: Context, claim: HeldClaim, why: string): Promise<void> {
  const task = await context.tasks.find(claim.taskId);
  if (task !== undefined) await giveBack(context, task, { claim, type: 'task.released', why });
}

type GivenBack = Readonly<{ claim: HeldClaim; type: EventType; why: string }>;

async function giveBack(context: Context, task: Task, { claim, type, why }: GivenBack): Promise<Task> {
  await context.claims.end(task.id);
  await context.record([{ type, taskId: task.id, details: { claim_id: claim.id, held_by: claim.holder, why } }]);
  return task.stage === 'active' && isLeaf(task) ? move(context, task, { to: 'ready' }) : task;
}

/** Takes a task for the actor. The caller has made sure that nobody else holds it, or that it is to be taken over. */
export async function take(context: Context, task: Task, { leaseMs }: { leaseMs: number }): Promise<Claim> {
  const [id = ''] = await context.newIds(['claim']);
  const at = context.clock();
  const claim: Claim = {
    id,
    taskId: task.id,
    holder: context.actor.sessionId,
    leaseMs,
    leaseUntil: at + leaseMs,
    takenAt: at,
  };
  await context.claims.take(claim);
  return claim;
}

/** A writing call of the holder about a task shows that it is alive. */
export async function renew(context: Context, claim: HeldClaim | undefined): Promise<Claim | undefined> {
  if (claim === undefined || !isHeldBy(claim, context.actor)) return undefined;
  const anew = renewed(claim, context.clock());
  await context.claims.renew(anew);
  return anew;
}

/** Whether the actor's session holds it, under whatever claim it shows. */
export const isOwn = (claim: HeldClaim, { actor }: Pick<Context, 'actor'>) => claim.holder === actor.sessionId;

/** A claim that is in the way, and the parameter by which the same call goes past it, where it has one. */
type Held = Readonly<{ claim: HeldClaim; past?: 'take_over' | 'force' | undefined }>;

/** Refuses what only the holder may do, naming the holder and until when. */
export function heldByAnother(context: Pick<Context, 'actor'>, task: Task, { claim, past }: Held): OrchestratorError {
  const howToPass =
    past === undefined
      ? `orchestrator_execute_subtask with task_id ${task.id} and take_over: true`
      : `repeat this call with ${past}: true`;
  const who = claim.agentName === undefined ? claim.holder : `${claim.agentName} (${claim.holder})`;
  return conflict(`Task ${task.id} is held by ${who} until ${iso(claim.leaseUntil)}`, {
    held_by: claim.holder,
    lease_until: iso(claim.leaseUntil),
    suggestion: isOwn(claim, context)
      ? 'Your session holds it under another claim_id: repeat without claim_id'
      : `Use orchestrator_next_task to take another one, or, if its holder has stopped, ${howToPass}`,
  });
}

/** Refuses a call that shows a claim which is no more: the task may have changed hands since. */
export const claimHasEnded = (task: Task, claimId: string): OrchestratorError =>
  conflict(`The claim ${claimId} on task ${task.id} has ended; nobody holds the task now`, {
    lifecycle_stage: task.stage,
    suggestion: `Repeat without claim_id, or take it again with orchestrator_execute_subtask and task_id ${task.id}`,
  });

/** `takeOver` is undefined where the call has no way to take a task over. */
type Writing = Readonly<{ takeOver?: boolean }>;

/**
 * The task that a call wants to change, settled, with the actor's claim on it renewed. Conflicts where another holds it,
 * unless it is taken over, which is recorded, and where the claim that the call shows is no more.
 */
export async function toChange(context: Context, found: Task, { takeOver }: Writing = {}): Promise<Task> {
  const { task, claim } = await settledUnended(context, found);
  if (claim === undefined || mayWrite(context, claim)) {
    await renew(context, claim);
    return task;
  }
  if (takeOver !== true) {
    throw heldByAnother(context, task, { claim, past: takeOver === undefined ? undefined : 'take_over' });
  }
  const { id, leaseUntil } = await take(context, task, { leaseMs: claim.leaseMs });
  const details = { claim_id: id, lease_until: iso(leaseUntil), from: claim.holder };
  await context.record([{ type: 'task.taken_over', taskId: task.id, details }]);
  return task;
}

/** The task that a call wants to break down: nobody else holds it, and a claim on it is about to end. */
export async function toBreakDown(context: Context, found: Task): Promise<Task> {
  const { task, claim } = await settledUnended(context, found);
  if (!mayWrite(context, claim) && claim !== undefined) throw heldByAnother(context, task, { claim });
  return task;
}

/** A settled task with its live claim; conflicts where the call shows a claim and there is none. */
async function settledUnended(context: Context, found: Task) {
  const { task, claim } = await settled(context, found);
  const { claimId } = context.actor;
  if (claim === undefined && claimId !== undefined) throw claimHasEnded(task, claimId);
  return { task, claim };
}

/** Makes sure that the actor may write about a task: nobody holds it, or the actor does. */
export function mayWrite(context: Context, claim: HeldClaim | undefined): boolean {
  return claim === undefined || isHeldBy(claim, context.actor);
}
