import { z } from 'zod';
import { ARTIFACT_TYPES, type Artifact, OUTCOMES } from '../../domain/artifact.ts';
import { checkAttributes, OWN_ATTRIBUTES } from '../../domain/attributes.ts';
import { DEPENDENCY_TYPES, type Dependency } from '../../domain/dependencies.ts';
import { invalid } from '../../domain/errors.ts';
import { STAGES } from '../../domain/lifecycle.ts';
import { NOTE_KINDS, type Note } from '../../domain/note.ts';
import type { Session } from '../../domain/session.ts';
import { ROLE_NAME } from '../../domain/specialist.ts';
import { COMPLEXITIES, LIMITS, type Task } from '../../domain/task.ts';
import { DueDate, Effort } from '../attributes.ts';
import { Priority, SaidText, TaskType, Text, Title } from '../fields.ts';
import { readInput } from '../parse.ts';
import { iso } from '../views.ts';
import { byteLength } from '../work.ts';
import type { Entry } from './files.ts';

/** The name and the version of the format; a reader refuses what is newer. */
const FORMAT = 'mcp-task-orchestrator';
const VERSION = 1;

/** What an id can be in a file; one that does not fit here is renewed. */
const Id = z.string().min(1).max(1000);
const Moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/, 'a time such as 2026-07-01T12:00:00.000Z')
  .refine((text) => !Number.isNaN(Date.parse(text)), 'a time such as 2026-07-01T12:00:00.000Z');
const Count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A task that was changed as often as a number can count could not be changed any more. */
const MOST_CHANGES = 1_000_000_000;

const Head = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  exported_at: Moment,
  /** Said of an export of some tasks only, for people. */
  scope: z.string().max(1000).optional(),
});
const SessionLine = z.strictObject({
  kind: z.literal('session'),
  session_id: Id,
  agent_name: z.string().max(200).optional(),
  created_at: Moment,
  ended_at: Moment.optional(),
});
const TaskLine = z.strictObject({
  kind: z.literal('task'),
  task_id: Id,
  parent_task_id: Id.optional(),
  /** The parent is not in this file, and the task lies below it where there is such a task. */
  parent_outside: z.boolean().optional(),
  task_type: TaskType,
  title: Title,
  description: Text.optional(),
  context: Text.optional(),
  specialist_type: z.string().regex(ROLE_NAME).optional(),
  lifecycle_stage: z.enum(STAGES),
  archived_from: z.enum(STAGES).optional(),
  /** Without it `medium`; that another tool says nothing of it is told apart from that it says so. */
  priority: Priority.optional(),
  complexity: z.enum(COMPLEXITIES).optional(),
  estimated_effort: Effort.optional(),
  due_date: DueDate.optional(),
  acceptance_criteria: z.array(Text).max(1000).default([]),
  attributes: z.record(z.string(), z.unknown()).default({}),
  template_id: z.string().max(200).optional(),
  session_id: Id.optional(),
  version: Count.min(1).max(MOST_CHANGES).default(1),
  created_at: Moment,
  updated_at: Moment,
  started_at: Moment.optional(),
  completed_at: Moment.optional(),
  superseded_by: Id.optional(),
});
const DependencyLine = z.strictObject({
  kind: z.literal('dependency'),
  task_id: Id,
  dependency_task_id: Id,
  /** What is waited for is not in this file; the line means something where there is such a task. */
  outside: z.boolean().optional(),
  dependency_type: z.enum(DEPENDENCY_TYPES).default('completion'),
  artifact_type: z.enum(ARTIFACT_TYPES).optional(),
  description: Text.optional(),
  verdict: z.enum(['approved', 'rejected', 'waived']).optional(),
});
const ArtifactLine = z.strictObject({
  kind: z.literal('artifact'),
  artifact_id: Id,
  task_id: Id,
  artifact_type: z.enum(ARTIFACT_TYPES).default('general'),
  outcome: z.enum(OUTCOMES).default('complete'),
  summary: Text,
  file_paths: z.array(z.string().max(4096)).max(10_000).default([]),
  session_id: Id.optional(),
  created_at: Moment,
  /** Of the work as it was recorded, with its bytes of UTF-8 and its characters; counted where the line holds the work. */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')
    .optional(),
  bytes: Count.optional(),
  characters: Count.optional(),
  detailed_work: z.string().optional(),
});
const NoteLine = z.strictObject({
  kind: z.literal('note'),
  task_id: Id.optional(),
  note_kind: z.enum(NOTE_KINDS).default('progress'),
  text: SaidText,
  session_id: Id.optional(),
  at: Moment,
});
const EndLine = z.strictObject({ kind: z.literal('end'), lines: Count });

const LINES = {
  session: SessionLine,
  task: TaskLine,
  dependency: DependencyLine,
  artifact: ArtifactLine,
  note: NoteLine,
  end: EndLine,
} as const;
type Kind = keyof typeof LINES;

export type TaskRecord = z.output<typeof TaskLine>;
export type DependencyRecord = z.output<typeof DependencyLine>;
export type ArtifactRecord = z.output<typeof ArtifactLine>;
export type ExchangeRecord = z.output<(typeof LINES)[Kind]>;

export const isHead = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'format' in value && !('kind' in value);

const NewerHead = z.looseObject({ format: z.literal(FORMAT), version: z.number().gt(VERSION) });

