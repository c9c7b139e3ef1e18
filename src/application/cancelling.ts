import { refused } from '../domain/errors.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { move } from './consequences.ts';
import { claimsToEnd, endClaims } from './holders.ts';
import type { Context } from './tool.ts';
import { taskLine } from './views.ts';

/** Tasks that a refusal names. */
const NAMED = 20;

export type Cancelling = Readonly<{
  reason: string | undefined;
  /** Whether open tasks below it are cancelled with it. */
  cascade: boolean;
  /** Whether the work that was recorded stays; given up, it goes to the trash until the task is taken up again. */
  preserveWork: boolean;
  takeOver: boolean;
}>;

export type Cancelled = Readonly<{
  /** The tasks that were cancelled as they were before, itself first. */
  tasks: readonly Task[];
  /** How many below it had ended before and are left as they are. */
  leftEnded: number;
  /** Open tasks that are stuck now. */
  stuck: readonly Task[];
  givenUp: number;
}>;

/** Ends a task, and what is open below it, without its work being done; who waits for any of it is stuck. */
export async function cancel(context: Context, found: Task, { reason, ...how }: Cancelling): Promise<Cancelled> {
  if (!isOpen(found.stage)) throw hasEnded(found);
  const below = isLeaf(found) ? [] : await context.tasks.descendants(found.id);
  const open = below.filter(({ stage }) => isOpen(stage));
  if (open.length > 0 && !how.cascade) throw hasOpenSubtasks(found, open);
  const claims = await claimsToEnd(context, [found, ...open], { mayTake: how.takeOver, parameter: 'take_over' });
  await endClaims(context, claims, 'it is cancelled');
  const tasks: Task[] = [];
  // Parents come first: one that has ended does not follow its subtasks any more, so that none passes through review.
  for (const { id } of [found, ...open]) {
    const task = await context.tasks.find(id);
    if (task === undefined) continue;
    await move(context, task, { to: 'cancelled', note: reason });
    tasks.push(task);
  }
  return {
    tasks,
    leftEnded: below.length - open.length,
    stuck: await stuckBehind(context, tasks),
    givenUp: how.preserveWork ? 0 : await giveUp(context, tasks),
  };
}

/** Open tasks that can never start as things stand, because of these. */
async function stuckBehind({ dependencies, tasks }: Context, ended: readonly Task[]): Promise<readonly Task[]> {
  const edges = await dependencies.onto(ended.map(({ id }) => id));
  const failed = edges.filter(({ status }) => status === 'failed').map(({ taskId }) => taskId);
  return (await tasks.findAll([...new Set(failed)])).filter(({ stage }) => isOpen(stage));
}

/** Marks the work of tasks as given up; its files follow once that is committed. */
async function giveUp(context: Context, tasks: readonly Task[]): Promise<number> {
  const artifacts = await context.givenUp.put(
    tasks.map(({ id }) => id),
    context.clock(),
  );
  context.fileMoves.push(...artifacts.map((artifact) => ({ move: 'to_trash' as const, artifact })));
  return artifacts.length;
}

const hasEnded = ({ id, stage }: Task) =>
  refused(`Task ${id} is ${stage} already and cannot be cancelled`, {
    lifecycle_stage: stage,
    suggestion: `Use orchestrator_get_task with task_id ${id} to see it`,
  });

const hasOpenSubtasks = ({ id }: Task, open: readonly Task[]) =>
  refused(`Task ${id} cannot be cancelled alone: ${open.length} of the tasks below it are open`, {
    open_subtasks: open.slice(0, NAMED).map(taskLine),
    open_subtask_count: open.length,
    suggestion: `Use orchestrator_next_task with parent_task_id ${id} to work on them; cascade: true cancels them as well`,
  });
