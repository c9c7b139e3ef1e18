import type { Liquid, Template } from 'liquidjs';
import type { TemplateTexts } from '../application/templates.ts';
import type { Values } from '../domain/condition.ts';
import { invalid, type OrchestratorError } from '../domain/errors.ts';
import { hasPlaceholder } from '../domain/template.ts';

/** All texts of one call together: far more than 500 tasks say, and an end to those that would take for ever. */
const MOST_MS = 2_000;
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** What one text may build up while it is rendered, in characters and list members. */
const MOST_MEMORY = 1_000_000;

const TAGS = new Set(['if', 'unless', 'case', 'for', 'break', 'continue', 'comment', 'raw', 'assign', 'capture', '#']);
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
  const { liquid, parsed } = await loading;
  const left = { ms: MOST_MS, characters: MOST_CHARACTERS };
  return {
    namesIn: (text) => told(() => liquid.globalVariablesSync([...parse(text, { liquid, parsed })])),
    render: (text, values, place) => {
      const began = performance.now();
      const limits = { renderLimit: left.ms, memoryLimit: MOST_MEMORY };
      const rendered =
        plainly(text, values) ??
        told(() => String(liquid.renderSync([...parse(text, { liquid, parsed })], { ...values }, limits)), place);
      left.ms -= performance.now() - began;
      left.characters -= rendered.length;
      if (left.ms <= 0 || left.characters <= 0) throw tooMuch(place);
      // A filter may cut a text between the halves of a surrogate pair.
      if (!rendered.isWellFormed()) throw invalid(`${place} holds a lone surrogate, which is no text`);
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

/** What Liquid throws, in our own words. */
function told<T>(work: () => T, place = ''): T {
  try {
    return work();
  } catch (error) {
    throw mistake(error, place);
  }
}

function mistake(cause: unknown, place: string): OrchestratorError {
  const message = (cause instanceof Error ? cause.message : String(cause)).replace(/, line:\d+, col:\d+.*$/s, '');
  const missing = /^undefined variable: (.+)$/.exec(message)?.[1];
  const where = place === '' ? '' : `${place}: `;
  if (/limit exceeded/.test(message)) return tooMuch(place);
  if (missing === undefined) return invalid(`${where}${message}`, { cause });
  const [name = missing] = missing.split('.');
  return invalid(`${where}there is no value for {{ ${missing} }}`, {
    parameter: `parameters.${name}`,
    suggestion: `Repeat with parameters.${name}; a template that can do without it asks with {% if ${name} %}`,
    cause,
  });
}

const tooMuch = (place: string) =>
  invalid(`${place}: rendering takes more time or room than a text of a task may`, {
    suggestion: 'Repeat with shorter parameters, or make the template simpler',
  });
