import { z } from 'zod';
import { ARTIFACT_TYPES, type Artifact, artifactPath, type Outcome } from '../../domain/artifact.ts';
import { BUDGET, spending } from '../../domain/budget.ts';
import { invalid, OrchestratorError, refused } from '../../domain/errors.ts';
import { planProgress, progress } from '../../domain/hierarchy.ts';
import { STATUS, type Stage } from '../../domain/lifecycle.ts';
import { LIMITS, type Task } from '../../domain/task.ts';
import { asRecord, asSaid, type Comparison, compare } from '../acceptance.ts';
import { askForApprovals, beginnable } from '../asking.ts';
import { claimHasEnded, heldByAnother, mayWrite, renew, settled } from '../claims.ts';
import { move } from '../consequences.ts';
import { ClaimId, IdempotencyKey, SaidText, SessionId, TaskId, Text, Truncated } from '../fields.ts';
import { theTaskOrDeleted } from '../find.ts';
import { obstaclesOf } from '../obstacles.ts';
import { Recommended, recommendation } from '../recommend.ts';
import type { HeldClaim } from '../repositories.ts';
import { notYet, refuseUnworkable } from '../start.ts';
import { type Context, defineTool } from '../tool.ts';
import { artifactView, echo, truncation } from '../views.ts';
import { byteLength, newArtifact, recordArtifact } from '../work.ts';

/** Where a subtask goes with each word that its worker ends with. */
const NEXT_ACTIONS = {
  continue: 'completed',
  complete: 'completed',
  needs_revision: 'ready',
  blocked: 'blocked',
} as const satisfies Partial<Record<Outcome, Stage>>;

