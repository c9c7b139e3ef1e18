import { OrchestratorError } from '../../domain/errors.ts';
import type { Action, Level, ScopeName } from '../../domain/maintenance.ts';
import type { Beforehand, Context } from '../tool.ts';
import { iso } from '../views.ts';
import { begin, goOn, SHOWN_EVERY_MS } from './only-one.ts';

/** What a maintenance was asked for. */
export type Request = Readonly<{
  action: Action;
  scope: ScopeName;
  level: Level;
  target: string | undefined;
  isDryRun: boolean;
  /** Tokens of the reply. */
  budget: number;
}>;

/** A maintenance under way. It works in short transactions, so that others get their turn in between. */
export type Run = Readonly<{
  id: string;
  request: Request;
  beforehand: Beforehand;
  /** Looks at one moment of the store. */
  look<T>(work: (context: Context) => Promise<T>): Promise<T>;
  /** Changes the store in a transaction that is kept whatever comes later; only looks when it is a dry run. */
  change<T>(work: (context: Context) => Promise<T>): Promise<T>;
  /** Does something else than use the store, such as moving files, unless the time has run out. */
  step<T>(work: () => Promise<T>): Promise<T>;
  /** Says how many steps there will be. */
  expect(steps: number): void;
  /** Tells the caller how far a step is; the first word of another step ends the one before. */
  tell(step: string, done: number, of: number): void;
  /** Counts what is done, which is told when the run is stopped before its end. */
  count(what: string, times?: number): void;
  counts(): Readonly<Record<string, number>>;
}>;

/**
 * Makes a maintenance while nobody else makes one. What it has committed is kept when it fails or the time runs out,
 * and the error says how far it came. A dry run changes nothing, so it waits for nobody.
 */
export async function maintain<T>(
  beforehand: Beforehand,
  request: Request,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  if (request.isDryRun) return work(runOf(beforehand, request, `maint_${beforehand.drawId()}`));
  const id = await beforehand.write((context) => begin(context, request.action));
  const run = runOf(beforehand, request, id);
  try {
    const made = await work(run);
    await conclude(run, true);
    return made;
  } catch (error) {
    await conclude(run, false);
    throw stoppedBy(error, run);
  }
}

function runOf(beforehand: Beforehand, request: Request, id: string): Run {
  const counts = new Map<string, number>();
  const { clock } = beforehand;
  let seenAt = clock();
  let heldMs = 0;
  const showLife = async () => {
    if (request.isDryRun || clock() - seenAt < SHOWN_EVERY_MS) return;
    await beforehand.write((context) => goOn(context, id));
    seenAt = clock();
  };
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    await others(heldMs);
    heldMs = 0;
    beforehand.signal.throwIfAborted();
    await showLife();
    return work();
  };
  const look = <T>(work: (context: Context) => Promise<T>) => step(() => beforehand.read(work));
  const change = <T>(work: (context: Context) => Promise<T>) =>
    step(() =>
      beforehand.write(async (context) => {
        const began = performance.now();
        await goOn(context, id);
        const made = await work(context);
        heldMs = performance.now() - began;
        return made;
      }),
    );
  return {
    id,
    request,
    beforehand,
    look,
    change: request.isDryRun ? look : change,
    step,
    ...progress(beforehand, request),
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
    counts: () => Object.fromEntries(counts),
  };
}

/** Progress over all steps, for the numbers that a client is told have to rise. */
function progress({ report }: Beforehand, { action }: Request): Pick<Run, 'expect' | 'tell'> {
  let steps = 1;
  const begun: string[] = [];
  return {
    expect(count) {
      steps = count;
    },
    tell(step, done, of) {
      if (begun.at(-1) !== step) begun.push(step);
      report(
        begun.length - 1 + done / Math.max(1, of),
        Math.max(steps, begun.length),
        `${action}: ${step}, ${done} of ${of}`,
      );
    },
  };
}

/** Who writes from another process asks for the lock now and then, so after a change it is free for so many times as long as it was held. */
const FREE_FOR = 2;

/** Lets other calls, timers and messages have their turn: nothing in a transaction of SQLite waits for anything. */
async function others(heldMs: number): Promise<void> {
  if (heldMs >= 1) await new Promise<void>((resolve) => void setTimeout(resolve, FREE_FOR * heldMs));
  // All timers that are due have their turn before this, the end of the call among them.
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Lets go of the store and records what was done, which is possible for a moment after the time has run out. */
async function conclude({ id, request, beforehand, counts }: Run, isComplete: boolean): Promise<void> {
  const { action, scope, target } = request;
  const about = target === undefined ? {} : { target_task_id: target };
  const { dueAt } = beforehand;
  const due = dueAt === undefined ? {} : { scheduled_for: iso(dueAt) };
  const details = { operation_id: id, action, scope, ...about, ...due, complete: isComplete, ...counts() };
  await beforehand
    .conclude(async (context) => {
      await context.maintenance.end(id);
      await context.record([{ type: 'maintenance.run', details }]);
    })
    .catch((error: unknown) => beforehand.log.warn({ err: error, operation: id }, 'a maintenance was left open'));
}

/** A run that was stopped from outside says how far it came. */
function stoppedBy(error: unknown, { id, request, beforehand, counts }: Run): unknown {
  const { aborted, reason } = beforehand.signal;
  if (!aborted || !(reason instanceof OrchestratorError)) return error;
  return reason.with({
    operation_id: id,
    action: request.action,
    done: counts(),
    suggestions:
      'What is done is kept. Try again with smaller scope or basic validation level; the same call goes on with the rest',
  });
}
