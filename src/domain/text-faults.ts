import { checkAttributes, isOwnAttribute } from './attributes.ts';
import { isDate } from './date.ts';
import { type Fault, meant, mistake } from './parameter-faults.ts';
import { COMPLEXITIES, isBlank, LIMITS, PRIORITIES } from './task.ts';
import { hasPlaceholder, SPELT, type TaskTexts, type Template, tasksIn } from './template.ts';

/** The names whose values a text takes; throws what is wrong with it as an error of ours. */
export type NamesIn = (text: string) => readonly string[];

type Texts = Readonly<{ at: readonly string[]; known: readonly string[]; namesIn: NamesIn }>;

/** What is wrong with the texts of a task, as far as no value can change it. */
export function* faultsOfTexts(task: TaskTexts, { at, known, namesIn }: Texts): Generator<Fault> {
  if (task.title === undefined || isBlank(task.title)) yield { at, message: `${at.at(-1)} has no title` };
  for (const [field, text] of textsOf(task)) {
    const misread = mistake(() => namesIn(text));
    if (misread !== undefined) yield { at: [...at, field], message: `${field}: ${misread}` };
    else yield* unknownNames(namesIn(text), known, { at: [...at, field], field });
  }
  yield* faultsOfAttributes(at, task);
  yield* faultsOfChoice(at, 'priority', task.priority, PRIORITIES);
  yield* faultsOfChoice(at, 'complexity', task.complexity, COMPLEXITIES);
  yield* faultsOfLength(at, 'title', task);
  yield* faultsOfLength(at, 'effort', task);
  if (isFixed(task.dueDate) && !isDate(task.dueDate)) {
    yield { at: [...at, SPELT.dueDate], message: `${SPELT.dueDate} must be a date such as 2026-07-01` };
  }
}

/** Whether a text says something that is the same whatever the values are. */
const isFixed = (text: string | undefined): text is string =>
  text !== undefined && !hasPlaceholder(text) && text.trim() !== '';

function* faultsOfLength(at: readonly string[], field: 'title' | 'effort', task: TaskTexts): Generator<Fault> {
  const text = task[field];
  if (!isFixed(text) || text.length <= LIMITS[field]) return;
  const message = `${SPELT[field]} has at most ${LIMITS[field]} characters; these are ${text.length}`;
  yield { at: [...at, SPELT[field]], message };
}

function* faultsOfAttributes(at: readonly string[], { attributes = {} }: TaskTexts): Generator<Fault> {
  const place = [...at, SPELT.attributes];
  const key = keysIn(attributes).find(hasPlaceholder);
  if (key !== undefined) yield { at: place, message: `the name ${key} cannot hold a placeholder` };
  const own = Object.keys(attributes).find(isOwnAttribute);
  if (own !== undefined) yield { at: place, message: `attributes.${own}: ${own} is written beside attributes` };
  const unkept = mistake(() => checkAttributes(attributes));
  if (unkept !== undefined) yield { at: place, message: unkept };
}

/** A specialist that no role describes. Apart from the other faults, for roles come and go while a template stays. */
export function* faultsOfSpecialists(
  { root, tasks }: Pick<Template, 'tasks'> & Readonly<{ root: TaskTexts }>,
  known: readonly string[],
): Generator<Fault & Readonly<{ specialist: string }>> {
  const all = [...tasksIn(tasks)].map(({ task }) => ({ at: ['tasks', task.key], specialist: task.specialist }));
  for (const { at, specialist } of [{ at: ['root'], specialist: root.specialist }, ...all]) {
    if (!isFixed(specialist) || known.includes(specialist)) continue;
    const hint = meant(specialist, known) || `; there are ${known.join(', ')}`;
    yield { at: [...at, SPELT.specialist], message: `there is no specialist ${specialist}${hint}`, specialist };
  }
}

function* faultsOfChoice(
  at: readonly string[],
  field: string,
  text: string | undefined,
  choices: readonly string[],
): Generator<Fault> {
  if (text === undefined || hasPlaceholder(text) || choices.includes(text)) return;
  yield { at: [...at, field], message: `${field} must be one of ${choices.join(', ')}${meant(text, choices)}` };
}

/** All texts of a task that can hold placeholders, each with its field. */
function textsOf(task: TaskTexts): readonly (readonly [field: string, text: string])[] {
  const { acceptanceCriteria = [], attributes = {} } = task;
  const single = (
    ['title', 'description', 'context', 'specialist', 'priority', 'complexity', 'effort', 'dueDate'] as const
  ).map((field) => [SPELT[field], task[field] ?? ''] as const);
  const many = [...acceptanceCriteria.map((text) => [SPELT.acceptanceCriteria, text] as const)];
  return [...single, ...many, ...stringsIn(attributes).map((text) => [SPELT.attributes, text] as const)].filter(
    ([, text]) => hasPlaceholder(text),
  );
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(stringsIn) : [];
}

function keysIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(keysIn)];
}

export function* unknownNames(
  names: readonly string[],
  known: readonly string[],
  { at, field }: Readonly<{ at: readonly string[]; field: string }>,
): Generator<Fault> {
  for (const path of names) {
    const [name = ''] = path.split('.');
    if (known.includes(name)) continue;
    yield { at, message: `${field} speaks of ${name}, which is no parameter of the template${meant(name, known)}` };
  }
}
