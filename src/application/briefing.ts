import { z } from 'zod';
import { type Artifact, artifactPath, HANDS_ON } from '../domain/artifact.ts';
import { instructions, roleFor } from '../domain/briefing.ts';
import { BUDGET, type Spending, spending, textWithin, tokensOf } from '../domain/budget.ts';
import type { Claim } from '../domain/claim.ts';
import type { Dependency } from '../domain/dependencies.ts';
import type { Note } from '../domain/note.ts';
import type { Role } from '../domain/specialist.ts';
import { cut, type Task } from '../domain/task.ts';
import * as fields from './fields.ts';
import { ancestorsOf } from './obstacles.ts';
import type { Beforehand, Context } from './tool.ts';
import { claimView, echo, iso, truncation } from './views.ts';

/** What an agent is given to work on a task: `execute_subtask` and `next_task` answer with it. */
export const Briefing = {
  specialist_context: z.looseObject({
    role: z.string(),
    expertise: z.array(z.string()),
    approach: z.string(),
    output_format: z.string().optional(),
    task_details: z.looseObject({
      task_id: z.string(),
      title: z.string(),
      description: z.string(),
      specialist_type: z.string().optional(),
    }),
    dependency_context: fields.Listed.optional(),
    acceptance_criteria: z.array(z.string()).optional(),
    checklist: z.array(z.string()).optional(),
    previous_attempts: fields.Listed.optional(),
    notes: fields.Listed.optional(),
  }),
  instructions: z.string(),
  claim: fields.Claim.optional(),
  already_held_since: z.string().optional(),
  truncated: fields.Truncated.optional(),
};
export type BriefingReply = z.input<z.ZodObject<typeof Briefing>>;

/** The latest notes that a briefing repeats. */
const NOTES = 10;

type Holding = Readonly<{ claim: Claim | undefined; heldSince?: number | undefined; budget?: number | undefined }>;

/** Of a budget, what the contents of artifacts that came over data edges may cost. */
const CONTENTS = 0.25;

/** What the names of the parts cost. */
const FRAME_TOKENS = 100;

/** Gathers everything that is known about a task and its surroundings for the one who works on it. */
export async function brief(context: Context, task: Task, holding: Holding): Promise<BriefingReply> {
  const { claim, heldSince, budget = BUDGET.default } = holding;
  const above = await ancestorsOf(context, task);
  const edges = await context.dependencies.of([task.id, ...above.map(({ id }) => id)]);
  const bringsContents = edges.some(({ type }) => type === 'data');
  const spend = spending((bringsContents ? budget * (1 - CONTENTS) : budget) - FRAME_TOKENS);
  const role = roleFor(task, await context.roles.all(context.log));
  const frame = spend.pay({
    ...persona(role),
    instructions: instructions(task, role),
    ...(claim !== undefined && { claim: claimView(claim) }),
    ...(heldSince !== undefined && { already_held_since: iso(heldSince) }),
  });
  const { instructions: told, claim: held, already_held_since, ...who } = frame;
  const task_details = details(task, above, spend);
  const known = await surroundings(context, { task, above, edges, role }, spend);
  return {
    specialist_context: { ...who, task_details, ...known },
    instructions: told,
    ...(held !== undefined && { claim: held }),
    ...(already_held_since !== undefined && { already_held_since }),
    ...truncation(spend, `Use orchestrator_get_task with task_id ${task.id}, or a larger budget_tokens`),
  };
}

const listed = <K extends string, T>(key: K, values: readonly T[]) =>
  values.length === 0 ? {} : { [key]: [...values] };

const persona = (role: Role) => ({
  role: role.definition,
  expertise: [...role.expertise],
  approach: role.approach,
  ...(role.outputFormat !== undefined && { output_format: role.outputFormat }),
});

/** What a task says of itself comes before what those above it say. */
function details(task: Task, above: readonly Task[], spend: Spending) {
  const names = spend.pay({
    task_id: task.id,
    title: task.title,
    ...(task.specialist !== undefined && { specialist_type: task.specialist }),
  });
  return {
    ...names,
    description: spend.text(task.description ?? '', 0.4),
    ...(task.context !== undefined && { context: spend.text(task.context, 0.1) }),
    ...(task.dueDate !== undefined && { due_date: spend.pay(task.dueDate) }),
    ...(Object.keys(task.attributes).length > 0 && { attributes: attributesWithin(task, spend) }),
    ...parentsView(above, spend),
  };
}

/** Attributes are shown whole or, where they are too large for a briefing, by their names. */
const attributesWithin = ({ attributes }: Task, spend: Spending) =>
  tokensOf(attributes) < spend.left() / 4 ? spend.pay(attributes) : spend.list(Object.keys(attributes), 0.1);

/** Of a budget, what the tasks above leave to the surroundings. */
const FOR_OTHERS = 0.2;

