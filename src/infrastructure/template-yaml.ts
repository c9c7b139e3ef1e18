import type { Document, LineCounter, Node, YAMLError } from 'yaml';
import { draftOf, misfitOf, SCHEMA_COMMENT, TemplateFile } from '../application/template-format.ts';
import type { Position, TemplateProblem, TemplateReading } from '../application/templates.ts';
import { SPELT, TEMPLATE_LIMITS, type TemplateDraft, type TemplateTask } from '../domain/template.ts';

type Yaml = typeof import('yaml');
type Parsed = Readonly<{ yaml: Yaml; document: Document; lines: LineCounter }>;

/** What one may repeat by an anchor; texts that refer to each other to grow are stopped by it. */
const MOST_ALIASES = 50;

const TOO_DEEP = 'it is nested deeper than can be read';
const TOO_MANY_ALIASES = 'it repeats more by aliases than a template may; write out what they stand for';

/** The reader of YAML is loaded only where there is something to read. */
export async function readTemplate(content: string): Promise<TemplateReading> {
  const bytes = Buffer.byteLength(content);
  if (bytes > TEMPLATE_LIMITS.bytes) {
    return { problem: { message: `it has ${bytes} bytes; a template has at most ${TEMPLATE_LIMITS.bytes}` } };
  }
  try {
    return readingOf(content, await import('yaml'));
  } catch (error) {
    // What the reader throws instead of telling: too many aliases, or nesting that goes deeper than the stack.
    const reason = error instanceof Error ? error.message : String(error);
    const message = error instanceof RangeError ? TOO_DEEP : /alias count/.test(reason) ? TOO_MANY_ALIASES : reason;
    return { problem: { message } };
  }
}

function readingOf(content: string, yaml: Yaml): TemplateReading {
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(content, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const parsed = { yaml, document, lines };
  const problem = mistakeIn(content, parsed);
  if (problem !== undefined) return { problem };
  const read = TemplateFile.safeParse(document.toJS({ maxAliasCount: MOST_ALIASES }), { reportInput: true });
  if (read.success) return { draft: draftOf(read.data), positionOf: (at) => positionOf(at, parsed) };
  const { path, key, message } = misfitOf(read.error.issues);
  const node = key === undefined ? nearestAt(document, path) : keyAt(parsed, { path, key });
  const position = positionAt(node, parsed);
  return { problem: { message: `${message}${hint(content, position?.line)}`, ...position } };
}

function mistakeIn(content: string, { yaml, document, lines }: Parsed): TemplateProblem | undefined {
  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) {
    const { line, col } = lines.linePos(mistake.pos[0]);
    return { message: `${told(mistake, content)}${hint(content, line)}`, line, column: col };
  }
  const tagged: Node[] = [];
  const nameless: Node[] = [];
  yaml.visit(document, {
    // What JavaScript would take for something else than a field would be lost without a word.
    Pair: (_, { key }) => {
      if (yaml.isScalar(key) && key.value === '__proto__') nameless.push(key);
    },
    Node: (_, node) => {
      if ('tag' in node && node.tag !== undefined) tagged.push(node);
    },
  });
  if (nameless.length > 0)
    return { message: '__proto__ is no name for a field', ...positionAt(nameless[0], { lines }) };
  return tagged.length === 0 ? undefined : { message: NO_TAGS, ...positionAt(tagged[0], { lines }) };
}

const NO_TAGS = 'tags are not understood';

/** What the reader of YAML says to programmers, in words for whoever writes a template. */
function told({ code, message, pos: [start] }: YAMLError, content: string): string {
  if (message.includes('call stack')) return TOO_DEEP;
  if (code === 'MULTIPLE_DOCS') return 'a file holds one template, and here another begins';
  if (code === 'TAG_RESOLVE_FAILED') return `${NO_TAGS}: ${/^[^\s,[\]{}]*/.exec(content.slice(start))?.[0]}`;
  return message;
}

