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

/** A task that another tool had, with its place in the order of all. */
export type BroughtTask = Pick<Task, 'id' | 'title' | 'stage'> & Readonly<{ seq: number; origin: string }>;

/** What only imports do: they compare with all that is there, and take over rows as they were elsewhere. */
export interface ExchangeRepository {
  /** Those of the tasks that are there, deleted ones included. */
  known(ids: readonly string[]): Promise<readonly KnownTask[]>;
  /** Those of the ids whose last 8 characters somebody has. */
  taken(ids: readonly string[]): Promise<readonly string[]>;
  /** Those of the artifacts that are recorded, given up or not, with their tasks. */
  ownersOf(ids: readonly string[]): Promise<readonly Readonly<{ id: string; taskId: string }>[]>;
  /** Puts a task in the place of the one of its id, with the version that it carries; its standing, birth and session stay. False unless the stored version is `was`. */
  replace(task: Task, was: number): Promise<boolean>;
  /** Open tasks that another tool had under names that begin with `scope`, in the order in which they were stored, at most `limit` after `seq`. */
  broughtFrom(scope: string, page: Readonly<{ after: number; limit: number }>): Promise<readonly BroughtTask[]>;
  /** Parents that have ended or are up for review, and one open task under each, where one of both is among `ids`. */
  openUnderEnded(ids: readonly string[]): Promise<readonly Readonly<{ parentId: string; childId: string }>[]>;
  /** Those of the tasks that are active leaves which nobody holds. */
  activeUnheld(ids: readonly string[]): Promise<readonly string[]>;
  /** Gives tasks an open stage, whatever stage they had. */
  restage(ids: readonly string[], stage: Stage): Promise<void>;
}