export function readHead(value: unknown): z.output<typeof Head> {
  const newer = NewerHead.safeParse(value).data;
  if (newer === undefined) return readInput(Head, value);
  throw invalid(`version ${newer.version} of the format is newer than this program reads, which is ${VERSION}`, {
    suggestion: 'Import it with a newer version of this program',
  });
}

/** Reads what a line holds, or refuses naming the field. Nothing beneath this checks it again. */
export function readRecord({ value, isPlain }: Pick<Entry, 'value' | 'isPlain'>): ExchangeRecord {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined;
  if (!isKind(kind)) {
    throw invalid(
      `kind is ${JSON.stringify(kind)?.slice(0, 100) ?? 'missing'}, and it must be one of ${Object.keys(LINES).join(', ')}`,
    );
  }
  // What is told of a mistake costs five times as much as finding none.
  const fitted = isPlain ? LINES[kind].safeParse(value).data : undefined;
  const record: ExchangeRecord = fitted ?? readInput(LINES[kind], value);
  if (record.kind === 'task') checkOwn(record);
  if (record.kind === 'artifact') checkMeasured(record);
  return record;
}

const isKind = (kind: unknown): kind is Kind => typeof kind === 'string' && Object.hasOwn(LINES, kind);

/** What is a task's own field shows under its own name, so that it cannot say two things. */
function checkOwn({ attributes }: TaskRecord): void {
  if (Object.keys(attributes).length === 0) return;
  checkAttributes(attributes);
  const own = OWN_ATTRIBUTES.find((name) => Object.hasOwn(attributes, name));
  if (own !== undefined) throw invalid(`attributes.${own}: ${own} stands beside attributes, not in them`);
}

/** The file of a work may be lost; what it was is known by these. */
function checkMeasured({ detailed_work, sha256, bytes, characters }: ArtifactRecord): void {
  const size = detailed_work === undefined ? 0 : byteLength(detailed_work);
  if (size > LIMITS.workBytes) {
    throw invalid(`detailed_work has ${size} bytes; at most ${LIMITS.workBytes} are kept in one artifact`);
  }
  if (detailed_work !== undefined || (sha256 !== undefined && bytes !== undefined && characters !== undefined)) return;
  throw invalid('an artifact has either detailed_work, or sha256, bytes and characters of its file');
}

const maybe = <K extends string, V>(key: K, value: V | undefined) => (value === undefined ? {} : { [key]: value });
const moment = <K extends string>(key: K, at: number | undefined) => maybe(key, at === undefined ? undefined : iso(at));

export const headLine = (exportedAt: number, scope: string | undefined) => ({
  format: FORMAT,
  version: VERSION,
  exported_at: iso(exportedAt),
  ...maybe('scope', scope),
});

export const sessionLine = (session: Session) => ({
  kind: 'session' as const,
  session_id: session.id,
  ...maybe('agent_name', session.agentName),
  created_at: iso(session.createdAt),
  ...moment('ended_at', session.endedAt),
});

type Reaching = Readonly<{ /** Whether the other task is not exported with it. */ isOutside: boolean }>;

export const taskLine = (task: Task, { isOutside }: Reaching) => ({
  kind: 'task' as const,
  task_id: task.id,
  ...maybe('parent_task_id', task.parentId),
  ...(isOutside && { parent_outside: true }),
  task_type: task.type,
  title: task.title,
  ...maybe('description', task.description),
  ...maybe('context', task.context),
  ...maybe('specialist_type', task.specialist),
  lifecycle_stage: task.stage,
  ...maybe('archived_from', task.archivedFrom),
  priority: task.priority,
  ...maybe('complexity', task.complexity),
  ...maybe('estimated_effort', task.effort),
  ...maybe('due_date', task.dueDate),
  ...(task.acceptanceCriteria.length > 0 && { acceptance_criteria: task.acceptanceCriteria }),
  ...(Object.keys(task.attributes).length > 0 && { attributes: task.attributes }),
  ...maybe('template_id', task.templateId),
  session_id: task.sessionId,
  version: task.version,
  created_at: iso(task.createdAt),
  updated_at: iso(task.updatedAt),
  ...moment('started_at', task.startedAt),
  ...moment('completed_at', task.completedAt),
  ...maybe('superseded_by', task.supersededBy),
});

export const dependencyLine = (edge: Dependency, { isOutside }: Reaching) => ({
  kind: 'dependency' as const,
  task_id: edge.taskId,
  dependency_task_id: edge.prerequisiteId,
  ...(isOutside && { outside: true }),
  dependency_type: edge.type,
  ...maybe('artifact_type', edge.artifactType),
  ...maybe('description', edge.description),
  ...maybe('verdict', edge.verdict),
});

export const artifactLine = (artifact: Artifact, work: string | undefined) => ({
  kind: 'artifact' as const,
  artifact_id: artifact.id,
  task_id: artifact.taskId,
  artifact_type: artifact.type,
  outcome: artifact.outcome,
  summary: artifact.summary,
  ...(artifact.filePaths.length > 0 && { file_paths: artifact.filePaths.map(({ path }) => path) }),
  session_id: artifact.sessionId,
  created_at: iso(artifact.createdAt),
  sha256: artifact.sha256,
  bytes: artifact.bytes,
  characters: artifact.characters,
  ...maybe('detailed_work', work),
});

export const noteLine = (note: Note) => ({
  kind: 'note' as const,
  ...maybe('task_id', note.taskId),
  note_kind: note.kind,
  text: note.text,
  session_id: note.sessionId,
  at: iso(note.at),
});
