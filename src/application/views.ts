import { type Artifact, artifactPath } from '../domain/artifact.ts';
import type { Spending } from '../domain/budget.ts';
import type { Claim } from '../domain/claim.ts';
import type { Dependency } from '../domain/dependencies.ts';
import { STATUS } from '../domain/lifecycle.ts';
import type { Note } from '../domain/note.ts';
import { cut, type Task } from '../domain/task.ts';

/** How our values look on the wire: snake_case, UTC text, absent where they do not apply. */

/** Longest text of a call that is echoed. */
const ECHOED = 200;

export const echo = (text: string) => cut(text, ECHOED);
export const iso = (at: number) => new Date(at).toISOString();
const maybe = <K extends string, V>(key: K, value: V | undefined) => (value === undefined ? {} : { [key]: value });

/** A task in a list: what one needs to choose it. */
export const taskLine = (task: Task) => ({ task_id: task.id, title: echo(task.title), status: STATUS[task.stage] });

/** What a plan is for. A title that only begins the description, or stands for one, is not said twice. */
export function goalView({ title, description = title }: Task) {
  const isSaid = description.startsWith(title.replace(/…$/, ''));
  return { ...(!isSaid && { title: echo(title) }), description: echo(description) };
}

/** A task that waits to be taken. */
export const offerLine = (task: Task) => ({
  task_id: task.id,
  title: echo(task.title),
  priority: task.priority,
  ...maybe('specialist_type', task.specialist),
  ...maybe('parent_task_id', task.parentId),
});

/** A task whole, as the contract lists its fields. */
export const wholeTask = (task: Task) => ({
  task_id: task.id,
  ...maybe('parent_task_id', task.parentId),
  task_type: task.type,
  title: task.title,
  ...maybe('description', task.description),
  ...maybe('context', task.context),
  ...maybe('specialist_type', task.specialist),
  status: STATUS[task.stage],
  lifecycle_stage: task.stage,
  priority: task.priority,
  ...maybe('complexity', task.complexity),
  ...maybe('estimated_effort', task.effort),
  ...maybe('due_date', task.dueDate),
  ...(task.acceptanceCriteria.length > 0 && { acceptance_criteria: task.acceptanceCriteria }),
  attributes: task.attributes,
  ...maybe('template_id', task.templateId),
  session_id: task.sessionId,
  version: task.version,
  created_at: iso(task.createdAt),
  updated_at: iso(task.updatedAt),
  ...(task.startedAt !== undefined && { started_at: iso(task.startedAt) }),
  ...(task.completedAt !== undefined && { completed_at: iso(task.completedAt) }),
  ...maybe('superseded_by', task.supersededBy),
});

/** A task whole, its texts, criteria and attributes as far as there is room for them. */
export function taskWithin(task: Task, spend: Spending) {
  const { acceptance_criteria: criteria = [], attributes, ...fields } = wholeTask({ ...task, ...UNSAID });
  return {
    ...spend.pay(fields),
    ...(task.description !== undefined && { description: spend.text(task.description, 0.3) }),
    ...(criteria.length > 0 && { acceptance_criteria: spend.list(criteria, 0.15) }),
    ...(task.context !== undefined && { context: spend.text(task.context, 0.15) }),
    attributes: Object.fromEntries(spend.list(Object.entries(attributes), 0.2)),
  };
}

const UNSAID = { description: undefined, context: undefined } as const;

export const claimView = (claim: Claim) => ({
  claim_id: claim.id,
  held_by: claim.holder,
  lease_until: iso(claim.leaseUntil),
});

export const edgeView = (edge: Dependency) => ({
  dependency_task_id: edge.prerequisiteId,
  dependency_type: edge.type,
  ...(edge.description !== undefined && { description: echo(edge.description) }),
  ...maybe('artifact_type', edge.artifactType),
  status: edge.status,
});

export const artifactView = (artifact: Artifact) => ({
  artifact_id: artifact.id,
  artifact_type: artifact.type,
  summary: echo(artifact.summary),
  accessible_via: artifactPath(artifact),
});

export const noteView = (note: Note) => ({
  kind: note.kind,
  text: note.text,
  at: iso(note.at),
  session_id: note.sessionId,
});

/** What a reply had no room for, and the call that shows it; nothing where all was said. */
export function truncation(spend: Pick<Spending, 'omitted'>, how: string, beyond = 0) {
  const omitted = spend.omitted() + beyond;
  return omitted === 0 ? {} : { truncated: { omitted, how_to_get_more: how } };
}
