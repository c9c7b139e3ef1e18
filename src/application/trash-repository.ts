import type { Artifact } from '../domain/artifact.ts';
import type { Dependency } from '../domain/dependencies.ts';
import type { Event } from '../domain/event.ts';
import type { Task } from '../domain/task.ts';

/** A task in the trash. `root` is the task whose deletion took it along, or itself. */
export type Trashed = Readonly<{ task: Task; deletedAt: number; root: string }>;
/** An event whose texts may be replaced. */
export type Telling = Pick<Event, 'seq' | 'details'>;

/** What was deleted and can be brought back, until it is purged. All other repositories pass it over. */
export interface TrashRepository {
  /** Those of `ids` that lie in the trash. */
  findAll(ids: readonly string[]): Promise<readonly Trashed[]>;
  /** Everything that was deleted with a task, itself included, in the order in which it was created. */
  deletedWith(root: string): Promise<readonly Task[]>;
  /** Nothing that lies in the trash is on offer. */
  put(ids: readonly string[], how: { root: string; at: number }): Promise<void>;
  /** Takes everything out again that was deleted with a task. */
  takeOut(root: string): Promise<void>;
  /** Ids of the tasks that were deleted themselves at `at` or earlier, the earliest first. */
  rootsUpTo(at: number): Promise<readonly string[]>;
  /** Edges that tasks in the trash have onto any of `ids`. */
  edgesOnto(ids: readonly string[]): Promise<readonly Dependency[]>;
  /** The events of the tasks that tell anything. */
  tellings(ids: readonly string[]): Promise<readonly Telling[]>;
  retell(events: readonly Telling[]): Promise<void>;
  /**
   * Removes for good the rows of tasks in the trash, their edges, notes, artifacts and syntheses, and the kept replies that name them.
   * Returns the tasks that were left without their parent: they were deleted before it, by themselves.
   */
  purge(ids: readonly string[]): Promise<readonly string[]>;
}

/** Work that was given up with a cancelled task: its row is marked, its file lies in the trash. Taken back when the task is taken up again. */
export interface GivenUpRepository {
  /** Marks the artifacts of the tasks; returns those that were not marked before. */
  put(taskIds: readonly string[], at: number): Promise<readonly Artifact[]>;
  /** Takes the marks off; returns the artifacts that had one. */
  takeOut(taskId: string): Promise<readonly Artifact[]>;
  /** Those of the artifacts that are given up, and whose they are. */
  among(artifactIds: readonly string[]): Promise<readonly Pick<Artifact, 'id' | 'taskId'>[]>;
  /** Removes the rows of what was given up at `at` or earlier; returns the ids. */
  purgeUpTo(at: number): Promise<readonly string[]>;
}
