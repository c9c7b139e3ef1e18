import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { refused } from '../../domain/errors.ts';
import { isOpen } from '../../domain/lifecycle.ts';
import { isActionable, raisedPriority } from '../../domain/readiness.ts';
import { isLeaf, PRIORITIES, type Task } from '../../domain/task.ts';
import { Briefing, brief, withContents } from '../briefing.ts';
import { isOwn, settleAll } from '../claims.ts';
import { BudgetTokens, IdempotencyKey, LeaseSeconds, Listed, SessionId, TaskId } from '../fields.ts';
import { theTask } from '../find.ts';
import { NextCall, nextCall } from '../next-call.ts';
import { asReason, obstaclesOf } from '../obstacles.ts';
import { isUpForSynthesis, synthesis } from '../recommend.ts';
import type { HeldClaim, OfferFilter } from '../repositories.ts';
import { checkSpecialist } from '../specialists.ts';
import { start } from '../start.ts';
import { whyBlocked } from '../status.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, iso } from '../views.ts';
import { wayOut } from '../way-out.ts';

/** How many other tasks an explanation names, and how many reasons there are for an empty hand. */
const NAMED = 10;
/** Tasks that are not free among which those of a specialist are looked for. */
const LOOKED_AT = 100;
/** What is said beside a list. */
const FRAME_TOKENS = 100;
/** Of a budget, what an explanation may cost. */
const EXPLANATION = 0.2;
/** When nothing is free but others are at work, a task may become free with any call of theirs. */
const RETRY_AFTER_MS = 15_000;
const EXECUTE = 'orchestrator_execute_subtask';
const NOTHING_OPEN =
  'Nothing of this kind is open; orchestrator_plan_task plans more, orchestrator_get_status shows what there is';

const Input = z.strictObject({
  parent_task_id: TaskId.describe('Only from this plan').optional(),
  specialist_type: z.string().max(40).describe('Only for this specialist').optional(),
  claim: z.boolean().default(true).describe('false only looks'),
  explain: z.boolean().default(false).describe('Also say why not the others'),
  lease_seconds: LeaseSeconds.optional(),
  budget_tokens: BudgetTokens.optional(),
  session_id: SessionId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});

const Output = z.object({
  task_available: z.boolean(),
  task_id: z.string().optional(),
  why: z.string().optional(),
  others: Listed.optional(),
  waiting_for: Listed.optional(),
  retry_after_ms: z.number().optional(),
  next_call: NextCall.optional(),
  ...z.object(Briefing).partial().shape,
});

export default defineTool({
  name: 'orchestrator_next_task',
  title: 'Take the next task',
  description:
    'Hands you the most urgent task that is free, taken in one step so that no two agents get the same, with what execute_subtask returns. ' +
    'Order: priority, raised for each 24 h of waiting; then how many tasks wait for it; then age. ' +
    'Nothing free: task_available false, with what is being waited for.',
  set: 'core',
  rank: 80,
  effect: 'update',
  input: Input,
  output: Output,
  examples: [
    { title: 'Take what comes next', input: {} },
    { title: 'Look without taking', input: { claim: false, explain: true } },
  ],

  async run(input, context) {
    await settleAll(context);
    const plan = input.parent_task_id === undefined ? undefined : await theTask(context, input.parent_task_id);
    if (plan !== undefined) refuseLeaf(plan);
    if (input.specialist_type !== undefined) await checkSpecialist(context, input.specialist_type);
    const filter = { specialist: input.specialist_type, within: input.parent_task_id };
    const found = await context.offers.first(context.clock(), filter);
    if (found === undefined)
      return nothingFree(context, { filter, plan, budget: input.budget_tokens ?? BUDGET.default });
    const leaseMs = input.lease_seconds && input.lease_seconds * 1000;
    const { task, claim } = input.claim
      ? await start(context, found, { leaseMs, takeOver: false, allowUnmet: false })
      : { task: found, claim: undefined };
    const { budget_tokens: budget = BUDGET.default, explain } = input;
    const others = explain ? await whyNotOthers(context, found, filter) : [];
    return {
      task_available: true,
      task_id: task.id,
      why: whyThis(found, context.clock()),
      ...(explain && { others: spending(budget * EXPLANATION).list(others) }),
      ...(await brief(context, task, { claim, budget: explain ? budget * (1 - EXPLANATION) : budget })),
    };
  },

  finish: (reply, beforehand, input) => withContents(reply, beforehand, input),
});

/** A task without subtasks hands out nothing; it is taken itself. */
function refuseLeaf(task: Task): void {
  if (!isLeaf(task)) return;
  throw refused(`Task ${task.id} has no subtasks to hand out`, {
    suggestion: `Use orchestrator_execute_subtask with task_id ${task.id}, or next_task without parent_task_id`,
  });
}

function whyThis(task: Task, at: number): string {
  const raised = raisedPriority(task, at) - PRIORITIES.indexOf(task.priority);
  const waiters = task.standing.waiters;
  return [
    `priority ${task.priority}${raised > 0 ? `, raised ${raised} for waiting since ${iso(task.standing.actionableSince ?? at)}` : ''}`,
    waiters === 1 ? '1 task waits for it' : `${waiters} tasks wait for it`,
    `created ${iso(task.createdAt)}`,
  ].join('; ');
}

