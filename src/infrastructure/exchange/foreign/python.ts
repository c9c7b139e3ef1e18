import { invalid } from '../../../domain/errors.ts';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import { type Located, present } from '../place.ts';
import { joined, momentIn, saying, stageIn, telling } from './reading.ts';

/** Bytes of a database, whose tasks are read as a whole. */
const MOST_BYTES = 512 * 1024 * 1024;

const STAGES: Readonly<Record<string, Stage>> = {
  created: 'ready',
  planning: 'draft',
  draft: 'draft',
  pending: 'ready',
  ready: 'ready',
  active: 'active',
  in_progress: 'active',
  blocked: 'blocked',
  review: 'review',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  archived: 'archived',
  superseded: 'superseded',
};

type Row = Readonly<Record<string, unknown>>;
type Tables = Readonly<{ has(table: string): boolean; rows(table: string): readonly Row[] }>;
type Tell = (sentence: string) => void;

/**
 * The SQLite file of the Python MCP Task Orchestrator: plans and subtasks as 1.8 keeps them, generic tasks as 2.0 does,
 * or both. Its times tell no zone and are taken as UTC.
 */
export async function readPython(at: Located): Promise<ForeignProject> {
  const found = await present(at);
  if (!found.isFile() || found.size > MOST_BYTES) {
    throw invalid(`${at.shown} is no database of at most ${MOST_BYTES} bytes`, {
      suggestion: 'Name its file task_orchestrator.db',
    });
  }
  const { default: Sqlite } = await import('better-sqlite3');
  const { tell, told } = telling();
  const database = opened(() => new Sqlite(at.path, { readonly: true, fileMustExist: true }), at.shown);
  try {
    const tables: Tables = opened(() => {
      const names = new Set(database.prepare("select name from sqlite_schema where type = 'table'").pluck().all());
      const rows = (table: string) => database.prepare<[], Row>(`select * from "${table}"`).all();
      return { has: (table) => names.has(table), rows: (table) => (names.has(table) ? rows(table) : []) };
    }, at.shown);
    if (!tables.has('subtasks') && !tables.has('generic_tasks')) throw noTasks(at.shown);
    const generic = genericTasks(tables, tell);
    const known = new Set(generic.map(({ origin }) => origin));
    const older = plansAndSubtasks(tables, tell).filter(({ origin }) => !known.has(origin));
    return { scope: '', tasks: [...generic, ...older], lost: told() };
  } finally {
    database.close();
  }
}

function opened<T>(work: () => T, shown: string): T {
  try {
    return work();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalid(`${shown} cannot be read as a database: ${why}`, {
      suggestion: 'Name its file task_orchestrator.db',
    });
  }
}

const noTasks = (shown: string) =>
  invalid(`${shown} is a database without tasks of the Python orchestrator`, {
    suggestion: 'Name its file task_orchestrator.db, usually in .task_orchestrator/',
  });

const text = (row: Row, column: string): string | undefined => {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
};
const moment = (row: Row, column: string) => momentIn(text(row, column));

/** A column that holds a list as JSON text. */
function list(row: Row, column: string): readonly string[] {
  const value = parsed(text(row, column));
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return json;
  }
}

function plansAndSubtasks(tables: Tables, tell: Tell): readonly ForeignTask[] {
  const subtasks = tables.rows('subtasks');
  const decisions = Map.groupBy(tables.rows('architectural_decisions'), (row) => text(row, 'subtask_id'));
  const plans = tables.rows('task_breakdowns').map((row): ForeignTask => {
    const origin = text(row, 'parent_task_id') ?? '';
    const description = text(row, 'description');
    const own = subtasks.filter((subtask) => subtask.parent_task_id === row.parent_task_id);
    const isDone = own.length > 0 && own.every((subtask) => text(subtask, 'status') === 'completed');
    return {
      origin,
      title: firstLine(description) ?? origin,
      type: 'plan',
      description,
      context: text(row, 'context'),
      stage: isDone ? 'review' : 'ready',
      createdAt: moment(row, 'created_at'),
    };
  });
  return [
    ...plans,
    ...subtasks.map((row) => subtaskOf(row, { decisions: decisions.get(text(row, 'task_id')) ?? [], tell })),
  ];
}

const firstLine = (lines: string | undefined) =>
  lines
    ?.split('\n')
    .find((line) => line.trim() !== '')
    ?.trim();

type Beside = Readonly<{ decisions: readonly Row[]; tell: Tell }>;

