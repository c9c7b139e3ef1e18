import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { condition } from './condition.ts';

const VALUES = {
  complexity: 'complex',
  count: 3,
  none: 0,
  list: ['a', 'b'],
  empty: [],
  blank: '',
  module: { name: 'ui' },
};
const holds = (source: string) => condition(source).holds(VALUES);

describe('a condition', () => {
  test.each([
    'complexity == "complex"',
    "complexity != 'simple'",
    'count > 2 and count <= 3',
    'count >= 3 and not (count < 3)',
    'complexity in ["complex", "very_complex"]',
    '"a" in list',
    'not ("c" in list)',
    'module.name == "ui"',
    'list == ["a", "b"]',
    'none or list',
    'team == null',
    'not team',
    'not blank and not empty and not none',
    '"2026-02-01" < "2026-10-01"',
    'true',
    '"say \\"it\\"" == "say \\"it\\""',
  ])('holds: %s', (source) => {
    expect(holds(source)).toBe(true);
  });

  test.each([
    'complexity == "simple"',
    'count == "3"',
    'team',
    'team > 3',
    'team in list',
    '"a" in team',
    'module.constructor',
    'complexity.length',
    'false or none',
    'not true or false and true',
  ])('does not hold: %s', (source) => {
    expect(holds(source)).toBe(false);
  });

  test('names what it speaks of, each once', () => {
    expect(condition('a == 1 and (b.c in ["d"] or not a)').names).toEqual(['a', 'b.c']);
  });

  test.each([
    ['', 'ends too early'],
    ['a ==', 'ends too early'],
    ['(a', 'ends too early'],
    ['a = 1', 'cannot be read at column 3'],
    ['a == 1 b', 'unexpected b at column 8'],
    ['a < b < c', 'unexpected < at column 7'],
    ['f(a)', 'unexpected ( at column 2'],
    ['a and and b', 'unexpected and at column 7'],
    ['process.exit()', 'unexpected ( at column 13'],
    ['a["b"]', 'unexpected [ at column 2'],
    ['[b] == a', 'unexpected b at column 2'],
    ['"open', 'cannot be read at column 1'],
    ['a; b', 'cannot be read at column 2'],
  ])('is refused where it cannot be read: %s', (source, why) => {
    expect(() => condition(source)).toThrow(why);
  });

  test('is refused when it is longer or deeper than anybody reads', () => {
    expect(() => condition(`${'('.repeat(40)}a${')'.repeat(40)}`)).toThrow(/nested at most/);
    expect(() => condition(`${'not '.repeat(100)}a`)).toThrow(/nested at most/);
    expect(() => condition('a or '.repeat(1_000))).toThrow(/at most 1000 characters/);
  });

  test.each(['complexity > 3', '3 < list', '"a" in complexity', 'true < false'])(
    'is refused where it compares what cannot be compared: %s',
    (source) => {
      expect(() => holds(source)).toThrow(/cannot be compared|wants a list/);
    },
  );
});

/** An expression as it is meant, with its value worked out by itself, apart from how it is spelt. */
type Meant = Readonly<{ text: string; value: unknown; rank: number }>;
const truth = ({ value }: Meant) =>
  !(
    value === undefined ||
    value === null ||
    value === false ||
    value === 0 ||
    value === '' ||
    (Array.isArray(value) && value.length === 0)
  );
const inBrackets = (meant: Meant, rank: number) => (meant.rank < rank ? `(${meant.text})` : meant.text);

const atom: fc.Arbitrary<Meant> = fc.oneof(
  fc.constantFrom(...Object.entries(VALUES)).map(([text, value]) => ({ text, value, rank: 4 })),
  fc.constant({ text: 'absent', value: undefined, rank: 4 }),
  fc.integer({ min: -2, max: 4 }).map((value) => ({ text: String(value), value, rank: 4 })),
  fc.constantFrom('a', 'complex', '').map((value) => ({ text: JSON.stringify(value), value, rank: 4 })),
  fc.boolean().map((value) => ({ text: String(value), value, rank: 4 })),
);
const compared: fc.Arbitrary<Meant> = fc
  .tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.constantFrom(['==', 0], ['!=', 0], ['<', -1], ['<=', -1], ['>', 1], ['>=', 1]),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([left, [sign, way], right]) => {
    const sides = Math.sign(left - right);
    const isSame = left === right;
    const value = way === 0 ? isSame === (sign === '==') : sides === way || (isSame && String(sign).endsWith('='));
    return { text: `${left} ${sign} ${right}`, value, rank: 3 };
  });

const { whole } = fc.letrec<{ whole: Meant }>((tie) => ({
  whole: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    compared,
    tie('whole').map((inner) => ({ text: `not ${inBrackets(inner, 2.5)}`, value: !truth(inner), rank: 2.5 })),
    fc.tuple(tie('whole'), tie('whole')).map(([one, other]) => ({
      text: `${inBrackets(one, 2)} and ${inBrackets(other, 2.1)}`,
      value: truth(one) && truth(other),
      rank: 2,
    })),
    fc.tuple(tie('whole'), tie('whole')).map(([one, other]) => ({
      text: `${inBrackets(one, 1)} or ${inBrackets(other, 1.1)}`,
      value: truth(one) || truth(other),
      rank: 1,
    })),
  ),
}));

test('a condition holds as it was meant, with only the brackets that it needs', () => {
  fc.assert(
    fc.property(whole, (meant) => {
      fc.pre(meant.text.length <= 1_000);
      expect(condition(meant.text).holds(VALUES)).toBe(truth(meant));
    }),
    { numRuns: 2_000 },
  );
});
