import { percentile } from './durations.ts';

/** A leaf that was completed; times in milliseconds. */
export type Finished = Readonly<{
  type: string;
  specialist: string | undefined;
  createdAt: number;
  /** When it first became active; absent where it never did. */
  startedAt: number | undefined;
  completedAt: number;
}>;

export type Spread = Readonly<{ tasks: number; median: number; p85: number; p95: number }>;

/** How a set of tasks flowed: from first active to completed, and from created to completed. */
export type Flow = Readonly<{ completed: number; cycle: Spread | undefined; lead: Spread | undefined }>;

export function flowOf(tasks: readonly Finished[]): Flow {
  const cycles = tasks.flatMap(({ startedAt, completedAt }) =>
    startedAt === undefined ? [] : [completedAt - startedAt],
  );
  const leads = tasks.map(({ createdAt, completedAt }) => completedAt - createdAt);
  return { completed: tasks.length, cycle: spread(cycles), lead: spread(leads) };
}

/** Where the middle of some durations lies, and what 85 and 95 of 100 do not exceed; undefined of none. */
export function spread(durations: readonly number[]): Spread | undefined {
  // What ended before it began did so because the clock was set back.
  const known = durations.map((ms) => Math.max(0, ms));
  const [median, p85, p95] = [0.5, 0.85, 0.95].map((share) => percentile(known, share));
  if (median === undefined || p85 === undefined || p95 === undefined) return undefined;
  return { tasks: durations.length, median, p85, p95 };
}

const DAY_MS = 24 * 3_600_000;
/** The first Monday of 1970 in UTC. */
const FIRST_MONDAY = 4 * DAY_MS;
const WEEK_MS = 7 * DAY_MS;

/** When the week of a time began: Monday, 00:00 UTC. */
export const weekOf = (at: number): number => Math.floor((at - FIRST_MONDAY) / WEEK_MS) * WEEK_MS + FIRST_MONDAY;

/** The weeks of a stretch of time, the latest first. */
export function weeksOf({ since, until }: Readonly<{ since: number; until: number }>): readonly number[] {
  const weeks: number[] = [];
  for (let week = weekOf(Math.max(since, until - 1)); week >= weekOf(since); week -= WEEK_MS) weeks.push(week);
  return weeks;
}
