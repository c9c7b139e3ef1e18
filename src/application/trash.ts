import { judge } from '../domain/dependencies.ts';
import { refused } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { type Judged, settleJudged } from './consequences.ts';
import { theTask } from './find.ts';
import { claimsToEnd, giveBack } from './holders.ts';
import { takeFrom } from './moving.ts';
import type { Context } from './tool.ts';
import { taskLine } from './views.ts';

/** Tasks that a refusal names. */
const NAMED = 20;

export type Discarding = Readonly<{
  /** Whether subtasks go with it. */
  cascade: boolean;
  /** Whether it goes although others wait for it or work on it. */
  force: boolean;
  reason: string | undefined;
}>;

export type Discarded = Readonly<{
  ids: readonly string[];
  /** Open tasks that are stuck now. */
  stuck: readonly Task[];
  at: number;
}>;

/**
 * Puts a task into the trash with all that lies below it; everything that hangs on it stays as it is, to come back with
 * it. Who waits for any of it is stuck: nothing becomes ready by a deletion.
 */
export async function discard(
  context: Context,
  found: Task,
  { cascade, force, reason }: Discarding,
): Promise<Discarded> {
  const below = isLeaf(found) ? [] : await context.tasks.descendants(found.id);
  if (below.length > 0 && !cascade) throw hasSubtasks(found, below);
  const claims = await claimsToEnd(context, [found, ...below], { mayTake: force, parameter: 'force' });
  await giveBack(context, claims, 'it is deleted');
  const root = await theTask(context, found.id);
  const ids = [root.id, ...below.map(({ id }) => id)];
  const failing = await failingEdges(context, ids);
  const stuck = await openAmong(context, failing);
  if (stuck.length > 0 && !force) throw isAwaited(found, stuck);
  const at = context.clock();
  await countOutside(context, ids, -1);
  await context.trash.put(ids, { root: root.id, at });
  for (const id of ids) context.offered.delete(id);
  await context.record(ids.map((id) => deletedEvent({ id, root, reason })));
  await settleJudged(context, failing);
  if (root.parentId !== undefined) await takeFrom(context, root.parentId, root);
  return { ids, stuck, at };
}

type Deletion = Readonly<{ id: string; root: Task; reason: string | undefined }>;

const deletedEvent = ({ id, root, reason }: Deletion): NewEvent => ({
  type: 'task.deleted',
  taskId: id,
  details: {
    ...(id !== root.id && { deleted_with: root.id }),
    ...(id === root.id && root.parentId !== undefined && { parent_task_id: root.parentId }),
    ...(reason !== undefined && { reason }),
  },
});

/** Edges from outside that fail when the tasks are deleted; what was approved or waived stays said. */
async function failingEdges({ dependencies }: Context, ids: readonly string[]): Promise<readonly Judged[]> {
  const gone = new Set(ids);
  const onto = (await dependencies.onto(ids)).filter(({ taskId }) => !gone.has(taskId));
  return onto.flatMap((edge) => {
    const status = judge(edge, DELETED);
    return status === edge.status ? [] : [{ edge, status }];
  });
}

const DELETED = {
  task: { stage: 'ready', archivedFrom: undefined, type: '' },
  isDeleted: true,
  artifactTypes: [],
} as const;

async function openAmong({ tasks }: Context, failing: readonly Judged[]): Promise<readonly Task[]> {
  const dependents = await tasks.findAll([...new Set(failing.map(({ edge }) => edge.taskId))]);
  return dependents.filter(({ stage }) => isOpen(stage));
}

/** Tells the prerequisites outside a family how many more or fewer of its open tasks wait for them. */
export async function countOutside(context: Context, ids: readonly string[], sign: 1 | -1): Promise<void> {
  const family = new Set(ids);
  const open = new Set((await context.standings.of(ids)).filter(({ stage }) => isOpen(stage)).map(({ id }) => id));
  const edges = await context.dependencies.of(ids);
  const waiting = edges.filter(
    ({ taskId, prerequisiteId, status }) => status === 'pending' && open.has(taskId) && !family.has(prerequisiteId),
  );
  const pairs = new Map(waiting.map((edge) => [`${edge.taskId} ${edge.prerequisiteId}`, edge.prerequisiteId]));
  const counts = Map.groupBy(pairs.values(), (id) => id);
  for (const [count, alike] of Map.groupBy(counts.entries(), ([, { length }]) => length)) {
    await context.standings.add(
      alike.map(([id]) => id),
      { waiters: sign * count },
    );
  }
}

const hasSubtasks = ({ id }: Task, below: readonly Task[]) =>
  refused(`Task ${id} has subtasks: ${below.length} tasks lie below it`, {
    subtasks: below.slice(0, NAMED).map(taskLine),
    subtask_count: below.length,
    suggestion: `Use orchestrator_get_task with task_id ${id} to see them; cascade: true means them as well`,
  });

const isAwaited = ({ id }: Task, stuck: readonly Task[]) =>
  refused(
    `${stuck.length === 1 ? 'An open task waits' : `${stuck.length} open tasks wait`} for ${id} or what lies below it`,
    {
      dependents: stuck.slice(0, NAMED).map(taskLine),
      dependent_count: stuck.length,
      suggestion: 'Use orchestrator_manage_dependencies on these first; force: true leaves them stuck',
    },
  );
