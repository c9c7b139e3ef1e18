import { takeWithin } from './budget.ts';
import { closest } from './closest.ts';
import { type Values, valueAt } from './condition.ts';
import { isDate } from './date.ts';
import { invalid } from './errors.ts';
import { pattern } from './pattern.ts';
import { cut, isBlank } from './task.ts';
import { type Parameter, type ParameterType, TITLE } from './template.ts';

type Parameters = Readonly<Record<string, Parameter>>;
type Given = Readonly<{ given: Values; title?: string | undefined }>;
/** A value as its parameter takes it, or what the parameter accepts. */
export type Fit = Readonly<{ value: unknown } | { accepted: string }>;

/**
 * The values with which a template is instantiated: those given, then those taken from elsewhere, then the defaults.
 * Refuses what is unknown, missing or does not fit. What may be left out and is, has no value.
 */
export function valuesOf(parameters: Parameters, { given, title }: Given): Values {
  refuseUnknown(parameters, given);
  const values = new Map<string, unknown>();
  for (const name of Object.keys(parameters)) settle(name, { parameters, given, title, values });
  refuseMissing(parameters, given, values);
  return Object.fromEntries([...values].filter(([, value]) => value !== undefined));
}

type Settling = Given & Readonly<{ parameters: Parameters; values: Map<string, unknown> }>;

/** The value of a parameter, found once. A file whose `default_from` leads in a circle was refused when it was read. */
function settle(name: string, settling: Settling): unknown {
  const { parameters, given, values } = settling;
  const parameter = parameters[name];
  if (parameter === undefined || values.has(name)) return values.get(name);
  const own = Object.hasOwn(given, name) ? given[name] : undefined;
  const value = read(name, parameter, own ?? takenFrom(parameter, settling) ?? parameter.default);
  values.set(name, value);
  return value;
}

function takenFrom({ defaultFrom }: Parameter, settling: Settling): unknown {
  if (defaultFrom === undefined) return undefined;
  return Object.hasOwn(settling.parameters, defaultFrom) ? settle(defaultFrom, settling) : settling.title;
}

/** Whether a parameter has to be given where a template is used alone: nothing else says a value for it, and it may not be left out. */
export const isRequired = (name: string, parameters: Parameters): boolean =>
  (parameters[name]?.required ?? true) && !hasPreset(name, parameters);

/** Whether a parameter has a value of which nobody has to say anything; that of another counts if there always is one. */
function hasPreset(name: string, parameters: Parameters): boolean {
  const { default: preset, defaultFrom = '' } = parameters[name] ?? {};
  return preset !== undefined || (Object.hasOwn(parameters, defaultFrom) && isAlwaysSaid(defaultFrom, parameters));
}

const isAlwaysSaid = (name: string, parameters: Parameters): boolean =>
  (parameters[name]?.required ?? true) || hasPreset(name, parameters);

function refuseUnknown(parameters: Parameters, given: Values): void {
  const names = Object.keys(parameters);
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(parameters, name));
  if (unknown === undefined) return;
  const [meant] = closest(unknown, names, 1);
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  throw invalid(`Unknown parameter: parameters.${cut(unknown, 100)}${hint}`, {
    parameter: `parameters.${cut(unknown, 100)}`,
    ...(meant !== undefined && { did_you_mean: meant }),
    accepted: names,
    suggestion: 'Repeat without it or with the name that was meant',
  });
}

function refuseMissing(parameters: Parameters, given: Values, values: ReadonlyMap<string, unknown>): void {
  const missing = Object.entries(parameters)
    .filter(([name, { required = true }]) => required && values.get(name) === undefined)
    .map(([name]) => name);
  if (missing.length === 0) return;
  throw invalid(`Missing required parameter: ${missing.map((name) => `parameters.${name}`).join(', ')}`, {
    required_parameters: Object.keys(parameters).filter(
      (name) => isRequired(name, parameters) && (missing.includes(name) || Object.hasOwn(given, name)),
    ),
    provided_parameters: Object.keys(given),
    accepted: acceptedBeside(parameters, { missing, given }),
    suggestion: `Repeat with ${missing.map((name) => `parameters.${name}`).join(' and ')}`,
  });
}

