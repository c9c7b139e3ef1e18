import { type StructureFacts, standingOf, wrongCounters } from '../../domain/structure.ts';
import { countEdgeChanges } from '../consequences.ts';
import type { Context } from '../tool.ts';
import { factsOf } from './facts.ts';

/** Counts the standing of tasks anew and corrects what is wrong. */
export async function recount(context: Context, facts: readonly StructureFacts[]): Promise<void> {
  const at = context.clock();
  const wrong = facts.filter((one) => wrongCounters(one).length > 0);
  await context.audit.correct(wrong.map((one) => ({ id: one.task.id, standing: standingOf(one, at) })));
}

/** Takes a task out of a family that is lost or goes round in a circle, and puts it at the top with all that lies below it. */
export async function moveToTop(context: Context, id: string, why: string): Promise<void> {
  const task = await context.tasks.find(id);
  if (task?.parentId === undefined) return;
  const related = (await context.audit.above([id])).map((one) => one.id);
  await context.tasks.save({ ...task, parentId: undefined, updatedAt: context.clock() });
  await context.record([{ type: 'task.moved', taskId: id, details: { from: task.parentId, why } }]);
  const touched = [id, ...related, ...(await context.maintenance.idsBelow(id))];
  await recount(context, await factsOf(context, [...new Set(touched)]));
}

type Edges = Awaited<ReturnType<Context['dependencies']['of']>>;

/** Removes edges that nothing can ever satisfy, with all that follows from it. */
export async function removeEdges(context: Context, edges: Edges, why: string): Promise<void> {
  if (edges.length === 0) return;
  await context.dependencies.remove(edges);
  await context.record(
    edges.map((edge) => ({
      type: 'dependency.removed' as const,
      taskId: edge.taskId,
      details: { dependency_task_id: edge.prerequisiteId, dependency_type: edge.type, why },
    })),
  );
  await countEdgeChanges(
    context,
    edges.map((edge) => ({ edge, was: edge.status, is: undefined })),
  );
}
