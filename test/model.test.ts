import fc from 'fast-check';
import { describe, test } from 'vitest';
import { byAnyone, byTools } from './model/operations.ts';
import { play } from './model/play.ts';

/** How many sequences are played; `MODEL_RUNS=10000` is worth an hour before a release. */
const RUNS = Number(process.env.MODEL_RUNS ?? 75);
const LONGEST = 60;
const TIMEOUT_MS = 10_000 + RUNS * 1_000;

describe('whatever is called in whatever order, the store is what the contract says', () => {
  test(
    'through the tools alone',
    async () => {
      const sequence = fc.noBias(fc.array(byTools, { maxLength: LONGEST, size: 'max' }));
      await fc.assert(fc.asyncProperty(sequence, play), { numRuns: RUNS });
    },
    TIMEOUT_MS,
  );

  test(
    'while stages and edges change in all other ways as well',
    async () => {
      const sequence = fc.noBias(fc.array(byAnyone, { maxLength: LONGEST, size: 'max' }));
      await fc.assert(fc.asyncProperty(sequence, play), { numRuns: RUNS });
    },
    TIMEOUT_MS,
  );
});
