/**
 * A scale of times on which each step is a quarter of a doubling, from 0.01 ms on: 100 steps reach beyond any call,
 * and what is read from it is at most 9 % off.
 */
const FIRST_MS = 0.01;
const STEPS_PER_DOUBLING = 4;

/** The step that a time falls into. */
export const bucketOf = (ms: number): number =>
  ms <= FIRST_MS ? 0 : Math.floor(STEPS_PER_DOUBLING * Math.log2(ms / FIRST_MS)) + 1;

/** The time in the middle of a step. */
const timeOf = (bucket: number): number => FIRST_MS * 2 ** ((bucket - 0.5) / STEPS_PER_DOUBLING);

/** The time within which a share of what was counted on the scale ended, in milliseconds with two digits; undefined of nothing. */
export function timeWithin(counts: ReadonlyMap<number, number>, share: number): number | undefined {
  const buckets = [...counts].sort(([a], [b]) => a - b);
  const all = buckets.reduce((sum, [, count]) => sum + count, 0);
  let passed = 0;
  for (const [bucket, count] of buckets) {
    passed += count;
    if (passed >= share * all) return Number(timeOf(bucket).toPrecision(2));
  }
  return undefined;
}

/** The least of some numbers that a share of them does not exceed; undefined of none. */
export function percentile(numbers: readonly number[], share: number): number | undefined {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}
