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

/** Tasks that one transaction takes on: enough that committing is not what takes the time, few enough that nobody waits long. */
const BATCH = 250;
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
  /** Only looks, whatever the run may change. */
  isLook?: boolean;
  work: (context: Context, ids: readonly string[]) => Promise<T>;
}>;

/** Goes through a scope in batches, each in its own transaction, and gives what came of each as soon as it is committed. */
export async function* inBatches<T>(
  run: Run,
  scope: Scope,
  { doing, isLook = false, work }: Walk<T>,
): AsyncGenerator<T> {
  const transaction = isLook ? run.look : run.change;
  for (let at = 0; at < scope.extent; ) {
    const { ids, next, made } = await transaction(async (context) => {
      const page = await pageAt(context, scope, at);
      return { ...page, made: page.ids.length > 0 ? await work(context, page.ids) : undefined };
    });
    at = next;
    run.tell(doing, at, scope.extent);
    if (made !== undefined && ids.length > 0) yield made;
  }
}

async function pageAt({ maintenance }: Context, { ids, extent }: Scope, at: number) {
  if (ids !== undefined) return { ids: ids.slice(at, at + BATCH), next: Math.min(at + BATCH, extent) };
  const page = await maintenance.tasksAfter(at, BATCH);
  const last = page.at(-1);
  return { ids: page.map(({ id }) => id), next: page.length < BATCH || last === undefined ? extent : last.seq };
}
