/**
 * Everything that is tried again by itself, with the numbers that say how often and for how long; `docs/reliability.md` shows
 * them as a table. What is not here is tried once, and the caller told.
 */
export const RETRIES = {
  /**
   * The lock of the store. Who has just come asks seldom, who has waited for `newcomerMs` asks often, so that he has his turn
   * first; who has waited for `longMs` waits for something large, and asks seldom again.
   */
  lock: { newcomerMs: 4, longMs: 200, seldomMs: 2, oftenMs: 0.5, deadlineMs: 30_000, endingMs: 500 },
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
  /** Files of work that were moved while a backup copied them. */
  movedWork: { tries: 2 },
  /** What changed since the last search and is to be found by the next one. */
  searchIndex: { withinMs: 2_000 },
  /** The counts of calls, which go with a write that comes anyway. */
  callCounts: { everyMs: 60_000 },
} as const;
