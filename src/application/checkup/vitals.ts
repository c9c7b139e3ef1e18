/** What can be measured of a store from outside of its rows. */
export interface Vitals {
  /** Milliseconds of a clock that nobody sets, from some beginning. */
  stopwatch(): number;
  measure(): Promise<VitalSigns>;
}

export type VitalSigns = Readonly<{
  databaseBytes: number;
  /** The log of what was committed, which is written into the database from time to time, and then written over. */
  walBytes: number;
  /** Free on the disk that holds the store; undefined where the system does not tell. */
  freeBytes: number | undefined;
  /** How often, since this process opened the store, a transaction had to wait for its turn, and the longest that one waited. */
  retries: number;
  longestWaitMs: number;
  /** By how much the clock was set forward, or back, since this process began. */
  clockShiftMs: number;
}>;

/** What the rows say about how a store fares. */
export interface CheckupRepository {
  schemaVersion(): Promise<number>;
  /** What a quick look at the database finds wrong; undefined where it has more than `mostPages` pages, for all would wait for it. */
  quickCheck(mostPages: number): Promise<readonly string[] | undefined>;
  /** Commits a write that leaves the store as it was, to see whether it takes one. */
  rewrite(): Promise<void>;
  /** The latest time of the last thousand events, which may not be that of the last one; undefined where there is none. */
  lastEventAt(): Promise<number | undefined>;
  /** The leaf that could have been taken for longest. */
  longestOnOffer(): Promise<Readonly<{ id: string; since: number }> | undefined>;
  /** Ids of artifacts from the first to the latest, evenly spread, at most `limit`. */
  someArtifacts(limit: number): Promise<readonly string[]>;
}
