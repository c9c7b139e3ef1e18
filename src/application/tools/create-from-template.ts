import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { mermaid } from '../../domain/graph.ts';
import { inWords } from '../../domain/plan.ts';
import { leafGroups } from '../../domain/task-tree.ts';
import { Handle, Listed, TaskId, Truncated } from '../fields.ts';
import { createdLine, type Drafted, drafted, idsFor, planted, store, type Tree } from '../instantiating.ts';
import { parentToBe } from '../parents.ts';
import { TemplateId } from '../template-format.ts';
import { shelfBeforehand } from '../template-shelf.ts';
import { defineTool } from '../tool.ts';
import { truncation } from '../views.ts';

const Input = z.strictObject({
  template_id: TemplateId,
  parameters: z.record(z.string(), z.unknown()).default({}).describe('As the template declares; a refusal lists them'),
  parent_task_id: TaskId.optional(),
  dry_run: z.boolean().optional(),
  session_id: Handle.optional(),
});

export default defineTool({
  name: 'orchestrator_create_from_template',
  title: 'Create tasks from a template',
  description: 'Creates a tree of ready tasks, such as feature_development_v1. Refuses all or nothing.',
  set: 'core',
  rank: 130,
  effect: 'add',
  input: Input,
  output: z.object({
    template_instantiated: z.boolean(),
    root_task_id: z.string().optional(),
    template_id: z.string(),
    tasks_created: Listed,
    parameters_applied: z.record(z.string(), z.unknown()),
    parallel_groups: z.array(z.array(z.string())),
    dependencies_in_words: z.array(z.string()),
    graph: z.string().optional(),
    truncated: Truncated.optional(),
    next_steps: z.string(),
  }),
  examples: [
    {
      title: 'A feature',
      input: {
        template_id: 'feature_development_v1',
        parameters: {
          feature_name: 'user_authentication',
          complexity: 'complex',
          team: 'backend',
          deadline: '2025-07-01',
        },
      },
    },
  ],

  prepare: ({ template_id, parameters }, beforehand) =>
    drafted(shelfBeforehand(beforehand), { id: template_id, given: parameters }, beforehand),

  async run({ template_id, parent_task_id, dry_run: isDry = false }, context, made) {
    const parent = parent_task_id === undefined ? undefined : await parentToBe(context, parent_task_id);
    const ids = isDry ? ['root', ...made.tasks.map(({ name }) => name)] : await idsFor(context, made);
    const tree = planted(context, made, { parent, ids });
    if (!isDry) await store(context, tree, parent);
    return {
      template_instantiated: !isDry,
      ...(!isDry && { root_task_id: tree.root.id }),
      template_id,
      ...told(tree, made, isDry),
      next_steps: isDry
        ? 'Nothing was created; the ids are the keys of the template. Repeat without dry_run to create it'
        : 'Use orchestrator_next_task or orchestrator_execute_subtask to start working',
    };
  },
});

/** Texts that every reply has. */
const FRAME_TOKENS = 150;

/** The tasks first, then the values that were applied; the rest as far as there is room. */
function told({ root, below, edges }: Tree, { values }: Drafted, isDry: boolean) {
  const spend = spending(BUDGET.default - FRAME_TOKENS);
  const byTask = Map.groupBy(edges, ({ taskId }) => taskId);
  const tasks = spend.list(
    [root, ...below].map((task) => createdLine(task, byTask)),
    0.6,
  );
  const applied = Object.fromEntries(spend.list(Object.entries(values), 0.2));
  const groups = spend.list(
    leafGroups([root, ...below], edges).map((group) => [...group]),
    0.15,
  );
  const graph = isDry ? spend.list([mermaid([root, ...below], edges)]) : [];
  return {
    tasks_created: tasks,
    parameters_applied: applied,
    parallel_groups: groups,
    dependencies_in_words: spend.list(inWords(edges, [root, ...below])),
    ...(graph[0] !== undefined && { graph: graph[0] }),
    ...truncation(spend, isDry ? 'Repeat with shorter lists' : `Use orchestrator_get_task with task_id ${root.id}`),
  };
}
