import { type Dependency, isUnmet } from '../domain/dependencies.ts';
import { STATUS } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import { cut, type Task } from '../domain/task.ts';
import type { Context } from './tool.ts';
import { type Word, wordOn, wordOnEdge } from './verdicts.ts';

/** What keeps a task from being started: an edge of its own or of an ancestor, or an ancestor that is blocked. */
export type Obstacle = Readonly<{
  /** The task that has to move first; one that is lost from a damaged store is told as failed. */
  task: Pick<Task, 'id' | 'title' | 'stage' | 'type'>;
  type: 'completion' | 'data' | 'approval' | 'blocked_parent';
  status: 'pending' | 'failed' | 'blocked';
  /** Whether the task lies in the trash. */
  isDeleted: boolean;
  /** The ancestor whose obstacle it is; undefined where it is the task's own. */
  through: string | undefined;
  /** What the edge is for. */
  description: string | undefined;
  /** Who rejected it, where it was rejected. */
  rejected: Word | undefined;
}>;

/** Finds what keeps a task from being started; walks upwards only where its counters say that something is there. */
export async function obstaclesOf(context: Context, task: Task): Promise<readonly Obstacle[]> {
  const holders = [task, ...(task.standing.gatesAbove > 0 ? await ancestorsOf(context, task) : [])];
  const unmet = (await context.dependencies.of(holders.map(({ id }) => id))).filter((edge) => isUnmet(edge.status));
  const { tasks, deleted } = await prerequisitesOf(context, unmet);
  const edges = unmet.map(async (edge): Promise<Obstacle> => {
    const prerequisite = tasks.get(edge.prerequisiteId);
    return {
      task: prerequisite ?? deleted.get(edge.prerequisiteId) ?? lost(edge.prerequisiteId),
      type: edge.type,
      status: prerequisite === undefined || edge.status === 'failed' ? 'failed' : 'pending',
      isDeleted: deleted.has(edge.prerequisiteId),
      through: edge.taskId === task.id ? undefined : edge.taskId,
      description: edge.description,
      rejected: await rejectionOf(context, edge, prerequisite),
    };
  });
  const blocked = holders.filter((holder) => holder.id !== task.id && holder.stage === 'blocked').map(blockedParent);
  return [...(await Promise.all(edges)), ...blocked];
}

/** The word by which an edge failed: about itself, or about the approval that it waits for. */
async function rejectionOf(context: Context, edge: Dependency, prerequisite: Task | undefined) {
  if (edge.status !== 'failed') return undefined;
  if (edge.verdict === 'rejected') return wordOnEdge(context, edge);
  return prerequisite?.type === APPROVAL && prerequisite.stage === 'failed'
    ? wordOn(context, prerequisite.id)
    : undefined;
}

/** The tasks that edges wait for, those apart that lie in the trash. */
export async function prerequisitesOf(context: Context, edges: readonly Dependency[]) {
  const ids = [...new Set(edges.map((edge) => edge.prerequisiteId))];
  const found = await context.tasks.findAll(ids);
  const tasks = new Map(found.map((one) => [one.id, one]));
  const missing = ids.filter((id) => !tasks.has(id));
  const trashed = missing.length === 0 ? [] : await context.trash.findAll(missing);
  return { tasks, deleted: new Map(trashed.map(({ task }) => [task.id, task])) };
}

const blockedParent = (task: Task): Obstacle => ({
  task,
  type: 'blocked_parent',
  status: 'blocked',
  isDeleted: false,
  through: task.id,
  description: undefined,
  rejected: undefined,
});

const lost = (id: string) => ({ id, title: 'a task that is lost', stage: 'failed', type: 'unknown' }) as const;

/** The tasks above a task, its parent first; ends where a damaged store has parents in a circle. */
export async function ancestorsOf(context: Pick<Context, 'tasks'>, task: Task): Promise<readonly Task[]> {
  const above: Task[] = [];
  for (let id = task.parentId; id !== undefined; id = above.at(-1)?.parentId) {
    const parent = await context.tasks.find(id);
    const isSeen = above.some((one) => one.id === id) || id === task.id;
    if (parent === undefined || isSeen) break;
    above.push(parent);
  }
  return above;
}

/** Whether a person has to decide before the task can start; no option passes that. */
export const isGated = (obstacles: readonly Obstacle[]) => obstacles.some(isGate);

export const isGate = ({ type, task }: Pick<Obstacle, 'type' | 'task'>) =>
  type === 'approval' || task.type === APPROVAL;

export const obstacleView = ({ task, type, status, through }: Obstacle) => ({
  task_id: task.id,
  title: cut(task.title, 200),
  status: STATUS[task.stage],
  dependency_type: type,
  dependency_status: status,
  ...(through !== undefined && { through }),
});

/** An obstacle as a reason that a person reads. */
export function asReason(obstacle: Obstacle): string {
  const { task, type, status, isDeleted, rejected } = obstacle;
  const title = `"${cut(task.title, 80)}" (${task.id})`;
  if (type === 'blocked_parent') return `its parent ${title} is blocked`;
  if (rejected !== undefined) return `${title} was rejected by ${asSaid(rejected)}`;
  if (status === 'failed')
    return `${title} is ${isDeleted ? 'deleted' : task.stage}, so it can never be met as things stand`;
  if (isGate(obstacle)) return `waits for approval: ${title}`;
  return task.stage === 'active' ? `waits for ${title}, which has been begun` : `waits for ${title}`;
}

const asSaid = ({ by, comment }: Word) =>
  comment === undefined ? cut(by, 80) : `${cut(by, 80)}: ${cut(comment, 120)}`;
