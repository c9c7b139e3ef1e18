import { type Kysely, type Selectable, sql } from 'kysely';
import type { ReplyRepository } from '../../application/repositories.ts';
import { compiled, type Given } from './compiled.ts';
import { parsed } from './rows.ts';
import type { DB } from './schema.ts';

type ReplyRow = Selectable<DB['replies']>;

export function replyRepository(db: Kysely<DB>): ReplyRepository {
  const find = compiled(db, (given: Given<{ scope: string; key: string }>) =>
    db.selectFrom('replies').selectAll().where('scope', '=', given('scope')).where('key', '=', given('key')),
  );
  const keep = compiled(
    db,
    (given: Given<ReplyRow>) => sql`
      insert or replace into replies (scope, key, arguments_hash, at, reply)
      values (${given('scope')}, ${given('key')}, ${given('arguments_hash')}, ${given('at')}, ${given('reply')})`,
  );
  const forgetBefore = compiled(db, (given: Given<{ at: number }>) =>
    db.deleteFrom('replies').where('at', '<', given('at')),
  );

  return {
    async find(scope, key) {
      const [row] = await find({ scope, key });
      return row && { scope, key, argumentsHash: row.arguments_hash, at: row.at, reply: parsed<unknown>(row.reply) };
    },
    async keep({ scope, key, argumentsHash, reply, at }) {
      await keep({ scope, key, arguments_hash: argumentsHash, at, reply: JSON.stringify(reply) });
    },
    async forgetBefore(at) {
      await forgetBefore({ at });
    },
  };
}
