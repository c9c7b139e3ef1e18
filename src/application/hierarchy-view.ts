import { type Spending, tokensOf } from '../domain/budget.ts';
import { type Found, type FoundTask, foundTasks, type Wanted } from './found-tasks.ts';
import type { Context } from './tool.ts';

/** What a task in a hierarchy costs at the least. */
const LEAST_TOKENS = 20;

/** Tasks with what lies below each of them, nested, level by level as far as there is room; and how many subtasks there was none for. */
export async function withSubtasks(
  context: Context,
  found: readonly Found[],
  { spend, wanted }: Readonly<{ spend: Spending; wanted: Wanted }>,
): Promise<Readonly<{ views: readonly FoundTask[]; omitted: number }>> {
  const tops = found.filter(({ task }) => task.standing.children > 0);
  const most = Math.ceil(Math.max(0, spend.left()) / LEAST_TOKENS);
  const below = await context.queries.below(
    tops.map(({ task }) => task.id),
    most,
  );
  const subtasks = new Map(tops.map(({ task }) => [task.id, [] as FoundTask[]]));
  let omitted = tops.reduce((sum, { task }) => sum + task.standing.children, 0);
  for (const { task, view } of await foundTasks(context, below, wanted)) {
    const siblings = subtasks.get(task.parentId ?? '');
    // What does not fit hides what lies below it.
    if (siblings === undefined || tokensOf(view) + FRAME_TOKENS > spend.left()) continue;
    const own: FoundTask[] = [];
    siblings.push(spend.pay({ ...view, ...(task.standing.children > 0 && { subtasks: own }) }));
    if (task.standing.children > 0) subtasks.set(task.id, own);
    omitted += task.standing.children - 1;
  }
  return {
    views: found.map(({ task, view }) => ({ ...view, subtasks: subtasks.get(task.id) ?? [] })),
    omitted,
  };
}

/** What the name of the list costs, and the comma. */
const FRAME_TOKENS = 6;
