import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BUDGET, beginningWithin, spending, takeWithin, textWithin, tokensOf } from './budget.ts';

const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: fc.constantFrom('a', '漢', '🚀', '\n', '"', '\0', 'é', '𝒳', '…'), maxLength: 200 }),
);
const budget = fc.integer({ min: 0, max: 100 });

describe('the cost of a value', () => {
  test.each([
    ['abc', 2],
    ['abcd', 2],
    ['ünïcödé', 3],
    ['漢字', 3],
    ['🚀', 2],
    ['', 1],
    ['"', 2],
    [{ a: 1 }, 3],
    [[], 1],
    [undefined, 0],
  ])('%j is %d', (value, tokens) => {
    expect(tokensOf(value)).toBe(tokens);
  });

  test('is three characters a token for Latin text, and one for any other, counted as JSON', () => {
    fc.assert(
      fc.property(text, (given) => {
        const characters = [...JSON.stringify(given)];
        const outside = characters.filter((one) => !/[\p{ASCII}\p{Script=Latin}]/u.test(one)).length;

        expect(tokensOf(given)).toBeGreaterThanOrEqual(outside + (characters.length - outside) / 3);
        expect(tokensOf(given)).toBeLessThanOrEqual(outside + (characters.length + outside) / 3 + 1);
      }),
    );
  });
});

describe('what fits into a budget', () => {
  const candidates = fc.array(text, { maxLength: 20 });

  test('is taken in order, never costs more, and the rest is counted', () => {
    fc.assert(
      fc.property(candidates, budget, (given, most) => {
        const { taken, omitted, tokens } = takeWithin(given, most);

        expect(taken).toEqual(given.slice(0, taken.length));
        expect(taken.length + omitted).toBe(given.length);
        expect(tokens).toBeLessThanOrEqual(most);
        expect(tokensOf(taken)).toBeLessThanOrEqual(Math.max(1, most));
      }),
    );
  });

  test('is as much as fits: the next would have cost too much', () => {
    fc.assert(
      fc.property(candidates, budget, (given, most) => {
        const { taken, tokens } = takeWithin(given, most);
        fc.pre(taken.length < given.length);

        expect(tokens + tokensOf(given[taken.length]) + 1).toBeGreaterThan(most);
      }),
    );
  });
});

describe('the beginning of a text', () => {
  test('is a beginning, never costs more, and splits no character', () => {
    fc.assert(
      fc.property(text, budget, (given, most) => {
        const beginning = beginningWithin(given, most);

        expect(given.startsWith(beginning)).toBe(true);
        if (given.isWellFormed()) expect(beginning.isWellFormed()).toBe(true);
        expect(tokensOf(beginning)).toBeLessThanOrEqual(Math.max(1, most));
      }),
      { numRuns: 500 },
    );
  });

  test('is as long as it can be, within one character', () => {
    fc.assert(
      fc.property(text, budget, (given, most) => {
        fc.pre(most > 1 && tokensOf(given) > most);

        const beginning = beginningWithin(given, most);

        expect(tokensOf(given.slice(0, beginning.length + 2))).toBeGreaterThan(most);
      }),
      { numRuns: 500 },
    );
  });

  test('is the whole where there is room', () => {
    fc.assert(
      fc.property(text, (given) => {
        expect(beginningWithin(given, tokensOf(given))).toBe(given);
      }),
    );
  });

  test('is marked where it was cut, and only there', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 100 }), (given, most) => {
        const within = textWithin(given, most);

        expect(tokensOf(within)).toBeLessThanOrEqual(most);
        if (within !== given) expect(within).toBe(`${given.slice(0, within.length - 1)}…`);
      }),
    );
  });
});

describe('a budget that is spent in turn', () => {
  test('gives each its share of the whole and no more than what is left', () => {
    const spend = spending(100);

    const first = spend.list(['a'.repeat(90), 'b'.repeat(90), 'c'.repeat(90)], 0.5);
    const second = spend.text('d'.repeat(1_000), 0.9);

    expect(first).toHaveLength(1);
    expect(tokensOf(second)).toBeLessThanOrEqual(90);
    expect(spend.left()).toBeGreaterThanOrEqual(0);
  });

  test('counts entries left out and texts cut', () => {
    const spend = spending(20);

    spend.list(['a'.repeat(30), 'b'.repeat(30), 'c'.repeat(30)]);
    spend.text('d'.repeat(100));

    expect(spend.omitted()).toBe(3);
  });

  test('is never overspent by lists and texts', () => {
    const part = fc.record({
      texts: fc.array(text, { maxLength: 8 }),
      share: fc.double({ min: 0.1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), fc.integer({ min: 20, max: 500 }), (parts, whole) => {
        const spend = spending(whole);

        const told = parts.map(({ texts, share }) => spend.list(texts, share));

        expect(told.flat().reduce((sum, one) => sum + tokensOf(one), 0)).toBeLessThanOrEqual(whole);
        expect(spend.left()).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('pays for what is said in any case, and then has nothing for the rest', () => {
    const spend = spending(10);

    spend.pay('x'.repeat(300));

    expect(spend.list(['a'])).toEqual([]);
  });

  test('has the limits that are promised', () => {
    expect(BUDGET).toMatchObject({ default: 6_000, most: 18_000 });
  });
});
