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
    }),
    dependencies_added: z.number(),
    artifacts_added: z.number(),
    notes_added: z.number(),
    ids_renewed: z.number(),
    conflicts: Listed,
    adjusted: Listed,
    left_out: Listed,
    truncated: Truncated.optional(),
  }),
  examples: [
    {
      title: 'See what a copy of an export would be',
      input: { from: 'exports/scraper.jsonl', into: 'fresh', dry_run: true },
    },
  ],

  async prepare({ from, from_tool, into = 'same', dry_run = false }, beforehand) {
    const prepared = await prepareImport(beforehand, { from, tool: from_tool, into, isDryRun: dry_run });
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
    },
    dependencies_added: counts.dependencies,
    artifacts_added: counts.artifacts,
    notes_added: counts.notes,
    ids_renewed: counts.renewed,
    conflicts: spend.list(account.told('conflicts'), 0.5),
    adjusted: spend.list(account.told('adjusted'), 0.25),
    left_out: spend.list(account.told('left_out')),
  };
  const kept = (['conflicts', 'adjusted', 'left_out'] as const).map((what) => counts[what] - account.told(what).length);
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
