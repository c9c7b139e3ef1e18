import { z } from 'zod';
import { closest } from '../domain/closest.ts';
import { invalid, missingParameter, type OrchestratorError } from '../domain/errors.ts';
import type { Tool } from './tool.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** What every tool takes, whether or not its listed schema shows it. */
const CommonInput = z.object({
  session_id: z.string().optional(),
  claim_id: z.string().optional(),
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
  const input = readInput(tool.input, Object.fromEntries(own));
  const shared = readInput(CommonInput, Object.fromEntries(common.filter(([key]) => key in CommonInput.shape)));
  return { common: shared, input };
}

/** Reads a value as the schema says, understanding what has only one meaning, or refuses naming the field; `place` is where it stands. */
export function readInput<Schema extends z.ZodType>(schema: Schema, given: unknown, place = ''): z.output<Schema> {
  const read = schema.safeParse(understood(schema, given));
  if (read.success) return read.data;
  throw refusalOf({ shape: shapeOf(schema), given, issues: read.error.issues, place });
}

const isCommon = (key: string): boolean => EVERYWHERE.some((name) => name === key);

const shapeOf = (schema: z.ZodType): Readonly<Record<string, z.core.$ZodType>> =>
  schema instanceof z.ZodObject ? schema.shape : {};

/** Text that no JSON or database keeps: lone surrogates anywhere, NUL anywhere but in the work. */
function refuseBadText(value: unknown, path: readonly string[]): void {
  if (typeof value === 'string') refuseBadString(value, path);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    refuseBadString(key, path);
    if (key === '__proto__') throw invalid(`${[...path, key].join('.')} is no name for a field`, { parameter: key });
    refuseBadText(inner, [...path, key]);
  }
}

function refuseBadString(text: string, path: readonly string[]): void {
  const where = path.join('.') || 'a parameter name';
  if (!text.isWellFormed()) throw invalid(`${where} holds a lone surrogate, which is no text`, { parameter: where });
  if (text.includes('\0') && path.at(-1) !== MAY_HOLD_NUL) {
    throw invalid(`${where} holds a NUL character`, { parameter: where, suggestion: 'Repeat without it' });
  }
}

/** The type behind what makes a field optional. */
function bare(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return bare(schema.def.innerType);
  }
  return schema instanceof z.ZodPipe ? bare(schema.def.in) : schema;
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Reads what has only one meaning: a number or boolean in quotes, JSON where its text was asked for, and the reverse. */
function understood(schema: z.core.$ZodType, value: unknown): unknown {
  const type = bare(schema);
  if (type instanceof z.ZodObject) return understoodObject(type, fromText(value));
  if (type instanceof z.ZodArray) return understoodArray(type, fromText(value));
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

type Refused = Readonly<{
  shape: Readonly<Record<string, z.core.$ZodType>>;
  given: unknown;
  issues: readonly z.core.$ZodIssue[];
  place: string;
}>;

function refusalOf({ shape, given, issues, place }: Refused): OrchestratorError {
  const provided = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  const required = Object.keys(shape).filter((key) => !isOptional(shape[key]));
  const missing = required.find((key) => !provided.includes(key) || valueAt(given, [key]) === undefined);
  if (missing !== undefined && typeof given === 'object') {
    return missingParameter(place === '' ? missing : `${place}.${missing}`, { required, provided });
  }
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  return unknown === undefined ? misfit({ given, issue: issues[0], place }) : unknownParameter(unknown, shape, place);
}

const isOptional = (schema: z.core.$ZodType | undefined) =>
  schema === undefined || z.core.safeParse(schema, undefined).success;

function unknownParameter(issue: z.core.$ZodIssueUnrecognizedKeys, shape: Refused['shape'], place: string) {
  const key = issue.keys[0] ?? '';
  const full = inPlace(place, [...issue.path, key]);
  const accepted = acceptedAt(issue.path, shape);
  const home = issue.path.length === 0 ? Object.keys(shape).find((name) => holds(shape[name], key)) : undefined;
  const [meant] = closest(key, accepted, 1);
  const hint =
    home !== undefined ? `put it inside ${home}` : meant !== undefined ? `did you mean ${meant}?` : undefined;
  return invalid(`Unknown parameter: ${full}${hint === undefined ? '' : ` (${hint})`}`, {
    parameter: full,
    ...(meant !== undefined && home === undefined && { did_you_mean: meant }),
    accepted,
    suggestion:
      home === undefined ? 'Repeat without it or with the name that was meant' : `Repeat with it inside ${home}`,
  });
}

function acceptedAt(path: readonly PropertyKey[], shape: Readonly<Record<string, z.core.$ZodType>>): readonly string[] {
  let fields = shape;
  for (const step of path) {
    const next = typeof step === 'string' ? fields[step] : undefined;
    if (next === undefined) continue;
    const type = bare(next);
    const inner = type instanceof z.ZodArray ? bare(type.def.element) : type;
    fields = inner instanceof z.ZodObject ? shapeOf(inner) : {};
  }
  return Object.keys(fields);
}

const holds = (schema: z.core.$ZodType | undefined, key: string) => {
  const type = schema === undefined ? undefined : bare(schema);
  return type instanceof z.ZodObject && key in type.shape;
};

function misfit({ given, issue, place }: Pick<Refused, 'given' | 'place'> & { issue: z.core.$ZodIssue | undefined }) {
  const parameter = inPlace(place, issue?.path ?? []);
  const value = valueAt(given, issue?.path ?? []);
  const accepted = issue === undefined ? 'does not fit' : acceptedBy(issue);
  return invalid(`${parameter}: ${accepted}`, {
    parameter,
    given: shortened(value),
    accepted,
    ...(issue?.code === 'invalid_value' && nearest(value, issue.values)),
    suggestion: `Repeat with ${parameter} as accepted`,
  });
}

/** Where a field stands, as one would write it: `filters.status`, `subtasks_json[2].title`. */
const inPlace = (place: string, path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    place,
  ) || 'arguments';

const valueAt = (given: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    given,
  );

function acceptedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return `must be ${issue.expected === 'array' || issue.expected === 'object' ? 'an' : 'a'} ${issue.expected}`;
    case 'too_small':
      return `at least ${issue.minimum}${issue.origin === 'string' ? ' characters' : ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${issue.origin === 'string' ? ' characters' : ''}`;
    default:
      return issue.message;
  }
}

function nearest(given: unknown, values: readonly unknown[]) {
  const [meant] = typeof given === 'string' ? closest(given, values.map(String), 1) : [];
  return meant === undefined ? {} : { did_you_mean: meant };
}

/** What was given, short enough to be said again. */
function shortened(value: unknown): unknown {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (text === undefined) return 'nothing';
  return text.length <= 200 ? value : `${text.slice(0, 199)}…`;
}
