import { type Kysely, type Selectable, sql } from 'kysely';
import type { GivenUpRepository } from '../../application/trash-repository.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { artifactOf } from './rows.ts';
import type { DB } from './schema.ts';

type ArtifactRow = Selectable<DB['artifacts']>;

export function givenUpRepository(db: Kysely<DB>): GivenUpRepository {
  const put = compiled(
    db,
    (given: Given<{ taskIds: string; at: number }>) => sql<ArtifactRow>`
      update artifacts set trashed_at = ${given('at')}
      where task_id in ${listOf(given('taskIds'))} and trashed_at is null returning *`,
  );
  const takeOut = compiled(
    db,
    (given: Given<{ taskId: string }>) => sql<ArtifactRow>`
      update artifacts set trashed_at = null
      where task_id = ${given('taskId')} and trashed_at is not null returning *`,
  );
  const among = compiled(db, (given: Given<{ ids: string }>) =>
    db
      .selectFrom('artifacts')
      .select(['id', 'task_id'])
      .where('id', 'in', listOf<string>(given('ids')))
      .where('trashed_at', 'is not', null),
  );
  const purgeUpTo = compiled(
    db,
    (given: Given<{ at: number }>) => sql<{ id: string }>`
      delete from artifacts where trashed_at is not null and trashed_at <= ${given('at')} returning id`,
  );

  return {
    put: async (taskIds, at) => (await put({ taskIds: JSON.stringify(taskIds), at })).map(artifactOf),
    takeOut: async (taskId) => (await takeOut({ taskId })).map(artifactOf),
    among: async (ids) =>
      (await among({ ids: JSON.stringify(ids) })).map(({ id, task_id }) => ({ id, taskId: task_id })),
    purgeUpTo: async (at) => (await purgeUpTo({ at })).map(({ id }) => id),
  };
}
