import { expect, test } from 'vitest';
import { isAsMarked, markOf, mergeByMark, mergeByVersion } from './merging.ts';

const HERE = { version: 3, updatedAt: 1000 };

test.each([
  [{ version: 3, updatedAt: 1000 }, 'unchanged'],
  [{ version: 4, updatedAt: 2000 }, 'update'],
  [{ version: 2, updatedAt: 500 }, 'older'],
  [{ version: 3, updatedAt: 500 }, 'older'],
  [{ version: 2, updatedAt: 1000 }, 'older'],
  [{ version: 2, updatedAt: 2000 }, 'conflict'],
  [{ version: 3, updatedAt: 2000 }, 'conflict'],
  [{ version: 4, updatedAt: 500 }, 'conflict'],
  [{ version: 4, updatedAt: 1000 }, 'conflict'],
] as const)('a copy %o of version 3 at 1000 is %s', (there, merging) => {
  expect(mergeByVersion(HERE, there)).toBe(merging);
});

test('of a task of another tool, only one of both sides may have changed', () => {
  const mark = markOf({ version: 3, likeness: 'cc', digest: 'aa' });

  expect(mergeByMark({ version: 3, mark }, 'aa')).toBe('unchanged');
  expect(mergeByMark({ version: 9, mark }, 'aa')).toBe('unchanged');
  expect(mergeByMark({ version: 3, mark }, 'bb')).toBe('update');
  expect(mergeByMark({ version: 4, mark }, 'bb')).toBe('conflict');
  expect(mergeByMark({ version: 4, mark: undefined }, 'bb')).toBe('conflict');
  expect(isAsMarked(mark, 'cc')).toBe(true);
  expect([mark, undefined].map((one) => isAsMarked(one, 'dd'))).toEqual([false, false]);
});
