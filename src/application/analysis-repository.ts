import type { Task } from '../domain/task.ts';

/** A task without its long texts, as an analysis of many needs it. */
export type WorkRow = Pick<Task, 'id' | 'parentId' | 'title' | 'stage' | 'type' | 'effort'> &
  Readonly<{ isLeaf: boolean }>;

/** A leaf that was completed, and when it was created and first begun. */
export type Completed = Pick<Task, 'id' | 'type' | 'specialist' | 'createdAt' | 'startedAt'> &
  Readonly<{ completedAt: number }>;

/** Questions about many tasks at once, each read without their texts. */
export interface AnalysisRepository {
  /** Open tasks, and ended ones if they are wanted, of the store or of a task and its subtree; parents before children, at most `limit`. */
  work(asked: { within: string | undefined; includeEnded: boolean; limit: number }): Promise<readonly WorkRow[]>;
  /** The number of the first event at `at` or later; one more than the latest where there is none. */
  eventFrom(at: number): Promise<number>;
  /** Leaves completed by an event numbered from `from` to `until`, that one left out, and not taken up again since. */
  completedBy(from: number, until: number): Promise<readonly Completed[]>;
  /** When leaves were created, by events with these numbers. */
  createdBy(from: number, until: number): Promise<readonly number[]>;
  /** Live leaves below a task, the task itself included: when each was created, first begun and completed. */
  leavesOf(
    id: string,
  ): Promise<readonly (Omit<Completed, 'completedAt'> & Readonly<{ completedAt: number | undefined }>)[]>;
}
