import { expect, test } from 'vitest';
import { drawId } from './ids.ts';

test('an id is eight characters of digits and lower-case letters', () => {
  const ids = Array.from({ length: 500 }, drawId);

  expect(ids.every((id) => /^[0-9a-z]{8}$/.test(id))).toBe(true);
});

test('ids do not repeat', () => {
  const ids = Array.from({ length: 5_000 }, drawId);

  expect(new Set(ids).size).toBe(ids.length);
});

test('every character is drawn about as often as any other', () => {
  const drawn = Array.from({ length: 9_000 }, drawId).join('');

  const counts = new Map<string, number>();
  for (const character of drawn) counts.set(character, (counts.get(character) ?? 0) + 1);

  // 2,000 each are expected, with a standard deviation of 44: eight of them are never met by chance.
  expect(counts.size).toBe(36);
  for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(350);
});
