import { z } from 'zod';
import { BUDGET } from '../../domain/budget.ts';
import { invalid, missingParameter } from '../../domain/errors.ts';
import { ACTIONS, type Action, LEVELS, SCOPES } from '../../domain/maintenance.ts';
import { BudgetTokens, Handle, Listed, SessionId, Truncated } from '../fields.ts';
import { prepareHandover } from '../maintenance/prepare-handover.ts';
import { maintain, type Run } from '../maintenance/run.ts';
import { scanCleanup } from '../maintenance/scan-cleanup.ts';
import { updateDocumentation } from '../maintenance/update-documentation.ts';
import { validateStructure } from '../maintenance/validate-structure.ts';
import { defineTool } from '../tool.ts';

const Input = z.strictObject({
  action: z.enum(ACTIONS),
  scope: z.enum(SCOPES).default('current_session'),
  validation_level: z.enum(LEVELS).default('basic'),
  target_task_id: Handle.describe('With specific_subtask').optional(),
  dry_run: z.boolean().describe('Only look').default(false),
  budget_tokens: BudgetTokens.optional(),
  session_id: SessionId.optional(),
});

const Fields = z.record(z.string(), z.unknown());

const Output = z.object({
  operation_id: z.string(),
  scope: z.enum(SCOPES),
  recommendations: Listed,
  scan_results: z
    .looseObject({
      total_tasks_scanned: z.number(),
      stale_tasks_found: z.number(),
      orphaned_tasks: z.number(),
      incomplete_workflows: z.number(),
    })
    .optional(),
  cleanup_actions: Listed.optional(),
  summary: Fields.optional(),
  findings: Listed.optional(),
  files: Listed.optional(),
  handover: Fields.optional(),
  path: z.string().optional(),
  truncated: Truncated.optional(),
});
type Reply = z.input<typeof Output>;

const WORK: Readonly<Record<Action, (run: Run) => Promise<Reply>>> = {
  scan_cleanup: scanCleanup,
  validate_structure: validateStructure,
  update_documentation: updateDocumentation,
  prepare_handover: prepareHandover,
};

export default defineTool({
  name: 'orchestrator_maintenance_coordinator',
  plannedName: 'orchestrator_maintain_system',
  title: 'Maintain the workspace',
  description:
    'Archives what is stale, audits (repairs from comprehensive on), writes docs, or sums up for a handover. ' +
    'No work is lost. One runs at a time.',
  set: 'core',
  rank: 70,
  effect: 'update',
  inBatches: true,
  input: Input,
  output: Output,
  examples: [
    {
      title: 'Daily maintenance',
      input: { action: 'scan_cleanup', scope: 'current_session', validation_level: 'basic' },
    },
    { title: 'Before a handover', input: { action: 'prepare_handover', validation_level: 'comprehensive' } },
    {
      title: 'Check the health of everything',
      input: { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' },
    },
  ],

  async prepare(input, beforehand) {
    refuseMisaimed(input);
    const request = {
      action: input.action,
      scope: input.scope,
      level: input.validation_level,
      target: input.target_task_id,
      isDryRun: input.dry_run,
      budget: input.budget_tokens ?? BUDGET.default,
    };
    return maintain(beforehand, request, WORK[input.action]);
  },

  run: async (_, __, reply) => reply,
});

/** A target and a scope that has none, or the reverse, leave open what is meant. */
function refuseMisaimed({ scope, target_task_id }: z.output<typeof Input>): void {
  if (scope === 'specific_subtask' && target_task_id === undefined) {
    throw missingParameter('target_task_id', { required: ['action', 'target_task_id'], provided: ['action', 'scope'] });
  }
  if (scope !== 'specific_subtask' && target_task_id !== undefined) {
    throw invalid(`target_task_id means something with scope specific_subtask only, not with ${scope}`, {
      parameter: 'target_task_id',
      given: target_task_id,
      suggestion: 'Repeat with scope specific_subtask, or without target_task_id',
    });
  }
}
