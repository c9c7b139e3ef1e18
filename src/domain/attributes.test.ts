import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAttributes, OWN_ATTRIBUTES } from './attributes.ts';
import { OrchestratorError } from './errors.ts';

function refusal(attributes: Readonly<Record<string, unknown>>): OrchestratorError | undefined {
  try {
    checkAttributes(attributes);
    return undefined;
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
}

/** An object of so many levels. */
function nested(levels: number): Record<string, unknown> {
  let value: Record<string, unknown> = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

const withBytes = (bytes: number) => ({ a: 'x'.repeat(bytes - '{"a":""}'.length) });

describe('attributes', () => {
  test('may be any JSON object within the limits', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 20 }), fc.jsonValue({ maxDepth: 4 })), (attributes) => {
        expect(refusal(attributes)).toBeUndefined();
      }),
    );
  });

  test.each([
    ['64 KiB', withBytes(64 * 1024), true],
    ['64 KiB and a byte', withBytes(64 * 1024 + 1), false],
    ['64 KiB of characters that need two bytes each', { a: 'é'.repeat(40 * 1024) }, false],
    ['1,000 keys', Object.fromEntries(Array.from({ length: 1_000 }, (_, key) => [`k${key}`, 1])), true],
    ['1,001 keys', Object.fromEntries(Array.from({ length: 1_001 }, (_, key) => [`k${key}`, 1])), false],
    [
      '1,001 keys on two levels',
      { a: Object.fromEntries(Array.from({ length: 1_000 }, (_, key) => [`k${key}`, 1])) },
      false,
    ],
    ['1,001 keys in a list', { a: Array.from({ length: 1_000 }, () => ({ k: 1 })) }, false],
    ['20 levels', nested(20), true],
    ['21 levels', nested(21), false],
  ])('%s are taken: %#', (_, attributes, isTaken) => {
    expect(refusal(attributes) === undefined).toBe(isTaken);
  });

  test('lists count as levels', () => {
    let deep: unknown = [];
    for (let level = 2; level < 20; level++) deep = [deep];

    expect(refusal({ a: deep })).toBeUndefined();
    expect(refusal({ a: [deep] })).toMatchObject({ code: 'invalid' });
  });

  test('of any depth are refused without exhausting the stack', () => {
    expect(refusal(nested(100_000))).toMatchObject({ code: 'invalid', message: expect.stringContaining('levels') });
  });

  test.each(['status', 'lifecycle_stage', 'task_id', 'version', 'children', 'claim', 'acceptance_criteria'])(
    'cannot be called %s, which is another field of a task',
    (name) => {
      expect(refusal({ [name]: 1 })).toMatchObject({
        code: 'invalid',
        message: `attributes.${name}: ${name} is a field of the task, not an attribute`,
        details: { parameter: `attributes.${name}` },
      });
    },
  );

  test.each(OWN_ATTRIBUTES)('may be called %s, which shows among them anyway', (name) => {
    expect(refusal({ [name]: 'x' })).toBeUndefined();
  });

  test('a name is taken on the first level only', () => {
    expect(refusal({ sensor: { status: 'on' } })).toBeUndefined();
  });

  test('the refusal says how much there was and how much may be', () => {
    expect(refusal(withBytes(70_000))).toMatchObject({
      message: 'attributes has 70000 bytes of JSON; at most 65536 are kept',
      suggestion: expect.any(String),
    });
  });
});
