import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aClaim } from '../../test/store-contract/given.ts';
import { hasRunOut, isHeldBy, LEASE_MS, renewed } from './claim.ts';

describe('a lease', () => {
  test('runs out at its last moment and not before', () => {
    const claim = aClaim({ id: 'claim_a', taskId: 'task_a', leaseUntil: 1_000 });

    expect([999, 1_000, 1_001].map((at) => hasRunOut(claim, at))).toEqual([false, true, true]);
  });

  test('that is renewed holds for its whole length from now, and is otherwise the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: LEASE_MS.least, max: LEASE_MS.most }), fc.nat(), (leaseMs, at) => {
        const claim = aClaim({ id: 'claim_a', taskId: 'task_a', leaseMs, leaseUntil: 7 });

        const anew = renewed(claim, at);

        expect(anew).toEqual({ ...claim, leaseUntil: at + leaseMs });
        expect([hasRunOut(anew, at + leaseMs - 1), hasRunOut(anew, at + leaseMs)]).toEqual([false, true]);
      }),
    );
  });

  test('is four hours, and between a minute and seven days', () => {
    expect(LEASE_MS).toEqual({ default: 14_400_000, least: 60_000, most: 604_800_000 });
  });
});

describe('the holder of a claim', () => {
  test('is whoever shows its id; without one, the session that took it', () => {
    const sessions = fc.constantFrom('session_a', 'session_b');
    const shown = fc.option(fc.constantFrom('claim_a', 'claim_b'), { nil: undefined });
    fc.assert(
      fc.property(sessions, sessions, shown, (holder, sessionId, claimId) => {
        const claim = aClaim({ id: 'claim_a', taskId: 'task_a', holder });

        const expected = claimId === undefined ? holder === sessionId : claimId === 'claim_a';
        expect(isHeldBy(claim, { sessionId, claimId })).toBe(expected);
      }),
    );
  });
});
