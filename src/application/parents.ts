import { refused } from '../domain/errors.ts';
import { isEnded, isOpen } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import type { Task } from '../domain/task.ts';
import { toBreakDown } from './claims.ts';
import { tellParent } from './consequences.ts';
import { theTask } from './find.ts';
import type { Context } from './tool.ts';

/** The task that is to get a subtask, or a refusal that names what has to happen first. */
export async function parentToBe(context: Context, id: string): Promise<Task> {
  const task = await toBreakDown(context, await theTask(context, id));
  if (isEnded(task.stage)) {
    throw refused(`Task ${task.id} is ${task.stage} and takes no subtasks`, {
      lifecycle_stage: task.stage,
      suggestion: `Reopen ${task.id} with orchestrator_manage_lifecycle, or plan without parent_task_id`,
    });
  }
  if (task.type === APPROVAL) {
    throw refused(`Task ${task.id} is an approval, which people decide; it takes no subtasks`, {
      parent_task_id: task.id,
      suggestion: 'Repeat without parent_task_id, or with another parent',
    });
  }
  return task;
}

/** Puts a new task below its parent. Whoever held the parent now holds its parts, or leaves them to others. */
export async function adopt(context: Context, parent: Task, child: Task): Promise<void> {
  const claim = await context.claims.of(parent.id);
  if (claim !== undefined) {
    await context.claims.end(parent.id);
    const details = { claim_id: claim.id, held_by: claim.holder, why: 'it was broken down into subtasks' };
    await context.record([{ type: 'task.released', taskId: parent.id, details }]);
  }
  await tellParent(context, parent.id, { before: undefined, after: child });
}

/** An ended parent has no open subtask: it is reopened before one of them is. */
export async function refuseUnderEnded({ tasks }: Pick<Context, 'tasks'>, task: Task): Promise<void> {
  const parent = task.parentId === undefined ? undefined : await tasks.find(task.parentId);
  if (parent === undefined || isOpen(parent.stage)) return;
  throw refused(`Task ${task.id} cannot be opened: its parent ${parent.id} is ${parent.stage}`, {
    parent_task_id: parent.id,
    suggestion: `Use orchestrator_get_task with task_id ${parent.id}, and reopen or restore it first`,
  });
}
