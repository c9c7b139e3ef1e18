import { z } from 'zod';
import { invalid } from '../domain/errors.ts';
import { cut } from '../domain/task.ts';
import { Handle } from './fields.ts';
import { misfit } from './misfit.ts';
import { bare, shapeOf } from './schema.ts';
import type { Tool } from './tool.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** What every tool takes, whether or not its listed schema shows it. */
const CommonInput = z.object({
  session_id: Handle.optional(),
  claim_id: Handle.optional(),
  idempotency_key: z.string().min(1).max(200).optional(),
  agent_name: z.string().max(200).optional(),
  working_directory: z.string().optional(),
});
export type Common = z.output<typeof CommonInput>;

/** Accepted beside the parameters of every tool; the other common ones only where a tool lists them. */
const EVERYWHERE = ['session_id', 'claim_id', 'idempotency_key'] as const;
/** The one field whose text is kept byte for byte, NUL included. */
const MAY_HOLD_NUL = 'detailed_work';

/** Checks what a tool was given, understanding what has only one meaning, and refusing the rest by name. */
export function parseArguments(tool: Tool, args: Arguments): Readonly<{ common: Common; input: unknown }> {
  refuseBadText(args, []);
  const shape = shapeOf(tool.input);
  const own = Object.entries(args).filter(([key]) => key in shape || !isCommon(key));
  const common = Object.entries(args).filter(([key]) => key in shape || isCommon(key));
  refuseWhatIsElsewhere(tool, args);
  const input = readInput(tool.input, Object.fromEntries(own));
  const shared = readInput(CommonInput, Object.fromEntries(common.filter(([key]) => key in CommonInput.shape)));
  return { common: shared, input };
}

function refuseWhatIsElsewhere({ name, elsewhere = {} }: Tool, args: Arguments): void {
  const parameter = Object.keys(elsewhere).find((key) => args[key] !== undefined);
  if (parameter === undefined) return;
  throw invalid(`${parameter} is no parameter of ${name}`, { parameter, suggestion: `Use ${elsewhere[parameter]}` });
}

/** Reads a value as the schema says, understanding what has only one meaning, or refuses naming the field; `place` is where it stands. */
export function readInput<Schema extends z.ZodType>(schema: Schema, given: unknown, place = ''): z.output<Schema> {
  const value = understood(schema, given);
  refuseBadText(value, place === '' ? [] : [place]);
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw misfit({ shape: shapeOf(schema), given, issues: read.error.issues, place });
}

const isCommon = (key: string): boolean => EVERYWHERE.some((name) => name === key);

/** Deeper than anything that a tool takes; thousands of levels would be more than the stack holds. */
const MOST_LEVELS = 100;

/** Refuses text that no JSON or database keeps: lone surrogates anywhere, NUL anywhere but in the work. `path` is where the value stands. */
function refuseBadText(value: unknown, path: readonly string[]): void {
  if (typeof value === 'string') refuseBadString(value, path);
  if (typeof value !== 'object' || value === null) return;
  if (path.length > MOST_LEVELS) {
    const [parameter = ''] = path;
    throw invalid(`${parameter} is nested deeper than ${MOST_LEVELS} levels`, { parameter });
  }
  for (const [key, inner] of Object.entries(value)) {
    refuseBadString(key, path);
    if (key === '__proto__') throw noName(cut([...path, key].join('.'), 200));
    refuseBadText(inner, [...path, key]);
  }
}

/** JavaScript would take it for something else than a field. */
const noName = (parameter: string) =>
  invalid(`${parameter} is no name for a field`, { parameter, suggestion: 'Repeat with another name' });

function refuseBadString(text: string, path: readonly string[]): void {
  const where = cut(path.join('.') || 'a parameter name', 200);
  if (!text.isWellFormed()) throw invalid(`${where} holds a lone surrogate, which is no text`, { parameter: where });
  if (text.includes('\0') && where !== MAY_HOLD_NUL) {
    throw invalid(`${where} holds a NUL character`, { parameter: where, suggestion: 'Repeat without it' });
  }
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Reads what has only one meaning: a number or boolean in quotes, JSON where its text was asked for, and the reverse. */
function understood(schema: z.core.$ZodType, value: unknown): unknown {
  const type = bare(schema);
  if (type instanceof z.ZodObject) return understoodObject(type, fromText(value));
  if (type instanceof z.ZodArray) return understoodArray(type, fromText(value));
  if (type instanceof z.ZodRecord) return fromText(value);
  if (type instanceof z.ZodString) return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
  return typeof value === 'string' ? unquoted(type, value.trim()) : value;
}

/** What stands in the quotes, where the schema asks for a number or a boolean. */
function unquoted(type: z.core.$ZodType, text: string): unknown {
  if (type instanceof z.ZodNumber && NUMBER.test(text)) return Number(text);
  if (type instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

function understoodObject(type: z.ZodObject, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const shape = shapeOf(type);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const field = shape[key];
      return [key, field === undefined ? inner : understood(field, inner)];
    }),
  );
}

function understoodArray(type: z.ZodArray, value: unknown): unknown {
  return Array.isArray(value) ? value.map((inner) => understood(type.def.element, inner)) : value;
}

/** Models often hand in an array or object as its JSON text. */
function fromText(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
