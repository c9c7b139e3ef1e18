import { z } from 'zod';
import { ARTIFACT_TYPES } from '../domain/artifact.ts';
import { closest } from '../domain/closest.ts';
import { DEPENDENCY_TYPES } from '../domain/dependencies.ts';
import { RESERVED_NAMES } from '../domain/specialist.ts';
import { COMPLEXITIES, PRIORITIES } from '../domain/task.ts';
import {
  PARAMETER_TYPES,
  type ParameterDraft,
  type TaskTexts,
  TEMPLATE_ID,
  TEMPLATE_NAME,
  type TemplateDraft,
  type TemplateTask,
  type Wait,
} from '../domain/template.ts';
import { TaskType } from './fields.ts';
import { acceptedBy } from './misfit.ts';

/** A template as its file spells it. What one field alone can get wrong is found here, the rest by the domain. */

/** Leads editors from a file in the project's folder of templates to the schema of the installed package. */
export const SCHEMA_COMMENT =
  '# yaml-language-server: $schema=../../node_modules/mcp-task-orchestrator/docs/template.schema.json';

const Name = z.string().regex(TEMPLATE_NAME, 'lower-case letters, digits and _, beginning with a letter');
export const TemplateId = z
  .string()
  .regex(TEMPLATE_ID, 'at most 40 lower-case letters, digits and _, beginning with a letter')
  .refine((id) => !RESERVED_NAMES.some((reserved) => reserved === id), 'a name that is not kept for ids of tasks');
/** The same with what the schema for editors cannot take from a function. */
const IdOfFile = TemplateId.meta({ pattern: `^(?!(${RESERVED_NAMES.join('|')})$)${TEMPLATE_ID.source.slice(1)}` });
const isSayable = (text: string) => text.isWellFormed() && !text.includes('\0');
const Text = z.string().refine(isSayable, 'a text without NUL or lone surrogates');
const Placeholders = Text.describe('May hold placeholders such as {{ name }}');
/** One of a few, or a placeholder that becomes one; editors complete it, and the domain says which was meant. */
const choiceOf = (choices: readonly string[]) =>
  Placeholders.meta({
    anyOf: [{ enum: choices }, { type: 'string', pattern: '\\{[{%]' }],
    description: 'Or a placeholder',
  });
const JsonValue = z.unknown().refine(isJson, 'what JSON can say');

