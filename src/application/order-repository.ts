import type { Moment } from '../domain/way.ts';

/** Begins and ends of live tasks, and which have to come first. */
export interface OrderRepository {
  /**
   * For each moment, in the given order, what it waits for: a begin for that of the parent and for the ends of the
   * task's prerequisites, an end for its begin and for the ends of the subtasks.
   */
  waitsFor(moments: readonly Moment[]): Promise<readonly (readonly Moment[])[]>;
  /** The reverse: for each moment what waits for it. */
  awaitedBy(moments: readonly Moment[]): Promise<readonly (readonly Moment[])[]>;
}
