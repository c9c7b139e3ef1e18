/** So many calls of a tool that came to the same end in about the same time. */
export type CallCount = Readonly<{
  /** The day they ended on, as `2026-01-15` in UTC. */
  day: string;
  tool: string;
  /** `answered`, or the code of the refusal. */
  outcome: string;
  /** Step of the scale of times, see `domain/durations.ts`. */
  bucket: number;
  count: number;
}>;

/** How often tools were called by all servers of the store, and how long that took. */
export interface CallRepository {
  /** Adds to what was counted before. */
  add(counts: readonly CallCount[]): Promise<void>;
  /** What was counted from one day to another, both included. */
  between(first: string, last: string): Promise<readonly CallCount[]>;
  /** Drops what was counted before a day. */
  forgetBefore(day: string): Promise<void>;
}