/** Tokens that a refusal spends on what could be given. */
const ACCEPTED_TOKENS = 1_000;

/** What is missing, then what could be given as well, so that one more call is enough. */
function acceptedBeside(parameters: Parameters, { missing, given }: Given & { missing: readonly string[] }) {
  const others = Object.keys(parameters).filter((name) => !missing.includes(name) && !Object.hasOwn(given, name));
  const rows = [...missing, ...others].flatMap((name) => {
    const parameter = parameters[name];
    if (parameter === undefined) return [];
    return [[name, missing.includes(name) ? `${inWords(parameter)}; required` : inShort(name, parameters)] as const];
  });
  return Object.fromEntries(takeWithin(rows, ACCEPTED_TOKENS).taken);
}

function read(name: string, parameter: Parameter, value: unknown): unknown {
  if (value === undefined) return undefined;
  const fit = fitted(parameter, value);
  if ('value' in fit) return fit.value;
  const [meant] = typeof value === 'string' ? closest(value, (parameter.values ?? []).map(String), 1) : [];
  throw invalid(`parameters.${name} must be ${fit.accepted}`, {
    parameter: `parameters.${name}`,
    given: cut(typeof value === 'string' ? value : JSON.stringify(value), 200),
    accepted: fit.accepted,
    ...(meant !== undefined && { did_you_mean: meant }),
    suggestion: `Repeat with parameters.${name} as accepted`,
  });
}

/** A parameter in a few words: its type and what bounds it. */
export function inWords(parameter: Parameter): string {
  const { type, values = [], items, min, max, minLength, maxLength, pattern: source } = parameter;
  const kind =
    type === 'enum' ? `one of ${values.join(', ')}` : type === 'array' ? `list of ${items ?? 'anything'}` : type;
  const bounds = [
    min === undefined ? '' : `from ${min}`,
    max === undefined ? '' : `to ${max}`,
    minLength === undefined ? '' : `at least ${minLength} long`,
    maxLength === undefined ? '' : `at most ${maxLength} long`,
    source === undefined ? '' : `matching ${source}`,
  ].filter((bound) => bound !== '');
  return [kind, ...bounds].join(', ');
}

/** The same with what it is where it is not given. */
export function inShort(name: string, parameters: Parameters): string {
  const parameter = parameters[name];
  return parameter === undefined ? '' : `${inWords(parameter)}; ${presence(name, parameters)}`;
}

/** Whether a parameter has to be given, or what it is where it is not. */
export function presence(name: string, parameters: Parameters): string {
  const { default: preset, defaultFrom } = parameters[name] ?? {};
  if (defaultFrom !== undefined && Object.hasOwn(parameters, defaultFrom)) {
    if (isRequired(name, parameters)) return `required unless ${defaultFrom} has a value`;
    if (isAlwaysSaid(defaultFrom, parameters)) return `default: that of ${defaultFrom}`;
    const otherwise = preset === undefined ? '; may be left out' : `, else ${JSON.stringify(preset)}`;
    return `default: that of ${defaultFrom}${otherwise}`;
  }
  const plain = preset === undefined ? 'may be left out' : `default ${JSON.stringify(preset)}`;
  const said = isRequired(name, parameters) ? 'required' : plain;
  return defaultFrom === TITLE ? `${said}; create_generic_task gives it its title` : said;
}

/** Reads a value as its parameter takes it; a number or boolean in quotes and a list as its JSON text have only one meaning. */
export function fitted(parameter: Parameter, value: unknown): Fit {
  const plain = READERS[parameter.type](value, parameter);
  if (plain === undefined) return { accepted: ACCEPTED[parameter.type](parameter) };
  const bound = BOUNDS.find(({ keeps }) => !keeps(plain, parameter));
  return bound === undefined ? { value: plain } : { accepted: bound.accepted(parameter) };
}

const NUMBER = /^-?\d+(\.\d+)?$/;
const asNumber = (value: unknown) => (typeof value === 'string' && NUMBER.test(value.trim()) ? Number(value) : value);
const ifNumber = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

type Read = (value: unknown, parameter: Parameter) => unknown;

