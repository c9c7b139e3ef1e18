import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { refused } from '../../domain/errors.ts';
import { DAY_MS } from '../../domain/maintenance.ts';
import { Handle, Listed, TaskId, Text, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { NextCall, nextCall } from '../next-call.ts';
import { purge } from '../purging.ts';
import { type Context, defineTool } from '../tool.ts';
import { discard } from '../trash.ts';
import { iso, taskLine, truncation } from '../views.ts';

const Input = z.strictObject({
  task_id: TaskId,
  cascade: z.boolean().optional(),
  force: z.boolean().optional(),
  permanent: z.boolean().optional(),
  reason: Text.describe('Why').optional(),
  session_id: Handle.optional(),
});
type Request = z.output<typeof Input>;

/** What the rest of the reply costs. */
const FRAME_TOKENS = 120;

export default defineTool({
  name: 'orchestrator_delete_task',
  title: 'Delete a task',
  description:
    'Moves a task to the trash, subtasks too with cascade, though others wait for or hold it with force; then permanent purges it.',
  set: 'core',
  rank: 170,
  effect: 'remove',
  input: Input,
  output: z.object({
    task_deleted: z.boolean(),
    task_id: z.string(),
    permanent: z.boolean(),
    deleted_count: z.number(),
    deleted_tasks: z.array(z.string()),
    stuck_dependents: Listed,
    restorable_until: z.string().optional(),
    restore_with: NextCall.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'Delete a task', input: { task_id: 'documenter_mno34500', reason: 'No guide is wanted' } }],

  run: (input, context) => (input.permanent === true ? purged(context, input) : trashed(context, input)),
});

async function trashed(context: Context, input: Request) {
  const { cascade = false, force = false, reason } = input;
  const { ids, stuck, at } = await discard(context, await theTask(context, input.task_id), { cascade, force, reason });
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  return {
    task_deleted: true,
    task_id: input.task_id,
    permanent: false,
    deleted_count: ids.length,
    deleted_tasks: spend.list(ids, 0.5),
    stuck_dependents: spend.list(stuck.map(taskLine)),
    restorable_until: iso(at + context.thresholds.trashDays * DAY_MS),
    restore_with: nextCall(context, 'orchestrator_restore_task', { task_id: input.task_id }),
    ...truncation(spend, 'Use orchestrator_get_status for those that are stuck; the others come back together'),
  };
}

async function purged(context: Context, { task_id }: Request) {
  const [found] = await context.trash.findAll([task_id]);
  if (found === undefined) {
    const task = await theTask(context, task_id);
    throw refused(`Task ${task.id} is not in the trash; only what lies there is deleted for good`, {
      suggestion: `Use orchestrator_get_task with task_id ${task.id} to see it; without permanent it goes to the trash first`,
    });
  }
  if (found.root !== task_id) {
    throw refused(`Task ${task_id} was deleted with ${found.root} and goes with it`, {
      deleted_with: found.root,
      suggestion: `Use orchestrator_restore_task with task_id ${found.root} to bring both back`,
    });
  }
  const ids = await purge(context, task_id);
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  return {
    task_deleted: true,
    task_id,
    permanent: true,
    deleted_count: ids.length,
    deleted_tasks: spend.list(ids, 0.5),
    stuck_dependents: [],
    ...truncation(spend, 'None: they are gone'),
  };
}
