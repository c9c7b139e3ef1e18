import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pattern } from './pattern.ts';

/** Patterns of all that is understood, over a small alphabet so that they are often found. */
const { whole } = fc.letrec<{ whole: string; part: string; one: string }>((tie) => ({
  whole: fc
    .array(fc.array(tie('part'), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((choices) => choices.map((parts) => parts.join('')).join('|')),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('^', '$'),
    fc
      .tuple(tie('one'), fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'))
      .map(([one, times]) => one + times),
  ),
  one: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\.', '\\u{1F600}', 'ß'),
    tie('whole').map((inside) => `(${inside})`),
    tie('whole').map((inside) => `(?:${inside})`),
  ),
}));
const texts = fc
  .array(fc.constantFrom('a', 'b', '1', '.', '😀', 'ß', '\n'), { maxLength: 8 })
  .map((all) => all.join(''));

test('a pattern finds what the engine of JavaScript finds', () => {
  fc.assert(
    fc.property(whole, texts, (source, text) => {
      fc.pre(source.length < 60);
      expect(pattern(source)(text)).toBe(new RegExp(source, 'u').test(text));
    }),
    { numRuns: 3_000 },
  );
});

test('a pattern that takes the engine of JavaScript ages is found or not at once', () => {
  expect(pattern('^(a+)+$')(`${'a'.repeat(5_000)}!`)).toBe(false);
  expect(pattern('^(a|aa|a*)*b$')(`${'a'.repeat(2_000)}`)).toBe(false);
  expect(pattern('^(?:a?){40}a{40}$')('a'.repeat(40))).toBe(true);
});

describe('refused', () => {
  test.each([
    ['looking ahead', '(?=a)b'],
    ['looking behind', '(?<!a)b'],
    ['a named group', '(?<name>a)'],
    ['referring back', '(a)\\1'],
    ['a word boundary', '\\bword'],
  ])('is %s', (_, source) => {
    expect(() => pattern(source)).toThrow(/which patterns of templates cannot have/);
  });

  test.each(['[a', '(a', 'a)', '*a', '\\'])('is what is no regular expression: %s', (source) => {
    expect(() => pattern(source)).toThrow(/is no regular expression/);
  });

  test.each(['(((a{100}){100}){100}){100}', 'a{1000000000}', '(a|b){0,99999}', '(){1000000000}'])(
    'is what would be huge written out: %s',
    (source) => {
      expect(() => pattern(source)).toThrow(/at most 1000 steps/);
    },
  );

  test('is what is nested without end', () => {
    expect(() => pattern(`${'('.repeat(100)}a${')'.repeat(100)}`)).toThrow(/nested at most/);
  });
});