/** What decided between two free tasks, as `byOffer` does. */
function whyLater(task: Task, { chosen, at }: Readonly<{ chosen: Task; at: number }>): string {
  const { waiters } = task.standing;
  const why = whyThis(task, at);
  if (raisedPriority(task, at) !== raisedPriority(chosen, at)) return `comes later by priority: ${why}`;
  if (waiters !== chosen.standing.waiters) return `comes later, for fewer wait for it: ${why}`;
  return `comes later by age: ${why}`;
}

async function whyNotOthers(context: Context, chosen: Task, filter: OfferFilter) {
  const at = context.clock();
  const next = (await context.offers.list(at, { ...filter, limit: NAMED + 1 })).filter(({ id }) => id !== chosen.id);
  const free = next.slice(0, NAMED).map((task) => ({
    task_id: task.id,
    title: echo(task.title),
    reason: task.standing.children > 0 ? 'its subtasks wait to be synthesized' : whyLater(task, { chosen, at }),
  }));
  const taken = (await reasonsWhyNot(context, filter)).filter(({ task_id }) => task_id !== chosen.id);
  return [...free, ...taken];
}

type Empty = Readonly<{ filter: OfferFilter; plan: Task | undefined; budget: number }>;

async function nothingFree(context: Context, { filter, plan, budget }: Empty) {
  const offered = await context.offers.list(context.clock(), { within: filter.within, limit: 1 });
  const upForSynthesis = [...offered, ...(plan === undefined ? [] : [plan])].find(isUpForSynthesis);
  const reasons = await reasonsWhyNot(context, filter);
  const waitingFor = spending(budget - FRAME_TOKENS).list(reasons);
  const claims = await context.claims.list();
  const isWorkedOn = waitingFor.length > 0 && claims.length > 0;
  const own = reasons.find(({ task_id }) => claims.some((claim) => claim.taskId === task_id && isOwn(claim, context)));
  return {
    task_available: false,
    ...(waitingFor.length === 0 && upForSynthesis === undefined && { why: NOTHING_OPEN }),
    waiting_for: waitingFor,
    ...(isWorkedOn && { retry_after_ms: RETRY_AFTER_MS }),
    ...(own !== undefined && { next_call: nextCall(context, EXECUTE, { task_id: own.task_id }) }),
    ...(upForSynthesis !== undefined && { next_call: synthesis(context, upForSynthesis).next_call }),
  };
}

/** Open tasks that cannot be taken now, each with its reason: those at work first, the asker's own before them, then those that wait. */
async function reasonsWhyNot(context: Context, filter: OfferFilter) {
  const tasks = await notFree(context, filter);
  const claims = new Map(
    (await context.claims.list({ taskIds: tasks.map(({ id }) => id) })).map((claim) => [claim.taskId, claim]),
  );
  return Promise.all(
    tasks.map(async (task) => {
      const claim = claims.get(task.id);
      const reason = claim === undefined ? await whyHeldUp(context, task) : whyHeld(context, claim);
      return { task_id: task.id, title: echo(task.title), ...reason };
    }),
  );
}

function whyHeld(context: Context, claim: HeldClaim) {
  const until = iso(claim.leaseUntil);
  if (isOwn(claim, context)) return { reason: `held by you until ${until}; ${EXECUTE} gives you its briefing again` };
  return { reason: echo(`held by ${claim.agentName ?? claim.holder} until ${until}`) };
}

async function whyHeldUp(context: Context, task: Task) {
  const obstacles = await obstaclesOf(context, task);
  const [obstacle] = obstacles;
  const own = task.stage === 'blocked' ? `blocked: ${await whyBlocked(context, task)}` : `is ${task.stage}`;
  const reason = echo(obstacle === undefined ? own : asReason(obstacle));
  return { reason, way_out: wayOut(context, task, obstacles) };
}

/** Of those asked about, the first open leaves that are at work, blocked or waiting, and plans that wait to be put together. */
async function notFree(context: Context, { within, specialist }: OfferFilter): Promise<readonly Task[]> {
  const { tasks, claims, actor } = context;
  const own = (await claims.list({ holder: actor.sessionId })).map(({ taskId }) => taskId);
  const isAsked = (task: Task) => specialist === undefined || task.specialist === specialist;
  const rank = ({ id, stage }: Task) => (own.includes(id) ? 2 : Number(stage === 'active' || stage === 'blocked'));
  if (within === undefined) {
    const begun = await tasks.openLeaves({ stages: ['active', 'blocked'], limit: LOOKED_AT });
    const waiting = await tasks.openLeaves({ held: 'waiting', limit: LOOKED_AT });
    const plans = await tasks.roots({ isOpen: true, hasSubtasks: true, limit: LOOKED_AT });
    const mine = await tasks.findAll(own);
    const all = new Map([...mine, ...begun, ...waiting, ...plans.filter(isHeldBack)].map((task) => [task.id, task]));
    return [...all.values()].filter(isAsked).slice(0, NAMED);
  }
  const all = [...(await tasks.descendants(within)), ...(await tasks.findAll([within]))];
  return all
    .filter((task) => isHeldBack(task) || (isLeaf(task) && isOpen(task.stage) && !isActionable(task)))
    .filter(isAsked)
    .toSorted((a, b) => rank(b) - rank(a))
    .slice(0, NAMED);
}

/** Whether a plan whose subtasks have ended cannot be put together, for it waits itself. */
const isHeldBack = (task: Task) => task.stage === 'review' && !isLeaf(task) && !isActionable(task);
