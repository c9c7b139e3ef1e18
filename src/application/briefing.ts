import { z } from 'zod';
import { type Artifact, artifactPath, HANDS_ON } from '../domain/artifact.ts';
import { instructions, roleFor } from '../domain/briefing.ts';
import { BUDGET, textWithin } from '../domain/budget.ts';
import type { Claim } from '../domain/claim.ts';
import type { Dependency } from '../domain/dependencies.ts';
import type { Role } from '../domain/specialist.ts';
import { cut, type Task } from '../domain/task.ts';
import * as fields from './fields.ts';
import type { Beforehand, Context } from './tool.ts';
import { claimView, echo, iso } from './views.ts';

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
    previous_attempts: fields.Listed.optional(),
    notes: fields.Listed.optional(),
  }),
  instructions: z.string(),
  claim: fields.Claim.optional(),
  already_held_since: z.string().optional(),
};
export type BriefingReply = z.input<z.ZodObject<typeof Briefing>>;

/** The latest notes that a briefing repeats. */
const NOTES = 10;

type Holding = Readonly<{ claim: Claim | undefined; heldSince?: number | undefined; budget?: number | undefined }>;

/** Gathers everything that is known about a task and its surroundings for the one who works on it. */
export async function brief(context: Context, task: Task, holding: Holding): Promise<BriefingReply> {
  const { claim, heldSince, budget = BUDGET.default } = holding;
  const role = roleFor(task, await context.roles.all());
  const parent = task.parentId === undefined ? undefined : await context.tasks.find(task.parentId);
  const edges = await context.dependencies.of([task.id]);
  const artifacts = await context.artifacts.of([task.id, ...edges.map((edge) => edge.prerequisiteId)]);
  const notes = await context.notes.of([task.id, ...(parent === undefined ? [] : [parent.id])], { limit: NOTES });
  const attempts = artifacts.filter(({ taskId, outcome }) => taskId === task.id && !HANDS_ON.includes(outcome));
  return {
    specialist_context: {
      ...persona(role),
      task_details: details(task, parent, budget),
      ...listed('dependency_context', await dependencyContext(context, edges, artifacts)),
      ...listed('acceptance_criteria', task.acceptanceCriteria),
      ...listed(
        'previous_attempts',
        attempts.map(({ id, outcome, summary }) => ({ artifact_id: id, outcome, summary: echo(summary) })),
      ),
      ...listed(
        'notes',
        notes.map(({ kind, text }) => ({ kind, text: cut(text, 500) })),
      ),
    },
    instructions: instructions(task, role),
    ...(claim !== undefined && { claim: claimView(claim) }),
    ...(heldSince !== undefined && { already_held_since: iso(heldSince) }),
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

/** A task's own text gets half of the budget, its parent's a quarter; `get_task` has both whole. */
function details(task: Task, parent: Task | undefined, budget: number) {
  return {
    task_id: task.id,
    title: task.title,
    description: textWithin(task.description ?? '', budget / 2),
    ...(task.specialist !== undefined && { specialist_type: task.specialist }),
    ...(task.context !== undefined && { context: textWithin(task.context, budget / 8) }),
    ...(parent !== undefined && { parent: parentView(parent, budget / 8) }),
  };
}

const parentView = (parent: Task, budget: number) => ({
  title: parent.title,
  ...(parent.description !== undefined &&
    parent.description !== parent.title && { description: textWithin(parent.description, budget) }),
  ...(parent.context !== undefined && { context: textWithin(parent.context, budget) }),
});

async function dependencyContext(context: Context, edges: readonly Dependency[], artifacts: readonly Artifact[]) {
  const tasks = new Map(
    (await context.tasks.findAll(edges.map((edge) => edge.prerequisiteId))).map((one) => [one.id, one]),
  );
  return edges.map((edge) => {
    const artifact = artifacts.findLast(
      ({ taskId, outcome }) => taskId === edge.prerequisiteId && HANDS_ON.includes(outcome),
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

/** Adds the contents of what came over data edges, to a quarter of the budget. */
export async function withContents<Reply extends Briefed>(reply: Reply, beforehand: Beforehand): Promise<Reply> {
  const { specialist_context: briefing } = reply;
  const context = briefing?.dependency_context ?? [];
  const count = context.filter(isOverData).length;
  if (briefing === undefined || count === 0) return reply;
  const share = BUDGET.default / 4 / count;
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
