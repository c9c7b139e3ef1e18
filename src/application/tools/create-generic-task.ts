import { z } from 'zod';
import { checkAttributes, isOwnAttribute, OWN_ATTRIBUTES } from '../../domain/attributes.ts';
import { BUDGET, spending } from '../../domain/budget.ts';
import { invalid, refused } from '../../domain/errors.ts';
import { STATUS } from '../../domain/lifecycle.ts';
import { inWords } from '../../domain/plan.ts';
import { APPROVAL, closesGate } from '../../domain/readiness.ts';
import { NEW_STANDING, newTask, type Task } from '../../domain/task.ts';
import { attributesView, readAttributes } from '../attributes.ts';
import { EdgeInput, IdempotencyKey, Listed, SessionId, TaskId, TaskType, Truncated } from '../fields.ts';
import { createdLine, type Drafted, drafted, idsFor, planted, store, type Tree } from '../instantiating.ts';
import { asRequest, link } from '../linking.ts';
import { offerOrWithdraw } from '../offering.ts';
import { adopt, parentToBe } from '../parents.ts';
import { TemplateId } from '../template-format.ts';
import { theTemplate } from '../template-library.ts';
import { shelfBeforehand } from '../template-shelf.ts';
import { type Beforehand, type Context, defineTool } from '../tool.ts';
import { iso, truncation } from '../views.ts';

const Input = z.strictObject({
  task_type: TaskType.describe('feature, bug, milestone, review, approval, research, custom or your own'),
  parent_task_id: TaskId.optional(),
  template_id: TemplateId.describe('Its tasks come below, ready; attributes are also its parameters').optional(),
  attributes: z
    .record(z.string(), z.unknown())
    .describe('title (required), description, priority, estimated_effort, due_date, specialist_type, any others')
    .default({}),
  dependencies: z.array(EdgeInput).max(1000).describe('What it waits for').default([]),
  stage: z.enum(['draft', 'ready']).default('draft').describe('ready: next_task hands it out'),
  session_id: SessionId.optional(),
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
    template_id: z.string().optional(),
    attributes: z.record(z.string(), z.unknown()),
    created_at: z.string(),
    status: z.string(),
    lifecycle_stage: z.string(),
    dependencies_in_words: z.array(z.string()).optional(),
    tasks_created: Listed.optional(),
    parameters_applied: z.record(z.string(), z.unknown()).optional(),
    truncated: Truncated.optional(),
  }),
  elsewhere: {
    ...Object.fromEntries(OWN_ATTRIBUTES.map((name) => [name, `attributes.${name}`])),
    context: 'orchestrator_update_task, once the task is created',
    acceptance_criteria: 'orchestrator_update_task, once the task is created',
  },
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
    {
      title: 'An epic from a template',
      input: {
        task_type: 'feature_epic',
        template_id: 'feature_development_v1',
        attributes: { title: 'Implement user authentication', complexity: 'simple', assigned_team: 'backend' },
      },
    },
  ],

  prepare: (input, beforehand) => fromTemplate(input, beforehand),

  async run(input, context, made) {
    const parent = input.parent_task_id === undefined ? undefined : await parentToBe(context, input.parent_task_id);
    const tree = made === undefined ? undefined : await plant(context, input, { parent, made });
    const task = tree?.root ?? (await create(context, input, parent));
    if (parent !== undefined && tree === undefined) await adopt(context, parent, task);
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
      ...(task.templateId !== undefined && { template_id: task.templateId }),
      attributes: attributesView(task),
      created_at: iso(task.createdAt),
      status: STATUS[task.stage],
      lifecycle_stage: task.stage,
      ...(edges.length > 0 && { dependencies_in_words: inWords(edges, [task, ...others]).slice(0, NAMED) }),
      ...(tree !== undefined && made !== undefined && belowIn(tree, made)),
    };
  },
});

/** What a template makes of the attributes that name its parameters; a title is also where a parameter may take its value from. */
async function fromTemplate({ template_id: id, task_type: type, attributes }: Request, beforehand: Beforehand) {
  if (id === undefined) return undefined;
  if (type === APPROVAL) {
    throw refused('An approval takes no subtasks, and so is made without a template', {
      parameter: 'template_id',
      suggestion: 'Repeat without template_id, or with another task_type',
    });
  }
  const shelf = shelfBeforehand(beforehand);
  const names = Object.keys((await theTemplate(shelf, id)).template.parameters);
  const given = Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
  const title = typeof attributes.title === 'string' ? attributes.title : undefined;
  return drafted(shelf, { id, given, title }, beforehand);
}

type Planting = Readonly<{ parent: Task | undefined; made: Drafted }>;

/** The new task as the root of a template: what the call says of it goes before what the template says. */
async function plant(context: Context, { task_type: type, stage, attributes }: Request, { parent, made }: Planting) {
  const isParameter = (name: string) => Object.hasOwn(made.known.template.parameters, name);
  const others = Object.entries(attributes).filter(([name]) => !isParameter(name) || isOwnAttribute(name));
  const { own, free } = await readAttributes(context, Object.fromEntries(others));
  const root = { ...own, type, stage, attributes: free };
  checkAttributes({ ...made.root.attributes, ...free });
  const tree = planted(context, made, {
    parent,
    root,
    ids: await idsFor(context, { ...made, root: { ...made.root, ...own } }),
  });
  await store(context, tree, parent);
  return tree;
}

/** The tasks that came below it, and what the template was filled in with. */
function belowIn({ root, below, edges }: Tree, { values }: Drafted) {
  const spend = spending(BUDGET.default / 2);
  const byTask = Map.groupBy(edges, ({ taskId }) => taskId);
  return {
    parameters_applied: Object.fromEntries(spend.list(Object.entries(values), 0.3)),
    tasks_created: spend.list(below.map((task) => createdLine(task, byTask))),
    ...truncation(spend, `Use orchestrator_get_task with task_id ${root.id}`),
  };
}

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
