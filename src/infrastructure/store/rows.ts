import type { Insertable, Selectable } from 'kysely';
import type { Artifact } from '../../domain/artifact.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import type { Event, NewEvent } from '../../domain/event.ts';
import type { Note } from '../../domain/note.ts';
import type { ProcessIdentity } from '../../domain/session.ts';
import { PRIORITIES, type Standing, type Task } from '../../domain/task.ts';
import type { DB } from './schema.ts';

/** JSON that we wrote ourselves. */
export const parsed = <T>(json: string): T => JSON.parse(json);

/** What is null in a row is absent in a value. */
const unlessNull = <T>(value: T | null): T | undefined => value ?? undefined;

type TaskRow = Selectable<DB['tasks']>;

export const taskOf = (row: TaskRow): Task => ({
  id: row.id,
  parentId: unlessNull(row.parent_id),
  type: row.type,
  title: row.title,
  description: unlessNull(row.description),
  context: unlessNull(row.context),
  specialist: unlessNull(row.specialist),
  stage: row.stage,
  priority: PRIORITIES[row.priority] ?? 'medium',
  complexity: unlessNull(row.complexity),
  effort: unlessNull(row.effort),
  dueDate: unlessNull(row.due_date),
  acceptanceCriteria: parsed(row.acceptance_criteria),
  attributes: parsed(row.attributes),
  templateId: unlessNull(row.template_id),
  sessionId: row.session_id,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  startedAt: unlessNull(row.started_at),
  completedAt: unlessNull(row.completed_at),
  supersededBy: unlessNull(row.superseded_by),
  archivedFrom: unlessNull(row.archived_from),
  standing: standingOf(row),
});

export type StandingColumns = Pick<
  TaskRow,
  | 'children'
  | 'open_children'
  | 'completed_children'
  | 'leaves'
  | 'completed_leaves'
  | 'unmet'
  | 'failed'
  | 'gates_above'
  | 'waiters'
  | 'actionable_since'
>;

export const standingOf = (row: StandingColumns): Standing => ({
  children: row.children,
  openChildren: row.open_children,
  completedChildren: row.completed_children,
  leaves: row.leaves,
  completedLeaves: row.completed_leaves,
  unmet: row.unmet,
  failed: row.failed,
  gatesAbove: row.gates_above,
  waiters: row.waiters,
  actionableSince: unlessNull(row.actionable_since),
});

/** What `save` replaces: all but the standing, and what a task is born with. */
export const editableColumns = (task: Task) =>
  ({
    parent_id: task.parentId ?? null,
    stage: task.stage,
    priority: PRIORITIES.indexOf(task.priority),
    updated_at: task.updatedAt,
    started_at: task.startedAt ?? null,
    completed_at: task.completedAt ?? null,
    archived_from: task.archivedFrom ?? null,
    type: task.type,
    specialist: task.specialist ?? null,
    complexity: task.complexity ?? null,
    superseded_by: task.supersededBy ?? null,
    template_id: task.templateId ?? null,
    effort: task.effort ?? null,
    due_date: task.dueDate ?? null,
    title: task.title,
    description: task.description ?? null,
    context: task.context ?? null,
    acceptance_criteria: JSON.stringify(task.acceptanceCriteria),
    attributes: JSON.stringify(task.attributes),
  }) satisfies Partial<TaskRow>;

export const newTaskRow = (task: Task): Insertable<DB['tasks']> => ({
  ...editableColumns(task),
  id: task.id,
  version: task.version,
  created_at: task.createdAt,
  session_id: task.sessionId,
  children: task.standing.children,
  open_children: task.standing.openChildren,
  completed_children: task.standing.completedChildren,
  leaves: task.standing.leaves,
  completed_leaves: task.standing.completedLeaves,
  unmet: task.standing.unmet,
  failed: task.standing.failed,
  gates_above: task.standing.gatesAbove,
  waiters: task.standing.waiters,
  actionable_since: task.standing.actionableSince ?? null,
});

export const dependencyOf = (row: Selectable<DB['dependencies']>): Dependency => ({
  taskId: row.task_id,
  prerequisiteId: row.prerequisite_id,
  type: row.type,
  artifactType: unlessNull(row.artifact_type),
  description: unlessNull(row.description),
  status: row.status,
  verdict: unlessNull(row.verdict),
});

/** A process beside the row that names it, where it is still on the register. */
export type ProcessColumns = Readonly<{
  process_id: string | null;
  host: string | null;
  pid: number | null;
  started_at: string | null;
}>;

export function processOf({ process_id, host, pid, started_at }: ProcessColumns): ProcessIdentity | undefined {
  if (process_id === null || host === null || pid === null) return undefined;
  return { id: process_id, host, pid, startedAt: unlessNull(started_at) };
}

export const artifactOf = (row: Selectable<DB['artifacts']>): Artifact => ({
  id: row.id,
  taskId: row.task_id,
  type: row.type,
  summary: row.summary,
  outcome: row.outcome,
  filePaths: parsed(row.file_paths),
  sessionId: row.session_id,
  createdAt: row.created_at,
  sha256: row.sha256,
  bytes: row.bytes,
  characters: row.characters,
});

export const newArtifactRow = (artifact: Artifact): Insertable<DB['artifacts']> => ({
  id: artifact.id,
  task_id: artifact.taskId,
  type: artifact.type,
  outcome: artifact.outcome,
  created_at: artifact.createdAt,
  bytes: artifact.bytes,
  characters: artifact.characters,
  sha256: artifact.sha256,
  session_id: artifact.sessionId,
  file_paths: JSON.stringify(artifact.filePaths),
  summary: artifact.summary,
});

export const noteOf = (row: Selectable<DB['notes']>): Note => ({
  seq: row.seq,
  taskId: unlessNull(row.task_id),
  kind: row.kind,
  text: row.text,
  sessionId: row.session_id,
  at: row.at,
});

export const eventOf = (row: Selectable<DB['events']>): Event => ({
  seq: row.seq,
  at: row.at,
  type: row.type,
  taskId: unlessNull(row.task_id),
  sessionId: row.session_id,
  ...(row.details !== null && { details: parsed<NonNullable<NewEvent['details']>>(row.details) }),
});
