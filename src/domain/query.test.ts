import { describe, expect, test } from 'vitest';
import { attributeSubject, subjectOf } from './query.ts';

describe('a name to sort by', () => {
  test.each([
    ['created_at', { field: 'created_at' }],
    ['attributes.team', { path: ['team'] }],
    ['attributes.team.name', { path: ['team', 'name'] }],
    ['attributes.priority', { field: 'priority' }],
    ['team', undefined],
    ['attributes.', undefined],
    ['attributes', undefined],
    ['constructor', undefined],
  ])('%s', (name, subject) => {
    expect(subjectOf(name)).toEqual(subject);
  });
});

describe('a path in the attributes', () => {
  test.each([
    ['a b', ['a b']],
    ['"x.y".z', ['x.y', 'z']],
    ['z."x.y"', ['z', 'x.y']],
    [String.raw`"say \"hi\" \\"`, ['say "hi" \\']],
    ['q"uote', ['q"uote']],
    ["o'clock", ["o'clock"]],
    ['[0]', ['[0]']],
    ['$', ['$']],
    ['__proto__.constructor', ['__proto__', 'constructor']],
    ['ключ.😀', ['ключ', '😀']],
    ['line\nbreak', ['line\nbreak']],
  ])('%j names each step', (text, path) => {
    expect(attributeSubject(text)).toEqual({ path });
  });

  test.each(['', '.', 'a.', '.a', 'a..b', '"a', '"a"b', 'a."'])('%j is none', (text) => {
    expect(attributeSubject(text)).toBeUndefined();
  });
});
