import { invalid } from './errors.ts';

/**
 * Patterns of templates come from whoever wrote the template. The engine of JavaScript can take exponential time with some
 * of them, so they are matched here by following all ways at once: the time is the length of the text times that of the
 * pattern. What cannot be matched so (looking around, referring back) is refused when the pattern is read.
 */
export type Pattern = (text: string) => boolean;

/** Repetitions are written out, so that this also bounds `{n,m}` inside each other. */
const MOST_STEPS = 1_000;
const MOST_LEVELS = 20;

type Fits = (character: string) => boolean;
type Node =
  | Readonly<{ kind: 'one'; fits: Fits }>
  | Readonly<{ kind: 'edge'; at: 'start' | 'end' }>
  | Readonly<{ kind: 'all'; parts: readonly Node[] }>
  | Readonly<{ kind: 'any'; choices: readonly Node[] }>
  | Readonly<{ kind: 'repeat'; part: Node; least: number; most: number }>;

/** A step of the program that a pattern becomes. `fork` goes on at both places, `one` after a character that fits. */
type Step =
  | Readonly<{ kind: 'one'; fits: Fits }>
  | Readonly<{ kind: 'edge'; at: 'start' | 'end' }>
  | { readonly kind: 'fork'; one: number; other: number }
  | Readonly<{ kind: 'found' }>;

/** Reads a regular expression; it is found anywhere in a text unless `^` and `$` say otherwise. */
export function pattern(source: string): Pattern {
  refuseMisspelt(source);
  const reader = { source, at: 0, depth: 0 };
  const node = choices(reader);
  const steps: Step[] = [];
  write(node, steps);
  steps.push({ kind: 'found' });
  return (text) => isFound(steps, [...text]);
}

function refuseMisspelt(source: string): void {
  try {
    new RegExp(source, 'u');
  } catch (cause) {
    throw invalid(`${JSON.stringify(source)} is no regular expression`, { cause });
  }
}

type Reader = { readonly source: string; at: number; depth: number };

const upcoming = ({ source, at }: Reader, length = 1) => source.slice(at, at + length);

function choices(reader: Reader): Node {
  const found = [sequence(reader)];
  while (upcoming(reader) === '|') {
    reader.at += 1;
    found.push(sequence(reader));
  }
  return found.length === 1 && found[0] !== undefined ? found[0] : { kind: 'any', choices: found };
}

function sequence(reader: Reader): Node {
  const parts: Node[] = [];
  while (reader.at < reader.source.length && !'|)'.includes(upcoming(reader)))
    parts.push(repeated(reader, atom(reader)));
  return { kind: 'all', parts };
}

const QUANTIFIER = /(?:[*+?]|\{(?<least>\d+)(?<comma>,(?<most>\d*))?\})\??/y;
const QUANTITIES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  '*': [0, Number.POSITIVE_INFINITY],
  '+': [1, Number.POSITIVE_INFINITY],
  '?': [0, 1],
};

function repeated(reader: Reader, part: Node): Node {
  QUANTIFIER.lastIndex = reader.at;
  const match = QUANTIFIER.exec(reader.source);
  if (match === null) return part;
  reader.at = QUANTIFIER.lastIndex;
  const { least = '0', comma, most } = match.groups ?? {};
  const [from, to] = QUANTITIES[match[0].charAt(0)] ?? [Number(least), mostOf({ least, comma, most })];
  return { kind: 'repeat', part, least: from, most: to };
}

function mostOf({
  least,
  comma,
  most,
}: Readonly<{ least: string; comma: string | undefined; most: string | undefined }>) {
  if (comma === undefined) return Number(least);
  return most === undefined || most === '' ? Number.POSITIVE_INFINITY : Number(most);
}

/** A class in brackets, an escape, or one character. */
const ONE = /\[(?:[^\]\\]|\\.)*\]|\\(?:u\{[\da-f]+\}|u[\da-f]{4}|x[\da-f]{2}|p\{[^}]+\}|.)|./isuy;
const BEYOND = /^\\[bBk1-9]/;

