import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldedWords, humpsOf, wordsOf } from './words.ts';

const words = (text: string) => [...wordsOf(text)].map(({ folded }) => folded);

describe('the words of a text', () => {
  test.each([
    [
      'are what stands between signs',
      'user_authentication in src/app.ts: v1.2',
      'user authentication in src app ts v1 2',
    ],
    ['are compared without regard to case', 'README Éclair ΟΔΟΣ ISTANBUL', 'readme eclair οδοσ istanbul'],
    ['are compared without accents and vowel points', 'naïve Café שָׁלוֹם مُحَمَّد', 'naive cafe שלום محمد'],
    ['keep the vowel signs that other scripts are written with', 'की किताब がぎ', 'की किताब が ぎ'],
    ['are single signs where a script has no spaces', '漢字ガ', '漢 字 ガ'],
    ['stay whole in Korean', '한국어 검색', '한국어 검색'],
    ['are pictures too, each by itself', '🚀launch ☀️', '🚀 launch ☀'],
    ['are the same whichever way a letter was composed', 'e\u0301te\u0301 ﬁle', 'ete file'],
    ['hold no sign where a number or letter stands for some', '⑴ ½ ㏂', '1 12 am'],
  ])('%s', (_, text, expected) => {
    expect(words(text).join(' ').replaceAll('\ufe0f', '')).toBe(expected);
  });

  test('are none in signs alone', () => {
    expect(words('"- * ( ) NEAR^:{} \0 …')).toEqual(['near']);
  });

  test('are the same with and without their places', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(foldedWords(text)).toEqual([...wordsOf(text)].map(({ folded }) => folded));
      }),
    );
  });

  test('say where they stand', () => {
    const text = 'A Café, now';

    expect([...wordsOf(text)].map(({ start, end }) => text.slice(start, end))).toEqual(['A', 'Café', 'now']);
  });
});

describe('a name in a program', () => {
  test.each([
    ['parseHTTPHeader', ['parse', 'http', 'header']],
    ['userAuth2', ['user', 'auth']],
    ['XMLReader', ['xml', 'reader']],
    ['größeÄndern', ['große', 'andern']],
  ])('%s is made of words', (name, humps) => {
    expect(humpsOf(name)).toEqual(humps);
  });

  test.each(['hello', 'Hello', 'HTTP', 'v2', 'ab12cd34'])('%s is one word', (name) => {
    expect(humpsOf(name)).toEqual([]);
  });
});
