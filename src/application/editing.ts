import { z } from 'zod';
import { checkAttributes, OWN_ATTRIBUTES } from '../domain/attributes.ts';
import { invalid } from '../domain/errors.ts';
import { PRIORITIES, type Task } from '../domain/task.ts';
import { DueDate, Effort, type OwnFields, readAttributes } from './attributes.ts';
import { SaidText, Text, Title } from './fields.ts';
import { checkSpecialist } from './specialists.ts';
import type { Context } from './tool.ts';
import { wholeTask } from './views.ts';

/** The fields of a task that a call can change. */
export const EDITABLE = {
  title: Title.optional(),
  description: Text.describe('What is to be done').optional(),
  context: Text.describe('What a worker should know').optional(),
  priority: z.enum(PRIORITIES).optional(),
  specialist_type: z.string().describe('Who is to do it').optional(),
  estimated_effort: Effort.describe('In words').optional(),
  due_date: DueDate.describe('A date or a UTC time').optional(),
  acceptance_criteria: z.array(SaidText).max(100).describe('All of them').optional(),
} as const;
export const EditedAttributes = z
  .record(z.string(), z.unknown())
  .describe('Merged into the present ones; null removes');

const Edited = z.object({ ...EDITABLE, attributes: EditedAttributes.optional() });
type Given = z.output<typeof Edited>;

/** An edit that was checked; it can be applied to any task. */
export type Edit = Readonly<{
  fields: OwnFields & Partial<Pick<Task, 'context' | 'acceptanceCriteria'>>;
  /** Attributes that are set, and the names of those that are removed. */
  set: Readonly<Record<string, unknown>>;
  removed: readonly string[];
}>;

/** Reads an edit, or refuses what no task can take. */
export async function readEdit(context: Pick<Context, 'roles' | 'log'>, given: Given): Promise<Edit> {
  const attributes = Object.entries(given.attributes ?? {});
  const isRemoved = ([, value]: readonly [string, unknown]) => value === null;
  const removed = attributes.filter(isRemoved).map(([key]) => key);
  const { own, free } = await readAttributes(context, Object.fromEntries(attributes.filter((one) => !isRemoved(one))));
  if (given.specialist_type !== undefined) await checkSpecialist(context, given.specialist_type);
  refuseRemovedOwn(removed);
  refuseSaidTwice(given);
  const fields = {
    title: given.title,
    description: given.description,
    context: given.context,
    priority: given.priority,
    specialist: given.specialist_type,
    effort: given.estimated_effort,
    dueDate: given.due_date,
    acceptanceCriteria: given.acceptance_criteria,
  };
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return { fields: { ...own, ...Object.fromEntries(said) }, set: free, removed };
}

function refuseRemovedOwn(removed: readonly string[]): void {
  const own = removed.find((key) => OWN_ATTRIBUTES.some((name) => name === key));
  if (own === undefined) return;
  throw invalid(`attributes.${own} is the task's own field and cannot be removed`, {
    parameter: `attributes.${own}`,
    suggestion: `Repeat with another value for ${own}, or without it`,
  });
}

/** Two values for one field leave open which is meant. */
function refuseSaidTwice({ attributes = {}, ...fields }: Given): void {
  const isSaidTwice = (name: (typeof OWN_ATTRIBUTES)[number]) =>
    fields[name] !== undefined && attributes[name] !== undefined && fields[name] !== attributes[name];
  const name = OWN_ATTRIBUTES.find(isSaidTwice);
  if (name === undefined) return;
  throw invalid(`${name} and attributes.${name} are the same field and differ`, {
    parameter: `attributes.${name}`,
    suggestion: `Repeat with one value for ${name}`,
  });
}

/** What each changed field was and is, by its name on the wire. */
export type Differences = Readonly<Record<string, Readonly<{ from: unknown; to: unknown }>>>;

/** Saves what an edit changes, and records what it was before, field by field. */
export async function applyEdit(
  context: Context,
  before: Task,
  { fields, set, removed }: Edit,
): Promise<Readonly<{ task: Task; changes: Differences }>> {
  const attributes = { ...before.attributes, ...set };
  for (const key of removed) delete attributes[key];
  if (Object.keys(set).length > 0) checkAttributes(attributes);
  const after = { ...before, ...fields, attributes };
  const changes = differences(before, after);
  if (Object.keys(changes).length === 0) return { task: before, changes };
  const task = await context.tasks.save({ ...after, updatedAt: context.clock() });
  await context.record([{ type: 'task.updated', taskId: before.id, details: { changes } }]);
  return { task, changes };
}

function differences(before: Task, after: Task): Differences {
  const was = new Map<string, unknown>(Object.entries(wholeTask(before)));
  const is = new Map<string, unknown>(Object.entries(wholeTask(after)));
  const names = [...new Set([...was.keys(), ...is.keys()])];
  const changed = names.filter((name) => differ(was.get(name), is.get(name)));
  return Object.fromEntries(changed.map((name) => [name, { from: was.get(name), to: is.get(name) }]));
}

const differ = (one: unknown, other: unknown) => one !== other && JSON.stringify(one) !== JSON.stringify(other);
