import { closest } from './closest.ts';
import { OrchestratorError } from './errors.ts';
import { pattern } from './pattern.ts';
import { hasPlaceholder, ITEM, type Parameter, type ParameterDraft, type ParameterType, TITLE } from './template.ts';
import { fitted } from './template-parameters.ts';

/** A mistake in a template. `at` leads to it: `parameters` and a name, `root`, or `tasks` and a key; then the field. */
export type Fault = Readonly<{ at: readonly string[]; message: string }>;

type Parameters = Readonly<Record<string, Parameter>>;

/** What texts and conditions understand otherwise than as the name of a value. */
const RESERVED = new Set([
  ITEM,
  'true',
  'false',
  'null',
  'nil',
  'empty',
  'blank',
  'and',
  'or',
  'not',
  'in',
  'contains',
  'forloop',
]);

type Types = readonly ParameterType[];
/** Which types a bound is for. */
const BOUND_TO = {
  min: ['number', 'integer', 'date'],
  max: ['number', 'integer', 'date'],
  minLength: ['string', 'array'],
  maxLength: ['string', 'array'],
  pattern: ['string'],
  values: ['enum'],
  items: ['array'],
} as const satisfies Partial<Record<keyof ParameterDraft, Types>>;
const BOUNDS = ['min', 'max', 'minLength', 'maxLength', 'pattern', 'values', 'items'] as const;

/** What is wrong with a parameter as its file says it; `parameters` are all of the template. */
export function* faultsOfParameter(name: string, draft: ParameterDraft, parameters: Parameters): Generator<Fault> {
  const at = ['parameters', name];
  const { type, values } = draft;
  if (type === undefined) {
    yield { at, message: `the parameter ${name} has no type` };
    return;
  }
  if (RESERVED.has(name)) yield { at, message: `no parameter can be called ${name}, which means something else` };
  if (type === 'enum' && (values === undefined || values.length === 0)) {
    yield { at, message: `the enum ${name} has no values` };
  }
  for (const bound of BOUNDS) {
    const types: Types = BOUND_TO[bound];
    if (draft[bound] === undefined || types.includes(type)) continue;
    yield { at, message: `${wireBound(bound)} is for ${types.join(', ')}; the parameter ${name} is of type ${type}` };
  }
  yield* faultsOfPattern(name, draft);
  yield* faultsOfDefaults(name, { ...draft, type }, parameters);
}

const wireBound = (bound: string) => bound.replace('Length', '_length');

function* faultsOfPattern(name: string, { pattern: source }: ParameterDraft): Generator<Fault> {
  const message = source === undefined ? undefined : mistake(() => pattern(source));
  if (message !== undefined) yield { at: ['parameters', name, 'pattern'], message };
}

function* faultsOfDefaults(name: string, parameter: Parameter, parameters: Parameters): Generator<Fault> {
  const kind = parameter.type === 'date' ? 'string' : 'number';
  if ([parameter.min, parameter.max].some((bound) => bound !== undefined && typeof bound !== kind)) {
    yield { at: ['parameters', name], message: `min and max of ${name} must be of its type ${parameter.type}` };
  }
  const accepted = parameter.default === undefined ? undefined : unfit(parameter, parameter.default);
  if (accepted !== undefined) {
    yield { at: ['parameters', name, 'default'], message: `the default of ${name} must be ${accepted}` };
  }
  // A default is a value like one that is given, and values are put in as they are.
  if (hasPlaceholder(JSON.stringify(parameter.default ?? ''))) {
    const other = 'default_from takes the value of another parameter';
    yield {
      at: ['parameters', name, 'default'],
      message: `the default of ${name} cannot hold a placeholder; ${other}`,
    };
  }
  const message = mistakenSource(name, parameters);
  if (message !== undefined) yield { at: ['parameters', name, 'default_from'], message };
}

/** What is wrong with where a default is taken from: a name that nothing has, or a circle. */
function mistakenSource(name: string, parameters: Parameters): string | undefined {
  const path = [name];
  for (let next = parameters[name]?.defaultFrom; next !== undefined; next = parameters[next]?.defaultFrom) {
    if (path.includes(next)) return `default_from leads in a circle: ${[...path, next].join(', then ')}`;
    if (!Object.hasOwn(parameters, next)) return next === TITLE ? undefined : unknownSource(next, parameters);
    path.push(next);
  }
  return undefined;
}

const unknownSource = (name: string, parameters: Parameters) =>
  `default_from names ${name}, which is neither a parameter nor ${TITLE}${meant(name, Object.keys(parameters))}`;

/** What is accepted in the place of a value that does not fit. */
function unfit(parameter: Parameter, value: unknown): string | undefined {
  // What is wrong with the pattern itself is told by its own fault.
  if (mistake(() => fitted(parameter, value)) !== undefined) return undefined;
  const fit = fitted(parameter, value);
  return 'value' in fit ? undefined : fit.accepted;
}

/** What an error of ours says that the work throws; undefined where it throws none. */
export function mistake(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof OrchestratorError) return error.message;
    throw error;
  }
}

/** The name that was probably meant, as the end of a sentence. */
export function meant(word: string, candidates: readonly string[]): string {
  const [likeliest] = closest(word, candidates, 1);
  return likeliest === undefined ? '' : `; did you mean ${likeliest}?`;
}
