import { HOUR_MS } from './maintenance.ts';

/** What is looked at, in the order in which it is told. */
export const CHECKS = [
  'database',
  'writable',
  'whole',
  'version',
  'disk',
  'wal',
  'artifacts',
  'claims',
  'queue',
  'retries',
  'clock',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** `concern`: it works, and something should be done. `not_checked`: looking would have held others up. */
export const CHECK_STATES = ['good', 'concern', 'bad', 'not_checked'] as const;
export type CheckState = (typeof CHECK_STATES)[number];

export type Check = Readonly<{
  check: CheckName;
  state: CheckState;
  /** What was found, with what was measured. */
  finding: string;
  nextStep?: string | undefined;
}>;

export type Fitness = 'good' | 'concern' | 'bad';

/** The worst of what was found. */
export const fitness = (checks: readonly Check[]): Fitness =>
  (['bad', 'concern'] as const).find((state) => checks.some((check) => check.state === state)) ?? 'good';

/** From these on something is worth a look: each far from what a store meets from day to day. */
export const LIMITS = {
  answerMs: 1_000,
  writeMs: 500,
  /** So long somebody who only measures waits for a turn to write. */
  turnMs: 2_000,
  /** A backup needs as much as the database and its log have, and so does writing it back. */
  freeOverStore: 2,
  leastFreeBytes: 50_000_000,
  /**
   * SQLite writes the log back at 4 MB, and cuts a larger one down to 67 MB with the next write. Far more stays when somebody
   * reads one moment for long.
   */
  walBytes: 150_000_000,
  onOfferMs: 7 * 24 * HOUR_MS,
  waitMs: 5_000,
  clockMs: 5_000,
} as const;
