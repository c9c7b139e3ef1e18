/**
 * Everything that is tried again by itself, with the numbers that say how often and for how long; `docs/reliability.md` shows
 * them as a table. What is not here is tried once, and the caller told.
 */
export const RETRIES = {
  /** The lock of the store. SQLite blocks the process while it waits, so it waits shortly, and the rest is done in between calls. */
  lock: { blockingMs: 20, longestPauseMs: 10, deadlineMs: 30_000 },
  /** The lock for a copy that is begun, and for one that is written back. */
  copy: { leastPauseMs: 5, mostPauseMs: 25, deadlineMs: 30_000 },
  /** Draws of a new id: they are random over 36⁸, so a second is rare, and a third one means that something else is wrong. */
  newId: { tries: 6 },
  /** The same for what is imported, whose ids are derived: they may be taken by what was purged. */
  importedId: { tries: 8 },
  /** Tasks of a bulk call that were refused because of others of the same call. */
  bulk: { tries: 10 },
  /** An endpoint for embeddings; a second try helps where a connection was lost or a server was restarted. */
  embedding: { tries: 2, questionMs: 1_500, textsMs: 60_000 },
  /** The counts of calls, which go with a write that comes anyway. */
  callCounts: { everyMs: 60_000 },
} as const;
