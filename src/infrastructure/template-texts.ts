import type { Liquid, Template } from 'liquidjs';
import type { TemplateTexts } from '../application/templates.ts';
import type { Values } from '../domain/condition.ts';
import { invalid, type OrchestratorError } from '../domain/errors.ts';
import type { Place } from '../domain/instantiate.ts';
import { hasPlaceholder, ITEM } from '../domain/template.ts';

/** All texts of one call together: far more than 500 tasks say, and an end to those that would take for ever. */
const MOST_MS = 2_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** What one text may build up while it is rendered, in characters and list members. */
const MOST_MEMORY = 1_000_000;

/** Left out is also what captures a text in a variable: it can double a text each time, which Liquid counts nowhere. */
const TAGS = new Set(['if', 'unless', 'case', 'for', 'break', 'continue', 'comment', 'raw', 'assign', '#']);
/** Left out is what has no use in a task's text: hashes, chance, HTML, and expressions inside texts. */
const FILTERS = new Set(
  (
    'abs append at_least at_most capitalize ceil compact concat date default divided_by downcase first floor join json ' +
    'jsonify last lstrip map minus modulo plus prepend remove remove_first remove_last replace replace_first replace_last ' +
    'reverse round rstrip size slice slugify sort sort_natural split strip strip_newlines squish sum times truncate ' +
    'truncatewords uniq upcase where array_to_sentence_string number_of_words'
  ).split(' '),
);

type Engine = Readonly<{ liquid: Liquid; parsed: Map<string, readonly Template[]> }>;
let loading: Promise<Engine> | undefined;

/** Fills in placeholders. Liquid runs no code; it is told to look at nothing but the values, and to stop in time. */
export async function templateTexts(): Promise<TemplateTexts> {
  loading ??= load();
  const engine = await loading;
  const { liquid } = engine;
  const namesOf = (text: string) => liquid.globalVariablesSync([...parse(text, engine)]);
  const left = { ms: MOST_MS, characters: MOST_CHARACTERS };
  return {
    namesIn: (text) => told(() => namesOf(text)),
    render: (text, values, place) => {
      const began = performance.now();
      const limits = { renderLimit: left.ms, memoryLimit: MOST_MEMORY };
      const filledIn = () => String(liquid.renderSync([...parse(text, engine)], { ...values }, limits));
      const rendered = plainly(text, values) ?? told(filledIn, { ...place, values, names: () => namesOf(text) });
      left.ms -= performance.now() - began;
      left.characters -= rendered.length;
      if (left.ms <= 0 || left.characters <= 0) throw tooMuch(place);
      // A filter may cut a text between the halves of a surrogate pair.
      if (!rendered.isWellFormed()) throw invalid(`${place.field} holds a lone surrogate, which is no text`);
      return rendered;
    },
  };
}

const PLAIN = /(?<!\{)\{\{\s*([a-z]\w*)\s*\}\}(?!\})/;

/** Most texts only name values; putting these in takes 1 µs, and Liquid 8. Undefined for a text that asks for more. */
function plainly(text: string, values: Values): string | undefined {
  let rendered = '';
  for (const [place, part] of text.split(PLAIN).entries()) {
    const said = place % 2 === 0 ? (hasPlaceholder(part) ? undefined : part) : shown(part, values);
    if (said === undefined) return undefined;
    if (rendered.length > MOST_CHARACTERS) break;
    rendered += said;
  }
  return rendered;
}

/** A value that looks in a text as it is. */
function shown(name: string, values: Values): string | undefined {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

async function load(): Promise<Engine> {
  const { Liquid: Renderer } = await import('liquidjs');
  const liquid = new Renderer({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    timezoneOffset: 'UTC',
    // No template names a file; what is not on this list of nothing is not there.
    templates: {},
  });
  for (const tag of Object.keys(liquid.tags)) if (!TAGS.has(tag)) delete liquid.tags[tag];
  for (const filter of Object.keys(liquid.filters)) if (!FILTERS.has(filter)) delete liquid.filters[filter];
  return { liquid, parsed: new Map() };
}

/** A server that runs for weeks forgets the texts of templates that nobody uses. */
const MOST_PARSED = 5_000;

function parse(text: string, { liquid, parsed }: Engine): readonly Template[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= MOST_PARSED) parsed.clear();
  const fresh = liquid.parse(text);
  parsed.set(text, fresh);
  return fresh;
}

/** Where a text was being rendered, and the names in it that stand for values; others are its own. */
type Rendering = Place & Readonly<{ values: Values; names(): readonly string[] }>;

/** What Liquid throws, in our own words. */
function told<T>(work: () => T, rendering?: Rendering): T {
  try {
    return work();
  } catch (error) {
    throw mistake(error, rendering);
  }
}

function mistake(cause: unknown, rendering: Rendering | undefined): OrchestratorError {
  const message = (cause instanceof Error ? cause.message : String(cause)).replace(/, line:\d+, col:\d+.*$/s, '');
  const missing = /^undefined variable: (.+)$/.exec(message)?.[1];
  const where = rendering === undefined ? '' : `${rendering.field}: `;
  if (/call stack/.test(message)) return invalid(`${where}it is nested deeper than can be read`, { cause });
  if (rendering === undefined) return invalid(message, { cause });
  if (/limit exceeded|string length/.test(message)) return tooMuch(rendering);
  return missing === undefined ? invalid(`${where}${message}`, { cause }) : withoutValue(missing, rendering);
}

/** The refusal of a placeholder without a value: what could be given for it, as far as a parameter is behind it. */
function withoutValue(missing: string, { field, item, values, names }: Rendering): OrchestratorError {
  const [name = missing, ...path] = missing.split('.');
  const owner = name === ITEM && item !== undefined ? item : `parameters.${name}`;
  const isWithin = path.length > 0 && Object.hasOwn(values, name);
  const given = isWithin ? `${owner}.${path.join('.')}` : owner;
  const isOwn = !names().includes(name);
  const why = isWithin
    ? `${field} asks for {{ ${missing} }}, and ${owner} has no ${path.join('.')}`
    : `${field}: there is no value for {{ ${missing} }}`;
  return invalid(why, {
    ...(!isOwn && { parameter: /^parameters\.\w+/.exec(owner)?.[0] }),
    suggestion: `Repeat with ${isOwn ? 'values that have it' : given}; a template that can do without it asks with {% if ${missing} %}`,
  });
}

const tooMuch = ({ field }: Place) =>
  invalid(`${field}: rendering takes more time or room than a text of a task may`, {
    suggestion: 'Repeat with shorter parameters, or make the template simpler',
  });
