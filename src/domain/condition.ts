import { invalid } from './errors.ts';

/** The values that parameters have, by name. */
export type Values = Readonly<Record<string, unknown>>;

/** What stands behind `when`: the names of which it speaks, and whether it is true of some values. */
export type Condition = Readonly<{ names: readonly string[]; holds(values: Values): boolean }>;

type Expression = (values: Values) => unknown;
type Token = Readonly<{ kind: 'sign' | 'name' | 'literal'; text: string; value?: unknown; column: number }>;
type Reader = {
  readonly source: string;
  readonly tokens: readonly Token[];
  next: number;
  depth: number;
  readonly names: string[];
};

const MOST_CHARACTERS = 1_000;
/** Brackets and negations inside each other; more than anybody reads, and far less than the stack holds. */
const MOST_LEVELS = 30;

/**
 * Reads a condition: `== != < <= > >= in and or not ( )`, literals, lists of literals, names and dotted paths. Nothing in
 * it can be called. Refuses what it cannot read with the column.
 */
export function condition(source: string): Condition {
  if (source.length > MOST_CHARACTERS) throw invalid(`a condition has at most ${MOST_CHARACTERS} characters`);
  const reader: Reader = { source, tokens: tokensIn(source), next: 0, depth: 0, names: [] };
  const expression = either(reader);
  if (reader.next < reader.tokens.length) throw unexpected(reader);
  return { names: [...new Set(reader.names)], holds: (values) => isSomething(expression(values)) };
}

/** What is absent, false, zero or empty counts as false. */
const isSomething = (value: unknown) =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && Boolean(value);

/** What stands at a path such as `module.name`; only what a value really holds, nothing that it inherits. */
export function valueAt(values: Values, path: string): unknown {
  let value: unknown = values;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = Reflect.get(value, step);
  }
  return value;
}

const TOKEN =
  /\s*(?:(?<number>-?\d+(?:\.\d+)?)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<name>[A-Za-z_]\w*(?:\.\w+)*)|(?<sign>==|!=|<=|>=|[<>()[\],]))/y;
const WORDS = new Set(['and', 'or', 'not', 'in']);
const CONSTANTS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

function tokensIn(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const end = source.trimEnd().length;
  for (let at = 0; at < end; ) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(source);
    if (match === null) throw misread(source, at);
    at = TOKEN.lastIndex;
    const text = match[0].trim();
    tokens.push({ ...kindOf(text, match.groups ?? {}), text, column: at - text.length + 1 });
  }
  return tokens;
}

function kindOf(text: string, { number, text: quoted, name }: Readonly<Record<string, string>>) {
  if (number !== undefined) return { kind: 'literal', value: Number(number) } as const;
  if (quoted !== undefined) return { kind: 'literal', value: quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1') } as const;
  if (CONSTANTS.has(text)) return { kind: 'literal', value: CONSTANTS.get(text) } as const;
  return { kind: name === undefined || WORDS.has(text) ? 'sign' : 'name' } as const;
}

function misread(source: string, at: number) {
  const column = at + (/^\s*/.exec(source.slice(at))?.[0].length ?? 0) + 1;
  return invalid(`${JSON.stringify(source)} cannot be read at column ${column}`, { column });
}

function unexpected({ source, tokens, next }: Reader) {
  const token = tokens[next];
  const found = token === undefined ? 'ends too early' : `has an unexpected ${token.text} at column ${token.column}`;
  return invalid(`${JSON.stringify(source)} ${found}`, { column: token?.column ?? source.length + 1 });
}

/** Goes on if the next token is this one. */
function takes(reader: Reader, text: string): boolean {
  const token = reader.tokens[reader.next];
  const isIt = token?.kind === 'sign' && token.text === text;
  if (isIt) reader.next += 1;
  return isIt;
}

function either(reader: Reader): Expression {
  let left = both(reader);
  while (takes(reader, 'or')) {
    const [one, other] = [left, both(reader)];
    left = (values) => isSomething(one(values)) || isSomething(other(values));
  }
  return left;
}

function both(reader: Reader): Expression {
  let left = negation(reader);
  while (takes(reader, 'and')) {
    const [one, other] = [left, negation(reader)];
    left = (values) => isSomething(one(values)) && isSomething(other(values));
  }
  return left;
}

function negation(reader: Reader): Expression {
  if (!takes(reader, 'not')) return comparison(reader);
  const inner = deeper(reader, negation);
  return (values) => !isSomething(inner(values));
}

function deeper(reader: Reader, read: (reader: Reader) => Expression): Expression {
  reader.depth += 1;
  if (reader.depth > MOST_LEVELS) throw invalid(`a condition is nested at most ${MOST_LEVELS} levels deep`);
  const expression = read(reader);
  reader.depth -= 1;
  return expression;
}

type Comparison = (left: unknown, right: unknown) => boolean;

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  '==': isSame,
  '!=': (left, right) => !isSame(left, right),
  '<': (left, right) => order(left, right, (difference) => difference < 0),
  '<=': (left, right) => order(left, right, (difference) => difference <= 0),
  '>': (left, right) => order(left, right, (difference) => difference > 0),
  '>=': (left, right) => order(left, right, (difference) => difference >= 0),
  in: isAmong,
};

function comparison(reader: Reader): Expression {
  const left = operand(reader);
  const sign = Object.keys(COMPARISONS).find((candidate) => takes(reader, candidate));
  if (sign === undefined) return left;
  const [compare, right] = [COMPARISONS[sign] ?? isSame, operand(reader)];
  return (values) => compare(left(values), right(values));
}

function operand(reader: Reader): Expression {
  if (takes(reader, '(')) {
    const inner = deeper(reader, either);
    if (!takes(reader, ')')) throw unexpected(reader);
    return inner;
  }
  if (takes(reader, '[')) return list(reader);
  const token = reader.tokens[reader.next];
  if (token === undefined || token.kind === 'sign') throw unexpected(reader);
  reader.next += 1;
  if (token.kind === 'literal') return () => token.value;
  reader.names.push(token.text);
  return (values) => valueAt(values, token.text);
}

function list(reader: Reader): Expression {
  const members: unknown[] = [];
  while (!takes(reader, ']')) {
    if (members.length > 0 && !takes(reader, ',')) throw unexpected(reader);
    const token = reader.tokens[reader.next];
    if (token?.kind !== 'literal') throw unexpected(reader);
    members.push(token.value);
    reader.next += 1;
  }
  return () => members;
}

/** Values are JSON, so that lists and objects that are spelt alike are the same. */
function isSame(left: unknown, right: unknown): boolean {
  return (
    (left ?? null) === (right ?? null) || (typeof left === 'object' && JSON.stringify(left) === JSON.stringify(right))
  );
}

/** What is absent is neither smaller nor larger than anything. */
function order(left: unknown, right: unknown, test: (difference: number) => boolean): boolean {
  if (left === undefined || left === null || right === undefined || right === null) return false;
  if (typeof left === 'number' && typeof right === 'number') return test(left - right);
  if (typeof left === 'string' && typeof right === 'string') return test(left === right ? 0 : left < right ? -1 : 1);
  throw invalid(`${said(left)} and ${said(right)} cannot be compared: one can compare two numbers, or two texts`);
}

function isAmong(left: unknown, right: unknown): boolean {
  if (right === undefined || right === null) return false;
  if (!Array.isArray(right)) throw invalid(`in wants a list on its right; ${said(right)} is none`);
  return right.some((member) => isSame(left, member));
}

const said = (value: unknown) => JSON.stringify(value).slice(0, 100);