/** What YAML takes for a map in a map is most often a placeholder that lacks its quotes. */
const hint = (content: string, line: number | undefined) =>
  line !== undefined && /[:[{,-]\s*\{\{/.test(content.split('\n')[line - 1] ?? '')
    ? '; a text that begins with {{ wants quotes'
    : '';

function positionAt(node: unknown, { lines }: Pick<Parsed, 'lines'>): Position | undefined {
  const start = startOf(node);
  if (start === undefined) return undefined;
  const { line, col } = lines.linePos(start);
  return { line, column: col };
}

const startOf = (node: unknown): number | undefined =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;

/** What stands at a path, or else the nearest around it. */
const nearestAt = (document: Document, path: readonly PropertyKey[]): unknown =>
  document.getIn(path, true) ?? (path.length > 0 ? nearestAt(document, path.slice(0, -1)) : undefined);

type KeyPlace = Readonly<{ path: readonly PropertyKey[]; key: string }>;

function keyAt({ yaml, document }: Pick<Parsed, 'yaml' | 'document'>, { path, key }: KeyPlace): unknown {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  const pair = yaml.isMap(map)
    ? map.items.find((one) => yaml.isScalar(one.key) && String(one.key.value) === key)
    : undefined;
  return pair?.key ?? map;
}

/** Where a mistake stands that the domain found: `tasks` is followed by a key, wherever that task is nested. */
function positionOf(at: readonly string[], parsed: Parsed): Position | undefined {
  const { document } = parsed;
  const [section, name, ...rest] = at;
  if (section !== 'tasks' || name === undefined) {
    const isThere = section === undefined || document.hasIn([section, ...(name === undefined ? [] : [name])]);
    return isThere ? positionAt(nearestAt(document, at), parsed) : undefined;
  }
  const path = taskPath(name, { parsed, path: ['tasks'] });
  return path && positionAt(nearestAt(document, [...path, ...rest]), parsed);
}

type Search = Readonly<{ parsed: Parsed; path: readonly (string | number)[] }>;

function taskPath(key: string, { parsed, path }: Search): readonly (string | number)[] | undefined {
  const { yaml, document } = parsed;
  const list = document.getIn(path, true);
  if (!yaml.isSeq(list)) return undefined;
  for (const index of list.items.keys()) {
    const here = [...path, index];
    if (document.getIn([...here, 'key']) === key) return here;
    const below = taskPath(key, { parsed, path: [...here, 'children'] });
    if (below !== undefined) return below;
  }
  return undefined;
}

/** A template as YAML that reads like one written by hand: led to its schema, short lists in one line, texts of several lines in blocks that keep them. */
export async function writeTemplate({ parameters, root, tasks, ...draft }: TemplateDraft): Promise<string> {
  const { stringify } = await import('yaml');
  const named = Object.entries(parameters).map(([name, parameter]) => [name, snakeCased(parameter)] as const);
  const file = { ...draft, parameters: Object.fromEntries(named), root: spelt(root), tasks: tasks.map(spelt) };
  return `${SCHEMA_COMMENT}\n${stringify(file, { lineWidth: 110, blockQuote: 'literal' })}`;
}

const snakeCased = (fields: object) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );

function spelt(task: Partial<TemplateTask>): Readonly<Record<string, unknown>> {
  const fields = Object.entries(SPELT).flatMap(([field, name]): (readonly [string, unknown])[] => {
    const value = Object.entries(task).find(([own]) => own === field)?.[1];
    return isEmpty(value) ? [] : [[name, value]];
  });
  const { dependsOn = [], children = [] } = task;
  return {
    ...Object.fromEntries(fields),
    ...(dependsOn.length > 0 && {
      depends_on: dependsOn.map(({ artifactType, ...wait }) =>
        wait.type === 'completion' && wait.description === undefined
          ? wait.key
          : { ...wait, ...(artifactType !== undefined && { artifact_type: artifactType }) },
      ),
    }),
    ...(children.length > 0 && { children: children.map(spelt) }),
  };
}

const isEmpty = (value: unknown) =>
  value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