function subtaskOf(row: Row, { decisions, tell }: Beside): ForeignTask {
  const origin = text(row, 'task_id') ?? '';
  const results = text(row, 'results');
  const completedAt = moment(row, 'completed_at');
  return {
    origin,
    parent: text(row, 'parent_task_id'),
    title: text(row, 'title') ?? origin,
    type: 'specialist_task',
    description: text(row, 'description'),
    specialist: text(row, 'specialist_type'),
    effort: text(row, 'estimated_effort'),
    stage: stageIn(text(row, 'status'), { table: STAGES, tell, origin }),
    createdAt: moment(row, 'created_at'),
    completedAt,
    waitsFor: list(row, 'dependencies'),
    notes: decisions.map(decisionOf),
    works: results === undefined ? [] : [{ ...workOf(results), filePaths: list(row, 'artifacts'), at: completedAt }],
  };
}

const workOf = (work: string) => ({ summary: (firstLine(work) ?? work).slice(0, 500), work });

const decisionOf = (row: Row) => ({
  kind: 'decision' as const,
  text: joined([text(row, 'title'), text(row, 'decision'), text(row, 'rationale')]) ?? '',
  at: moment(row, 'created_at'),
});

function genericTasks(tables: Tables, tell: Tell): readonly ForeignTask[] {
  const all = tables.rows('generic_tasks');
  const living = all.filter((row) => text(row, 'deleted_at') === undefined && row.is_template !== 1);
  if (living.length < all.length) tell(`${all.length - living.length} deleted tasks and patterns were left out`);
  if (tables.rows('task_templates').length > 0) tell('Its templates are of another form and were left out');
  const awaited = tables.rows('task_dependencies');
  const others = awaited.filter((row) => ['data', 'approval'].includes(text(row, 'dependency_type') ?? ''));
  if (others.length > 0) tell(`${others.length} dependencies on data or approval wait for completion here`);
  const waived = awaited.filter((row) => text(row, 'dependency_status') === 'waived');
  if (waived.length > 0) tell(`${waived.length} dependencies that were waived were left out`);
  const by = (rows: readonly Row[], column: string) => Map.groupBy(rows, (row) => text(row, column));
  const beside = {
    attributes: by(tables.rows('task_attributes'), 'task_id'),
    artifacts: by(tables.rows('task_artifacts'), 'task_id'),
    awaited: by(
      awaited.filter((row) => !waived.includes(row)),
      'dependent_task_id',
    ),
    tell,
  };
  return living.map((row) => genericTask(row, beside));
}

type ByTask = ReadonlyMap<string | undefined, readonly Row[]>;
type GenericBeside = Readonly<{ attributes: ByTask; artifacts: ByTask; awaited: ByTask; tell: Tell }>;

function genericTask(row: Row, { attributes, artifacts, awaited, tell }: GenericBeside): ForeignTask {
  const origin = text(row, 'task_id') ?? '';
  const own = (attributes.get(origin) ?? []).map((one) => [
    text(one, 'attribute_name') ?? '',
    parsed(text(one, 'attribute_value')),
  ]);
  const type = text(row, 'task_type');
  const results = text(row, 'results');
  const kept = (artifacts.get(origin) ?? []).flatMap(artifactOf);
  return {
    origin,
    parent: text(row, 'parent_task_id'),
    title: text(row, 'title') ?? origin,
    type: type === 'standard' ? 'custom' : type,
    description: text(row, 'description'),
    context: text(row, 'context'),
    specialist: text(row, 'specialist_type'),
    effort: text(row, 'estimated_effort'),
    dueDate: text(row, 'due_date')?.slice(0, 10),
    stage: stageIn(text(row, 'lifecycle_stage') ?? text(row, 'status'), { table: STAGES, tell, origin }),
    attributes: saying({
      assigned_to: text(row, 'assigned_to'),
      values: own.length === 0 ? undefined : Object.fromEntries(own),
    }),
    createdAt: moment(row, 'created_at'),
    updatedAt: moment(row, 'updated_at'),
    startedAt: moment(row, 'started_at'),
    completedAt: moment(row, 'completed_at'),
    waitsFor: (awaited.get(origin) ?? []).flatMap((edge) => text(edge, 'prerequisite_task_id') ?? []),
    works: [...(results === undefined ? [] : [{ ...workOf(results), at: moment(row, 'completed_at') }]), ...kept],
  };
}

function artifactOf(row: Row) {
  const content = text(row, 'content');
  const file = text(row, 'file_reference');
  if (content === undefined && file === undefined) return [];
  const name = text(row, 'artifact_name') ?? 'Artifact';
  return [
    {
      summary: name,
      work: content ?? `It lies in ${file}.`,
      filePaths: file === undefined ? [] : [file],
      at: moment(row, 'created_at'),
    },
  ];
}
