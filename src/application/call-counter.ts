import { bucketOf } from '../domain/durations.ts';
import { RETRIES } from '../domain/retries.ts';
import type { CallCount } from './call-repository.ts';
import type { Clock, Store } from './ports.ts';

/** Counts are written at most this often, and so far behind; those of a server that is killed in between are lost. */
const WRITE_EVERY_MS = RETRIES.callCounts.everyMs;
const KEPT_FOR_DAYS = 365;
/** A server that is closed does not wait longer for a busy store than this. */
const CLOSE_WITHIN_MS = RETRIES.lock.endingMs;

/** Counts the calls of this server in memory; a call pays for no more than an addition. */
export type CallCounter = Readonly<{
  /** Begins a call of a tool; gives what to say at its end: `answered`, or the code of its refusal. */
  begin(tool: string): (outcome: string) => void;
  /** What is not written yet. */
  unsaved(): readonly CallCount[];
  /** What is to be written now, if its time has come; it counts as written until it is given back. */
  takeDue(): readonly CallCount[];
  takeAll(): readonly CallCount[];
  giveBack(counts: readonly CallCount[]): void;
}>;

/** Counts of one day by what they have in common, changed in place: this is done at every call. */
type Counts = Map<string, { -readonly [Field in keyof CallCount]: CallCount[Field] }>;

/** `stopwatch` tells milliseconds finer than the clock does. */
export function callCounter({ clock, stopwatch }: Readonly<{ clock: Clock; stopwatch: Clock }>): CallCounter {
  const counts: Counts = new Map();
  const today = dayTeller();
  let writtenAt: number | undefined;
  const add = ({ day, tool, outcome, bucket, count }: CallCount) => {
    const key = `${day}${tool} ${outcome}${bucket}`;
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { day, tool, outcome, bucket, count });
    else known.count += count;
  };
  const takeAll = () => {
    const taken = [...counts.values()];
    counts.clear();
    return taken;
  };
  return {
    begin(tool) {
      const began = stopwatch();
      writtenAt ??= clock();
      return (outcome) => add({ day: today(clock()), tool, outcome, bucket: bucketOf(stopwatch() - began), count: 1 });
    },
    unsaved: () => [...counts.values()],
    takeDue() {
      const now = clock();
      // A clock that is set back by a day must not hold them back for one.
      if (counts.size === 0 || Math.abs(now - (writtenAt ?? now)) < WRITE_EVERY_MS) return [];
      writtenAt = now;
      return takeAll();
    },
    takeAll,
    giveBack: (taken) => taken.forEach(add),
  };
}

/** A counter beside which somebody else is told of each call. */
export const watched = (counter: CallCounter, watch: CallCounter['begin']): CallCounter => ({
  ...counter,
  begin(tool) {
    const [count, tell] = [counter.begin(tool), watch(tool)];
    return (outcome) => {
      count(outcome);
      tell(outcome);
    };
  },
});

const DAY_MS = 24 * 3_600_000;

/** Spells a day once, not at every call of it. */
function dayTeller(): (at: number) => string {
  let [number, day] = [Number.NaN, ''];
  return (at) => {
    if (Math.floor(at / DAY_MS) === number) return day;
    [number, day] = [Math.floor(at / DAY_MS), dayOf(at)];
    return day;
  };
}

/** A day in UTC, as its days are written. */
export const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

/** A store that also keeps the counts of calls: with a write that comes anyway, and what is left when it is closed. */
export function keepingCalls(
  store: Store,
  { counter, clock }: Readonly<{ counter: CallCounter; clock: Clock }>,
): Store {
  const write: Store['write'] = async (work, options) => {
    const due = counter.takeDue();
    if (due.length === 0) return store.write(work, options);
    return givingBack(counter, due, () =>
      store.write(async (repositories) => {
        const made = await work(repositories);
        await repositories.calls.forgetBefore(dayOf(clock() - KEPT_FOR_DAYS * DAY_MS));
        await repositories.calls.add(due);
        return made;
      }, options),
    );
  };
  return {
    read: (work) => store.read(work),
    write,
    async close() {
      const left = counter.takeAll();
      const signal = AbortSignal.timeout(CLOSE_WITHIN_MS);
      // They are not worth more than the attempt: the store may be read-only, or busy.
      if (left.length > 0) await store.write(({ calls }) => calls.add(left), { signal }).catch(() => {});
      await store.close();
    },
  };
}

async function givingBack<T>(counter: CallCounter, due: readonly CallCount[], write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    counter.giveBack(due);
    throw error;
  }
}
