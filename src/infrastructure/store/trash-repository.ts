import { type Kysely, type Selectable, sql } from 'kysely';
import type { Telling, TrashRepository } from '../../application/trash-repository.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { dependencyOf, parsed, taskOf } from './rows.ts';
import type { DB } from './schema.ts';

type Ids = Readonly<{ ids: string }>;
type EdgeRow = Selectable<DB['dependencies']>;

export function trashRepository(db: Kysely<DB>): TrashRepository {
  const findAll = compiled(db, (given: Given<Ids>) =>
    db
      .selectFrom('tasks')
      .selectAll()
      .where('id', 'in', listOf<string>(given('ids')))
      .where('deleted_at', 'is not', null),
  );
  const deletedWith = compiled(db, (given: Given<{ root: string }>) =>
    db.selectFrom('tasks').selectAll().where('deleted_with', '=', given('root')).orderBy('seq'),
  );
  const put = compiled(
    db,
    (given: Given<Ids & { root: string; at: number }>) => sql`
      update tasks set deleted_at = ${given('at')}, deleted_with = ${given('root')}, actionable_since = null
      where id in ${listOf(given('ids'))} and deleted_at is null`,
  );
  const takeOut = compiled(
    db,
    (given: Given<{ root: string }>) =>
      sql`update tasks set deleted_at = null, deleted_with = null where deleted_with = ${given('root')}`,
  );
  const rootsUpTo = compiled(
    db,
    (given: Given<{ at: number }>) => sql<{ id: string }>`
      select id from tasks indexed by tasks_deleted_first
      where deleted_at is not null and deleted_with = id and deleted_at <= ${given('at')} order by deleted_at, seq`,
  );
  const edgesOnto = compiled(
    db,
    (given: Given<Ids>) => sql<EdgeRow>`
      select edge.* from json_each(${given('ids')}) as asked
        cross join dependencies as edge on edge.prerequisite_id = asked.value
        cross join tasks as dependent on dependent.id = edge.task_id and dependent.deleted_at is not null
      order by edge.created_at, edge.position`,
  );

  return {
    findAll: async (ids) =>
      (await findAll({ ids: JSON.stringify(ids) })).map((row) => ({
        task: taskOf(row),
        deletedAt: row.deleted_at ?? 0,
        root: row.deleted_with ?? row.id,
      })),
    deletedWith: async (root) => (await deletedWith({ root })).map(taskOf),
    async put(ids, { root, at }) {
      await put({ ids: JSON.stringify(ids), root, at });
    },
    async takeOut(root) {
      await takeOut({ root });
    },
    rootsUpTo: async (at) => (await rootsUpTo({ at })).map(({ id }) => id),
    edgesOnto: async (ids) => (await edgesOnto({ ids: JSON.stringify(ids) })).map(dependencyOf),
    ...history(db),
    purge: purging(db),
  };
}

function history(db: Kysely<DB>): Pick<TrashRepository, 'tellings' | 'retell'> {
  const tellings = compiled(
    db,
    (given: Given<Ids>) => sql<{ seq: number; details: string }>`
      select events.seq, events.details from json_each(${given('ids')}) as asked
        cross join events on events.task_id = asked.value and events.details is not null`,
  );
  const retell = compiled(
    db,
    (given: Given<{ seq: number; details: string }>) =>
      sql`update events set details = ${given('details')} where seq = ${given('seq')}`,
  );

  return {
    tellings: async (ids) =>
      (await tellings({ ids: JSON.stringify(ids) })).map(({ seq, details }) => ({
        seq,
        details: parsed<NonNullable<Telling['details']>>(details),
      })),
    async retell(events) {
      for (const { seq, details = {} } of events) await retell({ seq, details: JSON.stringify(details) });
    },
  };
}

/** What hangs on a task, before the task itself, for the one refers to the other. */
const HANGING = ['claims', 'notes', 'artifacts', 'syntheses'] as const satisfies readonly (keyof DB)[];

function purging(db: Kysely<DB>): TrashRepository['purge'] {
  const inTrash = (ids: ReturnType<Given<Ids>>) =>
    sql`(select id from tasks where id in ${listOf(ids)} and deleted_at is not null)`;
  const hanging = HANGING.map((table) =>
    compiled(db, (given: Given<Ids>) => sql`delete from ${sql.table(table)} where task_id in ${inTrash(given('ids'))}`),
  );
  const ownEdges = compiled(
    db,
    (given: Given<Ids>) => sql`delete from dependencies where task_id in ${inTrash(given('ids'))}`,
  );
  const edgesOnto = compiled(
    db,
    (given: Given<Ids>) => sql`delete from dependencies where prerequisite_id in ${inTrash(given('ids'))}`,
  );
  /** Replies have no index by the tasks that they name: all that are kept, a week of keyed calls, are looked through. */
  const replies = compiled(
    db,
    (given: Given<Ids>) => sql`
      delete from replies where exists (
        select 1 from json_each(${given('ids')}) as asked where instr(replies.reply, asked.value) > 0)`,
  );
  const orphans = compiled(
    db,
    (given: Given<Ids>) => sql<{ id: string }>`
      update tasks set parent_id = null
      where parent_id in ${inTrash(given('ids'))} and id not in ${listOf(given('ids'))} returning id`,
  );
  const tasks = compiled(
    db,
    (given: Given<Ids>) => sql`delete from tasks where id in ${listOf(given('ids'))} and deleted_at is not null`,
  );

  return async (purged) => {
    const ids = { ids: JSON.stringify(purged) };
    for (const remove of [...hanging, ownEdges, edgesOnto, replies]) await remove(ids);
    const orphaned = await orphans(ids);
    await tasks(ids);
    return orphaned.map(({ id }) => id);
  };
}
