import type { StructureFacts } from '../../domain/structure.ts';
import type { Context } from '../tool.ts';

/** What the rows around tasks say at this moment. */
export async function factsOf(context: Context, ids: readonly string[]): Promise<readonly StructureFacts[]> {
  const { standings, audit, dependencies } = context;
  const below = Map.groupBy(await audit.below(ids), ({ top }) => top);
  const above = Map.groupBy(await audit.above(ids), ({ of }) => of);
  const waiting = new Map((await audit.waiting(ids)).map((one) => [one.id, one.waiting]));
  const edges = await dependencies.of(ids);
  const prerequisites = await audit.prerequisites([...new Set(edges.map((edge) => edge.prerequisiteId))]);
  const byId = new Map(prerequisites.map((one) => [one.id, one]));
  const judged = edges.map((edge) => ({ edge, prerequisite: byId.get(edge.prerequisiteId) }));
  const edgesOf = Map.groupBy(judged, ({ edge }) => edge.taskId);
  return (await standings.of(ids)).map((task) => ({
    task,
    below: below.get(task.id) ?? [],
    above: above.get(task.id) ?? [],
    edges: edgesOf.get(task.id) ?? [],
    waiting: waiting.get(task.id) ?? 0,
  }));
}
