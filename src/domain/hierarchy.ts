import { endedAs, isEnded, type Stage } from './lifecycle.ts';
import type { Standing, Task } from './task.ts';

/** What a subtree adds to the progress of those above it, in leaves. */
export type Contribution = Readonly<{ leaves: number; completedLeaves: number }>;

const NOTHING: Contribution = { leaves: 0, completedLeaves: 0 };
const NOT_COUNTED = new Set<Stage>(['cancelled', 'superseded']);

/** A leaf counts once, unless it was cancelled or superseded; a parent counts as what is below it. */
export function contribution(task: Task): Contribution {
  const { children, leaves, completedLeaves } = task.standing;
  return children > 0 ? { leaves, completedLeaves } : contributionOfLeaf(task);
}

export function contributionOfLeaf(task: Pick<Task, 'stage' | 'archivedFrom'>): Contribution {
  const stage = endedAs(task);
  if (NOT_COUNTED.has(stage) || task.stage === 'superseded') return NOTHING;
  return { leaves: 1, completedLeaves: stage === 'completed' ? 1 : 0 };
}

export type Progress = Readonly<{ completed: number; total: number; percentage: number }>;

/** How much of a parent's leaves is completed; the percentage has one decimal. */
export function progress({ leaves, completedLeaves }: Pick<Standing, 'leaves' | 'completedLeaves'>): Progress {
  const percentage = leaves === 0 ? 0 : Math.round((completedLeaves / leaves) * 1000) / 10;
  return { completed: completedLeaves, total: leaves, percentage };
}

export type PlanProgress = 'not_started' | 'in_progress' | 'ready_to_synthesize' | 'completed';

/** A parent's progress in a word, as its subtasks' replies tell it. */
export function planProgress(parent: Task): PlanProgress {
  if (endedAs(parent) === 'completed') return 'completed';
  if (parent.stage === 'review') return 'ready_to_synthesize';
  return parent.stage === 'draft' || parent.stage === 'ready' ? 'not_started' : 'in_progress';
}

/**
 * The stage that a parent takes by itself when one of its subtasks came to `childStage`, or undefined where it stays:
 * it is at work once a subtask has begun, unless it is blocked or waits itself, and up for review when all have ended and
 * at least one is completed. Under review nothing is open, whatever it waits for.
 */
export function stageFromChildren(
  parent: Pick<Task, 'stage' | 'standing'>,
  childStage: Stage | undefined,
): Stage | undefined {
  const { children, openChildren, completedChildren } = parent.standing;
  if (children === 0 || isEnded(parent.stage)) return undefined;
  if (parent.stage === 'review' && openChildren > 0) return 'active';
  if (parent.stage === 'blocked' || parent.standing.unmet > 0) return undefined;
  if (openChildren === 0 && completedChildren > 0) return isUpForReview(parent.stage);
  const hasBegun = childStage === 'active' || childStage === 'completed';
  return hasBegun && (parent.stage === 'draft' || parent.stage === 'ready') ? 'active' : undefined;
}

/** A parent goes to review from `active` only; one that never was at work passes through it first. */
const isUpForReview = (stage: Stage): Stage | undefined =>
  stage === 'review' ? undefined : stage === 'active' ? 'review' : 'active';
