import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { STATUS } from '../../domain/lifecycle.ts';
import { cancel } from '../cancelling.ts';
import { Handle, Listed, TaskId, Text, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { defineTool } from '../tool.ts';
import { taskLine, truncation } from '../views.ts';

/** What the rest of the reply costs. */
const FRAME_TOKENS = 120;

export default defineTool({
  name: 'orchestrator_cancel_task',
  title: 'Cancel a task',
  description:
    'Ends a task unfinished, and open subtasks unless cascade: false. preserve_work: false trashes artifacts until reopened.',
  set: 'core',
  rank: 180,
  effect: 'update',
  input: z.strictObject({
    task_id: TaskId,
    reason: Text.describe('Why').optional(),
    cascade: z.boolean().optional(),
    preserve_work: z.boolean().optional(),
    take_over: z.boolean().optional(),
    session_id: Handle.optional(),
  }),
  output: z.object({
    task_cancelled: z.boolean(),
    task_id: z.string(),
    previous_stage: z.string(),
    current_stage: z.string(),
    status: z.string(),
    cancelled_count: z.number(),
    cancelled_tasks: z.array(z.string()),
    ended_subtasks_left: z.number(),
    work_preserved: z.boolean(),
    trashed_artifacts: z.number().optional(),
    stuck_dependents: Listed,
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'Cancel a task', input: { task_id: 'documenter_mno34500', reason: 'No guide is wanted' } }],

  async run(input, context) {
    const { task_id, reason, cascade = true, preserve_work: preserveWork = true, take_over: takeOver = false } = input;
    const found = await theTask(context, task_id);
    const { tasks, leftEnded, stuck, givenUp } = await cancel(context, found, {
      reason,
      cascade,
      preserveWork,
      takeOver,
    });
    const { stage } = await theTask(context, task_id);
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    return {
      task_cancelled: true,
      task_id,
      previous_stage: found.stage,
      current_stage: stage,
      status: STATUS[stage],
      cancelled_count: tasks.length,
      cancelled_tasks: spend.list(
        tasks.map(({ id }) => id),
        0.5,
      ),
      ended_subtasks_left: leftEnded,
      work_preserved: preserveWork,
      ...(givenUp > 0 && { trashed_artifacts: givenUp }),
      stuck_dependents: spend.list(stuck.map(taskLine)),
      ...truncation(spend, `Use orchestrator_get_task with task_id ${task_id}, or orchestrator_get_status`),
    };
  },
});
