import type { TaskFilter, TaskQuery } from '../domain/query.ts';
import type { Task } from '../domain/task.ts';

/** A page of tasks as they are stored. */
export type Page = Readonly<{
  tasks: readonly Task[];
  /** How many match in all. */
  total: number;
  hasMore: boolean;
  /** Where the next page begins when this one is shown up to and with the task at `place`. */
  cursorAfter(place: number): string;
}>;

/** Questions about tasks. Those whose claim has ended are found as what they count as, and given as they are stored. */
export interface QueryRepository {
  /** A page in the order that is asked for. Tasks that did not change meanwhile show on exactly one page. Throws `invalid` for a cursor of another query or store. */
  page(query: TaskQuery): Promise<Page>;
  count(filter: TaskFilter): Promise<number>;
  /** Ids of those that match, by creation, at most `limit`; of those created at one moment parents come first. */
  ids(filter: TaskFilter, limit: number): Promise<readonly string[]>;
  /** Ids of the children of these tasks, of each the first `most`, with the parent that each has. */
  childIds(parentIds: readonly string[], most: number): Promise<readonly Readonly<{ id: string; parentId: string }>[]>;
  /** What lies below these tasks, parents before children, at most `limit`. */
  below(ids: readonly string[], limit: number): Promise<readonly Task[]>;
  /** Whether the indexes that questions make for themselves want attention: one is to be made, remembered as used, or dropped. */
  isUpkeepDue(at: number): Promise<boolean>;
  keepUp(at: number): Promise<void>;
}
