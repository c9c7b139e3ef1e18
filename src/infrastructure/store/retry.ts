import { setTimeout as sleep, setImmediate as yielded } from 'node:timers/promises';
import { OrchestratorError } from '../../domain/errors.ts';
import { RETRIES } from '../../domain/retries.ts';
import { isBusy } from './sqlite-errors.ts';

export type Patience = Readonly<{
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** Counts here what had to be waited. */
  waits?: Waits | undefined;
}>;

/** How often somebody had to wait for the lock, and the longest that one waited for it. */
export type Waits = { times: number; longestMs: number };
export const noWaits = (): Waits => ({ times: 0, longestMs: 0 });

/**
 * Attempts until nobody else holds the lock, at most for `deadlineMs`. Nobody is told when it is free, so it goes to those
 * who ask often, and these are the ones who have waited for a while. SQLite's own waiting asks the less often the longer it
 * lasts: of 8 writers one waited 2.7 s, and of four without a pause every hundredth waited 35 ms, half of it with this.
 */
export async function retryBusy<T>(attempt: () => T, { deadlineMs, signal, waits }: Patience): Promise<T> {
  const startedAt = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    const waitedMs = performance.now() - startedAt;
    if (signal?.aborted) throw whyEnded(signal.reason, { isFirst, waitedMs });
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || waitedMs > deadlineMs) throw error;
    }
    note(waits, { isFirst, waitedMs });
    await pause(waitedMs);
  }
}

type Waiting = Readonly<{ isFirst: boolean; waitedMs: number }>;

/** Whose time ran out here had nothing to do with it: somebody else has the store. */
function whyEnded(reason: unknown, { isFirst, waitedMs }: Waiting): unknown {
  if (isFirst || !(reason instanceof OrchestratorError) || reason.code !== 'timeout') return reason;
  return reason.with({
    waited_ms: Math.round(waitedMs),
    suggestions:
      'Another process held the store all that time: let it end its work, or see with mcp-task-orchestrator doctor what it is, then repeat the call',
  });
}

const { newcomerMs, longMs, seldomMs, oftenMs } = RETRIES.lock;
const NEVER = new Int32Array(new SharedArrayBuffer(4));

/** No timer is as short as the pauses of who asks often: these block the process, and in between others have their turn. */
async function pause(waitedMs: number): Promise<void> {
  const isOften = waitedMs >= newcomerMs && waitedMs < longMs;
  if (isOften) Atomics.wait(NEVER, 0, 0, oftenMs);
  await (isOften ? yielded() : sleep(seldomMs * (0.5 + Math.random() / 2)));
}

/** What is still waited for counts with the next attempt. */
function note(waits: Waits | undefined, { isFirst, waitedMs }: Waiting): void {
  if (waits === undefined) return;
  if (isFirst) waits.times += 1;
  waits.longestMs = Math.max(waits.longestMs, waitedMs);
}
