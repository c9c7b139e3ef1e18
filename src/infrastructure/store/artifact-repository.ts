import type { Kysely } from 'kysely';
import type { ArtifactRepository } from '../../application/repositories.ts';
import { HANDS_ON } from '../../domain/artifact.ts';
import { compiled, type Given, inserting, listOf } from './compiled.ts';
import { artifactOf, newArtifactRow } from './rows.ts';
import type { DB } from './schema.ts';
import { endOfPrefix } from './task-repository.ts';

export function artifactRepository(db: Kysely<DB>): ArtifactRepository {
  const recorded = () => db.selectFrom('artifacts');
  const artifacts = () => recorded().where('trashed_at', 'is', null);
  const find = compiled(db, (given: Given<{ id: string }>) => artifacts().selectAll().where('id', '=', given('id')));
  const idsBetween = compiled(db, (given: Given<{ prefix: string; end: string; limit: number }>) =>
    artifacts()
      .select('id')
      .where('id', '>=', given('prefix'))
      .where('id', '<', given('end'))
      .orderBy('id')
      .limit(given('limit')),
  );
  const insert = inserting<ReturnType<typeof newArtifactRow>>(db, 'artifacts');
  const of = compiled(db, (given: Given<{ taskIds: string }>) =>
    artifacts()
      .selectAll()
      .where('task_id', 'in', listOf<string>(given('taskIds')))
      .orderBy('created_at')
      .orderBy('seq'),
  );
  const known = compiled(db, (given: Given<{ ids: string }>) =>
    recorded()
      .select('id')
      .where('id', 'in', listOf<string>(given('ids'))),
  );
  const typesHandedOn = compiled(db, (given: Given<{ taskId: string }>) =>
    artifacts().select('type').distinct().where('task_id', '=', given('taskId')).where('outcome', 'in', HANDS_ON),
  );

  return {
    find: async (id) => (await find({ id })).map(artifactOf)[0],
    idsWithPrefix: async (prefix, limit) =>
      (await idsBetween({ prefix, end: endOfPrefix(prefix), limit })).map(({ id }) => id),
    async insert(artifact) {
      await insert(newArtifactRow(artifact));
    },
    of: async (taskIds) => (await of({ taskIds: JSON.stringify(taskIds) })).map(artifactOf),
    known: async (ids) => (await known({ ids: JSON.stringify(ids) })).map(({ id }) => id),
    typesHandedOn: async (taskId) => (await typesHandedOn({ taskId })).map(({ type }) => type),
  };
}
