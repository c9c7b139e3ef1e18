import { z } from 'zod';
import { invalid } from '../../domain/errors.ts';
import { STATUS } from '../../domain/lifecycle.ts';
import { inWords } from '../../domain/plan.ts';
import { closesGate } from '../../domain/readiness.ts';
import { NEW_STANDING, newTask, type Task } from '../../domain/task.ts';
import { attributesView, readAttributes } from '../attributes.ts';
import { ClaimId, EdgeInput, IdempotencyKey, SessionId, TaskId, TaskType } from '../fields.ts';
import { asRequest, link } from '../linking.ts';
import { offerOrWithdraw } from '../offering.ts';
import { adopt, parentToBe } from '../parents.ts';
import { type Context, defineTool } from '../tool.ts';
import { iso } from '../views.ts';

const Input = z.strictObject({
  task_type: TaskType.describe('feature, bug, milestone, review, approval, research, custom or your own'),
  parent_task_id: TaskId.optional(),
  attributes: z
    .record(z.string(), z.unknown())
    .describe('title (required), description, priority, estimated_effort, due_date, specialist_type, any others')
    .default({}),
  dependencies: z.array(EdgeInput).max(1000).describe('What it waits for').default([]),
  stage: z.enum(['draft', 'ready']).default('draft').describe('ready: may be taken'),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_create_generic_task',
  title: 'Create a task',
  description:
    'Creates one task of any type, alone or below another, with any attributes and what it waits for. It is a draft unless stage is ready.',
  set: 'core',
  rank: 120,
  effect: 'add',
  input: Input,
  output: z.object({
    task_created: z.boolean(),
    task_id: z.string(),
    task_type: z.string(),
    parent_task_id: z.string().optional(),
    attributes: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    status: z.string(),
    lifecycle_stage: z.string(),
    dependencies_in_words: z.array(z.string()).optional(),
  }),
  examples: [
    {
      title: 'An epic',
      input: {
        task_type: 'feature_epic',
        attributes: {
          title: 'Implement user authentication',
          priority: 'high',
          estimated_effort: '3 weeks',
          assigned_team: 'backend',
        },
      },
    },
  ],

  async run(input, context) {
    const parent = input.parent_task_id === undefined ? undefined : await parentToBe(context, input.parent_task_id);
    const task = await create(context, input, parent);
    if (parent !== undefined) await adopt(context, parent, task);
    const linked = await link(
      context,
      task,
      input.dependencies.map((edge) => asRequest(edge)),
    );
    await offerOrWithdraw(context, [task.id]);
    const edges = linked.map(({ edge }) => edge);
    const others = await context.tasks.findAll(edges.map((edge) => edge.prerequisiteId));
    return {
      task_created: true,
      task_id: task.id,
      task_type: task.type,
      ...(parent !== undefined && { parent_task_id: parent.id }),
      attributes: attributesView(task),
      created_at: iso(task.createdAt),
      status: STATUS[task.stage],
      lifecycle_stage: task.stage,
      ...(edges.length > 0 && { dependencies_in_words: inWords(edges, [task, ...others]).slice(0, NAMED) }),
    };
  },
});

/** Dependencies that a reply says in words. */
const NAMED = 20;

async function create(context: Context, input: Request, parent: Task | undefined): Promise<Task> {
  const { own, free } = await readAttributes(context, input.attributes);
  const { title, ...fields } = own;
  if (title === undefined) {
    throw invalid('A task needs a title: attributes.title is missing', {
      parameter: 'attributes.title',
      suggestion: 'Repeat with attributes.title',
    });
  }
  const [id = ''] = await context.newIds([own.specialist ?? 'task']);
  const gatesAbove = parent === undefined ? 0 : parent.standing.gatesAbove + Number(closesGate(parent));
  const task = newTask({
    ...fields,
    id,
    title,
    type: input.task_type,
    parentId: parent?.id,
    stage: input.stage,
    attributes: free,
    sessionId: context.actor.sessionId,
    createdAt: context.clock(),
    standing: { ...NEW_STANDING, gatesAbove },
  });
  await context.tasks.insert([task]);
  const details = { title, ...(parent !== undefined && { parent_task_id: parent.id }) };
  await context.record([{ type: 'task.created', taskId: id, details }]);
  return task;
}
