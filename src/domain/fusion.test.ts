import { expect, test } from 'vitest';
import { fused } from './fusion.ts';

const fuse = (...rankings: string[]) =>
  fused(
    rankings.map((ranking) => [...ranking]),
    (one) => one,
  ).join('');

test('one ranking stays as it is', () => {
  expect(fuse('abcd')).toBe('abcd');
  expect(fuse('abcd', '')).toBe('abcd');
});

test('what stands in both comes before what stands in one, and what stands higher before what stands lower', () => {
  expect(fuse('abx', 'cdx')).toBe('xacbd');
  expect(fuse('ab', 'ba')).toBe('ab');
  expect(fuse('abc', 'bca')).toBe('bac');
});
