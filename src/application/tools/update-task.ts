import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { conflict } from '../../domain/errors.ts';
import type { Task } from '../../domain/task.ts';
import { toChange } from '../claims.ts';
import { applyEdit, EDITABLE, EditedAttributes, readEdit } from '../editing.ts';
import { Claim, ClaimId, IdempotencyKey, ParentOrNone, SessionId, TakeOver, TaskId, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { transplant } from '../moving.ts';
import { type Context, defineTool } from '../tool.ts';
import { claimView, iso, taskWithin, truncation } from '../views.ts';

const Input = z.strictObject({
  task_id: TaskId,
  ...EDITABLE,
  parent_task_id: ParentOrNone.optional(),
  attributes: EditedAttributes.optional(),
  expected_version: z.number().int().describe('Refuse if it was changed since').optional(),
  take_over: TakeOver.default(false),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
/** What the names of the changed fields cost. */
const FRAME_TOKENS = 150;

export default defineTool({
  name: 'orchestrator_update_task',
  title: 'Change a task',
  description:
    'Changes fields and attributes of a task, or moves it under another parent. Its stage is changed by orchestrator_manage_lifecycle.',
  set: 'core',
  rank: 160,
  effect: 'update',
  input: Input,
  output: z.looseObject({
    task_updated: z.boolean(),
    task_id: z.string(),
    changed_fields: z.array(z.string()),
    version: z.number(),
    attributes: z.record(z.string(), z.unknown()),
    claim: Claim.optional(),
    truncated: Truncated.optional(),
  }),
  elsewhere: { lifecycle_stage: 'orchestrator_manage_lifecycle', status: 'orchestrator_manage_lifecycle' },
  examples: [
    {
      title: 'Raise the priority',
      input: { task_id: 'tester_jkl01200', priority: 'high', attributes: { team: 'qa' } },
    },
  ],

  async run(input, context) {
    const task = await toChange(context, await theTask(context, input.task_id), { takeOver: input.take_over });
    if (input.expected_version !== undefined && input.expected_version !== task.version) {
      throw await changedSince(context, task, input.expected_version);
    }
    const { task: saved, changes } = await applyEdit(context, task, await readEdit(context, input));
    const changed = Object.keys(changes);
    const moved = await move(context, saved, input.parent_task_id);
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    const claim = await context.claims.of(task.id);
    return {
      task_updated: changed.length > 0 || moved !== saved,
      changed_fields: [...changed, ...(moved === saved ? [] : ['parent_task_id'])],
      ...taskWithin(await theTask(context, task.id), spend),
      ...(claim !== undefined && { claim: claimView(claim) }),
      ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}`),
    };
  },
});

async function move(context: Context, task: Task, parentId: string | null | undefined): Promise<Task> {
  if (parentId === undefined || (parentId ?? undefined) === task.parentId) return task;
  return transplant(context, task, parentId ?? undefined);
}

/** Events with which a task gets its next version, and how many are looked through for the last one. */
const CHANGES: readonly string[] = ['task.updated', 'task.moved', 'task.lifecycle_changed', 'task.restored'];
const LOOKED_AT = 100;

async function changedSince(context: Context, task: Task, expected: number) {
  const last = (await context.events.of(task.id, LOOKED_AT)).findLast(({ type }) => CHANGES.includes(type));
  return conflict(`Task ${task.id} has version ${task.version}, not ${expected}: somebody else was first`, {
    current_version: task.version,
    ...(last !== undefined && { changed_by: last.sessionId, changed_at: iso(last.at) }),
    suggestion: `Use orchestrator_get_task with task_id ${task.id}, then repeat with its version`,
  });
}
