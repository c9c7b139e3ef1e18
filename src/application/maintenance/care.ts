import type { Task } from '../../domain/task.ts';
import type { CleanupAction } from './cleanup-actions.ts';
import { joined, type Listing, NOTHING } from './reply.ts';

type Tasks = Listing<Pick<Task, 'id' | 'title'>>;

/** What the upkeep of tasks came to. */
export type Care = Readonly<{
  scanned: number;
  /** Begun, without activity, and needed by nobody. */
  stale: Tasks;
  /** Begun and without activity, but waited for, so that they are left as they are. */
  awaited: Tasks;
  /** Ended for long, but others are stuck behind them. */
  blocking: Tasks;
  orphaned: Tasks;
  unstarted: Tasks;
  circular: Tasks;
  /** Open top tasks with subtasks. */
  workflows: Tasks;
  actions: Listing<CleanupAction>;
}>;

export const NO_CARE: Care = {
  scanned: 0,
  stale: NOTHING,
  awaited: NOTHING,
  blocking: NOTHING,
  orphaned: NOTHING,
  unstarted: NOTHING,
  circular: NOTHING,
  workflows: NOTHING,
  actions: NOTHING,
};

export const joinedCare = (one: Care, other: Care): Care => ({
  scanned: one.scanned + other.scanned,
  stale: joined(one.stale, other.stale),
  awaited: joined(one.awaited, other.awaited),
  blocking: joined(one.blocking, other.blocking),
  orphaned: joined(one.orphaned, other.orphaned),
  unstarted: joined(one.unstarted, other.unstarted),
  circular: joined(one.circular, other.circular),
  workflows: joined(one.workflows, other.workflows),
  actions: joined(one.actions, other.actions),
});
