import { type Kysely, type Selectable, sql } from 'kysely';
import type { Above, AuditRepository, Below, LostOwner, Waiting } from '../../application/repositories.ts';
import { type ArtifactType, HANDS_ON } from '../../domain/artifact.ts';
import type { Links } from '../../domain/circles.ts';
import type { Prerequisite } from '../../domain/structure.ts';
import type { Standing, Task } from '../../domain/task.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { damageBy } from './integrity.ts';
import { parsed } from './rows.ts';
import type { DB } from './schema.ts';

type Ids = Readonly<{ ids: string }>;
type TaskRow = Selectable<DB['tasks']>;

export function auditRepository(db: Kysely<DB>): AuditRepository {
  return { ...families(db), ...edges(db), ...corrections(db), lostOwners: owning(db), ...wholeness(db) };
}

/** `union` instead of `union all`, so that a walk ends where parents form a circle. */
function families(db: Kysely<DB>): Pick<AuditRepository, 'below' | 'above' | 'links'> {
  const below = compiled(
    db,
    (given: Given<Ids>) => sql<BelowRow>`
      with recursive below (top, seq, id) as (
        select asked.value, child.seq, child.id from json_each(${given('ids')}) as asked
          cross join tasks as child on child.parent_id = asked.value and child.deleted_at is null
        union
        select below.top, child.seq, child.id
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
      )
      select below.top, task.id, task.parent_id, task.stage, task.archived_from
        from below cross join tasks as task on task.seq = below.seq`,
  );
  const above = compiled(
    db,
    (given: Given<Ids>) => sql<AboveRow>`
      with recursive above (task, id) as (
        select task.id, task.parent_id from json_each(${given('ids')}) as asked
          cross join tasks as task on task.id = asked.value and task.deleted_at is null and task.parent_id is not null
        union
        select above.task, parent.parent_id from above
          cross join tasks as parent on parent.id = above.id and parent.deleted_at is null and parent.parent_id is not null
      )
      select above.task as "of", above.id, parent.seq, parent.parent_id, parent.stage, parent.waiters,
        (select count(*) from dependencies where task_id = parent.id and status in ('pending', 'failed')) as unmet
      from above left join tasks as parent on parent.id = above.id and parent.deleted_at is null`,
  );

  return {
    below: async (ids) => (await below({ ids: JSON.stringify(ids) })).map(belowOf),
    above: async (ids) => (await above({ ids: JSON.stringify(ids) })).map(aboveOf),
    links: linking(db),
  };
}

type BelowRow = Readonly<{ top: string }> & Pick<TaskRow, 'id' | 'parent_id' | 'stage' | 'archived_from'>;

const belowOf = ({ top, id, parent_id, stage, archived_from }: BelowRow): Below => ({
  top,
  id,
  parentId: parent_id ?? undefined,
  stage,
  archivedFrom: archived_from ?? undefined,
});

type AboveRow = Readonly<{ of: string; id: string; parent_id: string | null; unmet: number }> &
  (Readonly<{ seq: null }> | Pick<TaskRow, 'seq' | 'stage' | 'waiters'>);

function aboveOf(row: AboveRow): Above {
  const { of, id, parent_id, unmet } = row;
  if (row.seq === null) return { of, id, isThere: false };
  return { of, id, isThere: true, parentId: parent_id ?? undefined, stage: row.stage, unmet, waiters: row.waiters };
}

function linking(db: Kysely<DB>): AuditRepository['links'] {
  const tasks = compiled(db, (given: Given<Ids>) =>
    db
      .selectFrom('tasks')
      .select(['id', 'parent_id', 'type', 'created_at'])
      .where('id', 'in', listOf<string>(given('ids')))
      .where('deleted_at', 'is', null),
  );
  const children = compiled(
    db,
    (given: Given<Ids>) => sql<{ id: string; parent: string }>`
      select child.id, child.parent_id as parent from json_each(${given('ids')}) as asked
        cross join tasks as child on child.parent_id = asked.value and child.deleted_at is null`,
  );
  const edges = compiled(db, (given: Given<Ids>) =>
    db
      .selectFrom('dependencies')
      .select(['task_id', 'prerequisite_id', 'type', 'created_at'])
      .where('task_id', 'in', listOf<string>(given('ids'))),
  );

  return async (asked) => {
    const ids = { ids: JSON.stringify(asked) };
    const childrenOf = Map.groupBy(await children(ids), ({ parent }) => parent);
    const edgesOf = Map.groupBy(await edges(ids), (edge) => edge.task_id);
    return (await tasks(ids)).map(
      ({ id, parent_id, type, created_at }): Links => ({
        id,
        parentId: parent_id ?? undefined,
        type,
        createdAt: created_at,
        children: (childrenOf.get(id) ?? []).map((child) => child.id),
        edges: (edgesOf.get(id) ?? []).map((edge) => ({
          prerequisiteId: edge.prerequisite_id,
          type: edge.type,
          createdAt: edge.created_at,
        })),
      }),
    );
  };
}

