import type { Dependency } from '../domain/dependencies.ts';
import { refused } from '../domain/errors.ts';
import { beginOf, endOf, type Moment, tasksOn, toldSteps, wayBetween, wayInWords } from '../domain/way.ts';
import type { Context } from './tool.ts';

/**
 * Refuses edges that were just written if one of them closes a circle: if a prerequisite waits, by whatever way, for the
 * task to begin. The transaction takes back what was written.
 */
export async function refuseCircleOf(
  context: Pick<Context, 'order'>,
  edges: readonly Pick<Dependency, 'taskId' | 'prerequisiteId'>[],
): Promise<void> {
  for (const { taskId, prerequisiteId } of edges) {
    const way = await wayFrom(context, endOf(prerequisiteId), beginOf(taskId));
    if (way !== undefined) throw circle([...way, endOf(prerequisiteId)]);
  }
}

/**
 * Refuses a move that was just written if one of the tasks now waits for itself. Every circle that a move closes leads
 * through the end of the moved task or of what its new ancestors wait for, so that only these have to be looked at.
 */
export async function refuseCircle(context: Pick<Context, 'order'>, ids: readonly string[]): Promise<void> {
  for (const id of new Set(ids)) {
    const way = await wayFrom(context, endOf(id), endOf(id));
    if (way !== undefined) throw circle(way);
  }
}

/** The way from one moment to another along what each waits for; undefined where there is none. */
export async function wayFrom(
  { order }: Pick<Context, 'order'>,
  from: Moment,
  to: Moment,
): Promise<readonly Moment[] | undefined> {
  const search = wayBetween(from, to);
  let step = search.next();
  while (step.done !== true) {
    const { side, moments } = step.value;
    step = search.next(await (side === 'waits_for' ? order.waitsFor(moments) : order.awaitedBy(moments)));
  }
  return step.value;
}

const circle = (way: readonly Moment[]) =>
  refused(`That would be a circle: ${toldSteps(wayInWords(way)).join(', ')}`, {
    dependency_validation: {
      cycles_detected: true,
      all_dependencies_valid: false,
      cycle_path: toldSteps(tasksOn(way)),
    },
    suggestion: `Use orchestrator_get_task with task_id ${tasksOn(way)[0]} to see what it waits for`,
  });
