import { expect, test } from 'vitest';
import { aligned, counted, harmless, size } from './render.ts';

test('what is said stands below each other', () => {
  expect(
    aligned([
      ['a', 'one'],
      ['long', 'two'],
      ['', ''],
    ]),
  ).toBe('a     one\nlong  two\n');
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1.0 kB'],
  [9_949, '9.9 kB'],
  [123_456_789, '123 MB'],
  [5e15, '5000 TB'],
])('%i bytes are %s', (bytes, said) => {
  expect(size(bytes)).toBe(said);
});

test('one is not many', () => {
  expect([counted(1, 'entry', 'entries'), counted(2, 'entry', 'entries'), counted(0, 'task')]).toEqual([
    '1 entry',
    '2 entries',
    '0 tasks',
  ]);
});

test('nothing that a terminal obeys comes through, and lines stay lines', () => {
  expect(harmless('a\u001B[2Jb\u0007\r\nc\td\u009B1m')).toBe('a\uFFFD[2Jb\uFFFD\uFFFD\nc\td\uFFFD1m');
});
