import { type Kysely, type Selectable, sql } from 'kysely';
import type { AnalysisRepository, Completed, WorkRow } from '../../application/analysis-repository.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';

type TaskRow = Selectable<DB['tasks']>;

export function analysisRepository(db: Kysely<DB>): AnalysisRepository {
  return { work: workOf(db), ...history(db), leavesOf: leavesBelow(db) };
}

const IS_OPEN = sql`child.stage in ('draft', 'ready', 'active', 'blocked', 'review')`;
type Row = Pick<TaskRow, 'id' | 'parent_id' | 'title' | 'stage' | 'type' | 'effort' | 'children'>;
type Asked = Readonly<{ roots: string; within: string | null; includeEnded: number; limit: number }>;

/** Down from the open roots, for no open task lies below an ended one. `union`, so that it ends where parents form a circle. */
function workOf(db: Kysely<DB>): AnalysisRepository['work'] {
  const work = compiled(
    db,
    (given: Given<Asked>) => sql<Row>`
      with recursive below (seq, id) as (
        select top.seq, top.id from json_each(${given('roots')}) as wanted cross join tasks as top
          on (top.stage in ('completed', 'failed', 'cancelled')) = wanted.value
          and top.parent_id is null and top.deleted_at is null and top.stage not in ('archived', 'superseded')
        union
        select seq, id from tasks where id = ${given('within')} and deleted_at is null
        union
        select child.seq, child.id from below cross join tasks as child
          on child.parent_id = below.id and child.deleted_at is null and (${IS_OPEN} or ${given('includeEnded')})
        limit ${given('limit')}
      )
      select task.id, task.parent_id, task.title, task.stage, task.type, task.effort, task.children
        from below cross join tasks as task on task.seq = below.seq`,
  );

  return async ({ within, includeEnded, limit }) => {
    const roots = within !== undefined ? [] : includeEnded ? [0, 1] : [0];
    const values = { roots: JSON.stringify(roots), within: within ?? null, includeEnded: Number(includeEnded), limit };
    return (await work(values)).map(workRow);
  };
}

const workRow = (row: Row): WorkRow => ({
  id: row.id,
  parentId: row.parent_id ?? undefined,
  title: row.title,
  stage: row.stage,
  type: row.type,
  effort: row.effort ?? undefined,
  isLeaf: row.children === 0,
});

type Numbers = Readonly<{ from: number; until: number }>;

/** Events are numbered in the order of time, so that a stretch of time is found by halving and read alone. */
function history(db: Kysely<DB>): Pick<AnalysisRepository, 'eventFrom' | 'completedBy' | 'createdBy'> {
  const last = compiled(db, () => sql<{ seq: number | null }>`select max(seq) as seq from events`);
  const timeFrom = compiled(
    db,
    (given: Given<{ seq: number }>) =>
      sql<{ at: number }>`select at from events where seq >= ${given('seq')} order by seq limit 1`,
  );
  // The task is written first, and its event may be a moment later; a task that was taken up again has no such time.
  const completed = compiled(
    db,
    (given: Given<Numbers>) => sql<CompletedRow>`
      select task.id, task.type, task.specialist, task.created_at, task.started_at, task.completed_at
      from events as event cross join tasks as task
        on task.id = event.task_id and task.completed_at <= event.at and task.children = 0
      where event.seq >= ${given('from')} and event.seq < ${given('until')}
        and event.type = 'task.lifecycle_changed' and event.details ->> 'to' = 'completed'`,
  );
  const created = compiled(
    db,
    (given: Given<Numbers>) => sql<{ at: number }>`
      select event.at from events as event cross join tasks as task on task.id = event.task_id and task.children = 0
      where event.seq >= ${given('from')} and event.seq < ${given('until')} and event.type = 'task.created'`,
  );

  return {
    async eventFrom(at) {
      let [before, from] = [0, ((await last({}))[0]?.seq ?? 0) + 1];
      while (from - before > 1) {
        const middle = Math.floor((before + from) / 2);
        const [found] = await timeFrom({ seq: middle });
        if (found === undefined || found.at >= at) from = middle;
        else before = middle;
      }
      return from;
    },
    completedBy: async (from, until) => (await completed({ from, until })).flatMap(completedOf),
    createdBy: async (from, until) => (await created({ from, until })).map(({ at }) => at),
  };
}

type CompletedRow = Pick<TaskRow, 'id' | 'type' | 'specialist' | 'created_at' | 'started_at' | 'completed_at'>;

const leafOf = (row: CompletedRow) => ({
  id: row.id,
  type: row.type,
  specialist: row.specialist ?? undefined,
  createdAt: row.created_at,
  startedAt: row.started_at ?? undefined,
  completedAt: row.completed_at ?? undefined,
});

const completedOf = (row: CompletedRow): readonly Completed[] =>
  row.completed_at === null ? [] : [{ ...leafOf(row), completedAt: row.completed_at }];

function leavesBelow(db: Kysely<DB>): AnalysisRepository['leavesOf'] {
  const leaves = compiled(
    db,
    (given: Given<{ id: string }>) => sql<CompletedRow>`
      with recursive below (seq, id) as (
        select seq, id from tasks where id = ${given('id')} and deleted_at is null
        union
        select child.seq, child.id
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
      )
      select task.id, task.type, task.specialist, task.created_at, task.started_at, task.completed_at
        from below cross join tasks as task on task.seq = below.seq and task.children = 0`,
  );
  return async (id) => (await leaves({ id })).map(leafOf);
}
