import { isOpen } from '../domain/lifecycle.ts';
import { APPROVAL, isActionable } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { asReason, type Obstacle, obstaclesOf } from './obstacles.ts';
import { whyBlocked } from './status.ts';
import type { Context } from './tool.ts';
import { wayOut } from './way-out.ts';

/**
 * All that keeps an open task from being taken, each with the way out: its own dependencies, those of its ancestors,
 * what blocks it, and of a parent its subtasks. Empty where it can be taken, is at work, or has ended.
 */
export async function waitsOf(context: Context, task: Task): Promise<readonly string[]> {
  if (!isOpen(task.stage) || isActionable(task)) return [];
  const obstacles = await obstaclesOf(context, task);
  const own = isLeaf(task) ? await ofLeaf(context, task, obstacles) : ofParent(task);
  return [...own, ...obstacles.map((obstacle) => inWords(context, task, obstacle))];
}

const inWords = (context: Context, task: Task, obstacle: Obstacle) => {
  const isInherited = obstacle.through !== undefined && obstacle.type !== 'blocked_parent';
  const reason = isInherited ? `with ${obstacle.through} above it ${asReason(obstacle)}` : asReason(obstacle);
  return `${reason}. Way out: ${wayOut(context, task, [obstacle])}`;
};

async function ofLeaf(context: Context, task: Task, obstacles: readonly Obstacle[]): Promise<readonly string[]> {
  if (task.stage === 'blocked') {
    return [`is blocked: ${await whyBlocked(context, task)}. Way out: ${wayOut(context, task, [])}`];
  }
  if (task.type === APPROVAL && obstacles.length === 0) {
    return [`waits for a decision. Way out: ${wayOut(context, task, [])}`];
  }
  if (task.stage === 'draft') return [`is a draft. Way out: ${wayOut(context, task, [])}`];
  return task.stage === 'review' ? [`waits for a review. Way out: ${wayOut(context, task, [])}`] : [];
}

function ofParent({ id, standing }: Task): readonly string[] {
  const { children, openChildren, completedChildren } = standing;
  if (openChildren > 0) {
    const open = openChildren === 1 ? '1 of its subtasks' : `${openChildren} of its ${children} subtasks`;
    return [`waits for ${open} to end. Way out: orchestrator_next_task with parent_task_id ${id}`];
  }
  return completedChildren > 0
    ? []
    : ['waits for a subtask to be completed; all have ended otherwise. Way out: take one up again, or cancel it'];
}
