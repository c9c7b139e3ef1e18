import { isOwnAttribute } from './attributes.ts';
import type { Dependency } from './dependencies.ts';
import type { Stage } from './lifecycle.ts';
import { endedAs } from './lifecycle.ts';
import { LIMITS, type Task } from './task.ts';
import type { TaskTexts, TemplateDraft, TemplateTask, Wait } from './template.ts';

/** A plan with all that lies below it, in the order in which it is to be read, parents before their children. */
export type PlanToCopy = Readonly<{ root: Task; below: readonly Task[]; edges: readonly Dependency[] }>;
type Copying = Readonly<{
  id: string;
  /** Texts of the plan that become parameters, by the name of the parameter. */
  phrases: Readonly<Record<string, string>>;
}>;
export type Copied = Readonly<{
  draft: TemplateDraft;
  /** Names of phrases that stand nowhere in the plan. */
  unused: readonly string[];
  /** Tasks that were given up and so are no part of how it is done. */
  leftOut: readonly Task[];
}>;

const GIVEN_UP = new Set<Stage>(['cancelled', 'superseded', 'failed']);

/** A plan as a template: what was to be done, by whom, in which order. Ids, dates, and what came of it stay behind. */
export function templateFrom({ root, below, edges }: PlanToCopy, { id, phrases }: Copying): Copied {
  const isGivenUp = (task: Task): boolean => task.stage === 'superseded' || GIVEN_UP.has(endedAs(task));
  const lost = new Set<string>();
  for (const task of below) if (isGivenUp(task) || lost.has(task.parentId ?? '')) lost.add(task.id);
  const kept = below.filter((task) => !lost.has(task.id));
  const used = new Set<string>();
  const say = sayer(phrases, used);
  const copying = {
    say,
    keys: keysOf(kept, say),
    children: Map.groupBy(kept, ({ parentId }) => parentId),
    edges,
    lost,
  };
  const { title, ...texts } = textsOf(root, say);
  const tasks = tasksBelow(root.id, copying);
  return {
    draft: {
      id,
      version: 1,
      description: say(`Made of the plan ${root.title}`).slice(0, LIMITS.title),
      parameters: Object.fromEntries(
        Object.entries(phrases).map(([name, text]) => [
          name,
          { type: 'string' as const, description: `In the plan that this was made of: ${text}`, minLength: 1 },
        ]),
      ),
      root: { title, type: root.type, ...texts },
      tasks,
    },
    unused: Object.keys(phrases).filter((name) => !used.has(name)),
    leftOut: below.filter((task) => lost.has(task.id)),
  };
}

type Say = (text: string) => string;
type Copies = Readonly<{
  say: Say;
  keys: ReadonlyMap<string, string>;
  children: ReadonlyMap<string | undefined, readonly Task[]>;
  edges: readonly Dependency[];
  lost: ReadonlySet<string>;
}>;

function tasksBelow(parentId: string, copies: Copies): readonly TemplateTask[] {
  return (copies.children.get(parentId) ?? []).map((task) => {
    const dependsOn = waitsOf(task.id, copies);
    const children = tasksBelow(task.id, copies);
    const { title, ...texts } = textsOf(task, copies.say);
    return {
      key: copies.keys.get(task.id) ?? '',
      title,
      ...(task.type !== 'specialist_task' && { type: task.type }),
      ...texts,
      ...(dependsOn.length > 0 && { dependsOn }),
      ...(children.length > 0 && { children }),
    };
  });
}

/** What a task waits for within the plan; what was given up hands its own prerequisites on. */
function waitsOf(taskId: string, copies: Copies, passed: ReadonlySet<string> = new Set()): readonly Wait[] {
  const waits = copies.edges
    .filter((edge) => edge.taskId === taskId)
    .flatMap(({ prerequisiteId, type, artifactType, description }): readonly Wait[] => {
      const key = copies.keys.get(prerequisiteId);
      const isHandedOn = copies.lost.has(prerequisiteId) && !passed.has(prerequisiteId);
      if (isHandedOn) return waitsOf(prerequisiteId, copies, new Set([...passed, prerequisiteId]));
      if (key === undefined) return [];
      return [
        {
          key,
          type,
          ...(artifactType !== undefined && { artifactType }),
          ...(description !== undefined && { description }),
        },
      ];
    });
  return [...new Map(waits.map((wait) => [`${wait.key} ${wait.type}`, wait])).values()];
}

