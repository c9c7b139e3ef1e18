import { z } from 'zod';
import { isActionable } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { NextCall, nextCall } from './next-call.ts';
import type { Context } from './tool.ts';

/** What to do next, with the call that does it. */
export const Recommended = z.object({ task_id: z.string(), next_call: NextCall });

/** The next step of a plan if there is one: a free task of it, its synthesis, or else a free task of another plan. */
export async function recommendation(context: Context, plan: Task | undefined) {
  const at = context.clock();
  const own = plan === undefined ? undefined : await context.offers.first(at, { within: plan.id });
  if (own === undefined && plan !== undefined && isUpForSynthesis(plan))
    return { next_recommended_task: synthesis(context, plan) };
  const task = own ?? (await context.offers.first(at, {}));
  return task === undefined ? {} : { next_recommended_task: execution(context, task) };
}

/** Whether all that a plan lacks is to be put together. */
export const isUpForSynthesis = (task: Task) => !isLeaf(task) && isActionable(task);

export const execution = (context: Pick<Context, 'actor'>, { id }: Task) => ({
  task_id: id,
  next_call: nextCall(context, 'orchestrator_execute_subtask', { task_id: id }),
});

export const synthesis = (context: Pick<Context, 'actor'>, { id }: Task) => ({
  task_id: id,
  next_call: nextCall(context, 'orchestrator_synthesize_results', { parent_task_id: id }),
});
