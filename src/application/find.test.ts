import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OrchestratorError } from '../domain/errors.ts';
import { alike, onlyWithPrefix } from './find.ts';

/** Looks ids up as the store does: those that begin so, in order. */
const lookup = (ids: readonly string[]) => ({
  idsWithPrefix: async (prefix: string, limit: number) =>
    ids
      .filter((id) => id.startsWith(prefix))
      .toSorted()
      .slice(0, limit),
});

const own = fc.string({ minLength: 8, maxLength: 8, unit: fc.constantFrom('a', 'b', '0') });
const ids = fc.uniqueArray(
  fc.tuple(fc.constantFrom('task', 'tester', 'code_reviewer'), own).map(([prefix, suffix]) => `${prefix}_${suffix}`),
  { minLength: 1, maxLength: 20 },
);

describe('a beginning of an id', () => {
  test('that holds four of its own characters and fits one id means it; one that fits several is refused', async () => {
    await fc.assert(
      fc.asyncProperty(ids, fc.nat(), fc.integer({ min: 4, max: 7 }), async (known, place, length) => {
        const id = known[place % known.length] ?? '';
        const prefix = id.slice(0, id.length - 8 + length);
        const meant = known.filter((other) => other.startsWith(prefix));

        const found = await onlyWithPrefix(lookup(known), prefix).catch((error: unknown) => error);

        if (meant.length === 1) expect(found).toBe(id);
        else expect(found).toMatchObject({ code: 'invalid', details: { did_you_mean: meant.toSorted().slice(0, 5) } });
      }),
    );
  });

  test('that holds fewer means none', async () => {
    await fc.assert(
      fc.asyncProperty(ids, fc.nat(), fc.integer({ min: 0, max: 3 }), async (known, place, length) => {
        const id = known[place % known.length] ?? '';

        expect(await onlyWithPrefix(lookup(known), id.slice(0, id.length - 8 + length))).toBeUndefined();
      }),
    );
  });

  test('may have an underscore in its prefix', async () => {
    expect(await onlyWithPrefix(lookup(['code_reviewer_ab12cd34']), 'code_reviewer_ab12')).toBe(
      'code_reviewer_ab12cd34',
    );
  });

  test('that no id has means none', async () => {
    expect(await onlyWithPrefix(lookup(['task_ab12cd34']), 'task_ab13')).toBeUndefined();
  });

  test('is refused with no more than five of the ids it may mean', async () => {
    const many = Array.from({ length: 9 }, (_, place) => `task_aaaa000${place}`);

    const refusal = await onlyWithPrefix(lookup(many), 'task_aaaa').catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(OrchestratorError);
    expect(refusal).toMatchObject({ details: { did_you_mean: many.slice(0, 5) } });
  });
});

describe('ids that are probably meant by one that does not exist', () => {
  test.each([
    ['one slip', 'task_ab12cd35', ['task_ab12cd34']],
    ['two neighbours swapped', 'task_ab1c2d34', ['task_ab12cd34']],
    ['a beginning', 'task_ab12c', ['task_ab12cd34']],
    ['nothing in common', 'task_zzzzzzzz', []],
    ['no id at all', 'the first task', []],
    ['an empty text', '', []],
    ['an underscore alone', '_', []],
  ])('%s', async (_, given, expected) => {
    expect(await alike(lookup(['task_ab12cd34', 'tester_ab99cd34']), given)).toEqual(expected);
  });
});
