import { OrchestratorError } from '../../domain/errors.ts';
import type { NewEvent } from '../../domain/event.ts';
import { RETRIES } from '../../domain/retries.ts';
import { theTask } from '../find.ts';
import { tentatively } from '../steps.ts';
import type { Beforehand, Context, Surroundings } from '../tool.ts';
import type { Deed } from './operations.ts';
import { type Refusal, type Tally, tallying } from './tally.ts';

/** What is done to which tasks. */
export type Job = Readonly<{ ids: readonly string[]; deed: Deed; doing: string }>;

/** Tasks that one transaction takes on: enough that committing is not what takes the time, few enough that nobody waits long. */
export const BATCH = 200;

/** Does it all in the transaction that is open. */
export const workInOne = (context: Context, job: Job): Promise<Tally> =>
  rounds(job, context, (ids, worker) => worker.through(context, ids));

/** Does it in transactions of their own, each of which is kept whatever comes later: an error says how far it came. */
export const workInBatches = (beforehand: Beforehand, job: Job): Promise<Tally> =>
  rounds(job, beforehand, async (ids, worker) => {
    const { changed, unchanged } = worker.tally();
    try {
      return await beforehand.write((context) => worker.through(context, ids));
    } catch (error) {
      throw error instanceof OrchestratorError ? error.with({ done: { changed, unchanged } }) : error;
    }
  });

/** Does it all and takes it all back: what comes of it is exactly what would. */
export async function workInVain(beforehand: Beforehand, job: Job): Promise<Tally> {
  const tallies: Tally[] = [];
  const work = beforehand.write(async (context) => {
    tallies.push(await workInOne(context, job));
    throw TAKEN_BACK;
  });
  await work.catch((error: unknown) => {
    if (error !== TAKEN_BACK) throw error;
  });
  const [tally] = tallies;
  if (tally === undefined) throw TAKEN_BACK;
  return tally;
}

/** Ends a transaction without a trace. A step that is taken back instead would hold all smaller steps in it: ten times slower. */
const TAKEN_BACK = new Error('The transaction is taken back');

type Go = (ids: readonly string[], worker: Worker) => Promise<readonly Refusal[]>;

async function rounds(job: Job, surroundings: Surroundings, go: Go): Promise<Tally> {
  const worker = workerOn(job);
  let left = job.ids;
  let refusals: readonly Refusal[] = [];
  // What is refused because of another task of the call may be possible once that one is done.
  for (let round = 0; round < RETRIES.bulk.tries; round += 1) {
    refusals = await goThrough(left, { ...surroundings, doing: job.doing }, (ids) => go(ids, worker));
    const isHopeful = refusals.some(({ error }) => error.code === 'refused') && refusals.length < left.length;
    if (!isHopeful) break;
    left = refusals.map(({ id }) => id);
  }
  return worker.tally(refusals);
}

type Going = Pick<Surroundings, 'report'> & Readonly<{ doing: string }>;

async function goThrough(
  ids: readonly string[],
  { report, doing }: Going,
  go: (some: readonly string[]) => Promise<readonly Refusal[]>,
): Promise<readonly Refusal[]> {
  const refused: Refusal[] = [];
  for (let at = 0; at < ids.length; at += BATCH) {
    await others();
    refused.push(...(await go(ids.slice(at, at + BATCH))));
    report(Math.min(at + BATCH, ids.length), ids.length, doing);
  }
  return refused;
}

/** Lets other calls, timers and messages have their turn: nothing in a transaction of SQLite waits for anything. */
const others = () => new Promise<void>((resolve) => void setImmediate(resolve));

type Worker = ReturnType<typeof workerOn>;

function workerOn({ ids, deed }: Job) {
  const meant = new Set(ids);
  const counts = tallying(meant);
  const covered = new Set<string>();
  /** What a task recorded counts only if it stays. */
  const one = async (context: Context, id: string): Promise<Refusal | undefined> => {
    const recorded: NewEvent[] = [];
    const done = await tentatively(context, async (inside) => {
      const record = (events: readonly NewEvent[]) => {
        recorded.push(...events);
        return inside.record(events);
      };
      return deed({ ...inside, record }, await theTask(inside, id));
    });
    if (done instanceof OrchestratorError) return { id, error: done };
    counts.done(id, done.changes, recorded);
    for (const other of done.covers ?? []) {
      covered.add(other.id);
      if (meant.has(other.id)) counts.done(other.id, other.changes, []);
    }
    return undefined;
  };
  return {
    /** Returns what was refused. What was done with another task is done. */
    async through(context: Context, some: readonly string[]): Promise<readonly Refusal[]> {
      const refused: Refusal[] = [];
      for (const id of some) {
        const refusal = covered.has(id) ? undefined : await one(context, id);
        if (refusal !== undefined) refused.push(refusal);
      }
      return refused;
    },
    tally: (refusals: readonly Refusal[] = []): Tally => counts.tally(refusals.filter(({ id }) => !covered.has(id))),
  };
}
