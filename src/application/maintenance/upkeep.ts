import { isEnded, isOpen } from '../../domain/lifecycle.ts';
import { reaches, type Upkeep, upkeepOf } from '../../domain/maintenance.ts';
import { isCircular, lostParent } from '../../domain/structure.ts';
import { isLeaf, type Task } from '../../domain/task.ts';
import { isLive, settled } from '../claims.ts';
import { move } from '../consequences.ts';
import type { Above, HeldClaim, Waiting } from '../repositories.ts';
import type { Context } from '../tool.ts';
import type { Care } from './care.ts';
import { actionOf, type CleanupAction } from './cleanup-actions.ts';
import { moveToTop } from './mending.ts';
import { listing } from './reply.ts';
import type { Run } from './run.ts';

/** What is known about a task when its turn comes. */
type Facts = Readonly<{
  above: readonly Above[];
  claim: HeldClaim | undefined;
  lastActivityAt: number;
  waiting: Waiting | undefined;
}>;

/** Looks after some tasks, in one transaction. */
export async function careFor(run: Run, context: Context, ids: readonly string[]): Promise<Care> {
  const factsOf = await gather(context, ids);
  const found = new Map((await context.tasks.findAll(ids)).map((task) => [task.id, task]));
  const tasks = ids.flatMap((id) => found.get(id) ?? []);
  const cared: Cared[] = [];
  for (const task of tasks) cared.push(await careForOne(run, context, { task, facts: factsOf(task) }));
  const those = (is: (one: Cared) => boolean) =>
    listing(cared.filter(is).map(({ task: { id, title } }) => ({ id, title })));
  const are = (verdict: Upkeep['verdict'], test: (stage: Task['stage']) => boolean) =>
    those(({ task, upkeep }) => upkeep?.verdict === verdict && test(task.stage));
  return {
    scanned: cared.length,
    stale: are('stale', isOpen),
    awaited: are('awaited', isOpen),
    blocking: are('awaited', isEnded),
    orphaned: those(({ isOrphan }) => isOrphan),
    unstarted: are('unstarted', isOpen),
    circular: those(({ isOnCircle }) => isOnCircle),
    workflows: those(({ task }) => isOpen(task.stage) && !isLeaf(task) && isTop(run, task)),
    actions: listing(cared.flatMap(({ actions }) => actions)),
  };
}

const isTop = ({ request }: Run, { id, parentId }: Task) => parentId === undefined || id === request.target;

async function gather(context: Context, ids: readonly string[]): Promise<(task: Task) => Facts> {
  const { audit, claims, events } = context;
  const above = Map.groupBy(await audit.above(ids), ({ of }) => of);
  const waiting = new Map((await audit.waiting(ids)).map((one) => [one.id, one]));
  const held = new Map((await claims.list({ taskIds: ids })).map((claim) => [claim.taskId, claim]));
  const latest = new Map((await events.latestOf(ids)).map(({ taskId, at }) => [taskId, at]));
  return ({ id, updatedAt }) => ({
    above: above.get(id) ?? [],
    claim: held.get(id),
    lastActivityAt: latest.get(id) ?? updatedAt,
    waiting: waiting.get(id),
  });
}

type Cared = Readonly<{
  task: Task;
  isOrphan: boolean;
  isOnCircle: boolean;
  upkeep: Upkeep | undefined;
  actions: readonly CleanupAction[];
}>;

async function careForOne(run: Run, context: Context, { task, facts }: { task: Task; facts: Facts }): Promise<Cared> {
  const { above, claim, lastActivityAt, waiting } = facts;
  const lost = lostParent({ task, above });
  const isHeld = claim !== undefined && isLive(claim, context);
  const upkeep = upkeepOf(
    { task, lastActivityAt, isHeld, isAwaited: isAwaited(task, { above, waiting }) },
    judging(context),
  );
  // Whatever follows a change upwards would go round and round; validate_structure opens the circle first.
  if (isCircular(above)) return { task, isOrphan: false, isOnCircle: true, upkeep: undefined, actions: [] };
  const actions = [
    ...(lost === undefined ? [] : [await takeHome(run, context, { task, lost })]),
    ...(claim === undefined || isHeld ? [] : [await settleClaim(run, context, { task, claim })]),
    ...(await putAway(run, context, { task, upkeep })),
  ];
  return { task, isOrphan: lost !== undefined, isOnCircle: false, upkeep, actions };
}

const judging = ({ thresholds, clock }: Context) => ({ thresholds, at: clock() });

/** What waits for a plan waits for its parts; what is stuck behind an ended task waits for that one alone. */
function isAwaited(task: Task, { above, waiting }: Pick<Facts, 'above' | 'waiting'>): boolean {
  if (waiting !== undefined && waiting.waiting + waiting.stuck > 0) return true;
  return isOpen(task.stage) && above.some((one) => one.isThere && one.waiters > 0);
}

async function takeHome(run: Run, context: Context, { task, lost }: { task: Task; lost: string }) {
  const reason = `Its parent ${lost} is lost`;
  if (!run.request.isDryRun) await moveToTop(context, task.id, reason);
  return actionOf(run, { action_type: 'move_orphaned_task', task_id: task.id, reason });
}

async function settleClaim(run: Run, context: Context, { task, claim }: { task: Task; claim: HeldClaim }) {
  const fresh = run.request.isDryRun ? undefined : await context.tasks.find(task.id);
  if (fresh !== undefined) await settled(context, fresh);
  const reason = `Nobody works on it any more: the claim ${claim.id} of ${claim.holder} has ended`;
  return actionOf(run, { action_type: 'settle_dead_claim', task_id: task.id, reason });
}

type PuttingAway = Readonly<{ task: Task; upkeep: Upkeep | undefined }>;

/** Archives what has had its time. Another task of the same transaction may have changed this one, so it is read anew. */
async function putAway(run: Run, context: Context, { task, upkeep }: PuttingAway): Promise<readonly CleanupAction[]> {
  const isStale = upkeep?.verdict === 'stale' && reaches(run.request.level, 'comprehensive');
  if (upkeep === undefined || !(isStale || upkeep.verdict === 'expired')) return [];
  const fresh = run.request.isDryRun ? undefined : await context.tasks.find(task.id);
  if (fresh !== undefined) await move(context, fresh, { to: 'archived', note: upkeep.reason });
  const action_type = isStale ? 'archive_stale_task' : 'archive_ended_task';
  return [actionOf(run, { action_type, task_id: task.id, reason: upkeep.reason })];
}
