import { judge } from '../domain/dependencies.ts';
import { refused } from '../domain/errors.ts';
import { isOpen } from '../domain/lifecycle.ts';
import type { Task } from '../domain/task.ts';
import { refuseCircle } from './circles.ts';
import { toBreakDown } from './claims.ts';
import { type Judged, settleJudged, writeJudged } from './consequences.ts';
import { theTask } from './find.ts';
import { factsOf } from './maintenance/facts.ts';
import { recount } from './maintenance/mending.ts';
import { adopt, refuseUnderEnded } from './parents.ts';
import type { Context } from './tool.ts';
import { countOutside } from './trash.ts';
import type { Trashed } from './trash-repository.ts';

export type BroughtBack = Readonly<{
  task: Task;
  ids: readonly string[];
  /** The place that it had is gone, so that it came to the top. */
  isMovedToTop: boolean;
}>;

/**
 * Takes a task out of the trash with everything that was deleted with it, to the place that it had. Edges in both
 * directions are judged by what is now; counters of the family are counted anew, those of others follow as ever.
 */
export async function takeOut(context: Context, { task, root }: Trashed): Promise<BroughtBack> {
  if (root !== task.id) throw comesWith(task, root);
  const parent = await parentOf(context, task);
  if (isOpen(task.stage)) await refuseUnderEnded(context, task);
  const ids = (await context.trash.deletedWith(root)).map(({ id }) => id);
  await context.trash.takeOut(root);
  if (task.parentId !== undefined && parent === undefined) await moveToTop(context, task);
  const back = await withFreshStanding(context, ids);
  await context.record(
    ids.map((id) => ({
      type: 'task.restored' as const,
      taskId: id,
      details: { from: 'trash', ...(id !== root && { with: root }) },
    })),
  );
  const top = await theTask(context, root);
  if (parent !== undefined) await adopt(context, parent, top);
  const awaited = await judgeOnto(context, ids);
  await refuseCircle(context, parent === undefined ? awaited : [root, ...awaited]);
  const isMovedToTop = parent === undefined && (task.parentId !== undefined || (await wasBelow(context, root)));
  for (const id of back) context.offered.add(id);
  return { task: await theTask(context, root), ids, isMovedToTop };
}

const comesWith = ({ id }: Task, root: string) =>
  refused(`Task ${id} was deleted with ${root} and comes back with it`, {
    deleted_with: root,
    suggestion: `Use orchestrator_restore_task with task_id ${root}`,
  });

/** The parent that a task had; undefined where there is none any more. One that lies in the trash itself comes first. */
async function parentOf(context: Context, { id, parentId }: Task): Promise<Task | undefined> {
  if (parentId === undefined) return undefined;
  const parent = await context.tasks.find(parentId);
  if (parent !== undefined) return toBreakDown({ ...context, actor: { sessionId: context.actor.sessionId } }, parent);
  const [above] = await context.trash.findAll([parentId]);
  if (above === undefined) return undefined;
  throw refused(`Task ${id} lay below ${parentId}, which is in the trash`, {
    parent_task_id: parentId,
    suggestion: `Use orchestrator_restore_task with task_id ${above.root} first`,
  });
}

async function moveToTop(context: Context, task: Task): Promise<void> {
  await context.tasks.save({ ...task, parentId: undefined, updatedAt: context.clock() });
  await context.record([
    { type: 'task.moved', taskId: task.id, details: { from: task.parentId, why: 'its parent is gone' } },
  ]);
}

/** Whether the latest deletion took it from below another task. */
async function wasBelow({ events }: Context, id: string): Promise<boolean> {
  const deleted = (await events.of(id, LOOKED_AT)).findLast(({ type }) => type === 'task.deleted');
  return deleted?.details?.parent_task_id !== undefined;
}

/** Events that are looked through for the latest deletion; what was done since is at most to lose edges. */
const LOOKED_AT = 1_000;

/** Judges what the family waits for, counts its standing anew, and tells who it waits for outside. Returns those on offer. */
async function withFreshStanding(context: Context, ids: readonly string[]): Promise<readonly string[]> {
  const edges = await context.dependencies.of(ids);
  const factsFor = await prerequisiteFacts(
    context,
    edges.map((edge) => edge.prerequisiteId),
  );
  await writeJudged(context, edges.flatMap(factsFor));
  await recount(context, await factsOf(context, ids));
  await countOutside(context, ids, 1);
  const rows = await context.standings.of(ids);
  return rows.filter(({ standing }) => standing.actionableSince !== undefined).map(({ id }) => id);
}

/** Judges the edges of others that wait for the family; returns the tasks of it that they wait for. */
async function judgeOnto(context: Context, ids: readonly string[]): Promise<readonly string[]> {
  const family = new Set(ids);
  const onto = (await context.dependencies.onto(ids)).filter(({ taskId }) => !family.has(taskId));
  await settleJudged(
    context,
    onto.flatMap(
      await prerequisiteFacts(
        context,
        onto.map((edge) => edge.prerequisiteId),
      ),
    ),
  );
  return onto.map((edge) => edge.prerequisiteId);
}

/** Judges edges by their prerequisites as they are now; gives the statuses that changed. */
async function prerequisiteFacts({ audit }: Context, ids: readonly string[]) {
  const prerequisites = new Map((await audit.prerequisites([...new Set(ids)])).map((one) => [one.id, one]));
  return (edge: Judged['edge']): readonly Judged[] => {
    const prerequisite = prerequisites.get(edge.prerequisiteId);
    if (prerequisite === undefined) return [];
    const status = judge(edge, { ...prerequisite, task: prerequisite });
    return status === edge.status ? [] : [{ edge, status }];
  };
}
