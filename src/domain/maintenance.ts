import { isEnded, type Stage } from './lifecycle.ts';
import { APPROVAL } from './readiness.ts';
import { isLeaf, type Task } from './task.ts';

export const ACTIONS = ['scan_cleanup', 'validate_structure', 'update_documentation', 'prepare_handover'] as const;
export type Action = (typeof ACTIONS)[number];

export const SCOPES = ['current_session', 'full_project', 'specific_subtask'] as const;
export type ScopeName = (typeof SCOPES)[number];

/** How deep a maintenance goes; each level does all that those before it do. */
export const LEVELS = ['basic', 'comprehensive', 'full_audit'] as const;
export type Level = (typeof LEVELS)[number];

export const reaches = (level: Level, least: Level) => LEVELS.indexOf(level) >= LEVELS.indexOf(least);

/** After how long something is put away; configuration. */
export type Thresholds = Readonly<{
  /** For tasks that ended, by how they did. */
  retentionDays: Readonly<Record<'completed' | 'failed' | 'cancelled', number>>;
  /** For files in the trash. */
  trashDays: number;
  /** For artifact files that no artifact is recorded for. */
  orphanFileDays: number;
  /** For tasks without activity, by specialist. */
  staleHours: Readonly<Record<string, number>>;
  staleHoursOtherwise: number;
}>;

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** What the upkeep of a task is judged by. */
export type UpkeepFacts = Readonly<{
  task: Pick<Task, 'stage' | 'type' | 'specialist' | 'startedAt' | 'completedAt' | 'updatedAt' | 'standing'>;
  /** Its latest event. */
  lastActivityAt: number;
  /** Somebody works on it. */
  isHeld: boolean;
  /** An open task waits for it or for what it is a part of, or is stuck because it failed. */
  isAwaited: boolean;
}>;

/**
 * What is to be said about a task: `expired` and `stale` ones are put away, unless somebody waits for them (`awaited`);
 * one that nobody ever began (`unstarted`) is only pointed out.
 */
export type Upkeep = Readonly<{ verdict: 'expired' | 'stale' | 'awaited' | 'unstarted'; reason: string }>;

type Judging = Readonly<{ thresholds: Thresholds; at: number }>;

export const upkeepOf = (facts: UpkeepFacts, judging: Judging): Upkeep | undefined =>
  isEnded(facts.task.stage) ? ofEnded(facts, judging) : ofOpen(facts, judging);

/** A parent is put away by its parts, an approval by people. One that waits for others is not idle for reasons of its own. */
function ofOpen(facts: UpkeepFacts, { thresholds, at }: Judging): Upkeep | undefined {
  const { task, lastActivityAt, isHeld, isAwaited } = facts;
  if (!isLeaf(task) || task.type === APPROVAL || isHeld) return undefined;
  const idleMs = at - lastActivityAt;
  if (idleMs < staleAfterMs(task.specialist, thresholds)) return undefined;
  const reason = `Task stale for ${hours(idleMs)} hours`;
  if (task.startedAt !== undefined) return { verdict: isAwaited ? 'awaited' : 'stale', reason };
  return task.standing.unmet + task.standing.gatesAbove > 0 ? undefined : { verdict: 'unstarted', reason };
}

function ofEnded({ task, isAwaited }: UpkeepFacts, { thresholds, at }: Judging): Upkeep | undefined {
  if (!isRetained(task.stage)) return undefined;
  const endedAt = task.completedAt ?? task.updatedAt;
  const days = thresholds.retentionDays[task.stage];
  if (at - endedAt <= days * DAY_MS) return undefined;
  const reason = `Task ${task.stage} ${Math.floor((at - endedAt) / DAY_MS)} days ago, kept for ${days}`;
  // What waits for a completed task has got what it needs; what is stuck behind another may want it taken up again.
  return { verdict: isAwaited && task.stage !== 'completed' ? 'awaited' : 'expired', reason };
}

const isRetained = (stage: Stage): stage is keyof Thresholds['retentionDays'] =>
  stage === 'completed' || stage === 'failed' || stage === 'cancelled';

const staleAfterMs = (
  specialist: string | undefined,
  { staleHours, staleHoursOtherwise }: Pick<Thresholds, 'staleHours' | 'staleHoursOtherwise'>,
): number => {
  const own = specialist !== undefined && Object.hasOwn(staleHours, specialist) ? staleHours[specialist] : undefined;
  return (own ?? staleHoursOtherwise) * HOUR_MS;
};

const hours = (ms: number) => (Math.floor(ms / (HOUR_MS / 10)) / 10).toFixed(1);

/** The id of a maintenance that a schedule set for a moment; eight characters hold the milliseconds until the year 2059. */
export const operationAt = (dueAt: number) => `maint_${dueAt.toString(36).padStart(8, '0')}`;
