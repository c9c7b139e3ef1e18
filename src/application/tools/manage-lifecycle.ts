import { z } from 'zod';
import { openStages, STAGES } from '../../domain/lifecycle.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import { type Attempt as Asking, askForApprovals } from '../asking.ts';
import { asOf, mayWrite } from '../claims.ts';
import { Claim, ClaimId, IdempotencyKey, Listed, SessionId, TakeOver, TaskId, Text, Truncated } from '../fields.ts';
import { theTask } from '../find.ts';
import { type Obstacle, obstacleView } from '../obstacles.ts';
import { type Context, defineTool } from '../tool.ts';
import { changeStage, NEEDS_PREREQUISITES, type Transition } from '../transitioning.ts';
import { claimView, iso } from '../views.ts';

const Input = z.strictObject({
  task_id: TaskId,
  lifecycle_stage: z.enum(STAGES).describe('Where to'),
  validation_checks: z
    .boolean()
    .default(true)
    .describe('false skips prerequisites; never the stage table or an approval'),
  notes: Text.describe('Why').optional(),
  take_over: TakeOver.default(false),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_manage_lifecycle',
  title: 'Move a task to another stage',
  description:
    'Moves a task to another lifecycle stage, or refuses naming the stages that are open. Entering active checks its prerequisites and takes it for you. ' +
    'Reopens and takes up again what has ended: ready (a parent: active).',
  set: 'core',
  rank: 150,
  effect: 'update',
  input: Input,
  output: z.object({
    lifecycle_updated: z.boolean(),
    task_id: z.string(),
    previous_stage: z.enum(STAGES),
    current_stage: z.enum(STAGES),
    transition_valid: z.boolean(),
    prerequisites_met: z.array(z.string()),
    events_emitted: z.array(z.string()),
    timestamp: z.string(),
    claim: Claim.optional(),
    unmet: Listed.optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'Block a task that has to wait for an answer',
      input: { task_id: 'tester_jkl01200', lifecycle_stage: 'blocked', notes: 'Waiting for access to the test site' },
    },
  ],

  async prepare(input, beforehand) {
    if (!NEEDS_PREREQUISITES.includes(input.lifecycle_stage)) return;
    const rejection = await askForApprovals(beforehand, (context) => attempted(context, input));
    if (rejection !== undefined) throw rejection;
  },

  async run(input, context) {
    const found = await theTask(context, input.task_id);
    const latest = await context.events.latest();
    const { before: task, obstacles, claim } = await changeStage(context, found, transitionIn(input));
    const emitted = await context.events.after(latest, 1_000);
    const now = await theTask(context, task.id);
    return {
      lifecycle_updated: true,
      task_id: task.id,
      previous_stage: task.stage,
      current_stage: now.stage,
      transition_valid: true,
      prerequisites_met: [...prerequisitesMet(input, obstacles)],
      events_emitted: [...new Set(emitted.filter(({ taskId }) => taskId === task.id).map(({ type }) => type))],
      timestamp: iso(now.updatedAt),
      ...(claim !== undefined && { claim: claimView(claim) }),
      ...(obstacles.length > 0 && { unmet: obstacles.slice(0, NAMED).map(obstacleView) }),
      ...(obstacles.length > NAMED && {
        truncated: { omitted: obstacles.length - NAMED, how_to_get_more: 'Use orchestrator_get_task' },
      }),
    };
  },
});

const transitionIn = ({ lifecycle_stage, validation_checks, notes, take_over }: Request): Transition => ({
  to: lifecycle_stage,
  isChecked: validation_checks,
  note: notes,
  takeOver: take_over,
});

/** Open prerequisites that a reply names. */
const NAMED = 20;

/** The task, where nothing but its prerequisites can keep it from moving. */
async function attempted(context: Context, { task_id, lifecycle_stage: to, validation_checks, take_over }: Request) {
  const { task, claim } = await asOf(context, await theTask(context, task_id));
  const isFree = mayWrite(context, claim) || take_over;
  if (!isFree || task.type === APPROVAL || !openStages(task).includes(to)) return undefined;
  return { task, mayPass: !validation_checks || task.stage === 'active' } satisfies Asking;
}

/** What was checked and found met; only work that begins has prerequisites. */
const prerequisitesMet = ({ lifecycle_stage }: Request, obstacles: readonly Obstacle[]): readonly string[] =>
  lifecycle_stage === 'active' && obstacles.length === 0
    ? ['All dependencies satisfied', 'Required approvals obtained']
    : [];
