import type { Finished } from '../domain/flow.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { dayOf } from './call-counter.ts';
import type { CallCount } from './call-repository.ts';
import { theTaskLike } from './find.ts';
import type { Beforehand, Context } from './tool.ts';

/** From `since` on, and before `until`. */
export type Stretch = Readonly<{ since: number; until: number }>;

/** What happened in a stretch of time, and what is at work now. */
export type Happened = Readonly<{
  taskId: string | undefined;
  finished: readonly Finished[];
  /** When leaves were created. */
  createdAt: readonly number[];
  /** Leaves that were begun and are active or blocked now. */
  begun: readonly Task[];
  calls: readonly CallCount[];
}>;

/** Events that are read at once; others have their turn in between. */
const BATCH = 20_000;
/** Leaves at work that are looked at, the longest unchanged first. */
const MOST_BEGUN = 10_000;

/**
 * What happened in the workspace, from its events; or to a plan, from its tasks, whose times are those of the events: a
 * task keeps when it first became active and when it was last completed, and counts once, unless it was taken up again.
 */
export async function happened(beforehand: Beforehand, stretch: Stretch & { taskId: string | undefined }) {
  return stretch.taskId === undefined ? inWorkspace(beforehand, stretch) : inPlan(beforehand, stretch.taskId, stretch);
}

async function inWorkspace(beforehand: Beforehand, { since, until }: Stretch): Promise<Happened> {
  const finished = new Map<string, Finished>();
  const createdAt: number[] = [];
  // Up to now means up to the last event: a clock that was set back leaves some that lie in the future.
  const moments = [since, until > beforehand.clock() ? Number.MAX_SAFE_INTEGER : until];
  const numbers = ({ analysis }: Context) => Promise.all(moments.map((at) => analysis.eventFrom(at)));
  const [first = 0, end = 0] = await beforehand.read(numbers);
  for (let from = first; from < end; from += BATCH) {
    beforehand.signal.throwIfAborted();
    await beforehand.read(async ({ analysis }) => {
      const before = Math.min(end, from + BATCH);
      for (const task of await analysis.completedBy(from, before)) finished.set(task.id, task);
      for (const at of await analysis.createdBy(from, before)) createdAt.push(at);
    });
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  return beforehand.read(async (context) => ({
    taskId: undefined,
    finished: [...finished.values()],
    createdAt,
    begun: await begunIn(context, () => true),
    calls: await callsIn(context, { since, until }),
  }));
}

const inPlan = (beforehand: Beforehand, idOrPrefix: string, { since, until }: Stretch): Promise<Happened> =>
  beforehand.read(async (context) => {
    const { id } = await theTaskLike(context, idOrPrefix);
    const leaves = await context.analysis.leavesOf(id);
    const ids = new Set(leaves.map((leaf) => leaf.id));
    const isWithin = (at: number) => at >= since && at < until;
    return {
      taskId: id,
      finished: leaves.flatMap(({ completedAt, ...leaf }) =>
        completedAt !== undefined && isWithin(completedAt) ? [{ ...leaf, completedAt }] : [],
      ),
      createdAt: leaves.map((leaf) => leaf.createdAt).filter(isWithin),
      begun: await begunIn(context, (task) => ids.has(task.id)),
      calls: [],
    };
  });

async function begunIn({ tasks }: Context, isMeant: (task: Task) => boolean): Promise<readonly Task[]> {
  const atWork = await tasks.openLeaves({ stages: ['active', 'blocked'], limit: MOST_BEGUN });
  return atWork.filter((task) => isLeaf(task) && task.startedAt !== undefined && isMeant(task));
}

/** Calls of whole days: those that are written, and those that this server has not written yet. */
async function callsIn({ calls, callCounter }: Context, { since, until }: Stretch): Promise<readonly CallCount[]> {
  const [first, last] = [dayOf(since), dayOf(until - 1)];
  const unsaved = callCounter.unsaved().filter(({ day }) => day >= first && day <= last);
  return [...(await calls.between(first, last)), ...unsaved];
}
