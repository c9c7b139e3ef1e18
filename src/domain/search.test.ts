import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrchestratorError } from './errors.ts';
import { hitsIn, readQuery, type Sought } from './search.ts';

const shown = ({ wanted, unwanted }: Sought) => ({
  wanted: wanted.map(({ words, isPrefix }) => `${words.join(' ')}${isPrefix ? '*' : ''}`),
  unwanted: unwanted.map(({ words, isPrefix }) => `${words.join(' ')}${isPrefix ? '*' : ''}`),
});

describe('a question', () => {
  test.each([
    ['words', 'Retry  Queue', ['retry', 'queue'], []],
    ['a phrase', '"one queue per host" retry', ['one queue per host', 'retry'], []],
    ['a phrase that lacks its end', 'retry "one queue', ['retry', 'one queue'], []],
    ['a beginning', 'retr* "one que"*', ['retr*', 'one que*'], []],
    ['what must not be there', 'queue -retry -"per host" -tim*', ['queue'], ['retry', 'per host', 'tim*']],
    ['a name in one piece', 'src/app.ts user_authentication', ['src app ts', 'user authentication'], []],
    ['a hyphen within a word', 'long-running', ['long running'], []],
    ['a dash by itself', 'queue - retry', ['queue', 'retry'], []],
    ['words of the query languages of others', 'a AND NOT b OR NEAR(c)', ['a', 'and', 'not', 'b', 'or', 'near c'], []],
    ['signs of other languages', `title:x ^y {z} "" OR 1=1; --`, ['title x', 'y', 'z', 'or', '1 1'], []],
  ])('holds %s', (_, query, wanted, unwanted) => {
    expect(shown(readQuery(query))).toEqual({ wanted, unwanted });
  });

  test.each([
    ['', 'query holds no word to search for'],
    [' \n ', 'query holds no word to search for'],
    ['* " ^ ()', 'query holds no word to search for'],
    ['-retry', 'query says only what must not be found'],
    ['word '.repeat(33), 'query has 33 terms; at most 32 are accepted'],
  ])('is refused where it asks for nothing or too much: %j', (query, message) => {
    expect(() => readQuery(query)).toThrow(message);
  });

  test('is read or refused whatever is typed, and its words hold no sign', () => {
    const typed = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('"', '*', '-', ' ', 'a', 'B', '(', ':', '^', "'", 'é', '漢', '\0') }),
    );
    fc.assert(
      fc.property(typed, (query) => {
        try {
          const { wanted, unwanted } = readQuery(query);
          for (const { words } of [...wanted, ...unwanted]) {
            expect(words.length).toBeGreaterThan(0);
            expect(words.join('')).not.toMatch(/[\0-\x2f:-@[-`{-\x7f]/);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OrchestratorError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('hits in a text', () => {
  const hits = (text: string, query: string) =>
    hitsIn(text, readQuery(query).wanted).map(({ start, end }) => text.slice(start, end));

  test('are words, phrases and beginnings, in order and apart', () => {
    const text = 'One queue per host; a Queue retries, per host.';

    expect(hits(text, 'queue')).toEqual(['queue', 'Queue']);
    expect(hits(text, '"per host" retr*')).toEqual(['per host', 'retries', 'per host']);
    expect(hits(text, '"queue per" "per host"')).toEqual(['queue per host', 'per host']);
  });

  test('are whole names of which a part was wanted', () => {
    expect(hits('call parseHTTPHeader now', 'header')).toEqual(['parseHTTPHeader']);
    expect(hits('call parseHTTPHeader now', 'head*')).toEqual(['parseHTTPHeader']);
  });

  test('are none where the words do not follow one another', () => {
    expect(hits('host per queue', '"queue per host"')).toEqual([]);
  });
});
