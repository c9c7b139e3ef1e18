import { type Kysely, sql } from 'kysely';

const STATEMENTS = [
  // The texts stay where they are: 300,000 of them, 81 MB in all, take 102 MB here. An index of beginnings would be half as much again.
  `create virtual table search_index using fts5(
    title, body, owner, content = '', contentless_delete = 1, tokenize = 'ascii'
  )`,
  "create virtual table search_words using fts5vocab(search_index, 'row')",
  'create table search_mark (words_to integer not null) strict',
  'insert into search_mark values (0)',
  'create table search_model (model text not null, dimensions integer, vectors_to integer not null) strict',
  'create table search_vectors (number integer primary key, task_id text, vector blob not null) strict',
  'create index search_vectors_by_task on search_vectors (task_id) where task_id is not null',
];

/** Lets texts be searched; they are taken in afterwards, from the events. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}
