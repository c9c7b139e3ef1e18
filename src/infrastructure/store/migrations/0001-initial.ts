import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

/**
 * Short columns come first, so that counters are read without the pages that long texts spill over to.
 * Every index is a page more that each insert writes; they are partial so that most rows stay out of most of them.
 */
const TABLES = [
  `create table store (
    store_id text not null,
    generation integer not null,
    schema_version integer not null,
    created_at integer not null
  ) strict`,
  `create table tasks (
    seq integer primary key,
    id text not null unique,
    parent_id text references tasks (id) deferrable initially deferred,
    stage text not null,
    priority integer not null check (priority between 0 and 3),
    version integer not null,
    children integer not null,
    open_children integer not null,
    completed_children integer not null,
    leaves integer not null,
    completed_leaves integer not null,
    unmet integer not null,
    failed integer not null,
    gates_above integer not null,
    waiters integer not null,
    actionable_since integer,
    created_at integer not null,
    updated_at integer not null,
    started_at integer,
    completed_at integer,
    deleted_at integer,
    archived_from text,
    type text not null,
    specialist text,
    complexity text,
    session_id text not null,
    superseded_by text,
    template_id text,
    effort text,
    due_date text,
    title text not null,
    description text,
    context text,
    acceptance_criteria text not null,
    attributes text not null
  ) strict`,
  `create table dependencies (
    task_id text not null references tasks (id),
    prerequisite_id text not null references tasks (id),
    type text not null,
    status text not null,
    verdict text,
    artifact_type text,
    description text,
    position integer not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (task_id, prerequisite_id, type)
  ) strict, without rowid`,
  `create table claims (
    task_id text primary key references tasks (id),
    id text not null unique,
    holder text not null,
    lease_ms integer not null,
    lease_until integer not null,
    taken_at integer not null
  ) strict, without rowid`,
  `create table sessions (
    id text primary key,
    agent_name text,
    created_at integer not null,
    ended_at integer,
    process_id text
  ) strict, without rowid`,
  `create table processes (
    id text primary key,
    host text not null,
    pid integer not null,
    started_at text
  ) strict, without rowid`,
  `create table artifacts (
    seq integer primary key,
    id text not null unique,
    task_id text not null references tasks (id),
    type text not null,
    outcome text not null,
    created_at integer not null,
    bytes integer not null,
    characters integer not null,
    sha256 text not null,
    session_id text not null,
    file_paths text not null,
    summary text not null
  ) strict`,
  `create table notes (
    seq integer primary key,
    task_id text references tasks (id),
    kind text not null,
    at integer not null,
    session_id text not null,
    text text not null
  ) strict`,
  `create table events (
    seq integer primary key autoincrement,
    at integer not null,
    type text not null,
    task_id text,
    session_id text not null,
    details text
  ) strict`,
  `create table replies (
    scope text not null,
    key text not null,
    arguments_hash text not null,
    at integer not null,
    reply text not null,
    primary key (scope, key)
  ) strict, without rowid`,
  `create table syntheses (
    task_id text primary key references tasks (id),
    artifact_id text not null,
    at integer not null,
    reply text not null
  ) strict, without rowid`,
  'create table identities (suffix text primary key) strict, without rowid',
  `create table maintenance (
    id text primary key,
    action text not null,
    session_id text not null,
    process_id text not null,
    started_at integer not null,
    seen_at integer not null
  ) strict, without rowid`,
];

const INDEXES = [
  'create index tasks_by_parent on tasks (parent_id) where parent_id is not null',
  'create index tasks_by_session on tasks (session_id, created_at)',
  `create index tasks_open_leaves on tasks (stage, (2 * (failed > 0) + (unmet + gates_above > 0)), updated_at)
    where children = 0 and deleted_at is null and stage in ('draft', 'ready', 'active', 'blocked', 'review')`,
  `create index tasks_interrupted on tasks (updated_at)
    where children = 0 and deleted_at is null and stage = 'ready' and started_at is not null`,
  `create index tasks_roots on tasks ((stage in ('completed', 'failed', 'cancelled')), (children > 0), created_at)
    where parent_id is null and deleted_at is null and stage not in ('archived', 'superseded')`,
  // The offers by age, of all and of each specialist, and in the order of their class.
  `create index offers_by_age on tasks ((children > 0), priority, actionable_since)
    where actionable_since is not null and deleted_at is null`,
  `create index offers_to_specialist on tasks (specialist, (children > 0), priority, actionable_since)
    where actionable_since is not null and deleted_at is null and specialist is not null`,
  `create index offers_in_order on tasks ((children > 0), priority, waiters desc, created_at, seq, actionable_since, specialist)
    where actionable_since is not null and deleted_at is null`,
  'create index dependencies_by_prerequisite on dependencies (prerequisite_id)',
  'create index claims_by_holder on claims (holder)',
  'create index sessions_unended on sessions (created_at) where ended_at is null',
  'create index sessions_by_process on sessions (process_id) where process_id is not null',
  'create index artifacts_by_task on artifacts (task_id)',
  'create index notes_by_task on notes (task_id)',
  'create index events_by_task on events (task_id) where task_id is not null',
  `create index events_by_session on events (session_id)
    where task_id is not null
      and type in ('task.created', 'task.claimed', 'task.taken_over', 'task.lifecycle_changed')`,
  'create index replies_by_age on replies (at)',
];

/** Makes the first tables. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of [...TABLES, ...INDEXES]) await sql.raw(statement).execute(db);
  await sql`insert into store values (${randomUUID()}, 1, 1, ${Date.now()})`.execute(db);
}
