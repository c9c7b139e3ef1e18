import { ARTIFACT_TYPES } from '../../../domain/artifact.ts';
import type { ForeignTask, ForeignWork, Tell } from '../../../domain/foreign.ts';
import {
  list,
  moment,
  otherColumns,
  parsed,
  type Row,
  STAGES,
  type Tables,
  text,
  words,
  workOf,
} from './python-rows.ts';
import { complexityIn, named, saying, stageIn } from './reading.ts';

/** Tasks as 2.0 keeps them: in `generic_tasks` with tables around it, or in `tasks`, where most is in `metadata`. */
export function genericTasks(tables: Tables, tell: Tell): readonly ForeignTask[] {
  const all = [...tables.rows('generic_tasks'), ...simpleTasks(tables)];
  const isLeft = (row: Row) => text(row, 'deleted_at') !== undefined || text(row, 'is_template') === '1';
  const left = all.filter(isLeft).map((row) => text(row, 'task_id') ?? '');
  if (left.length > 0) tell(`Left out as deleted or a pattern: ${named(left)}`);
  const by = (rows: readonly Row[], column: string) => Map.groupBy(rows, (row) => text(row, column));
  const beside = {
    attributes: by(tables.rows('task_attributes'), 'task_id'),
    artifacts: by(tables.rows('task_artifacts'), 'task_id'),
    awaited: by(awaitedIn(tables, tell), 'dependent_task_id'),
    tell,
  };
  return all.filter((row) => !isLeft(row)).map((row) => genericTask(row, beside));
}

/** Rows of the plain table with what their metadata says as columns, so that both forms are read alike. */
const simpleTasks = (tables: Tables): readonly Row[] =>
  !tables.has('tasks', 'id', 'type', 'status', 'metadata')
    ? []
    : tables.rows('tasks').map(({ id, type, metadata, session_id: _session, ...row }) => {
        const more = typeof metadata === 'string' ? parsed(metadata) : undefined;
        const said = typeof more === 'object' && more !== null ? Object.entries(more) : [];
        const columns = said.map(([name, value]) => [
          name,
          typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
        ]);
        return { ...Object.fromEntries(columns), ...row, task_id: id, task_type: type };
      });

/** What keeps a task waiting, in one form. */
function awaitedIn(tables: Tables, tell: Tell): readonly Row[] {
  const rows = tables
    .rows('task_dependencies')
    .map((row) =>
      'dependent_task_id' in row
        ? row
        : { ...row, dependent_task_id: row.task_id, prerequisite_task_id: row.dependency_id },
    );
  const groups = Map.groupBy(rows, whyNoWait);
  for (const [why, left] of groups)
    if (why !== undefined) tell(`Left out as dependencies that ${why}: ${namesOf(left)}`);
  const awaited = groups.get(undefined) ?? [];
  const others = awaited.filter((row) => ['data', 'approval'].includes(text(row, 'dependency_type') ?? ''));
  if (others.length > 0) tell(`On data or approval there, on completion here: ${namesOf(others)}`);
  return awaited;
}

const namesOf = (rows: readonly Row[]) =>
  named(rows.map((row) => `${text(row, 'dependent_task_id')} on ${text(row, 'prerequisite_task_id')}`));

function whyNoWait(row: Row): string | undefined {
  if (text(row, 'dependency_status') === 'waived') return 'were waived';
  if (text(row, 'dependency_type') === 'related') return 'only tell';
  return text(row, 'is_mandatory') === '0' ? 'were not mandatory' : undefined;
}

const TASK = [
  'task_id',
  'parent_task_id',
  'title',
  'description',
  'task_type',
  'hierarchy_path',
  'hierarchy_level',
  'position_in_parent',
  'status',
  'lifecycle_stage',
  'complexity',
  'estimated_effort',
  'specialist_type',
  'assigned_to',
  'context',
  'results',
  'summary',
  'dependencies',
  'is_template',
  'created_at',
  'updated_at',
  'started_at',
  'completed_at',
  'due_date',
  'deleted_at',
];

type ByTask = ReadonlyMap<string | undefined, readonly Row[]>;
type Beside = Readonly<{ attributes: ByTask; artifacts: ByTask; awaited: ByTask; tell: Tell }>;

function genericTask(row: Row, { attributes, artifacts, awaited, tell }: Beside): ForeignTask {
  const origin = text(row, 'task_id') ?? '';
  const own = (attributes.get(origin) ?? []).map((one) => [
    text(one, 'attribute_name') ?? '',
    parsed(text(one, 'attribute_value')),
  ]);
  const type = text(row, 'task_type');
  return {
    origin,
    parent: text(row, 'parent_task_id'),
    title: text(row, 'title') ?? origin,
    type: type === 'standard' || type === 'generic' ? 'custom' : type === 'breakdown' ? 'plan' : type,
    description: text(row, 'description'),
    context: words(row, 'context'),
    specialist: text(row, 'specialist_type'),
    complexity: complexityIn(text(row, 'complexity'), { tell, origin }),
    effort: text(row, 'estimated_effort'),
    dueDate: text(row, 'due_date')?.slice(0, 10),
    stage: stageIn(stageWord(row), { table: STAGES, tell, origin }),
    attributes: saying({
      assigned_to: text(row, 'assigned_to'),
      values: Object.fromEntries(own),
      other_fields: otherColumns(row, TASK),
    }),
    createdAt: moment(row, 'created_at'),
    updatedAt: moment(row, 'updated_at'),
    startedAt: moment(row, 'started_at'),
    completedAt: moment(row, 'completed_at'),
    waitsFor: [
      ...(awaited.get(origin) ?? []).flatMap((edge) => text(edge, 'prerequisite_task_id') ?? []),
      ...list(row, 'dependencies'),
    ],
    works: [...resultsOf(row), ...(artifacts.get(origin) ?? []).flatMap(artifactOf)],
  };
}

/** There is no stage for what was cancelled, which the status alone says. */
function stageWord(row: Row): string | undefined {
  const status = text(row, 'status');
  return status === 'cancelled' ? status : (text(row, 'lifecycle_stage') ?? status);
}

function resultsOf(row: Row): readonly ForeignWork[] {
  const [results, summary] = [text(row, 'results'), text(row, 'summary')];
  const work = results ?? summary;
  if (work === undefined) return [];
  return [{ ...workOf(work), ...(summary !== undefined && { summary }), at: moment(row, 'completed_at') }];
}

function artifactOf(row: Row): readonly ForeignWork[] {
  const content = text(row, 'content');
  const file = text(row, 'file_reference');
  if (content === undefined && file === undefined) return [];
  const type = text(row, 'artifact_type') ?? text(row, 'type');
  return [
    {
      summary: text(row, 'artifact_name') ?? text(row, 'name') ?? 'Artifact',
      work: content ?? `It lies in ${file}.`,
      type: ARTIFACT_TYPES.find((one) => one === type),
      filePaths: file === undefined ? [] : [file],
      at: moment(row, 'created_at'),
    },
  ];
}
