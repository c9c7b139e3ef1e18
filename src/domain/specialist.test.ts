import { describe, expect, test } from 'vitest';
import { GENERALIST } from './briefing.ts';
import { mergeRole, RESERVED_NAMES, ROLE_NAME } from './specialist.ts';

describe('a role of the project', () => {
  test('is laid over the built-in one field by field', () => {
    const merged = mergeRole('architect', { ...GENERALIST, name: 'architect' }, { approach: 'Ask first' });

    expect(merged).toEqual({ ...GENERALIST, name: 'architect', approach: 'Ask first', isOfProject: true });
  });

  test('that is new says enough to work by', () => {
    expect(mergeRole('historian', undefined, { expertise: ['Archives'] })).toMatchObject({
      name: 'historian',
      description: expect.stringContaining('historian'),
      definition: expect.any(String),
      approach: expect.stringMatching(/\w/),
      expertise: ['Archives'],
      isOfProject: true,
    });
  });

  test.each([
    ['architect', true],
    ['code_reviewer_2', true],
    ['x'.repeat(40), true],
    ['x'.repeat(41), false],
    ['Architect', false],
    ['2fast', false],
    ['_private', false],
    ['with-dash', false],
    ['', false],
    ['a\n', false],
  ])('may be called %j: %s', (name, isAllowed) => {
    expect(ROLE_NAME.test(name)).toBe(isAllowed);
  });

  test('is not called like the prefix of an id', () => {
    expect(RESERVED_NAMES).toEqual(['task', 'artifact', 'session', 'claim', 'maint']);
  });
});
