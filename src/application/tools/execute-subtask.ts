import { z } from 'zod';
import { askForApprovals, beginnable } from '../asking.ts';
import { Briefing, brief, withContents } from '../briefing.ts';
import { AllowUnmet, BudgetTokens, ClaimId, LeaseSeconds, SessionId, TakeOver, TaskIdLike } from '../fields.ts';
import { theTaskLike } from '../find.ts';
import { start } from '../start.ts';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'orchestrator_execute_subtask',
  title: 'Start a subtask',
  description:
    'Takes a subtask for you and returns the briefing to work it: the specialist role, the task, and what its prerequisites produced. ' +
    'Call it before starting work. Refuses while prerequisites are open, naming each; conflicts while another holds it.',
  set: 'core',
  rank: 30,
  effect: 'update',
  input: z.strictObject({
    task_id: TaskIdLike,
    lease_seconds: LeaseSeconds.optional(),
    take_over: TakeOver.default(false),
    allow_unmet: AllowUnmet.default(false),
    budget_tokens: BudgetTokens.optional(),
    session_id: SessionId.optional(),
    claim_id: ClaimId.optional(),
  }),
  output: z.object(Briefing),
  examples: [{ title: 'Start the design', input: { task_id: 'architect_def45600' } }],

  async prepare(input, beforehand) {
    const rejection = await askForApprovals(beforehand, async (context) => {
      const task = await beginnable(context, await theTaskLike(context, input.task_id), { takeOver: input.take_over });
      return task && { task, mayPass: input.allow_unmet };
    });
    if (rejection !== undefined) throw rejection;
  },

  async run(input, context) {
    const { task, claim, heldSince } = await start(context, await theTaskLike(context, input.task_id), {
      leaseMs: input.lease_seconds && input.lease_seconds * 1000,
      takeOver: input.take_over,
      allowUnmet: input.allow_unmet,
    });
    return brief(context, task, { claim, heldSince, budget: input.budget_tokens });
  },

  finish: (reply, beforehand, input) => withContents(reply, beforehand, input),
});
