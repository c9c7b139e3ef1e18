import { setTimeout as sleep } from 'node:timers/promises';
import { RETRIES } from '../../domain/retries.ts';
import { isBusy } from './sqlite-errors.ts';

export type Patience = Readonly<{
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Counts here what had to be waited. */
  waits?: Waits | undefined;
}>;

/** How often somebody asked once more for the lock, and the longest that one waited for it. */
export type Waits = { times: number; longestMs: number };
export const noWaits = (): Waits => ({ times: 0, longestMs: 0 });

/**
 * Attempts until nobody else holds the lock, at most for `deadlineMs`. SQLite's own waiting blocks the process and is
 * unfair (8 writers: one waited 2.7 s); short waits of random length that double up to a limit let everybody have a turn.
 */
export async function retryBusy<T>(attempt: () => T, { deadlineMs, signal, waits }: Patience): Promise<T> {
  const startedAt = performance.now();
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() - startedAt > deadlineMs) throw error;
    }
    if (waits !== undefined) note(waits, performance.now() - startedAt);
    await sleep(1 + Math.random() * Math.min(RETRIES.lock.longestPauseMs, 2 ** tries));
  }
}

/** What is still waited for counts with the next attempt. */
function note(waits: Waits, waitedMs: number): void {
  waits.times += 1;
  waits.longestMs = Math.max(waits.longestMs, waitedMs);
}
