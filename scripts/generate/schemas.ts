import { z } from 'zod';

/** A JSON Schema, as plain data. */
export type Schema = Readonly<Record<string, unknown>>;
type Direction = 'input' | 'output';

/** A tool's schema as it is listed: draft 2020-12 without what costs characters and says nothing. */
export function listedSchema(schema: z.ZodType, io: Direction): Schema {
  return slim(asSchema(z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any' })), io);
}

/**
 * Output schemas are left open, so that a later field breaks no client that checks replies against an older list;
 * input schemas stay closed, so that a client can tell a misspelt parameter by itself.
 */
function slim(schema: Schema, io: Direction): Schema {
  // An object whose description says its fields is paid for once; the server checks them all the same.
  if (schema.inSentence === true) return { type: schema.type, description: schema.description };
  const kept = Object.entries(withoutTypeList(schema)).filter(
    ([key, value]) => !isRedundant(key, value, { schema, io }),
  );
  return Object.fromEntries(kept.map(([key, value]) => [key, slimmedPart(key, value, io)]));
}

/** What some clients refuse, each with the path to it. Empty for a schema that all of them take. */
export function* problemsIn(schema: Schema, path = ''): Generator<string> {
  const here = path === '' ? 'the schema' : path;
  if (Array.isArray(schema.type)) yield `${here} has a list of types`;
  if (schema.prefixItems !== undefined) yield `${here} is a tuple`;
  if (schema.type === 'array' && schema.items === undefined) yield `${here} is a list of anything`;
  if (!KINDS.some((kind) => schema[kind] !== undefined)) yield `${here} says nothing about its type`;
  for (const [step, part] of partsOf(schema)) yield* problemsIn(part, `${path}${step}`);
}

/** One of these says what a value is. */
const KINDS = ['type', 'enum', 'const', 'anyOf', 'oneOf', 'allOf', '$ref', 'not'] as const;
const MAPS = ['properties', '$defs'] as const;
const LISTS = ['anyOf', 'oneOf', 'allOf'] as const;
const SINGLES = { items: '[]', additionalProperties: '.*' } as const;

/** The schemas inside a schema, with the step that leads to each. */
function* partsOf(schema: Schema): Generator<readonly [string, Schema]> {
  for (const key of MAPS)
    for (const [name, part] of Object.entries(asSchema(schema[key]))) yield [`.${name}`, asSchema(part)];
  for (const key of LISTS) for (const part of asList(schema[key])) yield ['', asSchema(part)];
  for (const [key, step] of Object.entries(SINGLES)) if (isSchema(schema[key])) yield [step, schema[key]];
}

type Place = Readonly<{ schema: Schema; io: Direction }>;

function isRedundant(key: string, value: unknown, { schema, io }: Place): boolean {
  switch (key) {
    case '$schema':
      return true;
    case 'minimum':
      return value === Number.MIN_SAFE_INTEGER;
    case 'maximum':
      return value === Number.MAX_SAFE_INTEGER;
    case 'pattern':
      return schema.format !== undefined;
    case 'propertyNames':
      return isSchema(value) && Object.keys(value).join() === 'type';
    case 'additionalProperties':
      return isSchema(value) ? Object.keys(value).length === 0 : io === 'output';
    case 'default':
      return io === 'output';
    default:
      return false;
  }
}

/** `type: [X, 'null']` as two schemas, one of which must fit: clients that refuse a list of types take that. */
function withoutTypeList(schema: Schema): Schema {
  const { type, description, default: preset, ...rest } = schema;
  if (!Array.isArray(type)) return schema;
  const choices = type.map((name: unknown) => (name === 'null' ? { type: name } : { type: name, ...rest }));
  return {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    anyOf: choices,
  };
}

function slimmedPart(key: string, value: unknown, io: Direction): unknown {
  if (MAPS.some((map) => map === key)) {
    return Object.fromEntries(Object.entries(asSchema(value)).map(([name, part]) => [name, slim(asSchema(part), io)]));
  }
  if (LISTS.some((list) => list === key)) return asList(value).map((part) => slim(asSchema(part), io));
  return key in SINGLES && isSchema(value) ? slim(value, io) : value;
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const asSchema = (value: unknown): Schema => (isSchema(value) ? value : {});
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
