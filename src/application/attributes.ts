import { z } from 'zod';
import { checkAttributes, isOwnAttribute } from '../domain/attributes.ts';
import { isDate } from '../domain/date.ts';
import { LIMITS, PRIORITIES, type Task } from '../domain/task.ts';
import { Text, Title } from './fields.ts';
import { readInput } from './parse.ts';
import { checkSpecialist } from './specialists.ts';
import type { Context } from './tool.ts';

type Attributes = Readonly<Record<string, unknown>>;

/** `2026-07-01`, or a moment of that day with its time zone. */
export const DueDate = z
  .string()
  .refine(isDate, { message: 'a date such as 2026-07-01, or a UTC time such as 2026-07-01T12:00:00Z' });

export const Effort = Text.max(LIMITS.effort);

/** A task's own fields as they are written among its attributes. */
const Own = z.strictObject({
  title: Title.optional(),
  description: Text.optional(),
  priority: z.enum(PRIORITIES).optional(),
  estimated_effort: Effort.optional(),
  due_date: DueDate.optional(),
  specialist_type: z.string().optional(),
});

/** The fields of a task that attributes set; what they do not name is absent. */
export type OwnFields = Partial<Pick<Task, 'title' | 'description' | 'priority' | 'effort' | 'dueDate' | 'specialist'>>;

/** Splits attributes into a task's own fields, checked as such, and the free ones. */
export async function readAttributes(
  context: Pick<Context, 'roles' | 'log'>,
  attributes: Attributes,
): Promise<Readonly<{ own: OwnFields; free: Attributes }>> {
  checkAttributes(attributes);
  const entries = Object.entries(attributes);
  const given = readInput(Own, Object.fromEntries(entries.filter(([key]) => isOwnAttribute(key))), 'attributes');
  if (given.specialist_type !== undefined) await checkSpecialist(context, given.specialist_type);
  const { estimated_effort: effort, due_date: dueDate, specialist_type: specialist, ...rest } = given;
  const own = Object.entries({ ...rest, effort, dueDate, specialist }).filter(([, value]) => value !== undefined);
  return { own: Object.fromEntries(own), free: Object.fromEntries(entries.filter(([key]) => !isOwnAttribute(key))) };
}

/** A task's attributes as the reference shows them: its own fields under their names, then the free ones. */
export const attributesView = (task: Task) => ({
  title: task.title,
  ...(task.description !== undefined && { description: task.description }),
  priority: task.priority,
  ...(task.effort !== undefined && { estimated_effort: task.effort }),
  ...(task.dueDate !== undefined && { due_date: task.dueDate }),
  ...(task.specialist !== undefined && { specialist_type: task.specialist }),
  ...task.attributes,
});
