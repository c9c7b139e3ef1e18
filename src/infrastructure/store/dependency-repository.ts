import { type Kysely, sql } from 'kysely';
import type { DependencyRepository } from '../../application/repositories.ts';
import type { Dependency } from '../../domain/dependencies.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { dependencyOf } from './rows.ts';
import type { DB } from './schema.ts';

export function dependencyRepository(db: Kysely<DB>): DependencyRepository {
  const of = compiled(db, (given: Given<{ taskIds: string }>) =>
    db
      .selectFrom('dependencies')
      .selectAll()
      .where('task_id', 'in', listOf<string>(given('taskIds')))
      .orderBy('created_at')
      .orderBy('position'),
  );
  const onto = compiled(db, (given: Given<{ prerequisiteId: string }>) =>
    db
      .selectFrom('dependencies')
      .selectAll()
      .where('prerequisite_id', '=', given('prerequisiteId'))
      .orderBy('created_at')
      .orderBy('position'),
  );
  const writes = dependencyWrites(db);

  return {
    of: async (taskIds) => (await of({ taskIds: JSON.stringify(taskIds) })).map(dependencyOf),
    onto: async (prerequisiteId) => (await onto({ prerequisiteId })).map(dependencyOf),
    ...writes,
    waitsFor: waitingFor(db),
  };
}

type EdgeValues = Omit<Dependency, 'artifactType' | 'description' | 'verdict'> & {
  artifactType: string | null;
  description: string | null;
  verdict: string | null;
  index: number;
  at: number;
};

const valuesOf = (edge: Dependency, index: number, at: number): EdgeValues => ({
  ...edge,
  artifactType: edge.artifactType ?? null,
  description: edge.description ?? null,
  verdict: edge.verdict ?? null,
  index,
  at,
});

function dependencyWrites(db: Kysely<DB>): Pick<DependencyRepository, 'insert' | 'save' | 'remove'> {
  const insert = compiled(
    db,
    (given: Given<EdgeValues>) => sql`
      insert into dependencies (task_id, prerequisite_id, type, status, verdict, artifact_type, description, position, created_at, updated_at)
      select ${given('taskId')}, ${given('prerequisiteId')}, ${given('type')}, ${given('status')}, ${given('verdict')},
        ${given('artifactType')}, ${given('description')}, cast(coalesce(max(position) + 1, ${given('index')}) as integer), ${given('at')}, ${given('at')}
      from dependencies where task_id = ${given('taskId')}`,
  );
  const save = compiled(
    db,
    (given: Given<EdgeValues>) => sql`
      update dependencies set status = ${given('status')}, verdict = ${given('verdict')},
        artifact_type = ${given('artifactType')}, description = ${given('description')}, updated_at = ${given('at')}
      where task_id = ${given('taskId')} and prerequisite_id = ${given('prerequisiteId')} and type = ${given('type')}`,
  );
  const remove = compiled(db, (given: Given<{ taskId: string; prerequisiteId: string; type: Dependency['type'] }>) =>
    db
      .deleteFrom('dependencies')
      .where('task_id', '=', given('taskId'))
      .where('prerequisite_id', '=', given('prerequisiteId'))
      .where('type', '=', given('type')),
  );

  return {
    async insert(edges, at) {
      for (const [index, edge] of edges.entries()) await insert(valuesOf(edge, index, at));
    },
    async save(edges, at) {
      for (const [index, edge] of edges.entries()) await save(valuesOf(edge, index, at));
    },
    async remove(edges) {
      for (const { taskId, prerequisiteId, type } of edges) await remove({ taskId, prerequisiteId, type });
    },
  };
}

function waitingFor(db: Kysely<DB>): DependencyRepository['waitsFor'] {
  const waitsFor = compiled(
    db,
    (given: Given<{ taskIds: string }>) => sql<{ place: number; id: string }>`
      with recursive above (place, id) as (
        select key, value from json_each(${given('taskIds')})
        union
        select above.place, task.parent_id
          from above cross join tasks as task on task.id = above.id and task.parent_id is not null
      )
      select above.place, edge.prerequisite_id as id
        from above cross join dependencies as edge on edge.task_id = above.id
      union all
      select asked.key, child.id
        from json_each(${given('taskIds')}) as asked
        cross join tasks as child on child.parent_id = asked.value and child.deleted_at is null`,
  );

  return async (taskIds) => {
    const found: string[][] = taskIds.map(() => []);
    for (const { place, id } of await waitsFor({ taskIds: JSON.stringify(taskIds) })) found[place]?.push(id);
    return found;
  };
}