const READERS: Readonly<Record<ParameterType, Read>> = {
  string: (value) => (typeof value === 'string' ? value : undefined),
  number: (value) => ifNumber(asNumber(value)),
  integer: (value) => {
    const number = ifNumber(asNumber(value));
    return Number.isSafeInteger(number) ? number : undefined;
  },
  boolean: (value) =>
    value === 'true' ? true : value === 'false' ? false : typeof value === 'boolean' ? value : undefined,
  date: (value) => (typeof value === 'string' && isDate(value) ? value : undefined),
  enum: (value, { values = [] }) => values.find((one) => one === value || String(one) === value),
  array: (given, { items }) => {
    const value = fromText(given);
    return Array.isArray(value) ? membersOf(value, items) : undefined;
  },
  object: (given) => {
    const value = fromText(given);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  },
};

/** What a JSON text says, unless that is what no text or field can be: then it stays a text, and is refused as one. */
function fromText(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value, (key, inner: unknown) => {
      const texts = typeof inner === 'string' ? [key, inner] : [key];
      if (texts.some((text) => text === '__proto__' || !text.isWellFormed() || text.includes('\0')))
        throw new SyntaxError();
      return inner;
    });
  } catch {
    return value;
  }
}

function membersOf(values: readonly unknown[], items: ParameterType | undefined): readonly unknown[] | undefined {
  if (items === undefined) return values;
  const read = values.map((value) => READERS[items](value, { type: items }));
  return read.includes(undefined) ? undefined : read;
}

const ACCEPTED: Readonly<Record<ParameterType, (parameter: Parameter) => string>> = {
  string: () => 'a text',
  number: () => 'a number',
  integer: () => 'a whole number',
  boolean: () => 'true or false',
  date: () => 'a date such as 2026-07-01',
  enum: ({ values = [] }) => `one of ${values.join(', ')}`,
  array: ({ items }) =>
    items === undefined ? 'a list' : `a list of which each is ${ACCEPTED[items]({ type: items })}`,
  object: () => 'an object',
};

type Bound = Readonly<{ keeps(value: unknown, parameter: Parameter): boolean; accepted(parameter: Parameter): string }>;

const lengthOf = (value: unknown) => (typeof value === 'string' || Array.isArray(value) ? value.length : undefined);
/** Matching takes the length of the text times that of the pattern. */
const MOST_MATCHED = 10_000;

const BOUNDS: readonly Bound[] = [
  { keeps: (value, { min }) => isOrdered(min, value), accepted: ({ min }) => `at least ${min}` },
  { keeps: (value, { max }) => isOrdered(value, max), accepted: ({ max }) => `at most ${max}` },
  {
    keeps: (value, { minLength = 0 }) => (lengthOf(value) ?? minLength) >= minLength,
    accepted: ({ minLength }) => `at least ${minLength} long`,
  },
  {
    keeps: (value, { minLength = 0 }) => minLength === 0 || typeof value !== 'string' || !isBlank(value),
    accepted: () => 'a text that is not blank',
  },
  {
    keeps: (value, { items }) => items !== 'string' || !Array.isArray(value) || !value.some(isBlank),
    accepted: () => 'a list of texts that are not blank',
  },
  {
    keeps: (value, { maxLength = Number.POSITIVE_INFINITY }) => (lengthOf(value) ?? 0) <= maxLength,
    accepted: ({ maxLength }) => `at most ${maxLength} long`,
  },
  {
    keeps: (value, { pattern: source }) =>
      source === undefined || (typeof value === 'string' && value.length <= MOST_MATCHED && pattern(source)(value)),
    accepted: ({ pattern: source }) => `a text of at most ${MOST_MATCHED} characters that matches ${source}`,
  },
];

/** Numbers by their size and dates by their text; where a bound is not said, or of another kind, there is none. */
function isOrdered(least: unknown, most: unknown): boolean {
  if (typeof least === 'number' && typeof most === 'number') return least <= most;
  return typeof least !== 'string' || typeof most !== 'string' || least <= most;
}

/** The list that `for_each` names, or undefined where it has no value. */
export function listAt(values: Values, path: string): readonly unknown[] | undefined {
  const list = valueAt(values, path);
  if (list === undefined || list === null) return undefined;
  if (Array.isArray(list)) return list;
  throw invalid(`for_each: ${path} is no list`, { suggestion: `Repeat with a list for ${path}` });
}
