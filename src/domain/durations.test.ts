import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf, percentile, timeWithin } from './durations.ts';

describe('times on a scale', () => {
  test('are read as what they were, at most 10 % off', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.011, max: 600_000, noNaN: true }), (ms) => {
        const read = timeWithin(new Map([[bucketOf(ms), 3]]), 0.5) ?? 0;

        // Two digits are another 5 % at the most.
        expect(read / ms).toBeGreaterThan(0.86);
        expect(read / ms).toBeLessThan(1.16);
      }),
    );
  });

  test('keep their order', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e6, noNaN: true })),
        (pair) => {
          const [a = 0, b = 0] = pair.toSorted((x, y) => x - y);

          expect(bucketOf(a)).toBeLessThanOrEqual(bucketOf(b));
        },
      ),
    );
  });

  test('within which a share of the calls ended are found', () => {
    const counts = new Map([
      [bucketOf(10), 90],
      [bucketOf(1_000), 9],
      [bucketOf(100_000), 1],
    ]);

    const found = [0.5, 0.9, 0.99, 1].map((share) => timeWithin(counts, share) ?? 0);
    expect(found.map((ms) => Math.round(Math.log10(ms)))).toEqual([1, 1, 3, 5]);
  });

  test('of nothing are none', () => {
    expect(timeWithin(new Map(), 0.5)).toBeUndefined();
    expect(percentile([], 0.5)).toBeUndefined();
  });
});

test('a percentile is the least that enough do not exceed, as sorting and counting finds it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.constantFrom(0.5, 0.85, 0.95), (numbers, share) => {
      const isEnough = (limit: number) => numbers.filter((one) => one <= limit).length >= share * numbers.length;

      expect(percentile(numbers, share)).toBe(Math.min(...numbers.filter(isEnough)));
    }),
  );
});
