import { type Kysely, sql } from 'kysely';

/** Templates that were saved by tool, every version of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table templates (
    id text not null,
    version integer not null,
    content text not null,
    saved_at integer not null,
    saved_by text not null,
    deleted_at integer,
    primary key (id, version)
  ) strict`.execute(db);
  await sql`create index templates_kept on templates (id) where deleted_at is null`.execute(db);
}
