import { expect, test } from 'vitest';
import { z } from 'zod';
import { fieldsOf } from '../scripts/generate/fields.ts';
import { listedSchema, problemsIn } from '../scripts/generate/schemas.ts';

test('a schema is listed without what says nothing', () => {
  const input = z.strictObject({ count: z.int(), attributes: z.record(z.string(), z.unknown()) });

  expect(listedSchema(input, 'input')).toEqual({
    type: 'object',
    properties: { count: { type: 'integer' }, attributes: { type: 'object' } },
    required: ['count', 'attributes'],
    additionalProperties: false,
  });
});

test('bounds, defaults and descriptions of an input are kept', () => {
  const input = z.strictObject({ limit: z.int().min(1).max(1000).default(50).describe('Most results') });

  expect(listedSchema(input, 'input')).toMatchObject({
    properties: { limit: { type: 'integer', minimum: 1, maximum: 1000, default: 50, description: 'Most results' } },
  });
});

test('a property may have the name of a keyword', () => {
  const input = z.strictObject({ default: z.string(), pattern: z.string(), required: z.boolean() });

  expect(listedSchema(input, 'input')).toMatchObject({
    properties: { default: { type: 'string' }, pattern: { type: 'string' }, required: { type: 'boolean' } },
  });
});

test('a reply stays open at every depth, so that a later field breaks no client', () => {
  const output = z.object({ plan: z.object({ tasks: z.array(z.object({ title: z.string() })) }) });

  expect(JSON.stringify(listedSchema(output, 'output'))).not.toContain('additionalProperties');
});

test('a value that may be null is one of two schemas, for some clients refuse a list of types', () => {
  const input = z.strictObject({ parent: z.string().max(9).nullable().describe('null: to the top') });

  expect(listedSchema(input, 'input')).toMatchObject({
    properties: {
      parent: { description: 'null: to the top', anyOf: [{ type: 'string', maxLength: 9 }, { type: 'null' }] },
    },
  });
});

test.each([
  ['anything', z.object({ value: z.unknown() }), '.value says nothing about its type'],
  ['a list of anything', z.object({ values: z.array(z.unknown()) }), '.values[] says nothing about its type'],
  ['a tuple', z.object({ pair: z.tuple([z.string(), z.string()]) }), '.pair is a tuple'],
])('%s is named with its place, for some clients refuse it', (_, schema, problem) => {
  expect([...problemsIn(listedSchema(schema, 'output'))]).toContain(problem);
});

test('a page names the fields inside lists and choices by their path', () => {
  const filter = z.strictObject({ status: z.union([z.enum(['a', 'b']), z.array(z.enum(['a', 'b']))]).optional() });
  const input = z.strictObject({ filters: z.array(filter).describe('Any of these') });

  const fields = fieldsOf(listedSchema(input, 'input')).map(({ path, type }) => `${path}: ${type}`);

  expect(fields).toEqual(['filters: list of objects', 'filters[].status: `a`, `b` or list of `a`, `b`']);
});