const Input = z.strictObject({
  task_id: TaskId,
  summary: SaidText.describe('What was done, briefly; for needs_revision what is wrong, for blocked why'),
  detailed_work: z.string().describe('All of the work; kept as an artifact file'),
  file_paths: z.array(z.string().max(4096)).max(1000).describe('Files created or modified').default([]),
  artifact_type: z.enum(ARTIFACT_TYPES).default('general'),
  next_action: z
    .enum(['continue', 'needs_revision', 'blocked', 'complete'])
    .describe('continue or complete: done. needs_revision: back to ready. blocked: stuck'),
  acceptance: z
    .array(z.strictObject({ criterion: SaidText, met: z.boolean(), evidence: Text.optional() }))
    .max(200)
    .describe('One per acceptance criterion; met: false refuses')
    .default([]),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Completion = z.output<typeof Input>;

const Output = z.object({
  task_id: z.string(),
  status: z.string(),
  results_recorded: z.boolean(),
  parent_task_progress: z
    .object({
      progress: z.enum(['not_started', 'in_progress', 'ready_to_synthesize', 'completed']),
      parent_task_id: z.string(),
      completed_subtasks: z.number(),
      total_subtasks: z.number(),
      progress_percentage: z.number(),
    })
    .optional(),
  artifact_created: z.boolean(),
  artifact_info: z.object({
    artifact_id: z.string(),
    summary: z.string(),
    artifact_type: z.enum(ARTIFACT_TYPES),
    accessible_via: z.string(),
  }),
  context_saving: z.object({
    detailed_work_length: z.number(),
    stored_in_filesystem: z.boolean(),
    prevents_context_limit: z.boolean(),
  }),
  unblocked_tasks: z.array(z.string()),
  truncated: Truncated.optional(),
  unconfirmed: z.array(z.string()).optional(),
  said_not_met: z.array(z.string()).optional(),
  unknown_criteria: z.array(z.string()).optional(),
  next_recommended_task: Recommended.optional(),
});

export default defineTool({
  name: 'orchestrator_complete_subtask',
  title: 'Complete a subtask',
  description:
    'Ends work on a subtask and stores it as an artifact. Says what it unblocked and what to do next. ' +
    'Work that comes with a refused completion is kept, too.',
  set: 'core',
  rank: 40,
  effect: 'update',
  input: Input,
  output: Output,
  examples: [
    {
      title: 'Hand in the design',
      input: {
        task_id: 'architect_def45600',
        summary: 'Completed scalable web scraper architecture design',
        detailed_work: '# Scraper Architecture Design\n\n## Overview\nOne queue per host, workers behind it.',
        file_paths: ['/project/architecture.md', '/project/diagrams/system.png'],
        artifact_type: 'design',
        next_action: 'continue',
      },
    },
  ],

  async prepare(input, beforehand) {
    const bytes = byteLength(input.detailed_work);
    if (bytes > LIMITS.workBytes) {
      throw invalid(`detailed_work has ${bytes} bytes; at most ${LIMITS.workBytes} are kept in one artifact`, {
        parameter: 'detailed_work',
        suggestion: 'Write the work into files of the project, name them in file_paths, and describe them here',
      });
    }
    await beforehand.read((context) => theTaskOrDeleted(context, input.task_id));
    const rejection = await askForApprovals(beforehand, async (context) => {
      const found = await theTaskOrDeleted(context, input.task_id);
      const task =
        found instanceof OrchestratorError ? undefined : await beginnable(context, found, { takeOver: false });
      return task && { task, mayPass: false };
    });
    const artifact = newArtifact(beforehand, {
      taskId: input.task_id,
      type: input.artifact_type,
      summary: input.summary,
      outcome: input.next_action,
      filePaths: input.file_paths,
      work: input.detailed_work,
    });
    await beforehand.artifactFiles.write(artifact, input.detailed_work);
    return { artifact, rejection };
  },

  async run(input, context, { artifact, rejection }) {
    const found = await theTaskOrDeleted(context, input.task_id);
    if (found instanceof OrchestratorError) return kept(context, { artifact, refusal: found });
    const { task, claim } = await settled(context, found);
    const comparison = await compare(context, task, input.acceptance);
    try {
      if (rejection !== undefined) throw rejection;
      await refuseCompletion(context, { task, claim, input });
    } catch (refusal) {
      if (!(refusal instanceof OrchestratorError)) throw refusal;
      await renew(context, claim);
      return kept(context, { artifact, refusal, said: asSaid(comparison) });
    }
    const active = task.stage === 'active' ? task : await move(context, task, { to: 'active' });
    const to = NEXT_ACTIONS[input.next_action];
    const accepted = to === 'completed' ? comparison : { ...comparison, unconfirmed: [], saidNotMet: [] };
    await recordArtifact(context, artifact, asRecord(accepted));
    return answer(context, {
      task: await move(context, active, { to, note: echo(input.summary) }),
      artifact,
      accepted,
    });
  },
});

type Kept = Readonly<{ artifact: Artifact; refusal: OrchestratorError; said?: Readonly<Record<string, unknown>> }>;

/** Keeps work though its completion is refused: nobody should have to do it again. */
async function kept(context: Context, { artifact, refusal, said }: Kept): Promise<OrchestratorError> {
  await recordArtifact(context, { ...artifact, outcome: 'kept' }, said);
  return refusal.with({ artifact_kept: { artifact_id: artifact.id, accessible_via: artifactPath(artifact) } });
}

type Attempt = Readonly<{ task: Task; claim: HeldClaim | undefined; input: Completion }>;

async function refuseCompletion(context: Context, { task, claim, input }: Attempt): Promise<void> {
  if (claim !== undefined && !mayWrite(context, claim)) throw heldByAnother(context, task, { claim });
  if (claim === undefined && input.claim_id !== undefined) throw claimHasEnded(task, input.claim_id);
  refuseUnworkable(context, task);
  const obstacles = task.stage === 'active' ? [] : await obstaclesOf(context, task);
  if (obstacles.length > 0) throw await notYet(context, task, obstacles);
  const unmet = input.acceptance.filter(({ met }) => !met);
  if (unmet.length > 0 && NEXT_ACTIONS[input.next_action] === 'completed') {
    const what = unmet.length === 1 ? '1 criterion is' : `${unmet.length} criteria are`;
    throw refused(`Task ${task.id} is not accepted: ${what} not met`, {
      not_met: spending(BUDGET.default / 2).list(unmet.map(criterionView)),
      suggestion: 'Meet them and complete again, or hand it back with next_action needs_revision',
    });
  }
}

const criterionView = ({ criterion, evidence }: Completion['acceptance'][number]) => ({
  criterion: echo(criterion),
  ...(evidence !== undefined && { evidence: echo(evidence) }),
});

type Done = Readonly<{ task: Task; artifact: Artifact; accepted: Comparison }>;

async function answer(context: Context, { task, artifact, accepted }: Done) {
  const parent = task.parentId === undefined ? undefined : await context.tasks.find(task.parentId);
  const unblocked = [...context.offered].filter((id) => id !== task.id && id !== parent?.id);
  const spend = spending(BUDGET.default);
  const unblocked_tasks = spend.list(unblocked, 0.15);
  const unconfirmed = spend.list(accepted.unconfirmed.map(echo), 0.5);
  const saidNotMet = spend.list(accepted.saidNotMet.map(echo), 0.3);
  const unknown = spend.list(accepted.unknown.map(echo), 0.15);
  return {
    task_id: task.id,
    status: STATUS[task.stage],
    results_recorded: true,
    ...(parent !== undefined && { parent_task_progress: parentProgress(parent) }),
    artifact_created: true,
    artifact_info: artifactView(artifact),
    context_saving: {
      detailed_work_length: artifact.characters,
      stored_in_filesystem: true,
      prevents_context_limit: true,
    },
    unblocked_tasks,
    ...(unconfirmed.length > 0 && { unconfirmed }),
    ...(saidNotMet.length > 0 && { said_not_met: saidNotMet }),
    ...(unknown.length > 0 && { unknown_criteria: unknown }),
    ...truncation(spend, 'Use orchestrator_get_status for what is ready, orchestrator_get_task for the criteria'),
    ...(await recommendation(context, parent)),
  };
}

function parentProgress(parent: Task) {
  const { completed, total, percentage } = progress(parent.standing);
  return {
    progress: planProgress(parent),
    parent_task_id: parent.id,
    completed_subtasks: completed,
    total_subtasks: total,
    progress_percentage: percentage,
  };
}
