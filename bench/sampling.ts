import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Something that is measured, a batch at a time; gives the milliseconds of each repetition. */
export type Variant = Readonly<{ name: string; batch: () => Promise<readonly number[]> }>;

/** What other processes did to the rounds that count. */
export type Disturbance = Readonly<{
  /** Rounds that count, and all that were run. */
  rounds: number;
  taken: number;
  /** Largest share of the processors that others used during a round that counts; undefined where that cannot be known. */
  others: number | undefined;
}>;

export type Sampled = Readonly<{ of(name: string): readonly number[]; disturbance: Disturbance }>;

/** Rounds in which others used more than this share of the processors are run again. */
const MOST_OTHERS = 0.08;
/** So many times the wanted number of rounds are run before disturbed ones count after all. */
const PATIENCE = 3;
/** How long a measurement waits in all for others to leave the machine alone. */
const PATIENCE_MS = 120_000;

type Round = Readonly<{ batches: ReadonlyMap<string, readonly number[]>; others: number | undefined }>;

/**
 * Runs all variants in turn, round after round, so that what the machine does meets all of them alike; each round
 * begins with another one. The quietest rounds count.
 */
export async function inTurns(variants: readonly Variant[], { rounds }: { rounds: number }): Promise<Sampled> {
  const taken: Round[] = [];
  const isQuiet = ({ others }: Round) => (others ?? 0) <= MOST_OTHERS;
  let patience = PATIENCE_MS;
  while (taken.filter(isQuiet).length < rounds && taken.length < rounds * PATIENCE) {
    patience -= await calm(patience);
    const first = taken.length % variants.length;
    const { result, others } = await observed(() => batchesOf([...variants.slice(first), ...variants.slice(0, first)]));
    taken.push({ batches: result, others });
  }
  const counting = taken.toSorted((a, b) => (a.others ?? 0) - (b.others ?? 0)).slice(0, rounds);
  return {
    of: (name) => counting.flatMap(({ batches }) => batches.get(name) ?? []),
    disturbance: { rounds: counting.length, taken: taken.length, others: counting.at(-1)?.others },
  };
}

async function batchesOf(variants: readonly Variant[]): Promise<ReadonlyMap<string, readonly number[]>> {
  const batches = new Map<string, readonly number[]>();
  for (const { name, batch } of variants) batches.set(name, await batch());
  return batches;
}

/** Milliseconds of each of `count` repetitions, one after the other. */
export async function timed(count: number, work: (turn: number) => Promise<unknown>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const began = performance.now();
    await work(turn);
    times.push(performance.now() - began);
  }
  return times;
}

/** Runs `work` and says what share of the processors others used meanwhile. */
export async function observed<T>(
  work: () => Promise<T>,
): Promise<Readonly<{ result: T; others: number | undefined }>> {
  const before = processorTime();
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1000;
  const after = processorTime();
  if (before === undefined || after === undefined) return { result, others: undefined };
  const others = after.all - before.all - (after.ours - before.ours);
  return { result, others: Math.max(0, others / (seconds * availableParallelism())) };
}

/** Waits until others leave the machine alone for a moment, at most for so long; gives the milliseconds waited. */
export async function calm(mostMs = PATIENCE_MS): Promise<number> {
  const began = performance.now();
  const waited = () => performance.now() - began;
  while (waited() < mostMs) {
    const { others } = await observed(() => sleep(200));
    if ((others ?? 0) <= MOST_OTHERS / 2) break;
  }
  return waited();
}

const TICKS_PER_SECOND = 100;

/** Seconds that the processors were busy since the machine started: all, and with this process and what it started. */
function processorTime(): Readonly<{ all: number; ours: number }> | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fieldsOf('/proc/stat');
  const all = user + nice + system + irq + softirq + steal;
  return { all: all / TICKS_PER_SECOND, ours: ourTicks() / TICKS_PER_SECOND };
}

const fieldsOf = (file: string) => readFileSync(file, 'utf8').split('\n', 1)[0]?.split(/\s+/).map(Number) ?? [];

type Usage = Readonly<{ pid: number; parent: number; ticks: number }>;

/** Ticks of this process and its descendants, those that have ended included. */
function ourTicks(): number {
  const usages = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap(usageOf);
  const children = Map.groupBy(usages, ({ parent }) => parent);
  const below = ({ pid, ticks }: Usage): number =>
    (children.get(pid) ?? []).reduce((sum, child) => sum + below(child), ticks);
  return usages.filter(({ pid }) => pid === process.pid).reduce((sum, own) => sum + below(own), 0);
}

/** The line is `pid (name) state parent …`; the 14th to 17th fields are the ticks of the process and of its ended children. */
function usageOf(pid: string): readonly Usage[] {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = line
      .slice(line.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = fields.slice(11, 15).reduce((sum, part) => sum + part, 0);
    return [{ pid: Number(pid), parent: fields[1] ?? 0, ticks }];
  } catch {
    // It ended while the list was read.
    return [];
  }
}
