import { condition } from './condition.ts';
import { waves } from './dependencies.ts';
import { type Fault, faultsOfParameter, meant, mistake } from './parameter-faults.ts';
import { walkCircle } from './plan.ts';
import { APPROVAL } from './readiness.ts';
import {
  ITEM,
  type Parameter,
  type Standing,
  TEMPLATE_LIMITS,
  type Template,
  type TemplateDraft,
  type TemplateTask,
  tasksIn,
  type Wait,
} from './template.ts';
import { faultsOfTexts, type NamesIn, unknownNames } from './text-faults.ts';

/** A template that is whole and has no mistake, or its first one. */
export function checked(draft: TemplateDraft, namesIn: NamesIn): Template | Fault {
  const [fault] = faultsIn(draft, namesIn);
  if (fault !== undefined) return fault;
  const { extends: _, parameters, root, ...rest } = draft;
  return { ...rest, parameters: typed(parameters), root: { ...root, title: root.title ?? '' } };
}

const typed = (parameters: TemplateDraft['parameters']): Readonly<Record<string, Parameter>> =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, parameter]) => [name, { ...parameter, type: parameter.type ?? 'string' }]),
  );

/** All mistakes that need nothing but the template to be found. */
export function* faultsIn(draft: TemplateDraft, namesIn: NamesIn): Generator<Fault> {
  const parameters = typed(draft.parameters);
  for (const [name, parameter] of Object.entries(draft.parameters))
    yield* faultsOfParameter(name, parameter, parameters);
  const tasks = [...tasksIn(draft.tasks)];
  yield* faultsOfNesting(tasks);
  const known = Object.keys(parameters);
  yield* faultsOfTexts(draft.root, { at: ['root'], known, namesIn });
  if (draft.root.type === APPROVAL) yield { at: ['root', 'task_type'], message: 'the root cannot be an approval' };
  const forEach = new Set(tasks.filter(({ task }) => task.forEach !== undefined).map(({ task }) => task.key));
  for (const { task, above } of tasks) {
    const inside = above.some((key) => forEach.has(key)) ? [...known, ITEM] : known;
    yield* faultsOfTask(task, { parameters, inside, namesIn, keys: tasks.map((one) => one.task.key) });
  }
  yield* faultsOfOrder(tasks);
}

function* faultsOfNesting(tasks: readonly Standing[]): Generator<Fault> {
  const seen = new Set<string>();
  for (const { task, above } of tasks) {
    const at = ['tasks', task.key];
    if (above.length >= TEMPLATE_LIMITS.depth) {
      yield { at, message: `the task ${task.key} lies deeper than ${TEMPLATE_LIMITS.depth} levels` };
    }
    if (seen.has(task.key)) yield { at, message: `two tasks have the key ${task.key}` };
    seen.add(task.key);
  }
  if (tasks.length <= TEMPLATE_LIMITS.tasks) return;
  yield { at: ['tasks'], message: `a template has at most ${TEMPLATE_LIMITS.tasks} tasks; these are ${tasks.length}` };
}

type Around = Readonly<{
  parameters: Readonly<Record<string, Parameter>>;
  /** Names that have a value where the task stands. */
  inside: readonly string[];
  keys: readonly string[];
  namesIn: NamesIn;
}>;

function* faultsOfTask(task: TemplateTask, { parameters, inside, keys, namesIn }: Around): Generator<Fault> {
  const at = ['tasks', task.key];
  yield* faultsOfForEach(task, { parameters, inside });
  const known = task.forEach === undefined ? inside : [...inside, ITEM];
  yield* faultsOfWhen(task, known);
  for (const wait of task.dependsOn ?? []) yield* faultsOfWait(task, wait, keys);
  if (task.type === APPROVAL && (task.children ?? []).length > 0) {
    yield { at: [...at, 'children'], message: `${task.key} is an approval, which people decide; it takes no children` };
  }
  yield* faultsOfTexts(task, { at, known, namesIn });
}

function* faultsOfWhen({ key, when }: TemplateTask, known: readonly string[]): Generator<Fault> {
  if (when === undefined) return;
  const at = ['tasks', key, 'when'];
  const misread = mistake(() => condition(when));
  if (misread !== undefined) yield { at, message: `when: ${misread}` };
  else yield* unknownNames(condition(when).names, known, { at, field: 'when' });
}

function* faultsOfWait({ key }: TemplateTask, wait: Wait, keys: readonly string[]): Generator<Fault> {
  const at = ['tasks', key, 'depends_on'];
  if (!keys.includes(wait.key)) {
    yield { at, message: `${key} depends on ${wait.key}, which is no key of a task${meant(wait.key, keys)}` };
  }
  if (wait.artifactType !== undefined && wait.type !== 'data') {
    yield { at, message: 'artifact_type is for dependencies of type data' };
  }
}

function* faultsOfForEach(
  { key, forEach }: TemplateTask,
  { parameters, inside }: Pick<Around, 'parameters' | 'inside'>,
): Generator<Fault> {
  if (forEach === undefined) return;
  const at = ['tasks', key, 'for_each'];
  yield* unknownNames([forEach], inside, { at, field: 'for_each' });
  const type = Object.hasOwn(parameters, forEach) ? parameters[forEach]?.type : undefined;
  if (type !== undefined && type !== 'array') {
    yield { at, message: `for_each wants a list; the parameter ${forEach} is of type ${type}` };
  }
}

/** A task waits for what it depends on, for what its ancestors depend on, and for its children. */
function* faultsOfOrder(tasks: readonly Standing[]): Generator<Fault> {
  const own = new Map(tasks.map(({ task }) => [task.key, (task.dependsOn ?? []).map(({ key }) => key)]));
  const waits = new Map(
    tasks.map(({ task, above }) => [
      task.key,
      [task.key, ...above].flatMap((key) => own.get(key) ?? []).concat((task.children ?? []).map(({ key }) => key)),
    ]),
  );
  const prerequisitesOf = (key: string) => waits.get(key) ?? [];
  const { circle } = waves([...waits.keys()], prerequisitesOf);
  if (circle.length === 0) return;
  const path = walkCircle(circle, prerequisitesOf);
  yield {
    at: ['tasks', path[0] ?? '', 'depends_on'],
    message: `the tasks wait for each other in a circle: ${path.join(' waits for ')}`,
  };
}
