import { isUnmet } from '../domain/dependencies.ts';
import { refused } from '../domain/errors.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { purgedDetails } from '../domain/purging.ts';
import type { Task } from '../domain/task.ts';
import { removeEdges } from './maintenance/mending.ts';
import type { Context } from './tool.ts';
import { taskLine } from './views.ts';

const WHY = 'what it waited for was purged';
/** Tasks that a refusal names. */
const NAMED = 20;

/** Open tasks that are stuck behind any of these, and would be free if nothing told any more what they waited for. */
export async function stuckBehind(context: Context, ids: readonly string[]): Promise<readonly Task[]> {
  const edges = (await context.dependencies.onto(ids)).filter(({ status }) => isUnmet(status));
  const dependents = await context.tasks.findAll([...new Set(edges.map(({ taskId }) => taskId))]);
  return dependents.filter(({ stage }) => isOpen(stage));
}

/** Removes for good what was deleted with `root`, its texts in the history included. Refused while open tasks are stuck behind it. */
export async function purge(context: Context, root: string): Promise<readonly string[]> {
  const ids = (await context.trash.deletedWith(root)).map(({ id }) => id);
  const stuck = await stuckBehind(context, ids);
  if (stuck.length > 0) throw isAwaited(root, stuck);
  await removeEdges(context, await context.dependencies.onto(ids), WHY);
  await tellTrashed(context, ids);
  const tellings = await context.trash.tellings(ids);
  await context.trash.retell(tellings.map(({ seq, details = {} }) => ({ seq, details: purgedDetails(details) })));
  const orphaned = await context.trash.purge(ids);
  await context.record([
    ...orphaned.map((id) => ({ type: 'task.moved' as const, taskId: id, details: { why: 'its parent was purged' } })),
    ...ids.map((id) => ({ type: 'task.purged' as const, taskId: id })),
  ]);
  context.fileMoves.push(...ids.map((taskId) => ({ move: 'purge' as const, taskId })));
  return ids;
}

/** Tasks in the trash lose their edges with the rows; their history says so. */
async function tellTrashed(context: Context, ids: readonly string[]): Promise<void> {
  const purged = new Set(ids);
  const edges = (await context.trash.edgesOnto(ids)).filter(({ taskId }) => !purged.has(taskId));
  await context.record(
    edges.map((edge) => ({
      type: 'dependency.removed' as const,
      taskId: edge.taskId,
      details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type, why: WHY },
    })),
  );
}

const isAwaited = (root: string, stuck: readonly Task[]) =>
  refused(
    `${stuck.length === 1 ? 'An open task is' : `${stuck.length} open tasks are`} stuck behind what was deleted with ${root}`,
    {
      dependents: stuck.slice(0, NAMED).map(taskLine),
      dependent_count: stuck.length,
      suggestion:
        'Use orchestrator_manage_dependencies to remove or replace what these wait for, or orchestrator_restore_task to bring it back',
    },
  );
