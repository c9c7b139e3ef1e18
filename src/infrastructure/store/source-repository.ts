import { type Kysely, type Selectable, sql } from 'kysely';
import type { SearchRepository, Source, SourceKey } from '../../application/search-repository.ts';
import type { SearchedKind } from '../../domain/search.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { artifactOf, noteOf, taskOf } from './rows.ts';
import type { DB } from './schema.ts';

type Table = 'tasks' | 'notes' | 'artifacts';
type TaskRow = Selectable<DB['tasks']>;
type NoteRow = Selectable<DB['notes']>;
type ArtifactRow = Selectable<DB['artifacts']>;
type Rows = Readonly<{
  tasks: readonly TaskRow[];
  notes: readonly NoteRow[];
  artifacts: readonly ArtifactRow[];
}>;

/** What is found, read with the tasks that it belongs to. */
export function sourcesOf(db: Kysely<DB>): Pick<SearchRepository, 'sources' | 'sourcesAt'> {
  const tasksBy = rowsBy<TaskRow>(db, 'tasks', ['id', 'seq'], 'deleted_at');
  const notesBy = rowsBy<NoteRow>(db, 'notes', ['seq', 'task_id']);
  const artifactsBy = rowsBy<ArtifactRow>(db, 'artifacts', ['id', 'seq', 'task_id'], 'trashed_at');

  /** The rows as sources, without those whose task is not there. */
  const joined = async ({ tasks, notes, artifacts }: Rows): Promise<readonly Source[]> => {
    const known = new Map(tasks.map((row) => [row.id, taskOf(row)]));
    const named = [...notes, ...artifacts].flatMap(({ task_id }) => task_id ?? []);
    const others = await tasksBy(
      'id',
      [...new Set(named)].filter((id) => !known.has(id)),
    );
    for (const row of others) known.set(row.id, taskOf(row));
    return [
      ...tasks.map((row) => ({ kind: 'task' as const, seq: row.seq, task: taskOf(row) })),
      ...notes.flatMap((row) => noteSource(row, known)),
      ...artifacts.flatMap((row) => artifactSource(row, known)),
    ];
  };

  return {
    async sources({ tasks, whole, notes, artifactIds }) {
      const rows = {
        tasks: await tasksBy('id', [...new Set([...tasks, ...whole])]),
        notes: distinct(await notesBy('seq', notes), await notesBy('task_id', whole)),
        artifacts: distinct(await artifactsBy('id', artifactIds), await artifactsBy('task_id', whole)),
      };
      return joined(rows);
    },
    async sourcesAt(keys) {
      const numbers = (kind: SearchedKind) => keys.filter((key) => key.kind === kind).map(({ seq }) => seq);
      const found = await joined({
        tasks: await tasksBy('seq', numbers('task')),
        notes: await notesBy('seq', numbers('note')),
        artifacts: await artifactsBy('seq', numbers('artifact')),
      });
      const byKey = new Map(found.map((source) => [nameOf(source), source]));
      return keys.flatMap((key) => byKey.get(nameOf(key)) ?? []);
    },
  };
}

const nameOf = ({ kind, seq }: SourceKey) => `${kind} ${seq}`;

function noteSource(row: NoteRow, known: ReadonlyMap<string, Source['task']>): readonly Source[] {
  const note = noteOf(row);
  const task = note.taskId === undefined ? undefined : known.get(note.taskId);
  const isLost = note.taskId !== undefined && task === undefined;
  return isLost ? [] : [{ kind: 'note', seq: row.seq, task, note }];
}

function artifactSource(row: ArtifactRow, known: ReadonlyMap<string, Source['task']>): readonly Source[] {
  const task = known.get(row.task_id);
  return task === undefined ? [] : [{ kind: 'artifact', seq: row.seq, task, artifact: artifactOf(row) }];
}

const distinct = <Row extends Readonly<{ seq: number }>>(...lists: readonly (readonly Row[])[]): readonly Row[] => [
  ...new Map(lists.flat().map((row) => [row.seq, row])).values(),
];

/** Rows by the values of one of these columns, without those that `goneAt` says are gone. */
function rowsBy<Row>(db: Kysely<DB>, table: Table, columns: readonly string[], goneAt?: string) {
  const remain = goneAt === undefined ? sql`` : sql`and ${sql.ref(goneAt)} is null`;
  const queries = columns.map(
    (column) =>
      [
        column,
        compiled(
          db,
          (given: Given<{ values: string }>) => sql<Row>`select * from ${sql.table(table)}
            where ${sql.ref(column)} in ${listOf(given('values'))} ${remain}`,
        ),
      ] as const,
  );
  const byColumn = new Map(queries);
  return async (column: string, values: readonly (string | number)[]): Promise<readonly Row[]> => {
    const query = byColumn.get(column);
    return values.length === 0 || query === undefined ? [] : query({ values: JSON.stringify(values) });
  };
}
