import { z } from 'zod';
import { artifactPath } from '../../domain/artifact.ts';
import { BUDGET, type Spending, spending } from '../../domain/budget.ts';
import { refused } from '../../domain/errors.ts';
import { isOpen } from '../../domain/lifecycle.ts';
import {
  type Account,
  asDocument,
  completedLeaves,
  type PlanRecord,
  remaining,
  synthesize,
} from '../../domain/synthesis.ts';
import { cut, isLeaf, type Task } from '../../domain/task.ts';
import { leftUnconfirmed } from '../acceptance.ts';
import { askForApprovals } from '../asking.ts';
import { move } from '../consequences.ts';
import { BudgetTokens, Listed, SessionId, TaskId, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { obstaclesOf } from '../obstacles.ts';
import { execution, synthesis } from '../recommend.ts';
import { notYet } from '../start.ts';
import { type Context, defineTool } from '../tool.ts';
import { echo, taskLine, truncation } from '../views.ts';
import { newArtifact, recordArtifact } from '../work.ts';

const Output = z.object({
  synthesis_complete: z.boolean(),
  parent_task_id: z.string(),
  task_description: z.string(),
  completed_subtasks: z.number(),
  synthesis: z.object({
    overview: z.string(),
    key_deliverables: z.array(z.string()),
    artifacts_created: z.array(z.string()),
    next_steps: z.array(z.string()),
  }),
  artifacts: z.object({
    total_artifacts: z.number(),
    artifact_summary: Listed,
    access_instructions: z.string(),
  }),
  synthesis_artifact: z.object({ artifact_id: z.string(), accessible_via: z.string() }).optional(),
  remaining: Listed.optional(),
  unblocked_tasks: z.array(z.string()).optional(),
  unconfirmed: Listed.optional(),
  truncated: Truncated.optional(),
});
type Reply = z.input<typeof Output>;

export default defineTool({
  name: 'orchestrator_synthesize_results',
  title: 'Put a plan together',
  description:
    'Combines what the subtasks of a plan recorded, writes it as an artifact of the plan and completes it. ' +
    'While subtasks are open it only shows what there is, and what remains. Called again it returns the last synthesis.',
  set: 'core',
  rank: 50,
  effect: 'update',
  input: z.strictObject({
    parent_task_id: TaskId.describe('The plan'),
    budget_tokens: BudgetTokens.optional(),
    session_id: SessionId.optional(),
  }),
  output: Output,
  examples: [{ title: 'How far the plan is', input: { parent_task_id: 'task_abc12300' } }],

  async prepare({ parent_task_id }, beforehand) {
    const rejection = await askForApprovals(beforehand, async (context) => {
      const plan = await theTask(context, parent_task_id);
      return isFinished(plan) ? { task: plan, mayPass: false } : undefined;
    });
    if (rejection !== undefined) throw rejection;
  },

  async run({ parent_task_id, budget_tokens = BUDGET.default }, context) {
    const plan = await theTask(context, parent_task_id);
    if (plan.stage !== 'review') {
      const last = await context.syntheses.find(plan.id);
      if (last !== undefined && !isOpen(plan.stage)) return lastSynthesis(last.reply);
    }
    const record = await recordOf(context, plan);
    refuseUnsynthesizable(plan, record);
    const obstacles = await obstaclesOf(context, plan);
    if (obstacles.length > 0) throw await notYet(context, plan, obstacles);
    const account = synthesize(record);
    const left = remaining(record);
    if (left.length > 0) return replyOf(context, record, { account, left, budget: budget_tokens });
    const reply = replyOf(context, record, { account, left, budget: budget_tokens * (1 - AFTERMATH) });
    return complete(context, record, { account, reply, aftermath: spending(budget_tokens * AFTERMATH) });
  },
});

/** A plan to which only its own prerequisites are missing: it stays where it is while it waits for them. */
const isFinished = ({ stage, standing }: Task) =>
  isOpen(stage) && standing.openChildren === 0 && standing.completedChildren > 0;

const HOW_TO_GET_MORE = 'Repeat with a larger budget_tokens, or read the synthesis artifact';
/** The share of a budget for what follows from a synthesis. */
const AFTERMATH = 0.15;
/** Completed parts whose unconfirmed criteria are looked for. */
const CHECKED = 1_000;

/** Open tasks that a refusal names; their number is in the status. */
const NAMED = 20;
/** A list of artifacts tells what a synthesis is about; it is not the synthesis itself. */
const SUMMARY_LENGTH = 1_000;

/** A kept reply was made by this tool, so it has its shape. */
const lastSynthesis = (reply: unknown): Reply => Output.parse(reply);

async function recordOf(context: Context, plan: Task): Promise<PlanRecord> {
  const descendants = await context.tasks.descendants(plan.id);
  const ids = descendants.map(({ id }) => id);
  return {
    plan,
    descendants,
    edges: await context.dependencies.of(ids),
    artifacts: await context.artifacts.of(ids),
    notes: await context.notes.of([plan.id, ...ids], { kinds: ['decision', 'risk', 'question'] }),
  };
}

function refuseUnsynthesizable(plan: Task, record: PlanRecord): void {
  if (isLeaf(plan)) {
    throw refused(`Task ${plan.id} has no subtasks to put together`, {
      suggestion: `Use orchestrator_complete_subtask with task_id ${plan.id} to hand in its work`,
    });
  }
  if (!isOpen(plan.stage)) {
    throw refused(`Plan ${plan.id} is ${plan.stage} and was never put together`, {
      lifecycle_stage: plan.stage,
      suggestion: `Use orchestrator_get_task with task_id ${plan.id} to see it`,
    });
  }
  if (completedLeaves(record).length === 0) {
    throw refused(`Plan ${plan.id} has no completed subtask to put together`, {
      remaining: remaining(record).slice(0, NAMED).map(taskLine),
      suggestion:
        remaining(record).length > 0
          ? `Use orchestrator_next_task with parent_task_id ${plan.id} to work on it`
          : `Use orchestrator_manage_lifecycle to take one of its subtasks up again, or to cancel ${plan.id}`,
    });
  }
}

/** What is left to do about a task before its plan can be put together; nested plans are put together first. */
const remainingView = (context: Context, task: Task) => ({
  ...taskLine(task),
  ...(task.stage === 'review' && !isLeaf(task) && { next_call: synthesis(context, task).next_call }),
  ...(isLeaf(task) &&
    task.stage === 'ready' &&
    task.standing.actionableSince !== undefined && { next_call: execution(context, task).next_call }),
});

type Made = Readonly<{ account: Account; reply: Reply; aftermath: Spending }>;

/** The one file that is written under the lock: it is small, and what it says must be what is committed. */
async function complete(context: Context, record: PlanRecord, { account, reply, aftermath }: Made): Promise<Reply> {
  const work = asDocument(record, account);
  const artifact = newArtifact(context, {
    taskId: record.plan.id,
    type: 'documentation',
    summary: cut([account.overview, ...account.keyDeliverables].join(' '), SUMMARY_LENGTH),
    outcome: 'synthesis',
    filePaths: [],
    work,
  });
  await context.artifactFiles.write(artifact, work);
  await recordArtifact(context, artifact);
  const isAtWork = record.plan.stage === 'review' || record.plan.stage === 'active';
  const atWork = isAtWork ? record.plan : await move(context, record.plan, { to: 'active' });
  await move(context, atWork, { to: 'completed' });
  const details = { artifact_id: artifact.id };
  await context.record([{ type: 'plan.synthesized', taskId: record.plan.id, details }]);
  const whole: Reply = {
    ...reply,
    ...(await whatFollows(context, record, { reply, aftermath })),
    synthesis_artifact: { artifact_id: artifact.id, accessible_via: artifactPath(artifact) },
  };
  await context.syntheses.keep({ taskId: record.plan.id, artifactId: artifact.id, reply: whole, at: context.clock() });
  return whole;
}

/** What the completed plan set free, and criteria of its parts that nobody confirmed. */
async function whatFollows(context: Context, record: PlanRecord, { reply, aftermath }: Omit<Made, 'account'>) {
  const unblocked = aftermath.list(
    [...context.offered].filter((id) => id !== record.plan.id),
    0.4,
  );
  const unconfirmed = aftermath.list(await unconfirmedIn(context, record));
  const { omitted = 0, how_to_get_more = HOW_TO_GET_MORE } = reply.truncated ?? {};
  const beyond = omitted + aftermath.omitted();
  return {
    unblocked_tasks: unblocked,
    ...(unconfirmed.length > 0 && { unconfirmed }),
    ...(beyond > 0 && { truncated: { omitted: beyond, how_to_get_more } }),
  };
}

async function unconfirmedIn(context: Context, record: PlanRecord) {
  const views = [];
  for (const { id, title } of completedLeaves(record).slice(0, CHECKED)) {
    const { criteria, saidNotMet } = await leftUnconfirmed(context, id);
    const unmet = saidNotMet.length > 0 && { said_not_met: saidNotMet };
    if (criteria.length > 0) views.push({ task_id: id, title: echo(title), criteria, ...unmet });
  }
  return views;
}

type Told = Readonly<{ account: Account; left: readonly Task[]; budget: number }>;

/** What the frame of a reply costs: names, numbers, the last lines. */
const FRAME_TOKENS = 350;

function replyOf(context: Context, record: PlanRecord, { account, left, budget }: Told): Reply {
  const spend = spending(budget - FRAME_TOKENS);
  const task_description = spend.pay(echo(record.plan.description ?? record.plan.title));
  const isComplete = left.length === 0;
  const toDo = isComplete
    ? {}
    : {
        remaining: spend.list(
          left.map((task) => remainingView(context, task)),
          0.35,
        ),
      };
  const overview = spend.text(account.overview, 0.2);
  const key_deliverables = spend.list(account.keyDeliverables, 0.35);
  const created = spend.list(
    account.artifacts.map(({ id, type }) => ({ artifact_id: id, artifact_type: type })),
    0.15,
  );
  const artifacts_created = spend.pay(created.map(({ artifact_id }) => artifact_id));
  return {
    synthesis_complete: isComplete,
    parent_task_id: record.plan.id,
    task_description,
    completed_subtasks: completedLeaves(record).length,
    synthesis: { overview, key_deliverables, artifacts_created, next_steps: spend.list(account.nextSteps, 0.2) },
    artifacts: {
      total_artifacts: account.artifacts.length,
      artifact_summary: created,
      access_instructions:
        'Artifacts are stored in .task_orchestrator/artifacts/; orchestrator_get_artifact reads them',
    },
    ...toDo,
    ...truncation(spend, HOW_TO_GET_MORE),
  };
}
