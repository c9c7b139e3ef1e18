import fc from 'fast-check';
import { describe, test } from 'vitest';
import type { Operation } from './model/operations.ts';
import { play } from './model/play.ts';
import { anything, workflow } from './model/sequences.ts';

/** How many sequences are played of each kind, half of them the same at every run; `MODEL_RUNS=10000` is worth some hours before a release. */
const RUNS = Number(process.env.MODEL_RUNS ?? 16);
const SEED = 20_260_101;
const LONGEST = 120;
/** A sequence takes less than a second; one that fails is made shorter for this long. */
const PLAYED_WITHIN_MS = 30_000 + RUNS * 1_000;
const SHRUNK_WITHIN_MS = 120_000;

const holds = (operation: fc.Arbitrary<Operation>, parameters: fc.Parameters<[readonly Operation[]]>) =>
  fc.assert(fc.asyncProperty(fc.noBias(fc.array(operation, { maxLength: LONGEST, size: 'max' })), play), {
    numRuns: Math.ceil(RUNS / 2),
    interruptAfterTimeLimit: PLAYED_WITHIN_MS + SHRUNK_WITHIN_MS,
    markInterruptAsFailure: true,
    ...parameters,
  });

describe.each([
  ['as at every run', { seed: SEED }],
  ['as never before', {}],
])('whatever is called in whatever order, %s, the store is what the contract says', (_, parameters) => {
  const timeout = PLAYED_WITHIN_MS + 2 * SHRUNK_WITHIN_MS;

  test('by the workflow of the reference', () => holds(workflow, parameters), timeout);

  test('by every tool that works on tasks', () => holds(anything, parameters), timeout);
});
