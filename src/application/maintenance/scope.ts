import { theTask } from '../find.ts';
import type { Context } from '../tool.ts';
import type { Run } from './run.ts';

/** The tasks that a maintenance is about: those that are listed, or all. */
export type Scope = Readonly<{
  /** Undefined where it is all. */
  ids: readonly string[] | undefined;
  /** How far a walk goes: the number of ids, or the number of the latest task. */
  extent: number;
}>;

/** Tasks that one look takes on: enough that the transaction is not what takes the time, few enough that progress is told often. */
const BATCH = 250;
/** For so long a transaction that changes tasks keeps others from writing; with a commit, that is hardly noticed. */
const HELD_MS = 5;
/** Tasks that the first such transaction takes on, before it is known how long they take. */
const FIRST_SLICE = 4;
/** More tasks than this in one session are beyond what an agent can do. */
const TASKS_OF_SESSION = 1_000_000;

export const scopeOf = (run: Run): Promise<Scope> =>
  run.look(async (context) => {
    const ids = await idsOf(context, run);
    return { ids, extent: ids === undefined ? await context.maintenance.latest() : ids.length };
  });

/** A session means what it created, claimed or completed; where that is nothing, all open work. */
async function idsOf(context: Context, { request }: Run): Promise<readonly string[] | undefined> {
  const { maintenance, sessions, actor } = context;
  switch (request.scope) {
    case 'full_project':
      return undefined;
    case 'specific_subtask': {
      const { id } = await theTask(context, request.target ?? '');
      return [id, ...(await maintenance.idsBelow(id))];
    }
    case 'current_session': {
      const own = await sessions.tasksOf(actor.sessionId, TASKS_OF_SESSION);
      return own.length > 0 ? own : maintenance.openIds();
    }
  }
}

type Walk<T> = Readonly<{
  /** What is done, as it is told to the caller: `checking counters`. */
  doing: string;
  work: (context: Context, ids: readonly string[]) => Promise<T>;
}>;

/** Goes through a scope in batches, each of which is looked at in one moment, and gives what was seen of each; once that is dealt with, it counts as done. */
export async function* inBatches<T>(run: Run, scope: Scope, { doing, work }: Walk<T>): AsyncGenerator<T> {
  for (let at = 0; at < scope.extent; ) {
    const { ids, next, made } = await run.look(async (context) => {
      const page = await pageAt(context, scope, at);
      return { ...page, made: page.ids.length > 0 ? await work(context, page.ids) : undefined };
    });
    at = next;
    if (made !== undefined && ids.length > 0) yield made;
    run.tell(doing, at, scope.extent);
  }
}

async function pageAt({ maintenance }: Context, { ids, extent }: Scope, at: number) {
  if (ids !== undefined) return { ids: ids.slice(at, at + BATCH), next: Math.min(at + BATCH, extent) };
  const page = await maintenance.tasksAfter(at, BATCH);
  const last = page.at(-1);
  return { ids: page.map(({ id }) => id), next: page.length < BATCH || last === undefined ? extent : last.seq };
}

type Change<T> = (context: Context, ids: readonly string[]) => Promise<T>;

/** Changes tasks a few at a time, each few in a transaction of its own: as many as can be done while others hardly have to wait. */
export function inSlices(run: Run) {
  let size = FIRST_SLICE;
  return async function* <T>(ids: readonly string[], work: Change<T>): AsyncGenerator<T> {
    for (let at = 0; at < ids.length; ) {
      const some = ids.slice(at, at + size);
      const { made, ms } = await run.change(async (context) => {
        const began = performance.now();
        return { made: await work(context, some), ms: performance.now() - began };
      });
      at += some.length;
      const fitting = Math.floor((some.length * HELD_MS) / Math.max(ms, 0.1));
      size = Math.min(BATCH, Math.max(1, fitting));
      yield made;
    }
  };
}