function edges(db: Kysely<DB>): Pick<AuditRepository, 'waiting' | 'prerequisites' | 'dependents'> {
  const waiting = compiled(
    db,
    (given: Given<Ids>) => sql<Waiting>`
      select asked.value as id,
        count(distinct edge.task_id) filter (where edge.status = 'pending') as waiting,
        count(distinct edge.task_id) filter (where edge.status = 'failed') as stuck
      from json_each(${given('ids')}) as asked
        cross join dependencies as edge on edge.prerequisite_id = asked.value and edge.status in ('pending', 'failed')
        cross join tasks as dependent on dependent.id = edge.task_id and dependent.deleted_at is null
          and dependent.stage in ('draft', 'ready', 'active', 'blocked', 'review')
      group by asked.value`,
  );
  const prerequisites = compiled(
    db,
    (given: Given<Ids>) => sql<PrerequisiteRow>`
      select task.id, task.stage, task.archived_from, task.type, task.deleted_at,
        (select json_group_array(distinct artifact.type) from artifacts as artifact
          where artifact.task_id = task.id and artifact.outcome in (${sql.join(HANDS_ON)})) as artifact_types
      from json_each(${given('ids')}) as asked cross join tasks as task on task.id = asked.value`,
  );
  const dependents = compiled(
    db,
    (given: Given<{ id: string; limit: number }>) => sql<{ id: string; is_lost: number }>`
      select asked.id, not exists (select 1 from tasks where tasks.id = asked.id) as is_lost
      from (select distinct task_id as id from dependencies
        where task_id > ${given('id')} order by task_id limit ${given('limit')}) as asked`,
  );

  return {
    waiting: async (ids) => waiting({ ids: JSON.stringify(ids) }),
    prerequisites: async (ids) => (await prerequisites({ ids: JSON.stringify(ids) })).map(prerequisiteOf),
    dependents: async (id, limit) =>
      (await dependents({ id, limit })).map((row) => ({ id: row.id, isLost: row.is_lost === 1 })),
  };
}

type PrerequisiteRow = Pick<TaskRow, 'id' | 'stage' | 'archived_from' | 'type' | 'deleted_at'> &
  Readonly<{ artifact_types: string }>;

const prerequisiteOf = (row: PrerequisiteRow): Prerequisite => ({
  id: row.id,
  stage: row.stage,
  archivedFrom: row.archived_from ?? undefined,
  type: row.type,
  isDeleted: row.deleted_at !== null,
  artifactTypes: parsed<ArtifactType[]>(row.artifact_types),
});

type Correction = Readonly<{ id: string } & Omit<Standing, 'actionableSince'> & { actionableSince: number | null }>;

function corrections(db: Kysely<DB>): Pick<AuditRepository, 'correct'> {
  const correct = compiled(
    db,
    (given: Given<Correction>) => sql`
      update tasks set children = ${given('children')}, open_children = ${given('openChildren')},
        completed_children = ${given('completedChildren')}, leaves = ${given('leaves')},
        completed_leaves = ${given('completedLeaves')}, unmet = ${given('unmet')}, failed = ${given('failed')},
        gates_above = ${given('gatesAbove')}, waiters = ${given('waiters')},
        actionable_since = ${given('actionableSince')}
      where id = ${given('id')}`,
  );
  const set = ({ id, standing }: Pick<Task, 'id' | 'standing'>) =>
    correct({ id, ...standing, actionableSince: standing.actionableSince ?? null });

  return {
    async correct(standings) {
      for (const one of standings) await set(one);
    },
  };
}

function owning(db: Kysely<DB>): AuditRepository['lostOwners'] {
  const lost = compiled(
    db,
    (given: Given<{ after: string; limit: number }>) => sql<LostOwner>`
      select asked.task_id as id, sum(asked.artifacts) as artifacts, sum(asked.notes) as notes
      from (
        select task_id, 1 as artifacts, 0 as notes from artifacts where task_id > ${given('after')}
        union all
        select task_id, 0, 1 from notes where task_id > ${given('after')}
      ) as asked
      where not exists (select 1 from tasks where tasks.id = asked.task_id)
      group by asked.task_id order by asked.task_id limit ${given('limit')}`,
  );
  return (after, limit) => lost({ after, limit });
}

function wholeness(db: Kysely<DB>): Pick<AuditRepository, 'eventGaps' | 'integrity'> {
  const page = (given: Given<{ seq: number; limit: number }>) =>
    sql`(select seq from events where seq > ${given('seq')} order by seq limit ${given('limit')})`;
  const gaps = compiled(
    db,
    (given: Given<{ seq: number; limit: number }>) => sql<{ after: number; before: number }>`
      select previous as "after", seq as before from (
        select seq, lag(seq, 1, ${given('seq')}) over (order by seq) as previous from ${page(given)})
      where seq > previous + 1`,
  );
  const extent = compiled(
    db,
    (given: Given<{ seq: number; limit: number }>) =>
      sql<{ last: number | null; count: number }>`select max(seq) as last, count(*) as count from ${page(given)}`,
  );
  const highest = compiled(db, () => sql<{ seq: number }>`select seq from sqlite_sequence where name = 'events'`);

  return {
    async eventGaps(seq, limit) {
      const found = await gaps({ seq, limit });
      const [{ last, count } = { last: null, count: 0 }] = await extent({ seq, limit });
      if (count === limit) return { gaps: found, next: last ?? seq };
      // SQLite remembers the highest number that it ever gave, so that events which were cut off at the end are missed, too.
      const [ever = { seq: 0 }] = await highest({});
      const end = last ?? seq;
      return { gaps: ever.seq > end ? [...found, { after: end, before: ever.seq + 1 }] : found, next: undefined };
    },
    integrity: damageBy(db, 'integrity_check'),
  };
}
