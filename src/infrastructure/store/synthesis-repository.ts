import { type Kysely, type Selectable, sql } from 'kysely';
import type { SynthesisRepository } from '../../application/repositories.ts';
import { compiled, type Given } from './compiled.ts';
import { parsed } from './rows.ts';
import type { DB } from './schema.ts';

type SynthesisRow = Selectable<DB['syntheses']>;

export function synthesisRepository(db: Kysely<DB>): SynthesisRepository {
  const find = compiled(db, (given: Given<{ taskId: string }>) =>
    db.selectFrom('syntheses').selectAll().where('task_id', '=', given('taskId')),
  );
  const keep = compiled(
    db,
    (given: Given<SynthesisRow>) => sql`
      insert or replace into syntheses (task_id, artifact_id, at, reply)
      values (${given('task_id')}, ${given('artifact_id')}, ${given('at')}, ${given('reply')})`,
  );

  return {
    async find(taskId) {
      const [row] = await find({ taskId });
      return row && { taskId, artifactId: row.artifact_id, at: row.at, reply: parsed<unknown>(row.reply) };
    },
    async keep({ taskId, artifactId, reply, at }) {
      await keep({ task_id: taskId, artifact_id: artifactId, at, reply: JSON.stringify(reply) });
    },
  };
}
