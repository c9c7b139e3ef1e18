import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { invalid } from '../../../domain/errors.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Priority } from '../../../domain/task.ts';
import { explained } from '../../file-errors.ts';
import { type Located, present } from '../place.ts';

/** Bytes of a file of another tool, which is read as a whole; theirs are seldom larger than one. */
const MOST_BYTES = 64 * 1024 * 1024;

export async function textAt(at: Located): Promise<string> {
  const found = await present(at);
  if (!found.isFile()) throw invalid(`${at.shown} is a folder`, { suggestion: 'Name the file in it' });
  if (found.size > MOST_BYTES) {
    throw invalid(`${at.shown} has ${found.size} bytes; at most ${MOST_BYTES} are read`, {
      suggestion: 'Split it with the tool that it is from',
    });
  }
  const bytes = await explained({ verb: 'read', path: at.shown }, () => readFile(at.path));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalid(`${at.shown} is no UTF-8 text`, { suggestion: 'Save the file as UTF-8' });
  }
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
    const why = error instanceof Error ? error.message.slice(0, 200) : 'it cannot be read';
    throw invalid(`${shown} is no JSON: ${why}`, { suggestion: 'Name the right file, or mend this one' });
  }
}

export function fitting<Schema extends z.ZodType>(value: unknown, schema: Schema, shown: string): z.output<Schema> {
  const fitted = schema.safeParse(value);
  if (fitted.success) return fitted.data;
  const [issue] = fitted.error.issues;
  const place = issue?.path.join('.') || 'the whole of it';
  throw invalid(`${shown}: ${place}: ${issue?.message ?? 'it cannot be read'}`, {
    suggestion: 'Say with from_tool which tool the file is from, or mend this place',
  });
}

/** Texts, numbers and the like as they are met in files of others: what does not fit is as if it were not there. */
export const Text = z.string().optional().catch(undefined);
export const Texts = z.array(z.string()).catch([]);
/** Tools write an id as a text or a number. */
export const Id = z.union([z.string().min(1), z.number()]).transform(String);
export const Ids = z.array(Id).catch([]);

/** A time as it may be written; without a zone it is taken as UTC. Undefined where it is none. */
export function momentIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const iso = text
    .trim()
    .replace(' ', 'T')
    .replace(/(\.\d{3})\d+/, '$1');
  const isZoned = /(Z|[+-]\d{2}:?\d{2})$/.test(iso) || !iso.includes('T');
  const at = Date.parse(isZoned ? iso : `${iso}Z`);
  return Number.isNaN(at) ? undefined : at;
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

export function priorityIn(word: string | undefined): Priority | undefined {
  const plain = plainWord(word ?? '');
  return Object.hasOwn(PRIORITIES, plain) ? PRIORITIES[plain] : undefined;
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

/** Attributes that say something. */
export const saying = (attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => {
      const isEmpty =
        value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
      return !isEmpty;
    }),
  );

/** Sentences about what had no place, each once. */
export function telling() {
  const sentences = new Set<string>();
  return { tell: (sentence: string) => void sentences.add(sentence), told: () => [...sentences] };
}
