import { type Kysely, type Selectable, sql } from 'kysely';
import type { BroughtTask, ExchangeRepository, KnownTask } from '../../application/exchange-repository.ts';
import type { Stage } from '../../domain/lifecycle.ts';
import { columnsOf, compiled, type Given, listOf } from './compiled.ts';
import { editableColumns } from './rows.ts';
import type { DB } from './schema.ts';

type Ids = Readonly<{ ids: string }>;
const IS_OPEN = sql`in ('draft', 'ready', 'active', 'blocked', 'review')`;

export function exchangeRepository(db: Kysely<DB>): ExchangeRepository {
  const known = compiled(
    db,
    (given: Given<Ids>) => sql<KnownRow>`
      select task.id, task.parent_id, task.version, task.created_at, task.updated_at, task.stage, task.type, task.deleted_at,
        task.attributes ->> '$.imported_from' as origin, task.attributes ->> '$.import_mark' as mark
      from json_each(${given('ids')}) as asked cross join tasks as task on task.id = asked.value`,
  );
  const taken = compiled(
    db,
    (given: Given<Ids>) => sql<{ id: string }>`
      select asked.value as id from json_each(${given('ids')}) as asked
        cross join identities on identities.suffix = substr(asked.value, -8)`,
  );
  const ownersOf = compiled(
    db,
    (given: Given<Ids>) => sql<{ id: string; taskId: string }>`
      select artifact.id, artifact.task_id as "taskId" from json_each(${given('ids')}) as asked
        cross join artifacts as artifact on artifact.id = asked.value`,
  );
  return {
    known: async (ids) => (await known({ ids: JSON.stringify(ids) })).map(knownOf),
    taken: async (ids) => (await taken({ ids: JSON.stringify(ids) })).map(({ id }) => id),
    ownersOf: async (ids) => ownersOf({ ids: JSON.stringify(ids) }),
    broughtFrom: bringing(db),
    replace: replacing(db),
    ...stages(db),
  };
}

type Page = Readonly<{ scope: string; after: number; limit: number }>;

function bringing(db: Kysely<DB>): ExchangeRepository['broughtFrom'] {
  const origin = sql`attributes ->> '$.imported_from'`;
  const brought = compiled(
    db,
    (given: Given<Page>) => sql<BroughtTask>`
      select seq, id, title, stage, ${origin} as origin from tasks
      where seq > ${given('after')} and deleted_at is null and stage ${IS_OPEN}
        and substr(${origin}, 1, length(${given('scope')})) = ${given('scope')}
      order by seq limit ${given('limit')}`,
  );
  return (scope, page) => brought({ scope, ...page });
}

type TaskRow = Selectable<DB['tasks']>;
type KnownRow = Pick<
  TaskRow,
  'id' | 'parent_id' | 'version' | 'created_at' | 'updated_at' | 'stage' | 'type' | 'deleted_at'
> &
  Readonly<{ origin: unknown; mark: unknown }>;

const knownOf = (row: KnownRow): KnownTask => ({
  id: row.id,
  parentId: row.parent_id ?? undefined,
  version: row.version,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
  stage: row.stage,
  type: row.type,
  isDeleted: row.deleted_at !== null,
  origin: typeof row.origin === 'string' ? row.origin : undefined,
  mark: typeof row.mark === 'string' ? row.mark : undefined,
});

type Changes = ReturnType<typeof editableColumns> & Readonly<{ id: string; version: number; was: number }>;

function replacing(db: Kysely<DB>): ExchangeRepository['replace'] {
  const replace = compiled(db, (given: Given<Changes>, first) => {
    const columns = columnsOf(first).filter((column) => column !== 'id' && column !== 'was');
    const settings = columns.map((column) => sql`${sql.ref(column)} = ${given(column)}`);
    return sql<{ id: string }>`update tasks set ${sql.join(settings)}
      where id = ${given('id')} and version = ${given('was')} and deleted_at is null returning id`;
  });
  return async (task, was) =>
    (await replace({ ...editableColumns(task), id: task.id, version: task.version, was })).length > 0;
}

function stages(db: Kysely<DB>): Pick<ExchangeRepository, 'openUnderEnded' | 'activeUnheld' | 'restage'> {
  const isOutOfStep = sql`child.deleted_at is null and child.stage ${IS_OPEN}
    and parent.deleted_at is null and parent.stage not in ('draft', 'ready', 'active', 'blocked')`;
  const openUnderEnded = compiled(
    db,
    (given: Given<Ids>) => sql<{ parentId: string; childId: string }>`
      select parent.id as "parentId", min(child.id) as "childId" from json_each(${given('ids')}) as asked
        cross join tasks as child on child.id = asked.value
        cross join tasks as parent on parent.id = child.parent_id and ${isOutOfStep} group by parent.id
      union
      select parent.id, min(child.id) from json_each(${given('ids')}) as asked
        cross join tasks as parent on parent.id = asked.value
        cross join tasks as child on child.parent_id = parent.id and ${isOutOfStep} group by parent.id`,
  );
  const activeUnheld = compiled(
    db,
    (given: Given<Ids>) => sql<{ id: string }>`
      select task.id from json_each(${given('ids')}) as asked
        cross join tasks as task on task.id = asked.value and task.stage = 'active' and task.deleted_at is null
      where not exists (select 1 from tasks as child where child.parent_id = task.id and child.deleted_at is null)
        and not exists (select 1 from claims where claims.task_id = task.id)`,
  );
  const restage = compiled(
    db,
    (given: Given<Ids & { stage: Stage }>) => sql`
      update tasks set stage = ${given('stage')}, completed_at = null, archived_from = null, superseded_by = null
      where id in ${listOf(given('ids'))}`,
  );
  return {
    openUnderEnded: async (ids) => openUnderEnded({ ids: JSON.stringify(ids) }),
    activeUnheld: async (ids) => (await activeUnheld({ ids: JSON.stringify(ids) })).map(({ id }) => id),
    async restage(ids, stage) {
      await restage({ ids: JSON.stringify(ids), stage });
    },
  };
}
