import { heldUpBy } from '../domain/bottlenecks.ts';
import { type Schedule, schedule } from '../domain/critical-path.ts';
import { type Dependency, isUnmet } from '../domain/dependencies.ts';
import { refused } from '../domain/errors.ts';
import { isOpen } from '../domain/lifecycle.ts';
import { workGraph } from '../domain/work-graph.ts';
import type { WorkRow } from './analysis-repository.ts';
import { theTaskLike } from './find.ts';
import type { Beforehand, Context } from './tool.ts';

/** What is analysed at once: the graph of 100,000 tasks takes some 3 s and 200 MB. */
const MOST_TASKS = 100_000;
/** Tasks whose dependencies are read at once. */
const BATCH = 10_000;

/** The tasks of a scope and what they wait for, as they stood at one moment. */
type Scope = Readonly<{ top: string | undefined; tasks: readonly WorkRow[]; edges: readonly Dependency[] }>;

export type Analysis = Scope &
  Readonly<{
    /** Open tasks by id. */
    open: ReadonlyMap<string, WorkRow>;
    schedule: Schedule;
    weighedBy: 'tasks' | 'estimated_effort';
    /** How many leaves each open task holds up, where that was asked for, and how many open tasks wait directly for it. */
    heldUp: ReadonlyMap<string, number>;
    waiters: ReadonlyMap<string, number>;
    /** Open tasks that no work in the scope sets free. */
    stuck: readonly string[];
    inCircle: readonly string[];
  }>;

type Asked = Readonly<{ taskId: string | undefined; includeEnded: boolean; withHeldUp: boolean }>;

/** Analyses what is open in the store, or in one task's subtree, without keeping anybody from writing. */
export async function analyse(beforehand: Beforehand, asked: Asked): Promise<Analysis> {
  const scope = await beforehand.read((context) => load(context, asked));
  const open = new Map(scope.tasks.filter(({ stage }) => isOpen(stage)).map((task) => [task.id, task]));
  const pending = scope.edges.filter(({ status, taskId }) => status === 'pending' && open.has(taskId));
  const waits = pending.filter(({ prerequisiteId }) => open.has(prerequisiteId));
  const graph = workGraph([...open.values()], waits);
  return {
    ...scope,
    open,
    schedule: schedule(graph),
    weighedBy: graph.weighedBy,
    heldUp: asked.withHeldUp ? await inTurns(heldUpBy(graph), beforehand.signal) : new Map(),
    waiters: waitersIn(waits),
    stuck: stuckIn(scope, open),
    inCircle: graph.inCircle,
  };
}

async function load(context: Context, { taskId, includeEnded }: Asked): Promise<Scope> {
  const top = taskId === undefined ? undefined : (await theTaskLike(context, taskId)).id;
  const tasks = await context.analysis.work({ within: top, includeEnded, limit: MOST_TASKS + 1 });
  if (tasks.length > MOST_TASKS) throw tooMany(top, includeEnded);
  const edges: Dependency[] = [];
  for (let from = 0; from < tasks.length; from += BATCH) {
    const batch = tasks.slice(from, from + BATCH);
    edges.push(...(await context.dependencies.of(batch.map(({ id }) => id))));
    await others(context.signal);
  }
  return { top, tasks, edges };
}

const tooMany = (top: string | undefined, includeEnded: boolean) =>
  refused(
    `There are more than ${MOST_TASKS.toLocaleString('en')} tasks ${top === undefined ? 'in the store' : `below ${top}`}, which are too many to analyse at once`,
    {
      most_tasks: MOST_TASKS,
      suggestion: includeEnded
        ? 'Repeat without include_completed, or with the task_id of one plan'
        : 'Repeat with the task_id of one plan; orchestrator_get_status lists them',
    },
  );

/** Lets other calls have their turn, and ends with the call that this belongs to. */
async function others(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

async function inTurns<T>(work: Generator<undefined, T>, signal: AbortSignal): Promise<T> {
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) return step.value;
    await others(signal);
  }
}

function waitersIn(waits: readonly Dependency[]): ReadonlyMap<string, number> {
  const waiting = Map.groupBy(waits, ({ prerequisiteId }) => prerequisiteId);
  return new Map([...waiting].map(([id, edges]) => [id, new Set(edges.map(({ taskId }) => taskId)).size]));
}

/** Blocked themselves, or waiting for what failed, for what is decided by people, or for what lies outside. */
function stuckIn({ tasks, edges }: Scope, open: ReadonlyMap<string, WorkRow>): readonly string[] {
  const isStuck = ({ status, prerequisiteId }: Dependency) =>
    isUnmet(status) && (status === 'failed' || !open.has(prerequisiteId));
  const behind = new Set(edges.filter(isStuck).map(({ taskId }) => taskId));
  return tasks.filter(({ id, stage }) => open.has(id) && (stage === 'blocked' || behind.has(id))).map(({ id }) => id);
}