/** Each task above, within the one above it: a part of a part is worked in the light of the whole. */
function parentsView([parent, ...others]: readonly Task[], spend: Spending): Readonly<{ parent?: object }> {
  if (parent === undefined) return {};
  // Titles are shown whole, so that there has to be an end to them; what is left belongs to what others recorded.
  if (spend.left() < spend.whole * FOR_OTHERS) {
    spend.list([parent, ...others], 0);
    return {};
  }
  const { title, description, context, acceptanceCriteria } = parent;
  return {
    parent: {
      title: spend.pay(title),
      ...(description !== undefined && description !== title && { description: spend.text(description, 0.1) }),
      ...(context !== undefined && { context: spend.text(context, 0.1) }),
      ...listed('acceptance_criteria', spend.list(acceptanceCriteria, 0.1)),
      ...parentsView(others, spend),
    },
  };
}

type Surrounded = Readonly<{ task: Task; above: readonly Task[]; edges: readonly Dependency[]; role: Role }>;

/** What others recorded, and what was tried before, as far as the budget goes. */
async function surroundings(context: Context, { task, above, edges, role }: Surrounded, spend: Spending) {
  const artifacts = await context.artifacts.of([task.id, ...edges.map((edge) => edge.prerequisiteId)]);
  const notes = await context.notes.of([task.id, ...above.map(({ id }) => id)], { limit: NOTES });
  const attempts = artifacts.filter(({ taskId, outcome }) => taskId === task.id && !HANDS_ON.includes(outcome));
  return {
    ...listed('acceptance_criteria', spend.list(task.acceptanceCriteria, 0.15)),
    ...listed('checklist', spend.list(role.checklist, 0.1)),
    ...listed('dependency_context', spend.list(await dependencyContext(context, edges, artifacts), 0.2)),
    ...listed('previous_attempts', latestFirst(attempts.map(attemptView), 0.1, spend)),
    ...listed('notes', latestFirst(notes.map(briefNote), 0.2, spend)),
  };
}

const attemptView = ({ id, outcome, summary }: Artifact) => ({ artifact_id: id, outcome, summary: echo(summary) });
const briefNote = ({ kind, text }: Note) => ({ kind, text: cut(text, 500) });

/** The latest that fit, in the order in which they were written. */
const latestFirst = <T>(oldestFirst: readonly T[], share: number, spend: Spending): readonly T[] =>
  spend.list([...oldestFirst].reverse(), share).reverse();

async function dependencyContext(context: Context, edges: readonly Dependency[], artifacts: readonly Artifact[]) {
  const tasks = new Map(
    (await context.tasks.findAll(edges.map((edge) => edge.prerequisiteId))).map((one) => [one.id, one]),
  );
  return edges.map((edge) => {
    const artifact = artifacts.findLast(
      ({ taskId, outcome, type }) =>
        taskId === edge.prerequisiteId && HANDS_ON.includes(outcome) && type === (edge.artifactType ?? type),
    );
    return {
      task_id: edge.prerequisiteId,
      title: echo(tasks.get(edge.prerequisiteId)?.title ?? ''),
      ...(edge.status !== 'satisfied' && { dependency_status: edge.status }),
      ...(edge.type !== 'completion' && { dependency_type: edge.type }),
      ...(artifact !== undefined && {
        summary: echo(artifact.summary),
        artifact_id: artifact.id,
        accessible_via: artifactPath(artifact),
      }),
    };
  });
}

type Briefed = Readonly<{ specialist_context?: BriefingReply['specialist_context'] | undefined }>;
type Asked = Readonly<{ budget_tokens?: number | undefined }>;

/** Adds the contents of what came over data edges, to a quarter of the budget. */
export async function withContents<Reply extends Briefed>(
  reply: Reply,
  beforehand: Beforehand,
  { budget_tokens = BUDGET.default }: Asked,
): Promise<Reply> {
  const { specialist_context: briefing } = reply;
  const context = briefing?.dependency_context ?? [];
  const count = context.filter(isOverData).length;
  if (briefing === undefined || count === 0) return reply;
  const share = (budget_tokens * CONTENTS) / count;
  const filled = await Promise.all(
    context.map(async (entry) =>
      isOverData(entry) ? { ...entry, ...(await contentOf(entry, share, beforehand)) } : entry,
    ),
  );
  return { ...reply, specialist_context: { ...briefing, dependency_context: filled } };
}

const isOverData = (entry: Readonly<Record<string, unknown>>) =>
  entry.dependency_type === 'data' && entry.artifact_id !== undefined;

async function contentOf(
  entry: Readonly<Record<string, unknown>>,
  tokens: number,
  { read, artifactFiles }: Beforehand,
) {
  const artifact = await read(({ artifacts }) => artifacts.find(String(entry.artifact_id)));
  if (artifact === undefined) return {};
  const file = await artifactFiles.read(artifact);
  return file.state === 'missing' ? { content_state: 'missing' } : { content: textWithin(file.work, tokens) };
}
