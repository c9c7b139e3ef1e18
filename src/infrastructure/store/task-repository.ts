import { type Kysely, type Selectable, sql } from 'kysely';
import type { RootFilter, TaskRepository } from '../../application/repositories.ts';
import { conflict } from '../../domain/errors.ts';
import type { Stage } from '../../domain/lifecycle.ts';
import type { Task } from '../../domain/task.ts';
import { columnsOf, compiled, type Given, inserting, listOf } from './compiled.ts';
import { editableColumns, newTaskRow, taskOf } from './rows.ts';
import type { DB } from './schema.ts';

type TaskRow = Selectable<DB['tasks']>;

const OPEN_STAGES: readonly Stage[] = ['draft', 'ready', 'active', 'blocked', 'review'];
/** Word for word as in the index that holds the open leaves, or SQLite does not see that it fits. */
const IS_OPEN_LEAF = sql`children = 0 and deleted_at is null and stage in ('draft', 'ready', 'active', 'blocked', 'review')`;
/** What holds a leaf back, as a number: see `HOLDS`. */
const HOLD = sql`(2 * (failed > 0) + (unmet + gates_above > 0))`;
const IS_INTERRUPTED = sql`children = 0 and deleted_at is null and stage = 'ready' and started_at is not null`;
/** Whether the last step of a task was back from an end, which somebody did on purpose. */
const IS_REOPENED = sql`coalesce((
  select details ->> 'from' from events where task_id = tasks.id and type = 'task.lifecycle_changed'
  order by seq desc limit 1) in ('completed', 'failed', 'cancelled', 'archived', 'superseded'), 0)`;
const IS_OF_KIND = sql`(stage in ('completed', 'failed', 'cancelled')) = wanted.value ->> 0 and (children > 0) = wanted.value ->> 1`;
const IS_ROOT = sql`parent_id is null and deleted_at is null and stage not in ('archived', 'superseded')`;

/** Where a walk ends that would go round for ever, in a damaged store whose parents form a circle; no plan is as deep. */
const DEEPEST = 10_000;

/** Sorts after every id that begins with `prefix`. */
export const endOfPrefix = (prefix: string) => `${prefix}\u{10ffff}`;

/** SQLite would set up a sorter of all columns even for a task without children. It gives them as they were stored, and those of one moment stay so. */
const byAge = (a: Task, b: Task) => a.createdAt - b.createdAt;

export function taskRepository(db: Kysely<DB>): TaskRepository {
  const live = () => db.selectFrom('tasks').where('deleted_at', 'is', null);
  const find = compiled(db, (given: Given<{ id: string }>) => live().selectAll().where('id', '=', given('id')));
  const findAll = compiled(db, (given: Given<{ ids: string }>) =>
    live()
      .selectAll()
      .where('id', 'in', listOf<string>(given('ids'))),
  );
  const children = compiled(db, (given: Given<{ parentId: string }>) =>
    live().selectAll().where('parent_id', '=', given('parentId')),
  );
  const idsBetween = compiled(db, (given: Given<{ prefix: string; end: string; limit: number }>) =>
    live()
      .select('id')
      .where('id', '>=', given('prefix'))
      .where('id', '<', given('end'))
      .orderBy('id')
      .limit(given('limit')),
  );
  const insert = inserting<ReturnType<typeof newTaskRow>>(db, 'tasks');
  const lists = taskLists(db);

  return {
    find: async (id) => (await find({ id })).map(taskOf)[0],
    findAll: async (ids) => (await findAll({ ids: JSON.stringify(ids) })).map(taskOf),
    idsWithPrefix: async (prefix, limit) =>
      (await idsBetween({ prefix, end: endOfPrefix(prefix), limit })).map(({ id }) => id),
    async insert(tasks) {
      for (const task of tasks) await insert(newTaskRow(task));
    },
    save: saving(db),
    children: async (parentId) => (await children({ parentId })).map(taskOf).sort(byAge),
    ...lists,
  };
}

type Changes = ReturnType<typeof editableColumns> & Readonly<{ id: string; version: number }>;

function saving(db: Kysely<DB>): (task: Task) => Promise<Task> {
  const update = compiled(db, (given: Given<Changes>, first) => {
    const columns = columnsOf(first).filter((column) => column !== 'id' && column !== 'version');
    const settings = columns.map((column) => sql`${sql.ref(column)} = ${given(column)}`);
    return sql<Pick<TaskRow, 'version'>>`update tasks set version = version + 1, ${sql.join(settings)}
      where id = ${given('id')} and version = ${given('version')} and deleted_at is null returning version`;
  });
  const versionOf = compiled(db, (given: Given<{ id: string }>) =>
    db.selectFrom('tasks').select('version').where('id', '=', given('id')).where('deleted_at', 'is', null),
  );

  return async (task) => {
    const [saved] = await update({ ...editableColumns(task), id: task.id, version: task.version });
    if (saved !== undefined) return { ...task, version: saved.version };
    const [stored] = await versionOf({ id: task.id });
    throw conflict(`Task ${task.id} was changed by somebody else since it was read`, {
      ...(stored !== undefined && { current_version: stored.version }),
      suggestion: `Use orchestrator_get_task with task_id ${task.id} to see it as it is now`,
    });
  };
}