function atom(reader: Reader): Node {
  if (upcoming(reader) === '(') return group(reader);
  ONE.lastIndex = reader.at;
  const text = ONE.exec(reader.source)?.[0] ?? '';
  reader.at += text.length;
  if (text === '^') return { kind: 'edge', at: 'start' };
  if (text === '$') return { kind: 'edge', at: 'end' };
  if (BEYOND.test(text)) throw beyond(reader.source, text);
  // Against a single character the engine of JavaScript has nothing to try twice.
  const single = new RegExp(`^${text}$`, 'su');
  return {
    kind: 'one',
    fits: text === '.' ? (character) => character !== '\n' : (character) => single.test(character),
  };
}

function group(reader: Reader): Node {
  const isPlain = upcoming(reader, 2) !== '(?' || upcoming(reader, 3) === '(?:';
  reader.depth += 1;
  if (!isPlain) throw beyond(reader.source, upcoming(reader, 3));
  if (reader.depth > MOST_LEVELS) throw invalid(`a pattern is nested at most ${MOST_LEVELS} levels deep`);
  reader.at += upcoming(reader, 3) === '(?:' ? 3 : 1;
  const inside = choices(reader);
  reader.at += 1;
  reader.depth -= 1;
  return inside;
}

const beyond = (source: string, part: string) =>
  invalid(`the pattern ${JSON.stringify(source)} holds ${part}, which patterns of templates cannot have`);

function refuseOver(steps: number): void {
  if (steps > MOST_STEPS) throw invalid(`a pattern written out has at most ${MOST_STEPS} steps`);
}

function write(node: Node, steps: Step[]): void {
  refuseOver(steps.length);
  switch (node.kind) {
    case 'one':
    case 'edge':
      steps.push(node);
      return;
    case 'all':
      for (const part of node.parts) write(part, steps);
      return;
    case 'any':
      writeChoices(node.choices, steps);
      return;
    case 'repeat':
      writeRepeated(node, steps);
  }
}

function fork(steps: Step[]): { one: number; other: number } {
  const step = { kind: 'fork' as const, one: steps.length + 1, other: steps.length + 1 };
  steps.push(step);
  return step;
}

function writeChoices(all: readonly Node[], steps: Step[]): void {
  const ends = all.map((choice, place) => {
    const into = place < all.length - 1 ? fork(steps) : undefined;
    write(choice, steps);
    const out = fork(steps);
    if (into !== undefined) into.other = steps.length;
    return out;
  });
  for (const end of ends) end.one = end.other = steps.length;
}

function writeRepeated({ part, least, most }: Extract<Node, { kind: 'repeat' }>, steps: Step[]): void {
  refuseOver(least);
  for (let count = 0; count < least; count++) write(part, steps);
  if (most === Number.POSITIVE_INFINITY) {
    const start = steps.length;
    const way = fork(steps);
    write(part, steps);
    fork(steps).one = start;
    const back = steps.at(-1);
    if (back?.kind === 'fork') back.other = start;
    way.other = steps.length;
    return;
  }
  const ways = Array.from({ length: Math.min(most - least, MOST_STEPS + 1) }, () => {
    const way = fork(steps);
    write(part, steps);
    return way;
  });
  for (const way of ways) way.other = steps.length;
}

function isFound(steps: readonly Step[], characters: readonly string[]): boolean {
  let current = new Set<number>();
  for (let at = 0; at <= characters.length; at++) {
    const edges = { start: at === 0, end: at === characters.length };
    reach(0, { steps, reached: current, edges });
    if (current.has(steps.length - 1)) return true;
    const next = new Set<number>();
    for (const place of current) {
      const step = steps[place];
      if (step?.kind === 'one' && step.fits(characters[at] ?? '')) next.add(place + 1);
    }
    current = new Set();
    const edgesAfter = { start: false, end: at + 1 === characters.length };
    for (const place of next) reach(place, { steps, reached: current, edges: edgesAfter });
  }
  return false;
}

type Reach = Readonly<{
  steps: readonly Step[];
  reached: Set<number>;
  edges: Readonly<Record<'start' | 'end', boolean>>;
}>;

/** Adds all places that can be come to from one without reading a character. */
function reach(from: number, { steps, reached, edges }: Reach): void {
  const ahead = [from];
  for (let place = ahead.pop(); place !== undefined; place = ahead.pop()) {
    if (reached.has(place)) continue;
    reached.add(place);
    const step = steps[place];
    if (step?.kind === 'fork') ahead.push(step.one, step.other);
    if (step?.kind === 'edge' && edges[step.at]) ahead.push(place + 1);
  }
}