function textsOf(task: Task, say: Say): TaskTexts & Readonly<{ title: string }> {
  const { description, context, specialist, effort, complexity, priority, acceptanceCriteria } = task;
  // A name of a field is written beside the attributes of a template, where that field's own value goes.
  const attributes = Object.fromEntries(Object.entries(task.attributes).filter(([key]) => !isOwnAttribute(key)));
  return {
    title: say(task.title),
    ...(description !== undefined && description.trim() !== '' && { description: say(description) }),
    ...(context !== undefined && { context: say(context) }),
    ...(specialist !== undefined && { specialist }),
    ...(complexity !== undefined && task.parentId === undefined && { complexity }),
    ...(priority !== 'medium' && { priority }),
    ...(effort !== undefined && { effort: say(effort) }),
    ...(acceptanceCriteria.length > 0 && { acceptanceCriteria: acceptanceCriteria.map(say) }),
    ...(Object.keys(attributes).length > 0 && { attributes: Object.fromEntries(saidIn(attributes, say)) }),
  };
}

const saidIn = (value: object, say: Say): readonly (readonly [string, unknown])[] =>
  Object.entries(value).map(([key, inner]) => [key, saidValue(inner, say)]);

function saidValue(value: unknown, say: Say): unknown {
  if (typeof value === 'string') return say(value);
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map((inner) => saidValue(inner, say)) : Object.fromEntries(saidIn(value, say));
}

/** Puts placeholders in the place of phrases, the longest first, where they stand as words of their own; what looks like a placeholder already stays text. */
function sayer(phrases: Readonly<Record<string, string>>, used: Set<string>): Say {
  const names = Object.entries(phrases).toSorted(([, a], [, b]) => b.length - a.length);
  const literal = (text: string) => text.replaceAll(/\{(?=[{%])/g, '{{ "{" }}');
  const say = (text: string, [next, ...others]: typeof names): string => {
    if (next === undefined) return literal(text);
    const [name, phrase] = next;
    const parts = text.split(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(phrase)}(?![\\p{L}\\p{N}_])`, 'u'));
    if (parts.length > 1) used.add(name);
    return parts.map((part) => say(part, others)).join(`{{ ${name} }}`);
  };
  return (text) => say(text, names);
}

const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A key for each task, made of its title. */
function keysOf(tasks: readonly Task[], say: Say): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  return new Map(
    tasks.map(({ id, title }) => {
      // What a parameter stands for differs each time that the template is used.
      const key = freeKey(say(title).replaceAll(/\{\{.*?\}\}/g, ' '), taken);
      taken.add(key);
      return [id, key];
    }),
  );
}

function freeKey(title: string, taken: ReadonlySet<string>): string {
  const words =
    title
      .normalize('NFKD')
      .replaceAll(/\p{M}/gu, '')
      .toLowerCase()
      .match(/[a-z0-9]+/g) ?? [];
  const plain = wordsWithin(/^[a-z]/.test(words[0] ?? '') ? words : ['task', ...words]);
  for (let count = 1; ; count++) {
    const key = count === 1 ? plain : `${plain}_${count}`;
    if (!taken.has(key)) return key;
  }
}

/** Longer ones are hard to read where a task waits for several. */
const KEY_CHARACTERS = 40;
/** Words with which no name ends. */
const LOOSE_END = /(_(a|about|after|an|and|around|as|at|before|by|for|from|in|into|of|on|or|the|to|with))+$/;

/** As many whole words as a key holds; of a single one that is longer, its beginning. */
function wordsWithin(words: readonly string[]): string {
  const all = words.join('_');
  const end = all.length > KEY_CHARACTERS ? all.lastIndexOf('_', KEY_CHARACTERS) : all.length;
  return all.slice(0, end === -1 ? KEY_CHARACTERS : end).replace(LOOSE_END, '');
}
