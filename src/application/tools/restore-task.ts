import { z } from 'zod';
import { isOpen, restored, STAGES, STATUS } from '../../domain/lifecycle.ts';
import { enact } from '../consequences.ts';
import { IdempotencyKey, SessionId, TaskId } from '../fields.ts';
import { theTask } from '../find.ts';
import { refuseUnderEnded } from '../parents.ts';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'orchestrator_restore_task',
  title: 'Bring a task back',
  description:
    'Brings an archived or superseded task back: completed, failed and cancelled ones as they were, any other as ready.',
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
    previous_stage: z.enum(STAGES),
    current_stage: z.enum(STAGES),
    status: z.string(),
  }),
  examples: [{ title: 'Bring an archived task back', input: { task_id: 'documenter_mno34500' } }],

  async run({ task_id }, context) {
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
