import type { Generated } from 'kysely';
import type { ArtifactType, Outcome } from '../../domain/artifact.ts';
import type { DependencyStatus, DependencyType, Verdict } from '../../domain/dependencies.ts';
import type { EventType } from '../../domain/event.ts';
import type { Stage } from '../../domain/lifecycle.ts';
import type { NoteKind } from '../../domain/note.ts';
import type { Complexity } from '../../domain/task.ts';

/** The tables. Times are milliseconds; lists and objects are JSON text. */
export interface DB {
  store: StoreTable;
  tasks: TaskTable;
  dependencies: DependencyTable;
  claims: ClaimTable;
  sessions: SessionTable;
  processes: ProcessTable;
  artifacts: ArtifactTable;
  notes: NoteTable;
  events: EventTable;
  replies: ReplyTable;
  syntheses: SynthesisTable;
  identities: IdentityTable;
  maintenance: MaintenanceTable;
  attribute_indexes: AttributeIndexTable;
  search_mark: SearchMarkTable;
  search_model: SearchModelTable;
  search_vectors: SearchVectorTable;
  calls: CallTable;
  templates: TemplateTable;
}

/** One row: which store this is. `generation` grows when a backup is restored into it. */
interface StoreTable {
  store_id: string;
  generation: number;
  schema_version: number;
  created_at: number;
}

interface TaskTable {
  seq: Generated<number>;
  id: string;
  parent_id: string | null;
  stage: Stage;
  /** Index in `PRIORITIES`. */
  priority: number;
  version: number;
  children: number;
  open_children: number;
  completed_children: number;
  leaves: number;
  completed_leaves: number;
  unmet: number;
  failed: number;
  gates_above: number;
  waiters: number;
  actionable_since: number | null;
  created_at: number;
  updated_at: number;
  started_at: number | null;
  completed_at: number | null;
  deleted_at: Generated<number | null>;
  /** The task whose deletion took it along; its own id where it was deleted itself. */
  deleted_with: Generated<string | null>;
  archived_from: Stage | null;
  type: string;
  specialist: string | null;
  complexity: Complexity | null;
  session_id: string;
  superseded_by: string | null;
  template_id: string | null;
  effort: string | null;
  due_date: string | null;
  title: string;
  description: string | null;
  context: string | null;
  acceptance_criteria: string;
  attributes: string;
}

/** An index that questions made for themselves. */
interface AttributeIndexTable {
  subject: string;
  name: string;
  made_at: number;
  last_used_at: number;
}

interface DependencyTable {
  task_id: string;
  prerequisite_id: string;
  type: DependencyType;
  status: DependencyStatus;
  verdict: Verdict | null;
  artifact_type: string | null;
  description: string | null;
  /** Counts the edges of a task in the order in which they were added. */
  position: number;
  created_at: number;
  updated_at: number;
}

interface ClaimTable {
  task_id: string;
  id: string;
  holder: string;
  lease_ms: number;
  lease_until: number;
  taken_at: number;
}

interface SessionTable {
  id: string;
  agent_name: string | null;
  created_at: number;
  ended_at: number | null;
  process_id: string | null;
}

interface ProcessTable {
  id: string;
  host: string;
  pid: number;
  started_at: string | null;
}

interface ArtifactTable {
  seq: Generated<number>;
  id: string;
  task_id: string;
  type: ArtifactType;
  outcome: Outcome;
  created_at: number;
  bytes: number;
  characters: number;
  sha256: string;
  session_id: string;
  file_paths: string;
  summary: string;
  /** When the work was given up with its cancelled task; its file lies in the trash. */
  trashed_at: Generated<number | null>;
}

interface NoteTable {
  seq: Generated<number>;
  task_id: string | null;
  kind: NoteKind;
  at: number;
  session_id: string;
  text: string;
}

interface EventTable {
  seq: Generated<number>;
  at: number;
  type: EventType;
  task_id: string | null;
  session_id: string;
  details: string | null;
}

interface ReplyTable {
  scope: string;
  key: string;
  arguments_hash: string;
  at: number;
  reply: string;
}

interface SynthesisTable {
  task_id: string;
  artifact_id: string;
  at: number;
  reply: string;
}

interface IdentityTable {
  suffix: string;
}

/** At most one row: the maintenance that was begun and not ended. */
interface MaintenanceTable {
  id: string;
  action: string;
  session_id: string;
  process_id: string;
  started_at: number;
  seen_at: number;
}

/** Every version of each template that was saved. */
interface TemplateTable {
  id: string;
  version: number;
  content: string;
  saved_at: number;
  saved_by: string;
  deleted_at: number | null;
}

/** Calls of a day that came to the same end in about the same time. */
interface CallTable {
  day: string;
  tool: string;
  outcome: string;
  bucket: number;
  count: number;
}

/** One row: the number of the last event whose texts are in the search index. */
interface SearchMarkTable {
  words_to: number;
}

/** At most one row: whose vectors there are, and the number of the last event whose texts have theirs. */
interface SearchModelTable {
  model: string;
  dimensions: number | null;
  vectors_to: number;
}

/** `number` is that of the search index. */
interface SearchVectorTable {
  number: number;
  task_id: string | null;
  vector: Buffer;
}
