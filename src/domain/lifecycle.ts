import { refused } from './errors.ts';
import type { NewEvent } from './event.ts';
import type { Task } from './task.ts';

export const STAGES = [
  'draft',
  'ready',
  'active',
  'blocked',
  'review',
  'completed',
  'failed',
  'cancelled',
  'archived',
  'superseded',
] as const;
export type Stage = (typeof STAGES)[number];

/** What a stage means to someone who only asks how far a task is: a pure function of the stage, never stored. */
export const STATUS = {
  draft: 'pending',
  ready: 'pending',
  active: 'active',
  review: 'active',
  blocked: 'blocked',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  archived: 'archived',
  superseded: 'archived',
} as const satisfies Record<Stage, string>;
export type Status = (typeof STATUS)[Stage];
export const STATUSES = [...new Set(Object.values(STATUS))] as [Status, ...Status[]];

/**
 * Where a task can go from each stage; everything else is refused.
 * An archived or superseded task comes back by being restored, which is not a step of work.
 */
const TRANSITIONS = {
  draft: ['ready', 'active', 'cancelled', 'superseded', 'archived'],
  ready: ['draft', 'active', 'blocked', 'cancelled', 'superseded', 'archived'],
  active: ['ready', 'blocked', 'review', 'completed', 'failed', 'cancelled', 'superseded', 'archived'],
  blocked: ['ready', 'active', 'failed', 'cancelled', 'superseded', 'archived'],
  review: ['ready', 'active', 'completed', 'failed', 'cancelled', 'archived'],
  completed: ['ready', 'active', 'archived', 'superseded'],
  failed: ['ready', 'archived', 'superseded'],
  cancelled: ['ready', 'archived', 'superseded'],
  archived: [],
  superseded: [],
} as const satisfies Record<Stage, readonly Stage[]>;

const ENDED = new Set<Stage>(['completed', 'failed', 'cancelled', 'archived', 'superseded']);
export const isEnded = (stage: Stage) => ENDED.has(stage);
export const isOpen = (stage: Stage) => !ENDED.has(stage);

/** What an ended task ended as: an archived one counts as what it was before. */
export const endedAs = (task: Pick<Task, 'stage' | 'archivedFrom'>): Stage =>
  task.stage === 'archived' || task.stage === 'superseded' ? (task.archivedFrom ?? task.stage) : task.stage;

/** The stages that `task` can be moved to. A completed parent is reopened as `active`, a completed leaf as `ready`. */
export function openStages(task: Task): readonly Stage[] {
  const stages: readonly Stage[] = TRANSITIONS[task.stage];
  if (task.stage !== 'completed') return stages;
  const reopened = task.standing.children > 0 ? 'active' : 'ready';
  return stages.filter((stage) => stage === reopened || isEnded(stage));
}

/** The stages that lead `task` to one, in their order, as few as there are; undefined where none do. */
export function stagesTo(task: Task, to: Stage): readonly Stage[] | undefined {
  const ways: (readonly Stage[])[] = [[]];
  const seen = new Set([task.stage]);
  for (const way of ways) {
    const stage = way.at(-1) ?? task.stage;
    if (stage === to) return way;
    for (const next of openStages({ ...task, stage }).filter((one) => !seen.has(one))) {
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

type Move = Readonly<{ to: Stage; at: number; note?: string | undefined }>;
export type Moved = Readonly<{ task: Task; events: readonly NewEvent[] }>;

/** Moves a task to another stage, or refuses naming the stages that are open to it. */
export function transition(task: Task, { to, at, note }: Move): Moved {
  const open = openStages(task);
  if (!open.includes(to)) {
    throw refused(`Task ${task.id} is ${task.stage} and cannot become ${to}`, {
      lifecycle_stage: task.stage,
      open_stages: open,
      suggestion:
        open.length > 0
          ? `Use orchestrator_get_task to see it; from ${task.stage} it can become ${open.join(', ')}`
          : `Use orchestrator_restore_task with task_id ${task.id} to bring it back first`,
    });
  }
  return { task: { ...task, ...staged(task, { to, at }), updatedAt: at }, events: stageEvents(task, { to, note }) };
}

/** Brings an archived or superseded task back: as what it had ended as, or else ready to be taken. */
export function restored(task: Task, at: number): Moved {
  if (task.stage !== 'archived' && task.stage !== 'superseded') {
    throw refused(`Task ${task.id} is ${task.stage}; only archived and superseded tasks are restored`, {
      lifecycle_stage: task.stage,
      suggestion: `Use orchestrator_manage_lifecycle to move it; from ${task.stage} it can become ${openStages(task).join(', ')}`,
    });
  }
  const to = task.archivedFrom !== undefined && isEnded(task.archivedFrom) ? task.archivedFrom : 'ready';
  const back = { ...task, stage: to, archivedFrom: undefined, supersededBy: undefined, updatedAt: at };
  return {
    task: back,
    events: [{ type: 'task.restored', taskId: task.id, details: { to } }, ...stageEvents(task, { to })],
  };
}

function staged(task: Task, { to, at }: Move) {
  const archiving = to === 'archived' || to === 'superseded';
  return {
    stage: to,
    startedAt: to === 'active' ? (task.startedAt ?? at) : task.startedAt,
    completedAt: to === 'completed' ? at : isOpen(to) ? undefined : task.completedAt,
    archivedFrom: archiving ? endedAs(task) : undefined,
  };
}

function stageEvents(task: Task, { to, note }: Omit<Move, 'at'>): readonly NewEvent[] {
  const changed: NewEvent = {
    type: 'task.lifecycle_changed',
    taskId: task.id,
    details: { from: task.stage, to, ...(note !== undefined && { note }) },
  };
  const [from, now] = [STATUS[task.stage], STATUS[to]];
  return from === now
    ? [changed]
    : [changed, { type: 'task.status_changed', taskId: task.id, details: { from, to: now } }];
}
