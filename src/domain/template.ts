import type { DependencyType } from './dependencies.ts';

/** A template's own bounds; `steps` and `edges` bound what is done before a template is found to be too large. */
export const TEMPLATE_LIMITS = { bytes: 100 * 1024, tasks: 500, depth: 20, steps: 10_000, edges: 10_000 } as const;

/** Templates are named like roles, so that a name is a file name and fits into a URI. */
export const TEMPLATE_ID = /^[a-z][a-z0-9_]{0,39}$/;
/** Parameters and keys of tasks. */
export const TEMPLATE_NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** What a task made by `for_each` calls the member of the list that it is about. */
export const ITEM = 'item';
/** What `default_from` takes from the task that `create_generic_task` makes. */
export const TITLE = 'title';

export const PARAMETER_TYPES = ['string', 'number', 'integer', 'boolean', 'date', 'enum', 'array', 'object'] as const;
export type ParameterType = (typeof PARAMETER_TYPES)[number];

/** A parameter as its file says it; one that extends another template's says only what differs. */
export type ParameterDraft = Readonly<{
  type?: ParameterType;
  description?: string;
  default?: unknown;
  defaultFrom?: string;
  required?: boolean;
  min?: number | string;
  max?: number | string;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  values?: readonly (string | number)[];
  items?: ParameterType;
}>;
export type Parameter = ParameterDraft & Readonly<{ type: ParameterType }>;

/** The fields of a task that a template sets; texts may hold placeholders. */
export type TaskTexts = Readonly<{
  type?: string;
  title?: string;
  description?: string;
  context?: string;
  specialist?: string;
  priority?: string;
  complexity?: string;
  effort?: string;
  dueDate?: string;
  acceptanceCriteria?: readonly string[];
  attributes?: Readonly<Record<string, unknown>>;
}>;

/** What a task waits for, by the key of the other. */
export type Wait = Readonly<{ key: string; type: DependencyType; artifactType?: string; description?: string }>;

export type TemplateTask = TaskTexts &
  Readonly<{
    key: string;
    forEach?: string;
    when?: string;
    dependsOn?: readonly Wait[];
    children?: readonly TemplateTask[];
  }>;

/** A template as one file says it. */
export type TemplateDraft = Readonly<{
  id: string;
  version: number;
  description?: string;
  extends?: string;
  parameters: Readonly<Record<string, ParameterDraft>>;
  root: TaskTexts;
  tasks: readonly TemplateTask[];
}>;

/** A template with all that it extends laid under it, checked. */
export type Template = Omit<TemplateDraft, 'extends' | 'parameters'> &
  Readonly<{ parameters: Readonly<Record<string, Parameter>>; root: TaskTexts & Readonly<{ title: string }> }>;

/** Lays a template over the one that it extends: parameters by name and tasks by key, field by field. What is new comes last. */
export function laidOver(base: TemplateDraft, draft: TemplateDraft): TemplateDraft {
  const description = draft.description ?? base.description;
  return {
    id: draft.id,
    version: draft.version,
    ...(description !== undefined && { description }),
    parameters: Object.fromEntries(
      [...new Set([...Object.keys(base.parameters), ...Object.keys(draft.parameters)])].map((name) => [
        name,
        { ...base.parameters[name], ...draft.parameters[name] },
      ]),
    ),
    root: { ...base.root, ...draft.root },
    tasks: tasksLaidOver(base.tasks, draft.tasks),
  };
}

function tasksLaidOver(base: readonly TemplateTask[], over: readonly TemplateTask[]): readonly TemplateTask[] {
  const changes = new Map(over.map((task) => [task.key, task]));
  const known = new Set(base.map(({ key }) => key));
  const changed = base.map((task) => {
    const change = changes.get(task.key);
    if (change === undefined) return task;
    return { ...task, ...change, children: tasksLaidOver(task.children ?? [], change.children ?? []) };
  });
  return [...changed, ...over.filter(({ key }) => !known.has(key))];
}

/** Our fields of a task as its file spells them, in the order in which they read best; the others are spelt alike. */
export const SPELT = {
  key: 'key',
  title: 'title',
  description: 'description',
  type: 'task_type',
  specialist: 'specialist_type',
  forEach: 'for_each',
  when: 'when',
  dependsOn: 'depends_on',
  priority: 'priority',
  complexity: 'complexity',
  effort: 'estimated_effort',
  dueDate: 'due_date',
  context: 'context',
  acceptanceCriteria: 'acceptance_criteria',
  attributes: 'attributes',
  children: 'children',
} as const satisfies Record<keyof TemplateTask, string>;

/** Whether a text holds something that is put in when the template is instantiated. */
export const hasPlaceholder = (text: string) => text.includes('{{') || text.includes('{%');

/** A task of a template with where it stands: its ancestors' keys from the top. */
export type Standing = Readonly<{ task: TemplateTask; above: readonly string[] }>;

/** All tasks of a template, parents before their children. */
export function* tasksIn(tasks: readonly TemplateTask[], above: readonly string[] = []): Generator<Standing> {
  for (const task of tasks) {
    yield { task, above };
    yield* tasksIn(task.children ?? [], [...above, task.key]);
  }
}
