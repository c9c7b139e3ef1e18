import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { acceptedBy, inPlace } from '../../../application/misfit.ts';
import { invalid } from '../../../domain/errors.ts';
import type { ForeignMoment } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import { COMPLEXITIES, type Complexity, type Priority } from '../../../domain/task.ts';
import { explained } from '../../file-errors.ts';
import { faultIn } from '../lines.ts';
import { type Located, present } from '../place.ts';

/** Bytes of a file of another tool, which is read as a whole; theirs are seldom larger than one. */
const MOST_BYTES = 64 * 1024 * 1024;

export async function textAt(at: Located): Promise<string> {
  const found = await present(at);
  if (!found.isFile()) {
    throw invalid(`${at.shown === '.' ? at.path : at.shown} is a folder`, { suggestion: 'Name the file in it' });
  }
  if (found.size > MOST_BYTES) {
    throw invalid(`${at.shown} has ${found.size} bytes; at most ${MOST_BYTES} are read`, {
      suggestion: 'Split it with the tool that it is from',
    });
  }
  const bytes = await explained({ verb: 'read', path: at.shown }, () => readFile(at.path));
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${at.shown} is no UTF-8 text`, { suggestion: 'Save the file as UTF-8' });
  }
}

/** What PowerShell writes by `>` is UTF-16, known by its first two bytes. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** The JSON of a file as `schema` says. What is not as it should be is named with its place. */
export async function jsonAt<Schema extends z.ZodType>(at: Located, schema: Schema): Promise<z.output<Schema>> {
  const text = await textAt(at);
  return fitting(jsonIn(text, at.shown), schema, at.shown);
}

export function jsonIn(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(`${shown} is no JSON: ${faultIn(error)}`, { suggestion: 'Name the right file, or mend this one' });
  }
}

export function fitting<Schema extends z.ZodType>(value: unknown, schema: Schema, shown: string): z.output<Schema> {
  const fitted = schema.safeParse(value);
  if (fitted.success) return fitted.data;
  const { path, accepted } = mistakeIn(fitted.error.issues[0]);
  const place = path.length === 0 ? 'the whole of it' : inPlace(path);
  throw invalid(`${shown}: ${place} must be ${accepted}`, {
    suggestion: `Mend this place in ${shown}, then import again; nothing was imported`,
  });
}

type Mistake = Readonly<{ path: readonly PropertyKey[]; accepted: string }>;

/** Of several forms that were tried in vain, the one that fits furthest says where the mistake is. */
function mistakeIn(issue: z.core.$ZodIssue | undefined): Mistake {
  if (issue === undefined) return { path: [], accepted: 'something else' };
  if (issue.code !== 'invalid_union') return { path: issue.path, accepted: acceptedBy(issue) };
  const tried = issue.errors.map(([first]) => mistakeIn(first));
  const furthest = Math.max(0, ...tried.map(({ path }) => path.length));
  const nearest = tried.filter(({ path }) => path.length === furthest);
  const accepted = [...new Set(nearest.map((one) => one.accepted))].join(' or ');
  return { path: [...issue.path, ...(nearest[0]?.path ?? [])], accepted };
}

/** Texts, numbers and the like as they are met in files of others: what does not fit is told by `otherFields`. */
const Plain = z.union([z.string(), z.number().transform(String), z.boolean().transform(String)]);
export const Text = Plain.optional().catch(undefined);
export const Texts = z.array(Plain).catch([]);
/** Tools write an id as a text or a number. */
export const Id = z.union([z.string().min(1), z.number()]).transform(String);
export const Ids = z.array(Id).catch([]);

/** The entry beside its fields as the schema reads them, so that nothing of it is lost in silence. */
export const whole = <Schema extends z.ZodType>(fields: Schema) =>
  z.intersection(
    fields,
    z.looseObject({}).transform((entry) => ({ entry })),
  );

/** Fields of an entry that say something, and that nothing was made of. `quiet` are those that mean nothing outside that tool. */
export function otherFields<Fields extends Readonly<{ entry: Readonly<Record<string, unknown>> }>>(
  fields: Fields,
  quiet: ReadonlySet<string> = new Set(),
): Readonly<Record<string, unknown>> | undefined {
  const read = new Map<string, unknown>(Object.entries(fields));
  const others = Object.entries(fields.entry).filter(
    ([name, value]) => says(value) && !says(read.get(name)) && !quiet.has(name) && name !== '__proto__',
  );
  return others.length === 0 ? undefined : Object.fromEntries(others);
}

/** A time as it may be written, the year first; without a zone it is taken as UTC. The words themselves where they tell none. */
export function momentIn(text: string | undefined): ForeignMoment {
  if (text === undefined || text.trim() === '') return undefined;
  const iso = text
    .trim()
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+/, '$1');
  const isZoned = /(Z|[+-]\d{2}:?\d{2})$/.test(iso) || !iso.includes('T');
  // Of words with any number in them it makes a time as well.
  const at = /^\d{4}-/.test(iso) ? Date.parse(isZoned ? iso : `${iso}Z`) : Number.NaN;
  return Number.isNaN(at) ? text : at;
}

/** How a word of another tool is compared: without case, and with one kind of gap. */
export const plainWord = (word: string) =>
  word
    .trim()
    .toLowerCase()
    .replaceAll(/[\s-]+/g, '_');

type Known = Readonly<{ table: Readonly<Record<string, Stage>>; tell: (sentence: string) => void; origin: string }>;

/** The stage that a status of another tool means; one that nobody knows is told. */
export function stageIn(status: string | undefined, { table, tell, origin }: Known): Stage {
  if (status === undefined) return 'ready';
  const word = plainWord(status);
  const stage = Object.hasOwn(table, word) ? table[word] : undefined;
  if (stage === undefined)
    tell(`${origin} has the status ${status.slice(0, 100)}, which means nothing here; it is ready`);
  return stage ?? 'ready';
}

const PRIORITIES: Readonly<Record<string, Priority>> = {
  critical: 'critical',
  urgent: 'critical',
  p0: 'critical',
  high: 'high',
  p1: 'high',
  medium: 'medium',
  normal: 'medium',
  p2: 'medium',
  low: 'low',
  p3: 'low',
  p4: 'low',
};

export function priorityIn(word: string | undefined, known?: Omit<Known, 'table'>): Priority | undefined {
  const plain = plainWord(word ?? '');
  const priority = Object.hasOwn(PRIORITIES, plain) ? PRIORITIES[plain] : undefined;
  if (priority === undefined && plain !== '')
    known?.tell(`${known.origin} has the priority ${plain.slice(0, 100)}, which means nothing here; it is medium`);
  return priority;
}

/** Words such as `very-complex`; undefined for any other, which is told where somebody listens. */
export function complexityIn(word: string | undefined, known?: Omit<Known, 'table'>): Complexity | undefined {
  const plain = plainWord(word ?? '');
  const complexity = COMPLEXITIES.find((one) => one === plain);
  if (complexity === undefined && plain !== '')
    known?.tell(`${known.origin} has the complexity ${plain.slice(0, 100)}, which means nothing here; it has none`);
  return complexity;
}

/** Texts one below the other, those that say nothing left out; undefined where none says anything. */
export function joined(parts: readonly (string | undefined)[]): string | undefined {
  const said = parts.filter((part) => part !== undefined && part.trim() !== '');
  return said.length === 0 ? undefined : said.join('\n\n');
}

/** What stands on lines of its own, without the marks of a list. */
export const linesIn = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(/\r?\n/)
    .map((line) => line.replace(/^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(?:#\d+\s+)?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('<!--'));

/** Those of them that are ticked. */
export const tickedIn = (text: string | undefined): readonly string[] =>
  linesIn(
    (text ?? '')
      .split(/\r?\n/)
      .filter((line) => /^\s*(?:[-*+]|\d+[.)])\s+\[[xX]\]\s/.test(line))
      .join('\n'),
  );

/** Attributes that say something. */
export const saying = (attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => says(value)));

function says(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== null && value !== '' && value !== false;
}

/** Names that a sentence has room for. */
const MOST_NAMES = 10;
export const named = (names: readonly string[]) =>
  names.length <= MOST_NAMES
    ? names.join(', ')
    : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length - MOST_NAMES} more`;

/** Sentences about what had no place, each once. */
export function telling() {
  const sentences = new Set<string>();
  return { tell: (sentence: string) => void sentences.add(sentence), told: () => [...sentences] };
}
