import { z } from 'zod';
import { ARTIFACT_TYPES } from '../domain/artifact.ts';
import { BUDGET } from '../domain/budget.ts';
import { DEPENDENCY_TYPES } from '../domain/dependencies.ts';
import { isBlank, LIMITS, PRIORITIES } from '../domain/task.ts';

/** Fields that several tools speak. Each is described once, for a model that reads nothing else. */

/** Bounds that a description says in fewer characters. */
const UNLISTED = { minimum: undefined, maximum: undefined } as const;

export const TaskId = z.string().min(1).max(200);
/** Some clients refuse schemas that allow null, so that it is said in words. */
export const ParentOrNone = TaskId.nullable().meta({
  anyOf: undefined,
  type: 'string',
  description: 'New parent; null: to the top',
});
export const TaskIdLike = TaskId.describe('Task id, or its beginning (4 after the _)');
const isSaid = (text: string) => !isBlank(text);
const NOT_BLANK = 'a text that is not blank';
export const Title = z.string().max(LIMITS.title).refine(isSaid, NOT_BLANK);
export const Text = z.string().max(LIMITS.text);
/** A text that has to say something. */
export const SaidText = Text.refine(isSaid, NOT_BLANK);
/** An id or a cursor. A refusal repeats it, so that it has a bound, which no listed schema needs to tell. */
export const Handle = z.string().refine((text) => text.length <= 200, 'at most 200 characters long');
export const SessionId = Handle.describe('Your session');
export const ClaimId = Handle.describe('Your claim');
export const IdempotencyKey = z.string().describe('Makes a repeat safe: done once');
export const BudgetTokens = z
  .number()
  .int()
  .min(BUDGET.least)
  .max(BUDGET.most)
  .meta({ ...UNLISTED, description: `Reply size, default ${BUDGET.default}, most ${BUDGET.most}` });
/** The same where a listed schema has no room for its bounds. */
export const Budget = z
  .number()
  .int()
  .refine(
    (tokens) => tokens >= BUDGET.least && tokens <= BUDGET.most,
    `a number from ${BUDGET.least} to ${BUDGET.most}`,
  )
  .describe(`Default ${BUDGET.default}`);
export const LeaseSeconds = z
  .number()
  .int()
  .min(60)
  .max(7 * 24 * 3600)
  .meta({ ...UNLISTED, description: '60 to 604800, default 14400' });
export const TakeOver = z.boolean().describe('Take it from its holder');
export const AllowUnmet = z.boolean().describe('Start in spite of open prerequisites');

export const Priority = z.enum(PRIORITIES);
const ArtifactType = z.enum(ARTIFACT_TYPES);
export const TaskType = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'lower-case letters, digits and _, beginning with a letter');

/** One thing that a task waits for. */
export const EdgeInput = z
  .strictObject({
    dependency_task_id: TaskId,
    dependency_type: z.enum(DEPENDENCY_TYPES).optional(),
    description: Text.optional(),
    artifact_type: ArtifactType.optional(),
  })
  .meta({
    inSentence: true,
    description:
      '{dependency_task_id, dependency_type?: completion|data|approval, description?, artifact_type? (of data)}',
  });

export const Truncated = z.object({ omitted: z.number(), how_to_get_more: z.string() });
export const Claim = z.object({ claim_id: z.string(), held_by: z.string(), lease_until: z.string() });
export const Progress = z.object({ completed: z.number(), total: z.number(), percentage: z.number() });
/** Objects that a sentence in the tool's description tells about. */
export const Listed = z.array(z.record(z.string(), z.unknown()));
