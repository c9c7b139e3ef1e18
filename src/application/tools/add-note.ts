import { z } from 'zod';
import { NOTE_KINDS } from '../../domain/note.ts';
import { renew, settled } from '../claims.ts';
import { ClaimId, IdempotencyKey, SaidText, SessionId, TaskId } from '../fields.ts';
import { theTask } from '../find.ts';
import { defineTool } from '../tool.ts';
import { iso } from '../views.ts';

export default defineTool({
  name: 'orchestrator_add_note',
  title: 'Keep a note',
  description:
    'Records a note on a task, for its briefing, its plan and handovers; or, without task_id, on the workspace, for those who begin a session. ' +
    'Also the cheap sign of life of a long task: it renews your claim.',
  set: 'core',
  rank: 110,
  effect: 'add',
  input: z.strictObject({
    text: SaidText.describe('What to remember'),
    kind: z
      .enum(NOTE_KINDS)
      .default('progress')
      .describe('decision, risk and question of a plan appear in its synthesis'),
    task_id: TaskId.describe('The task it is about').optional(),
    session_id: SessionId.optional(),
    claim_id: ClaimId.optional(),
    idempotency_key: IdempotencyKey.optional(),
  }),
  output: z.object({
    note_added: z.boolean(),
    task_id: z.string().optional(),
    kind: z.enum(NOTE_KINDS),
    at: z.string(),
    lease_until: z.string().optional(),
    claim_ended: z.boolean().optional(),
  }),
  examples: [
    {
      title: 'Record a decision',
      input: {
        task_id: 'architect_def45600',
        kind: 'decision',
        text: 'Requests go through one queue per host, so that politeness is kept in one place.',
      },
    },
  ],

  async run({ text, kind, task_id }, context) {
    const at = context.clock();
    const found = task_id === undefined ? undefined : await settled(context, await theTask(context, task_id));
    const note = await context.notes.insert({ taskId: task_id, kind, text, sessionId: context.actor.sessionId, at });
    await context.record([{ type: 'note.added', taskId: task_id, details: { kind, note: note.seq } }]);
    const claim = await renew(context, found?.claim);
    return {
      note_added: true,
      ...(task_id !== undefined && { task_id }),
      kind,
      at: iso(at),
      ...(claim !== undefined && { lease_until: iso(claim.leaseUntil) }),
      ...(claim === undefined && context.actor.claimId !== undefined && { claim_ended: true }),
    };
  },
});
