import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // The task whose deletion took it along; its own id where it was deleted itself.
  'alter table tasks add column deleted_with text',
  'create index tasks_deleted_with on tasks (deleted_with) where deleted_with is not null',
  'create index tasks_deleted_first on tasks (deleted_at) where deleted_at is not null and deleted_with = id',
  // When the work of a cancelled task was given up with it.
  'alter table artifacts add column trashed_at integer',
  'create index artifacts_trashed on artifacts (trashed_at) where trashed_at is not null',
];

/** Lets tasks be deleted and restored with all that hung on them, and work be given up and taken back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
