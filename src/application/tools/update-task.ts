import { z } from 'zod';
import { checkAttributes, OWN_ATTRIBUTES } from '../../domain/attributes.ts';
import { BUDGET, spending } from '../../domain/budget.ts';
import { conflict, invalid } from '../../domain/errors.ts';
import { PRIORITIES, type Task } from '../../domain/task.ts';
import { checkSpecialist, DueDate, Effort, readAttributes } from '../attributes.ts';
import { toChange } from '../claims.ts';
import {
  Claim,
  ClaimId,
  IdempotencyKey,
  SaidText,
  SessionId,
  TakeOver,
  TaskId,
  Text,
  Title,
  Truncated,
} from '../fields.ts';
import { theTask } from '../find.ts';
import { transplant } from '../moving.ts';
import { offerOrWithdraw } from '../offering.ts';
import { type Context, defineTool } from '../tool.ts';
import { claimView, iso, taskWithin, truncation, wholeTask } from '../views.ts';

/** Some clients refuse schemas that allow null, so that it is said in words. */
const ParentOrNone = TaskId.nullable().meta({
  anyOf: undefined,
  type: 'string',
  description: 'New parent; null: to the top',
});

const Input = z.strictObject({
  task_id: TaskId,
  title: Title.optional(),
  description: Text.describe('What is to be done').optional(),
  context: Text.describe('What a worker should know').optional(),
  priority: z.enum(PRIORITIES).optional(),
  specialist_type: z.string().describe('Who is to do it').optional(),
  estimated_effort: Effort.describe('In words').optional(),
  due_date: DueDate.describe('A date or a UTC time').optional(),
  acceptance_criteria: z.array(SaidText).max(100).describe('All of them').optional(),
  parent_task_id: ParentOrNone.optional(),
  attributes: z.record(z.string(), z.unknown()).describe('Merged into the present ones; null removes').optional(),
  expected_version: z.number().int().describe('Refuse if it was changed since').optional(),
  take_over: TakeOver.default(false),
  session_id: SessionId.optional(),
  claim_id: ClaimId.optional(),
  idempotency_key: IdempotencyKey.optional(),
});
type Request = z.output<typeof Input>;

/** What the names of the changed fields cost. */
const FRAME_TOKENS = 150;

export default defineTool({
  name: 'orchestrator_update_task',
  title: 'Change a task',
  description:
    'Changes fields and attributes of a task, or moves it under another parent. Its stage is changed by orchestrator_manage_lifecycle.',
  set: 'core',
  rank: 160,
  effect: 'update',
  input: Input,
  output: z.looseObject({
    task_updated: z.boolean(),
    task_id: z.string(),
    changed_fields: z.array(z.string()),
    version: z.number(),
    attributes: z.record(z.string(), z.unknown()),
    claim: Claim.optional(),
    truncated: Truncated.optional(),
  }),
  elsewhere: { lifecycle_stage: 'orchestrator_manage_lifecycle', status: 'orchestrator_manage_lifecycle' },
  examples: [
    {
      title: 'Raise the priority',
      input: { task_id: 'tester_jkl01200', priority: 'high', attributes: { team: 'qa' } },
    },
  ],

  async run(input, context) {
    const task = await toChange(context, await theTask(context, input.task_id), { takeOver: input.take_over });
    if (input.expected_version !== undefined && input.expected_version !== task.version) {
      throw await changedSince(context, task, input.expected_version);
    }
    const edited = await edit(context, task, input);
    const changed = fieldsThatDiffer(task, edited);
    const saved = changed.length === 0 ? task : await save(context, task, edited);
    const moved = await move(context, saved, input.parent_task_id);
    const spend = spending(BUDGET.default - FRAME_TOKENS);
    const claim = await context.claims.of(task.id);
    return {
      task_updated: changed.length > 0 || moved !== saved,
      changed_fields: [...changed, ...(moved === saved ? [] : ['parent_task_id'])],
      ...taskWithin(await theTask(context, task.id), spend),
      ...(claim !== undefined && { claim: claimView(claim) }),
      ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}`),
    };
  },
});

async function edit(context: Context, task: Task, input: Request): Promise<Task> {
  const { own, free } = await readAttributes(context, withoutNulls(input.attributes ?? {}));
  if (input.specialist_type !== undefined) await checkSpecialist(context, input.specialist_type);
  const given = {
    title: input.title,
    description: input.description,
    context: input.context,
    priority: input.priority,
    specialist: input.specialist_type,
    effort: input.estimated_effort,
    dueDate: input.due_date,
    acceptanceCriteria: input.acceptance_criteria,
  };
  const fields = Object.fromEntries(Object.entries({ ...own, ...given }).filter(([, value]) => value !== undefined));
  const removed = Object.entries(input.attributes ?? {}).filter(([, value]) => value === null);
  refuseRemovedOwn(removed.map(([key]) => key));
  const attributes = { ...task.attributes, ...free };
  for (const [key] of removed) delete attributes[key];
  checkAttributes(attributes);
  return { ...task, ...own, ...fields, attributes };
}

const withoutNulls = (attributes: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));

function refuseRemovedOwn(removed: readonly string[]): void {
  const own = removed.find((key) => OWN_ATTRIBUTES.some((name) => name === key));
  if (own === undefined) return;
  throw invalid(`attributes.${own} is the task's own field and cannot be removed`, {
    parameter: `attributes.${own}`,
    suggestion: `Repeat with another value for ${own}, or without it`,
  });
}

/** Names of the fields that an edit changes, as they are on the wire. */
function fieldsThatDiffer(before: Task, after: Task): readonly string[] {
  const [was, is] = [wholeTask(before), wholeTask(after)].map((view) => new Map<string, unknown>(Object.entries(view)));
  const names = new Set([...(was?.keys() ?? []), ...(is?.keys() ?? [])]);
  return [...names].filter((name) => JSON.stringify(was?.get(name)) !== JSON.stringify(is?.get(name)));
}

/** Saves an edit and records what it was before, field by field. */
async function save(context: Context, before: Task, after: Task): Promise<Task> {
  const saved = await context.tasks.save({ ...after, updatedAt: context.clock() });
  const [was, is] = [new Map(Object.entries(wholeTask(before))), new Map(Object.entries(wholeTask(after)))];
  const changes = fieldsThatDiffer(before, after).map((name) => [name, { from: was.get(name), to: is.get(name) }]);
  await context.record([
    { type: 'task.updated', taskId: before.id, details: { changes: Object.fromEntries(changes) } },
  ]);
  await offerOrWithdraw(context, [before.id]);
  return saved;
}

async function move(context: Context, task: Task, parentId: string | null | undefined): Promise<Task> {
  if (parentId === undefined || (parentId ?? undefined) === task.parentId) return task;
  return transplant(context, task, parentId ?? undefined);
}

/** Events with which a task gets its next version, and how many are looked through for the last one. */
const CHANGES: readonly string[] = ['task.updated', 'task.moved', 'task.lifecycle_changed', 'task.restored'];
const LOOKED_AT = 100;

async function changedSince(context: Context, task: Task, expected: number) {
  const last = (await context.events.of(task.id, LOOKED_AT)).findLast(({ type }) => CHANGES.includes(type));
  return conflict(`Task ${task.id} has version ${task.version}, not ${expected}: somebody else was first`, {
    current_version: task.version,
    ...(last !== undefined && { changed_by: last.sessionId, changed_at: iso(last.at) }),
    suggestion: `Use orchestrator_get_task with task_id ${task.id}, then repeat with its version`,
  });
}
