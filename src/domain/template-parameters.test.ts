import { describe, expect, test } from 'vitest';
import type { Parameter } from './template.ts';
import { fitted, inShort, isRequired, valuesOf } from './template-parameters.ts';

const taken = (parameter: Parameter, value: unknown) => valuesOf({ p: parameter }, { given: { p: value } }).p;

describe('a value', () => {
  test.each<[Parameter, unknown, unknown]>([
    [{ type: 'string' }, ' as it is ', ' as it is '],
    [{ type: 'number' }, '1.5', 1.5],
    [{ type: 'integer', min: 1, max: 3 }, '3', 3],
    [{ type: 'boolean' }, 'false', false],
    [{ type: 'date', min: '2026-01-01' }, '2026-02-28', '2026-02-28'],
    [{ type: 'date' }, '2026-02-28T10:00:00Z', '2026-02-28T10:00:00Z'],
    [{ type: 'enum', values: ['a', 2] }, '2', 2],
    [{ type: 'array', items: 'integer', maxLength: 2 }, ['1', 2], [1, 2]],
    [{ type: 'array' }, [null, 'x'], [null, 'x']],
    [{ type: 'object' }, { a: 1 }, { a: 1 }],
    [{ type: 'array', items: 'string' }, ' ["a", "b"]', ['a', 'b']],
    [{ type: 'array', items: 'integer' }, '["1", 2]', [1, 2]],
    [{ type: 'object' }, '{"a": [1]}', { a: [1] }],
    [{ type: 'string' }, '["a"]', '["a"]'],
    [{ type: 'string' }, ' ', ' '],
    [{ type: 'string', pattern: '^[a-z]+$', minLength: 1, maxLength: 3 }, 'abc', 'abc'],
  ])('of %j may be %j', (parameter, given, read) => {
    expect(taken(parameter, given)).toEqual(read);
  });

  test.each<[Parameter, unknown, string]>([
    [{ type: 'string' }, 1, 'a text'],
    [{ type: 'number' }, 'one', 'a number'],
    [{ type: 'number' }, Number.NaN, 'a number'],
    [{ type: 'integer' }, 1.5, 'a whole number'],
    [{ type: 'integer', min: 1 }, 0, 'at least 1'],
    [{ type: 'integer', max: 3 }, 4, 'at most 3'],
    [{ type: 'boolean' }, 1, 'true or false'],
    [{ type: 'date' }, '2026-02-30', 'a date such as 2026-07-01'],
    [{ type: 'date' }, 'tomorrow', 'a date such as 2026-07-01'],
    [{ type: 'date', min: '2026-01-01' }, '2025-12-31', 'at least 2026-01-01'],
    [{ type: 'enum', values: ['a', 2] }, 'b', 'one of a, 2'],
    [{ type: 'array' }, 'a', 'a list'],
    [{ type: 'array', items: 'string' }, ['a', 1], 'a list of which each is a text'],
    [{ type: 'array', maxLength: 1 }, [1, 2], 'at most 1 long'],
    [{ type: 'object' }, [], 'an object'],
    [{ type: 'array' }, '{"a": 1}', 'a list'],
    [{ type: 'array' }, '["a"', 'a list'],
    [{ type: 'array' }, '["a\\u0000b"]', 'a list'],
    [{ type: 'array' }, '["\\ud800"]', 'a list'],
    [{ type: 'object' }, '{"__proto__": 1}', 'an object'],
    [{ type: 'object' }, '["a"]', 'an object'],
    [{ type: 'string', minLength: 1 }, '', 'at least 1 long'],
    [{ type: 'string', minLength: 1 }, ' \u200b\n', 'a text that is not blank'],
    [{ type: 'array', items: 'string' }, ['a', ' '], 'a list of texts that are not blank'],
    [{ type: 'string', pattern: '^a' }, 'b', 'a text of at most 10000 characters that matches ^a'],
  ])('of %j may not be %j', (parameter, given, accepted) => {
    expect(fitted(parameter, given)).toEqual({ accepted });
    expect(() => taken(parameter, given)).toThrow(`parameters.p must be ${accepted}`);
  });

  test('that is not given is the default, or is taken from another parameter or the title', () => {
    const parameters = {
      long: { type: 'string', defaultFrom: 'short' },
      short: { type: 'string', defaultFrom: 'title', default: 'x' },
      kind: { type: 'string', default: 'y' },
      none: { type: 'string', required: false },
    } as const satisfies Record<string, Parameter>;

    expect(valuesOf(parameters, { given: {} })).toEqual({ long: 'x', short: 'x', kind: 'y' });
    expect(valuesOf(parameters, { given: {}, title: 'T' })).toEqual({ long: 'T', short: 'T', kind: 'y' });
    expect(valuesOf(parameters, { given: { short: 'S', none: null }, title: 'T' })).toEqual({
      long: 'S',
      short: 'S',
      kind: 'y',
    });
  });

  test('that is taken from a parameter called title is not that of the task', () => {
    const parameters = { title: { type: 'string' }, name: { type: 'string', defaultFrom: 'title' } } as const;

    expect(valuesOf(parameters, { given: { title: 'own' }, title: 'T' })).toEqual({ title: 'own', name: 'own' });
  });

  test('that has to be given is asked for with all others that are missing', () => {
    const parameters = { a: { type: 'string' }, b: { type: 'date' }, c: { type: 'string', default: 'x' } } as const;

    expect(() => valuesOf(parameters, { given: {} })).toThrow('Missing required parameter: parameters.a, parameters.b');
  });
});

describe('whether a parameter has to be given', () => {
  const given = { type: 'string' } as const;
  const optional = { type: 'string', required: false } as const;
  const from = (defaultFrom: string, more: Partial<Parameter> = {}): Parameter => ({
    type: 'string',
    defaultFrom,
    ...more,
  });

  test.each<[string, Parameter, boolean, string]>([
    ['one that nothing else says', given, true, 'required'],
    ['one with a default', { type: 'string', default: 'x' }, false, 'default "x"'],
    ['one that may be left out', optional, false, 'may be left out'],
    ['the title', from('title'), true, 'required; create_generic_task gives it its title'],
    [
      'the title, with a default',
      from('title', { default: 'x' }),
      false,
      'default "x"; create_generic_task gives it its title',
    ],
    [
      'the title, that may be left out',
      from('title', { required: false }),
      false,
      'may be left out; create_generic_task gives it its title',
    ],
    ['that of one that is required', from('given'), false, 'default: that of given'],
    ['that of one that has a default', from('preset'), false, 'default: that of preset'],
    ['that of one that may be left out', from('optional'), true, 'required unless optional has a value'],
    ['that of one that may be left out, through another', from('between'), true, 'required unless between has a value'],
    [
      'that of one that may be left out, with a default',
      from('optional', { default: 'x' }),
      false,
      'default: that of optional, else "x"',
    ],
    [
      'that of one that may be left out, as it may itself',
      from('optional', { required: false }),
      false,
      'default: that of optional; may be left out',
    ],
  ])('is said as it is: %s', (_, parameter, isNeeded, words) => {
    const between = from('optional', { required: false });
    const parameters = { p: parameter, given, optional, between, preset: { type: 'string', default: 'y' } } as const;
    const nothingElse = () => valuesOf(parameters, { given: { given: 'g' } });

    expect(inShort('p', parameters)).toBe(`string; ${words}`);
    expect(isRequired('p', parameters)).toBe(isNeeded);
    if (isNeeded) expect(nothingElse).toThrow('Missing required parameter: parameters.p');
    else expect(nothingElse).not.toThrow();
  });
});
