import { z } from 'zod';
import { closest } from '../domain/closest.ts';
import { invalid, missingParameter, type OrchestratorError } from '../domain/errors.ts';
import { cut } from '../domain/task.ts';
import { bare, shapeOf } from './schema.ts';

/** Input that does not fit its schema. `place` is where the value stands in the call; empty for the arguments themselves. */
type Misfit = Readonly<{
  shape: Readonly<Record<string, z.core.$ZodType>>;
  given: unknown;
  issues: readonly z.core.$ZodIssue[];
  place: string;
}>;

/** Names that a refusal says again. */
const MOST_TOLD = 50;

/** The refusal of input that does not fit: what is missing, what is unknown and what was probably meant, or what is accepted. */
export function misfit({ shape, given, issues, place }: Misfit): OrchestratorError {
  const provided = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  const required = Object.keys(shape).filter((key) => !isOptional(shape[key]));
  const missing = required.find((key) => !provided.includes(key) || valueAt(given, [key]) === undefined);
  if (missing !== undefined && typeof given === 'object') {
    const strange = provided.filter((key) => !(key in shape));
    const meant = closest(missing, strange, 1)[0] ?? strange.find((key) => isPartOf(key, missing));
    const told = provided.slice(0, MOST_TOLD).map((name) => cut(name, 200));
    return missingParameter(inPlace([missing], place), { required, provided: told, meant: meant && cut(meant, 200) });
  }
  const unknown = issues.find((issue) => issue.code === 'unrecognized_keys');
  return unknown === undefined ? badValue({ given, issue: issues[0], place }) : unknownParameter(unknown, shape, place);
}

/** Whether a name was given short: `task` or `id` for `task_id`. */
const isPartOf = (given: string, name: string) => name.startsWith(`${given}_`) || name.endsWith(`_${given}`);

const isOptional = (schema: z.core.$ZodType | undefined) =>
  schema === undefined || z.core.safeParse(schema, undefined).success;

function unknownParameter(issue: z.core.$ZodIssueUnrecognizedKeys, shape: Misfit['shape'], place: string) {
  const key = issue.keys[0] ?? '';
  const full = inPlace([...issue.path, key], place);
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

/** Characters of what is accepted that the sentence says as well. */
const TOLD_TWICE = 120;

function badValue({ given, issue, place }: Pick<Misfit, 'given' | 'place'> & { issue: z.core.$ZodIssue | undefined }) {
  const parameter = inPlace(issue?.path ?? [], place);
  const value = valueAt(given, issue?.path ?? []);
  const accepted = issue === undefined ? 'what its schema says' : acceptedBy(issue);
  const isLong = issue?.code === 'invalid_value' && accepted.length > TOLD_TWICE;
  const said = isLong ? `one of the ${issue.values.length} values that are accepted` : accepted;
  return invalid(`${parameter} must be ${said}`, {
    parameter,
    given: shortened(value),
    accepted,
    ...(issue?.code === 'invalid_value' && nearest(value, issue.values)),
    suggestion: `Repeat with ${parameter} as accepted`,
  });
}

/** Where a field stands, as one would write it: `filters.status`, `subtasks_json[2].title`. */
export const inPlace = (path: readonly PropertyKey[], place = '') =>
  cut(
    path.reduce<string>(
      (text, step) =>
        typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
      place,
    ) || 'arguments',
    300,
  );

const valueAt = (given: unknown, path: readonly PropertyKey[]) =>
  path.reduce<unknown>(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    given,
  );

const UNITS: Readonly<Record<string, string>> = { string: ' characters long', array: ' long' };

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

export function acceptedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return KINDS[issue.expected] ?? issue.expected;
    case 'too_small':
      return `at least ${issue.minimum}${UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `at most ${issue.maximum}${UNITS[issue.origin] ?? ''}`;
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
  return text.length <= 200 ? value : cut(text, 200);
}
