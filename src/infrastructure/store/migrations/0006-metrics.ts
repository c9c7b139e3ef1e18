import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  `create table calls (
    day text not null,
    tool text not null,
    outcome text not null,
    bucket integer not null,
    count integer not null,
    primary key (day, tool, outcome, bucket)
  ) strict, without rowid`,
  'create index sessions_by_age on sessions (created_at)',
];

/** Counts of calls by tool and day, and the sessions by their age. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