/** YAML can say more than JSON: numbers that are none, dates, sets. */
function isJson(value: unknown): boolean {
  if (typeof value === 'string') return isSayable(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'boolean' || value === null;
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  return isPlain && Object.keys(value).every(isSayable) && Object.values(value).every(isJson);
}

const ParameterFile = z.strictObject({
  type: z.enum(PARAMETER_TYPES).exactOptional(),
  description: Text.exactOptional(),
  default: JsonValue.exactOptional(),
  default_from: Name.exactOptional().describe(
    'Another parameter, or title: that of the task that create_generic_task makes',
  ),
  required: z.boolean().exactOptional().describe('Default true; without a value, conditions take it as false'),
  min: z.union([z.number(), z.string()]).exactOptional(),
  max: z.union([z.number(), z.string()]).exactOptional(),
  min_length: z.int().min(0).exactOptional(),
  max_length: z.int().min(0).exactOptional(),
  pattern: Text.exactOptional().describe('A regular expression without looking around or referring back'),
  values: z
    .array(z.union([Text, z.number()]))
    .max(200)
    .exactOptional()
    .describe('Of an enum'),
  items: z.enum(PARAMETER_TYPES).exclude(['array', 'enum']).exactOptional().describe('What an array holds'),
});

const WaitFile = z
  .union([
    Name,
    z.strictObject({
      key: Name,
      type: z.enum(DEPENDENCY_TYPES).default('completion'),
      artifact_type: z.enum(ARTIFACT_TYPES).exactOptional().describe('Of a data dependency'),
      description: Text.exactOptional(),
    }),
  ])
  .describe('The key of another task; that of a for_each means all of its tasks');

const FIELDS = {
  title: Placeholders.exactOptional(),
  description: Placeholders.exactOptional(),
  context: Placeholders.exactOptional(),
  task_type: TaskType.exactOptional(),
  specialist_type: Placeholders.exactOptional(),
  priority: choiceOf(PRIORITIES).exactOptional(),
  estimated_effort: Placeholders.exactOptional(),
  due_date: Placeholders.exactOptional().describe('Left out where it comes out blank'),
  acceptance_criteria: z.array(Placeholders).max(100).exactOptional(),
  attributes: z.record(Text, JsonValue).exactOptional(),
};

const RootFile = z.strictObject({
  ...FIELDS,
  complexity: choiceOf(COMPLEXITIES).exactOptional(),
});

const TaskFields = z.strictObject({
  key: Name,
  ...FIELDS,
  for_each: z
    .string()
    .regex(/^[a-z]\w*(\.\w+)*$/, 'the name of a list')
    .exactOptional()
    .describe('A list: one task for each member, which its texts call item'),
  when: z
    .union([Text, z.boolean()])
    .transform(String)
    .exactOptional()
    .describe('== != < <= > >= in and or not ( ), literals and names; the task is left out where it is false'),
  depends_on: z.array(WaitFile).max(500).exactOptional(),
});
type TaskOfFile = z.output<typeof TaskFields> & Readonly<{ children?: readonly TaskOfFile[] }>;
const TaskFile: z.ZodType<TaskOfFile> = TaskFields.extend({
  children: z.array(z.lazy(() => TaskFile)).exactOptional(),
});

/** The whole file. */
export const TemplateFile = z.strictObject({
  id: IdOfFile,
  // Each saving counts one further, so that there has to be room above.
  version: z.int().min(1).max(1_000_000).default(1),
  description: Text.exactOptional(),
  extends: IdOfFile.exactOptional().describe(
    'Parameters and tasks of that template come first; here they are changed by name and key',
  ),
  parameters: z.record(Name, ParameterFile).default({}),
  root: RootFile.default({}),
  tasks: z.array(TaskFile).default([]),
});

/** A file in our own names. */
export function draftOf({ parameters, root, tasks, ...file }: z.output<typeof TemplateFile>): TemplateDraft {
  return {
    ...file,
    parameters: Object.fromEntries(
      Object.entries(parameters).map(([name, parameter]) => [name, parameterOf(parameter)]),
    ),
    root: textsOf(root),
    tasks: tasks.map(taskOf),
  };
}

function parameterOf(file: z.output<typeof ParameterFile>): ParameterDraft {
  const { default_from: defaultFrom, min_length: minLength, max_length: maxLength, ...rest } = file;
  return {
    ...rest,
    ...(defaultFrom !== undefined && { defaultFrom }),
    ...(minLength !== undefined && { minLength }),
    ...(maxLength !== undefined && { maxLength }),
  };
}

function taskOf({ key, for_each, when, depends_on, children, ...texts }: TaskOfFile): TemplateTask {
  return {
    key,
    ...textsOf(texts),
    ...(for_each !== undefined && { forEach: for_each }),
    ...(when !== undefined && { when }),
    ...(depends_on !== undefined && { dependsOn: depends_on.map(waitOf) }),
    ...(children !== undefined && { children: children.map(taskOf) }),
  };
}

function waitOf(wait: z.output<typeof WaitFile>): Wait {
  if (typeof wait === 'string') return { key: wait, type: 'completion' };
  const { artifact_type: artifactType, ...rest } = wait;
  return { ...rest, ...(artifactType !== undefined && { artifactType }) };
}

function textsOf(file: z.output<typeof RootFile>): TaskTexts {
  const { task_type, specialist_type, estimated_effort, due_date, acceptance_criteria, ...rest } = file;
  return {
    ...rest,
    ...(task_type !== undefined && { type: task_type }),
    ...(specialist_type !== undefined && { specialist: specialist_type }),
    ...(estimated_effort !== undefined && { effort: estimated_effort }),
    ...(due_date !== undefined && { dueDate: due_date }),
    ...(acceptance_criteria !== undefined && { acceptanceCriteria: acceptance_criteria }),
  };
}

/** What is wrong with a file that does not fit, and the path to it; `key` where it is a key that stands there. */
export type Misfit = Readonly<{ path: readonly PropertyKey[]; key?: string; message: string }>;

export function misfitOf(issues: readonly z.core.$ZodIssue[]): Misfit {
  const [issue] = issues;
  if (issue === undefined) return { path: [], message: 'it cannot be read' };
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') return unknownKey(path, issue.keys[0] ?? '');
  if (issue.code === 'invalid_key') return { path, message: `${said(path)} must be ${issue.issues[0]?.message}` };
  if (issue.code === 'invalid_union') {
    const inner = issue.errors.find(([first]) => (first?.path.length ?? 0) > 0 || first?.code === 'unrecognized_keys');
    const deeper = inner?.map((one) => ({ ...one, path: [...path, ...one.path] })) ?? [];
    return deeper.length > 0
      ? misfitOf(deeper)
      : { path, message: `${said(path)} must be ${UNIONS[nameOf(path)] ?? 'a text'}` };
  }
  const isMissing = issue.code === 'invalid_type' && issue.input === undefined;
  return { path, message: isMissing ? `${said(path)} is missing` : `${said(path)} must be ${acceptedBy(issue)}` };
}

/** What the fields take that take more than one kind of value. */
const UNIONS: Readonly<Record<string, string>> = {
  depends_on: 'the key of a task, or {key, type, artifact_type, description}',
  when: 'a condition in quotes',
  min: 'a number, or a date in quotes',
  max: 'a number, or a date in quotes',
  values: 'a text or a number',
};
const nameOf = (path: readonly PropertyKey[]) => String(path.findLast((step) => typeof step === 'string') ?? '');

function unknownKey(path: readonly PropertyKey[], key: string): Misfit {
  const [kind, fields] = fieldsAt(path);
  const [meant] = closest(key, fields, 1);
  const hint = meant === undefined ? `the fields are ${fields.join(', ')}` : `did you mean ${meant}?`;
  return { path, key, message: `${said([...path, key])} is not a field of ${kind}; ${hint}` };
}

function fieldsAt(path: readonly PropertyKey[]): readonly [kind: string, fields: readonly string[]] {
  const [first] = path;
  if (first === undefined) return ['a template', Object.keys(TemplateFile.shape)];
  if (first === 'parameters') return ['a parameter', Object.keys(ParameterFile.shape)];
  if (first === 'root') return ['the root', Object.keys(RootFile.shape)];
  const isWait = nameOf(path) === 'depends_on';
  return isWait
    ? ['a dependency', ['key', 'type', 'artifact_type', 'description']]
    : ['a task', [...Object.keys(TaskFields.shape), 'children']];
}

const said = (path: readonly PropertyKey[]) =>
  path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text === '' ? String(step) : `${text}.${String(step)}`,
    '',
  ) || 'a template';
