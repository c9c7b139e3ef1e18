import { z } from 'zod';
import { invalid } from '../../domain/errors.ts';
import { STAGES } from '../../domain/lifecycle.ts';
import type { Task } from '../../domain/task.ts';
import { cancel } from '../cancelling.ts';
import { toChange } from '../claims.ts';
import { applyEdit, type Differences, EDITABLE, EditedAttributes, readEdit } from '../editing.ts';
import { ParentOrNone, Text } from '../fields.ts';
import { theTask } from '../find.ts';
import { transplant } from '../moving.ts';
import { readInput } from '../parse.ts';
import type { Context } from '../tool.ts';
import { changeStage } from '../transitioning.ts';
import { discard } from '../trash.ts';

export const BULK_OPERATIONS = ['update', 'transition', 'cancel', 'delete', 'move'] as const;
export type BulkOperation = (typeof BULK_OPERATIONS)[number];

/** What became of a task; nothing differs where it was so already. */
export type Done = Readonly<{
  changes: Differences;
  /** Other tasks to which the same was done with it. */
  covers?: readonly Readonly<{ id: string; changes: Differences }>[];
}>;

/** Does to one task what was asked for, or refuses as the tool for one task does. */
export type Deed = (context: Context, task: Task) => Promise<Done>;

/** Reads what is to be done to every task, or refuses what can be done to none. */
export const readDeed = (context: Context, operation: BulkOperation, changes: unknown): Promise<Deed> =>
  DEEDS[operation](changes, context);

const PLACE = 'changes';
const TakeOver = z.boolean().default(false);

const Update = z.strictObject({ ...EDITABLE, attributes: EditedAttributes.optional(), take_over: TakeOver });
const Transition = z.strictObject({
  lifecycle_stage: z.enum(STAGES),
  notes: Text.optional(),
  validation_checks: z.boolean().default(true),
  take_over: TakeOver,
});
const Cancelling = z.strictObject({
  reason: Text.optional(),
  cascade: z.boolean().default(true),
  preserve_work: z.boolean().default(true),
  take_over: TakeOver,
});
const Deletion = z.strictObject({
  reason: Text.optional(),
  cascade: z.boolean().default(false),
  force: z.boolean().default(false),
});
const Move = z.strictObject({ parent_task_id: ParentOrNone, take_over: TakeOver });

type ReadDeed = (changes: unknown, context: Context) => Promise<Deed>;

const DEEDS = {
  async update(given, context) {
    refuseElsewhere(given);
    const { take_over: takeOver, ...fields } = readInput(Update, given, PLACE);
    if (Object.keys(fields).length === 0) {
      throw invalid('changes says nothing that could be updated', {
        parameter: PLACE,
        accepted: Object.keys(Update.shape),
        suggestion: 'Repeat with the fields to change in changes',
      });
    }
    const edit = await readEdit(context, fields);
    return async (inside, found) => {
      const { changes } = await applyEdit(inside, await toChange(inside, found, { takeOver }), edit);
      return { changes };
    };
  },

  async transition(given) {
    const {
      lifecycle_stage: to,
      notes: note,
      validation_checks: isChecked,
      ...read
    } = readInput(Transition, given, PLACE);
    return async (context, found) => {
      if (found.stage === to) return { changes: {} };
      const { before } = await changeStage(context, found, { to, isChecked, note, takeOver: read.take_over });
      return { changes: staged(before, await theTask(context, found.id)) };
    };
  },

  async cancel(given) {
    const { reason, cascade, preserve_work: preserveWork, take_over: takeOver } = readInput(Cancelling, given, PLACE);
    return async (context, found) => {
      const { tasks } = await cancel(context, found, { reason, cascade, preserveWork, takeOver });
      const [itself, ...covers] = tasks.map((task) => ({ id: task.id, changes: staged(task, { stage: 'cancelled' }) }));
      return { changes: itself?.changes ?? {}, covers };
    };
  },

  async delete(given) {
    const { reason, cascade, force } = readInput(Deletion, given, PLACE);
    return async (context, found) => {
      const { ids } = await discard(context, found, { cascade, force, reason });
      const changes = { deleted: { from: false, to: true } };
      return { changes, covers: ids.slice(1).map((id) => ({ id, changes })) };
    };
  },

  async move(given) {
    const { parent_task_id, take_over: takeOver } = readInput(Move, given, PLACE);
    const to = parent_task_id ?? undefined;
    return async (context, found) => {
      if (found.parentId === to) return { changes: {} };
      await transplant(context, await toChange(context, found, { takeOver }), to);
      return { changes: { parent_task_id: { from: found.parentId, to } } };
    };
  },
} as const satisfies Record<BulkOperation, ReadDeed>;

/** What a task is updated with elsewhere, and the operation that does it here. */
const ELSEWHERE = { lifecycle_stage: 'transition', status: 'transition', parent_task_id: 'move' } as const;

function refuseElsewhere(changes: unknown): void {
  for (const [name, operation] of Object.entries(ELSEWHERE)) {
    if (typeof changes !== 'object' || changes === null || !Object.hasOwn(changes, name)) continue;
    throw invalid(`${name} is not changed by operation update`, {
      parameter: `${PLACE}.${name}`,
      suggestion: `Repeat with operation ${operation}`,
    });
  }
}

const staged = (before: Pick<Task, 'stage'>, after: Pick<Task, 'stage'>): Differences => ({
  lifecycle_stage: { from: before.stage, to: after.stage },
});
