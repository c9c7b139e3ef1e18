import type { Stage } from '../domain/lifecycle.ts';
import type { Task } from '../domain/task.ts';

/** What an import compares a task with, deleted ones included. */
export type KnownTask = Pick<Task, 'id' | 'parentId' | 'version' | 'createdAt' | 'updatedAt' | 'stage' | 'type'> &
  Readonly<{
    isDeleted: boolean;
    /** Where another tool had it, and how it stood there when it was last imported; undefined where it never was. */
    origin: string | undefined;
    mark: string | undefined;
  }>;

/** What only imports do: they compare with all that is there, and take over rows as they were elsewhere. */
export interface ExchangeRepository {
  /** Those of the tasks that are there, deleted ones included. */
  known(ids: readonly string[]): Promise<readonly KnownTask[]>;
  /** Those of the ids whose last 8 characters somebody has. */
  taken(ids: readonly string[]): Promise<readonly string[]>;
  /** Puts a task in the place of the one of its id, with the version that it carries; its standing, birth and session stay. False unless the stored version is `was`. */
  replace(task: Task, was: number): Promise<boolean>;
  /** Parents that have ended or are up for review, and one open task under each, where one of both is among `ids`. */
  openUnderEnded(ids: readonly string[]): Promise<readonly Readonly<{ parentId: string; childId: string }>[]>;
  /** Those of the tasks that are active leaves which nobody holds. */
  activeUnheld(ids: readonly string[]): Promise<readonly string[]>;
  /** Gives tasks an open stage, whatever stage they had. */
  restage(ids: readonly string[], stage: Stage): Promise<void>;
}
