import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { isOpen, restored, STAGES, STATUS } from '../../domain/lifecycle.ts';
import { enact } from '../consequences.ts';
import { IdempotencyKey, SessionId, TaskId, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { refuseUnderEnded } from '../parents.ts';
import { takeOut } from '../restoring.ts';
import { type Context, defineTool } from '../tool.ts';
import type { Trashed } from '../trash-repository.ts';
import { truncation } from '../views.ts';

/** What the rest of the reply costs. */
const FRAME_TOKENS = 80;

export default defineTool({
  name: 'orchestrator_restore_task',
  title: 'Bring a task back',
  description:
    'Brings an archived or superseded task back: completed, failed and cancelled ones as they were, any other as ready; ' +
    'a deleted one with all that was deleted with it.',
  set: 'core',
  rank: 190,
  effect: 'update',
  input: z.strictObject({
    task_id: TaskId,
    session_id: SessionId.optional(),
    idempotency_key: IdempotencyKey.optional(),
  }),
  output: z.object({
    task_restored: z.boolean(),
    task_id: z.string(),
    previous_stage: z.string(),
    current_stage: z.enum(STAGES),
    status: z.string(),
    restored_count: z.number().optional(),
    restored_tasks: z.array(z.string()).optional(),
    parent_task_id: z.string().optional(),
    moved_to_top: z.boolean().optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'Bring an archived task back', input: { task_id: 'documenter_mno34500' } }],

  async run({ task_id }, context) {
    const [trashed] = await context.trash.findAll([task_id]);
    if (trashed !== undefined) return fromTrash(context, trashed);
    const task = await theTask(context, task_id);
    const back = restored(task, context.clock());
    if (isOpen(back.task.stage)) await refuseUnderEnded(context, task);
    const { stage } = await enact(context, task, back);
    return {
      task_restored: true,
      task_id,
      previous_stage: task.stage,
      current_stage: stage,
      status: STATUS[stage],
    };
  },
});

async function fromTrash(context: Context, trashed: Trashed) {
  const { task, ids, isMovedToTop } = await takeOut(context, trashed);
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  return {
    task_restored: true,
    task_id: task.id,
    previous_stage: 'deleted',
    current_stage: task.stage,
    status: STATUS[task.stage],
    restored_count: ids.length,
    restored_tasks: spend.list(ids),
    ...(task.parentId !== undefined && { parent_task_id: task.parentId }),
    ...(isMovedToTop && { moved_to_top: true }),
    ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}`),
  };
}
