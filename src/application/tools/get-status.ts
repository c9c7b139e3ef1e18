import { z } from 'zod';
import { BUDGET, type Spending, spending, tokensOf } from '../../domain/budget.ts';
import { healthOf, recommendations } from '../../domain/health.ts';
import { progress } from '../../domain/hierarchy.ts';
import { isOpen } from '../../domain/lifecycle.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import type { Task } from '../../domain/task.ts';
import { BudgetTokens, Listed, Progress, SessionId, TaskIdLike, Truncated } from '../fields.ts';
import { asReason, obstaclesOf } from '../obstacles.ts';
import { gather, type Standings, whyBlocked } from '../status.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, goalView, iso, offerLine, taskLine, truncation } from '../views.ts';
import { wayOut } from '../way-out.ts';

const Output = z.object({
  active_tasks: z.array(
    z.object({
      parent_task_id: z.string(),
      title: z.string().optional(),
      description: z.string(),
      subtasks: Listed,
      progress: Progress,
    }),
  ),
  ungrouped: Listed,
  ready: Listed,
  in_progress: Listed,
  blocked: Listed,
  system_status: z.object({
    total_active_tasks: z.number(),
    health: z.enum(['good', 'degraded', 'critical']),
    recommendations: z.array(z.string()),
  }),
  elsewhere: z.object({ open_tasks: z.number(), how_to_see: z.string() }).optional(),
  truncated: Truncated.optional(),
});
/** A status of one session says what it leaves out, for agents pass their session on every call. */
const HOW_TO_SEE = 'Repeat without session_id to see the work of all sessions';

/** What the names of the parts cost. */
const FRAME_TOKENS = 60;
/** How the budget is shared; what a list leaves over goes to the plans. */
const SHARES = { ready: 0.15, inProgress: 0.15, blocked: 0.2, ungrouped: 0.1 } as const;

export default defineTool({
  name: 'orchestrator_get_status',
  plannedName: 'orchestrator_check_status',
  title: 'See where the work stands',
  description:
    'Shows open plans with their subtasks and progress, what is ready, who works on what until when, and what is blocked, waiting or stuck with its way out. ' +
    'health: good; degraded (something stuck or abandoned, or a quarter held up); critical (open work, none of it can move).',
  set: 'core',
  rank: 60,
  effect: 'read',
  input: z.strictObject({
    include_completed: z.boolean().default(false).describe('Also ended plans'),
    task_id: TaskIdLike.describe('Only this plan or task').optional(),
    session_id: SessionId.describe('Only what this session created, claimed or completed, if anything').optional(),
    budget_tokens: BudgetTokens.optional(),
  }),
  output: Output,
  examples: [{ title: 'Where it stands', input: { include_completed: false } }],

  async run({ include_completed, task_id, session_id, budget_tokens = BUDGET.default }, context) {
    const found = await gather(context, { taskId: task_id, sessionId: session_id, includeEnded: include_completed });
    const spend = spending(budget_tokens - FRAME_TOKENS);
    const system_status = spend.pay({
      total_active_tasks: found.situation.open,
      health: healthOf(found.situation),
      recommendations: [...recommendations(found.situation)],
    });
    const ready = spend.list(found.ready.map(offerLine), SHARES.ready);
    const in_progress = spend.list(found.held.map(heldView), SHARES.inProgress);
    const blocked = spend.list(await heldUpViews(context, found.heldUp), SHARES.blocked);
    const ungrouped = spend.list(found.single.map(taskLine), SHARES.ungrouped);
    const active_tasks = plansWithin(found.plans, spend);
    return {
      ...(found.elsewhere > 0 && { elsewhere: { open_tasks: found.elsewhere, how_to_see: HOW_TO_SEE } }),
      active_tasks,
      ungrouped,
      ready,
      in_progress,
      blocked,
      system_status,
      ...truncation(spend, 'Use task_id for one plan, or a larger budget_tokens', found.beyond),
    };
  },
});

const heldView = ({ task, claim }: Standings['held'][number]) => ({
  task_id: task.id,
  title: echo(task.title),
  held_by: claim.holder,
  ...(claim.agentName !== undefined && { agent_name: claim.agentName }),
  lease_until: iso(claim.leaseUntil),
  ...(stillWaits(task) && { has_open_prerequisites: true }),
});

/** It began in spite of them, or one of them was reopened since. */
const stillWaits = ({ standing }: Task) => standing.unmet + standing.gatesAbove > 0;

async function heldUpViews(context: Context, tasks: readonly Task[]) {
  return Promise.all(
    tasks.map(async (task) => {
      const state = task.standing.failed > 0 ? 'stuck' : task.stage === 'blocked' ? 'blocked' : 'waiting';
      const obstacles = await obstaclesOf(context, task);
      const why = obstacles.length === 0 ? whyAlone(task) : obstacles.map(asReason).join('; ');
      const reason = state === 'blocked' ? await whyBlocked(context, task) : why;
      return {
        task_id: task.id,
        title: echo(task.title),
        state,
        reason: echo(reason),
        way_out: wayOut(context, task, obstacles),
      };
    }),
  );
}

/** What a task waits for that waits for no other. */
function whyAlone({ type, stage }: Task): string {
  if (type === APPROVAL) return 'it waits for a decision';
  return stage === 'review' ? 'it waits for a review' : `it is ${stage}`;
}

/** As many plans as fit. Of a plan that does not fit whole, the open subtasks come first; its progress counts all. */
function plansWithin(plans: Standings['plans'], spend: Spending): z.input<typeof Output>['active_tasks'] {
  const heads = plans.map(({ plan }) => ({
    parent_task_id: plan.id,
    ...goalView(plan),
    progress: progress(plan.standing),
  }));
  return spend.list(heads).map((head, place) => {
    const leaves = plans[place]?.leaves ?? [];
    const fitsWhole = tokensOf(leaves.map(taskLine)) + leaves.length < spend.left();
    const openFirst = [...leaves].sort((a, b) => Number(isOpen(b.stage)) - Number(isOpen(a.stage)));
    return { ...head, subtasks: spend.list((fitsWhole ? leaves : openFirst).map(taskLine)) };
  });
}
