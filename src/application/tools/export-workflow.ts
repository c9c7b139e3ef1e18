import { z } from 'zod';
import { exportWorkflow, FORMATS } from '../exchange/export.ts';
import { TaskId } from '../fields.ts';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'orchestrator_export_workflow',
  title: 'Export tasks',
  description: 'Writes a task and all below it, or all tasks, to a file. jsonl can be imported.',
  set: 'ops',
  rank: 300,
  effect: 'add',
  inBatches: true,
  input: z.strictObject({
    task_id: TaskId.optional(),
    format: z.enum(FORMATS).default('jsonl'),
    to: z.string().min(1).max(4096).describe('x.jsonl, x.tar.gz or a new folder').optional(),
    include_artifacts: z.boolean().default(true),
  }),
  output: z.object({
    exported: z.boolean(),
    path: z.string(),
    format: z.enum(FORMATS),
    bytes: z.number(),
    tasks: z.number(),
    dependencies: z.number(),
    artifacts: z.number(),
    notes: z.number(),
    artifacts_without_file: z.number().optional(),
  }),
  examples: [
    { title: 'Export everything, with all artifacts', input: { to: 'all.jsonl' } },
    { title: 'Draw one plan', input: { task_id: 'task_abc12300', format: 'mermaid', to: 'scraper.mmd' } },
  ],

  async prepare({ task_id, format, to, include_artifacts }, beforehand) {
    const request = { taskId: task_id, format, to, includeArtifacts: include_artifacts };
    const { lost, ...exported } = await exportWorkflow(beforehand, request);
    beforehand.report(1, 1, 'waiting for its turn to note the call in the store');
    return { exported: true, format, ...exported, ...(lost > 0 && { artifacts_without_file: lost }) };
  },

  run: async (_, __, reply) => reply,
});
