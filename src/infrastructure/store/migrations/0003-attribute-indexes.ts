import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // The indexes that questions have made for themselves: what they are about, and when each was last of use.
  `create table attribute_indexes (
    subject text primary key,
    name text not null,
    made_at integer not null,
    last_used_at integer not null
  ) strict, without rowid`,
  // deleted_at is always null here, but SQLite would look it up in the table; where the walk begins with it, it is never looked at.
  'create index tasks_by_recency on tasks (stage, deleted_at, created_at) where deleted_at is null',
];

/** Lets tasks be listed by stage and age, and indexes be made for what is asked often. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
