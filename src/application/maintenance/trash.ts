import { DAY_MS } from '../../domain/maintenance.ts';
import type { Task } from '../../domain/task.ts';
import { purge, stuckBehind } from '../purging.ts';
import type { Context } from '../tool.ts';
import { iso } from '../views.ts';
import { actionOf, type CleanupAction } from './cleanup-actions.ts';
import { joined, type Listing, listing, NOTHING } from './reply.ts';
import type { Run } from './run.ts';
import type { Scope } from './scope.ts';

export type Purging = Readonly<{
  actions: Listing<CleanupAction>;
  /** Deleted for long, but open tasks are stuck behind them, which a purge would set free. */
  awaited: Listing<Pick<Task, 'id' | 'title'>>;
}>;

/** Purges what has been in the trash for long enough: each deleted task with all that went with it, and work that was given up. */
export async function purgeTrash(run: Run, scope: Scope): Promise<Purging> {
  const { clock, thresholds } = run.beforehand;
  const upTo = clock() - thresholds.trashDays * DAY_MS;
  const isOfSession = run.request.scope === 'current_session';
  const roots = await run.look((context) => expired(context, { ...scope, isOfSession, upTo }));
  let all: Purging = { actions: NOTHING, awaited: NOTHING };
  for (const [place, root] of roots.entries()) {
    const { actions, awaited } = await run.change((context) => purgeOne(run, context, root));
    all = { actions: joined(all.actions, actions), awaited: joined(all.awaited, awaited) };
    run.tell('purging the trash', place + 1, roots.length);
  }
  if (scope.ids === undefined && !run.request.isDryRun) await run.change(({ givenUp }) => givenUp.purgeUpTo(upTo));
  return all;
}

/** A deleted task belongs to a scope by the session that made it, or by what it lay below. */
async function expired({ trash, actor }: Context, { ids, isOfSession, upTo }: Expired): Promise<readonly string[]> {
  const roots = await trash.rootsUpTo(upTo);
  if (ids === undefined) return roots;
  const within = new Set<string | undefined>(ids);
  const isWithin = ({ parentId, sessionId }: Task) =>
    within.has(parentId) || (isOfSession && sessionId === actor.sessionId);
  return (await trash.findAll(roots)).filter(({ task }) => isWithin(task)).map(({ task }) => task.id);
}

type Expired = Pick<Scope, 'ids'> & Readonly<{ isOfSession: boolean; upTo: number }>;

/** Somebody may have restored or purged it since it was listed. */
async function purgeOne(run: Run, context: Context, root: string): Promise<Purging> {
  const [trashed] = await context.trash.findAll([root]);
  if (trashed === undefined) return { actions: NOTHING, awaited: NOTHING };
  const ids = (await context.trash.deletedWith(root)).map(({ id }) => id);
  if ((await stuckBehind(context, ids)).length > 0) return { actions: NOTHING, awaited: listing([trashed.task]) };
  if (!run.request.isDryRun) await purge(context, root);
  const others = ids.length === 1 ? '' : `, with ${ids.length - 1} below it`;
  const reason = `In the trash since ${iso(trashed.deletedAt)}${others}`;
  return {
    actions: listing([actionOf(run, { action_type: 'purge_deleted_task', task_id: root, reason })]),
    awaited: NOTHING,
  };
}