type TaskLists = Pick<TaskRepository, 'descendants' | 'roots' | 'countRoots' | 'openLeaves' | 'interrupted' | 'tally'>;

/** Lists whose walk drives the join (`cross join`): left to choose, SQLite reads the whole table. */
function taskLists(db: Kysely<DB>): TaskLists {
  const descendants = compiled(
    db,
    (given: Given<{ id: string }>) => sql<TaskRow>`
      with recursive below (seq, id, depth) as (
        select seq, id, 1 from tasks where parent_id = ${given('id')} and deleted_at is null
        union all
        select child.seq, child.id, below.depth + 1
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
          where below.depth < ${sql.lit(DEEPEST)}
      )
      select tasks.* from below cross join tasks on tasks.seq = below.seq
      order by below.depth, tasks.created_at, tasks.seq`,
  );
  /** For each wanted kind the first `limit` by the index, then the first of these together. */
  const roots = compiled(
    db,
    (given: Given<{ kinds: string; limit: number }>) => sql<TaskRow>`
      select tasks.* from json_each(${given('kinds')}) as wanted cross join tasks on tasks.seq in (
        select seq from tasks
        where ${IS_OF_KIND} and ${IS_ROOT}
        order by created_at desc, seq desc limit ${given('limit')})
      order by tasks.created_at desc, tasks.seq desc limit ${given('limit')}`,
  );
  const countRoots = compiled(
    db,
    (given: Given<{ kinds: string }>) => sql<{ count: number }>`
      select sum((select count(*) from tasks where ${IS_OF_KIND} and ${IS_ROOT})) as count
        from json_each(${given('kinds')}) as wanted`,
  );
  const openLeaves = compiled(
    db,
    (given: Given<{ wanted: string; limit: number }>) => sql<TaskRow>`
      select tasks.* from json_each(${given('wanted')}) as wanted cross join tasks on tasks.seq in (
        select seq from tasks
        where stage = wanted.value ->> 0 and ${HOLD} = wanted.value ->> 1 and ${IS_OPEN_LEAF}
        order by updated_at, seq limit ${given('limit')})
      order by tasks.updated_at, tasks.seq limit ${given('limit')}`,
  );
  const interrupted = compiled(
    db,
    (given: Given<{ limit: number }>) => sql<TaskRow>`
      select * from tasks where ${IS_INTERRUPTED} and not ${IS_REOPENED}
      order by updated_at desc, seq desc limit ${given('limit')}`,
  );
  const tally = compiled(
    db,
    () => sql<Tally>`select
      (select count(*) from tasks where ${IS_OPEN_LEAF}) as open,
      (select count(*) from tasks where (children > 0) = 0 and actionable_since is not null and deleted_at is null) as ready,
      (select count(*) from tasks where ${IS_OPEN_LEAF} and stage = 'blocked') as blocked,
      (select count(*) from json_each(${wantedLeaves(OPEN_STAGES, HOLDS.failed)}) as wanted cross join tasks
        on stage = wanted.value ->> 0 and ${HOLD} = wanted.value ->> 1 and ${IS_OPEN_LEAF}) as stuck,
      (select count(*) from tasks where (children > 0) = 1 and actionable_since is not null and deleted_at is null) as "upForSynthesis"`,
  );

  return {
    descendants: async (id) => (await descendants({ id })).map(taskOf),
    roots: async ({ limit, ...filter }) => (await roots({ kinds: kindsOf(filter), limit })).map(taskOf),
    countRoots: async (filter) => (await countRoots({ kinds: kindsOf(filter) }))[0]?.count ?? 0,
    async openLeaves({ stages = OPEN_STAGES, held, limit }) {
      const heldStages = held === 'waiting' ? stages.filter((stage) => stage !== 'active') : stages;
      return (await openLeaves({ wanted: wantedLeaves(heldStages, HOLDS[held ?? 'any']), limit })).map(taskOf);
    },
    interrupted: async (limit) => (await interrupted({ limit })).map(taskOf),
    async tally() {
      const [counts] = await tally({});
      return counts ?? { open: 0, ready: 0, blocked: 0, stuck: 0, upForSynthesis: 0 };
    },
  };
}

/** Roots by whether they have ended and whether they have subtasks, as the index has them. */
function kindsOf({ isOpen, hasSubtasks }: RootFilter): string {
  const choices = (is: boolean | undefined) => (is === undefined ? [0, 1] : [Number(is)]);
  const ended = choices(isOpen === undefined ? undefined : !isOpen);
  return JSON.stringify(ended.flatMap((one) => choices(hasSubtasks).map((other) => [one, other])));
}

type Tally = Awaited<ReturnType<TaskRepository['tally']>>;

/** Values of the index on what holds a leaf back: 1 for waiting, itself or with an ancestor, 2 for a failed edge, 3 for both. */
const HOLDS = { any: [0, 1, 2, 3], waiting: [1, 3], failed: [2, 3] } as const;

const wantedLeaves = (stages: readonly Stage[], holds: readonly number[]) =>
  JSON.stringify([...new Set(stages)].flatMap((stage) => holds.map((hold) => [stage, hold])));
