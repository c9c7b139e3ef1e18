import { setTimeout as sleep } from 'node:timers/promises';
import { isBusy } from './sqlite-errors.ts';

export type Patience = Readonly<{ deadlineMs: number; signal?: AbortSignal | undefined }>;

/**
 * Attempts until nobody else holds the lock, at most for `deadlineMs`. SQLite's own waiting blocks the process and is
 * unfair (8 writers: one waited 2.7 s); short waits of random length that double up to 10 ms let everybody have a turn.
 */
export async function retryBusy<T>(attempt: () => T, { deadlineMs, signal }: Patience): Promise<T> {
  const startedAt = performance.now();
  for (let tries = 1; ; tries++) {
    signal?.throwIfAborted();
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() - startedAt > deadlineMs) throw error;
    }
    await sleep(1 + Math.random() * Math.min(10, 2 ** tries));
  }
}
