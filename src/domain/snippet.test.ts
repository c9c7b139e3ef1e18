import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQuery } from './search.ts';
import { beginningOf, snippetOf } from './snippet.ts';

const snippet = (text: string, query: string) => snippetOf(text, readQuery(query).wanted);

describe('a snippet', () => {
  test('marks what was found', () => {
    expect(snippet('One queue per host\n\n  and a Queue', 'queue')).toBe('One «queue» per host and a «Queue»');
  });

  test('shows the surroundings of the first hit in a long text, cut between words', () => {
    const text = `${'before '.repeat(100)}needle ${'after '.repeat(100)}`;

    expect(snippet(text, 'needle')).toMatch(/^…before before before before before «needle» (after )+after…$/);
  });

  test('is undefined where nothing is found', () => {
    expect(snippet('One queue per host', 'needle')).toBeUndefined();
  });

  test('is at most 200 characters of well-formed text with a mark in it, whatever the text', () => {
    const text = fc.string({
      unit: fc.constantFrom('word', 'needle', ' ', '\n', '🚀', '漢', 'e\u0301', '.'),
      maxLength: 400,
    });
    fc.assert(
      fc.property(text, fc.string({ unit: 'grapheme', maxLength: 400 }), (some, more) => {
        const shown = snippet(`${some}${more} needle ${some}`, 'needle "漢 漢" 🚀') ?? '';

        expect(shown).toMatch(/«.+»/);
        expect(shown.isWellFormed()).toBe(true);
        expect(shown.replaceAll(/[«»]/g, '').length).toBeLessThanOrEqual(200);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the beginning of a text', () => {
  test('is all of a short one, on one line', () => {
    expect(beginningOf('One\n\nqueue')).toBe('One queue');
  });

  test('ends between words', () => {
    expect(beginningOf('queue '.repeat(100))).toMatch(/^(queue )+queue…$/);
  });
});
