import { type Kysely, type Selectable, sql } from 'kysely';
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
  const onto = compiled(
    db,
    (given: Given<{ prerequisiteIds: string }>) => sql<Selectable<DB['dependencies']>>`
      select edge.* from json_each(${given('prerequisiteIds')}) as asked
        cross join dependencies as edge on edge.prerequisite_id = asked.value
        cross join tasks as dependent on dependent.id = edge.task_id and dependent.deleted_at is null
      order by edge.created_at, edge.position`,
  );
  const writes = dependencyWrites(db);

  return {
    of: async (taskIds) => (await of({ taskIds: JSON.stringify(taskIds) })).map(dependencyOf),
    onto: async (ids) => (await onto({ prerequisiteIds: JSON.stringify(ids) })).map(dependencyOf),
    ...writes,
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

function dependencyWrites(db: Kysely<DB>): Pick<DependencyRepository, 'insert' | 'save' | 'judge' | 'remove'> {
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
  const judge = compiled(
    db,
    (given: Given<Pick<Dependency, 'prerequisiteId' | 'type' | 'status'> & { taskIds: string; at: number }>) => sql`
      update dependencies set status = ${given('status')}, updated_at = ${given('at')}
      where task_id in ${listOf(given('taskIds'))} and prerequisite_id = ${given('prerequisiteId')} and type = ${given('type')}`,
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
    async judge({ prerequisiteId, type, status }, { taskIds, at }) {
      await judge({ prerequisiteId, type, status, taskIds: JSON.stringify(taskIds), at });
    },
    async remove(edges) {
      for (const { taskId, prerequisiteId, type } of edges) await remove({ taskId, prerequisiteId, type });
    },
  };
}
