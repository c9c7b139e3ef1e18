import fc from 'fast-check';
import { describe, test } from 'vitest';
import { anything, type Operation, workflow } from './model/operations.ts';
import { play } from './model/play.ts';

/** How many sequences are played; `MODEL_RUNS=10000` is worth some hours before a release. */
const RUNS = Number(process.env.MODEL_RUNS ?? 30);
const LONGEST = 120;
/** A sequence takes less than a second; one that fails is made shorter for this long. */
const PLAYED_WITHIN_MS = 30_000 + RUNS * 1_000;
const SHRUNK_WITHIN_MS = 120_000;

const holds = (operation: fc.Arbitrary<Operation>) =>
  fc.assert(fc.asyncProperty(fc.noBias(fc.array(operation, { maxLength: LONGEST, size: 'max' })), play), {
    numRuns: RUNS,
    interruptAfterTimeLimit: PLAYED_WITHIN_MS + SHRUNK_WITHIN_MS,
    markInterruptAsFailure: true,
  });

describe('whatever is called in whatever order, the store is what the contract says', () => {
  const timeout = PLAYED_WITHIN_MS + 2 * SHRUNK_WITHIN_MS;

  test('by the workflow of the reference', () => holds(workflow), timeout);

  test('by every tool that changes a task', () => holds(anything), timeout);
});
