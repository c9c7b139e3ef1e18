import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import type { Account } from '../exchange/account.ts';
import { FOREIGN_TOOLS } from '../exchange/foreign.ts';
import { prepareImport, runImport, tryImport } from '../exchange/import.ts';
import { Listed, Truncated } from '../fields.ts';
import { defineTool } from '../tool.ts';
import { truncation } from '../views.ts';

export default defineTool({
  name: 'orchestrator_import_workflow',
  title: 'Import tasks',
  description: 'Merges in tasks of an export or another tool.',
  set: 'ops',
  rank: 310,
  effect: 'update',
  input: z.strictObject({
    from: z.string().min(1).max(4096).describe('Path in the workspace'),
    from_tool: z.enum(FOREIGN_TOOLS).optional(),
    into: z.enum(['same', 'fresh']).optional(),
    dry_run: z.boolean().optional(),
  }),
  output: z.object({
    imported: z.boolean(),
    dry_run: z.boolean().optional(),
    from: z.string(),
    tasks: z.object({
      added: z.number(),
      updated: z.number(),
      unchanged: z.number(),
      newer_here: z.number(),
      conflicts: z.number(),
      no_longer_in_file: z.number().optional(),
    }),
    dependencies_added: z.number(),
    artifacts_added: z.number(),
    notes_added: z.number(),
    ids_renewed: z.number(),
    conflicts: Listed,
    adjusted: Listed,
    left_out: Listed,
    no_longer_in_file: Listed.optional(),
    next_steps: z.string().optional(),
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'See what a copy of an export would be',
      input: { from: 'scraper.jsonl', into: 'fresh', dry_run: true },
    },
  ],

  async prepare({ from, from_tool, into = 'same', dry_run = false }, beforehand) {
    const prepared = await prepareImport(beforehand, { from, tool: from_tool, into, isDryRun: dry_run });
    beforehand.report(0, 1, 'waiting for its turn to write to the store');
    if (dry_run) await tryImport(beforehand, prepared);
    return prepared;
  },

  async run({ dry_run = false }, context, prepared) {
    if (!dry_run) await runImport(context, prepared);
    const { account, source } = prepared;
    const told = replyOf(account);
    return { imported: !dry_run, ...(dry_run && { dry_run }), from: source.shown, ...told };
  },
});

function replyOf(account: Account) {
  const counts = account.counts();
  const spend = spending(BUDGET.default);
  const shown = {
    tasks: {
      added: counts.added,
      updated: counts.updated,
      unchanged: counts.unchanged,
      newer_here: counts.older,
      conflicts: counts.conflicts,
      ...(counts.gone > 0 && { no_longer_in_file: counts.gone }),
    },
    dependencies_added: counts.dependencies,
    artifacts_added: counts.artifacts,
    notes_added: counts.notes,
    ids_renewed: counts.renewed,
    conflicts: spend.list(account.told('conflicts'), 0.5),
    adjusted: spend.list(account.told('adjusted'), 0.2),
    ...(counts.gone > 0 && { no_longer_in_file: spend.list(account.told('gone'), 0.2) }),
    left_out: spend.list(account.told('left_out')),
    ...stepsAfter(account),
  };
  const kept = (['conflicts', 'adjusted', 'gone', 'left_out'] as const).map(
    (what) => counts[what] - account.told(what).length,
  );
  const beyond = kept.reduce((sum, count) => sum + count, 0);
  return {
    ...shown,
    ...truncation(
      spend,
      'Settle the conflicts that are shown, then repeat the call: what is done is told no more',
      beyond,
    ),
  };
}

/** Ways out that are the choice of whoever imports. */
const BOTH_CHANGED =
  'Where both sides were changed, make the fields under differs equal: in the file, or here with orchestrator_update_task (a stage with orchestrator_manage_lifecycle, one after the other as its way says; what is archived or superseded with orchestrator_restore_task first). Then import again: what is equal is no conflict';
const GONE =
  'What is no longer in the file stays as it is: cancel it with orchestrator_cancel_task, delete it with orchestrator_delete_task, or keep it';

function stepsAfter(account: Account) {
  const isApart = account.told('conflicts').some(({ differs }) => differs !== undefined);
  const steps = [...(isApart ? [BOTH_CHANGED] : []), ...(account.told('gone').length > 0 ? [GONE] : [])];
  return steps.length === 0 ? {} : { next_steps: `${steps.join('. ')}.` };
}
