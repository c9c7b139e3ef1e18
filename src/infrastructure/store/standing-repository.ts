import { type Kysely, sql } from 'kysely';
import type { Counter, StandingRepository } from '../../application/repositories.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { standingOf } from './rows.ts';
import type { DB } from './schema.ts';

const COLUMNS = {
  children: 'children',
  openChildren: 'open_children',
  completedChildren: 'completed_children',
  leaves: 'leaves',
  completedLeaves: 'completed_leaves',
  unmet: 'unmet',
  failed: 'failed',
  gatesAbove: 'gates_above',
  waiters: 'waiters',
} as const satisfies Record<Counter, keyof DB['tasks']>;

export function standingRepository(db: Kysely<DB>): StandingRepository {
  const live = (ids: ReturnType<Given<{ ids: string }>>) => sql`id in ${listOf<string>(ids)} and deleted_at is null`;
  const of = compiled(db, (given: Given<{ ids: string }>) =>
    db
      .selectFrom('tasks')
      .select(['id', 'parent_id', 'stage', 'type', 'archived_from'])
      .select(Object.values(COLUMNS))
      .select('actionable_since')
      .where('id', 'in', listOf<string>(given('ids')))
      .where('deleted_at', 'is', null),
  );
  const addGateBelow = compiled(
    db,
    (given: Given<{ id: string; delta: number }>) => sql<{ id: string }>`
      with recursive below (seq, id) as (
        select seq, id from tasks where parent_id = ${given('id')} and deleted_at is null
        union
        select child.seq, child.id
          from below cross join tasks as child on child.parent_id = below.id and child.deleted_at is null
      )
      update tasks set gates_above = gates_above + ${given('delta')} where seq in (select seq from below) returning id`,
  );
  const addWaiter = compiled(
    db,
    (given: Given<{ taskId: string; delta: number }>) => sql`
      update tasks set waiters = waiters + ${given('delta')}
      where deleted_at is null and id in (
        select prerequisite_id from dependencies where task_id = ${given('taskId')} and status = 'pending')`,
  );
  const setActionable = compiled(
    db,
    (given: Given<{ ids: string; at: number | null }>) =>
      sql`update tasks set actionable_since = ${given('at')} where ${live(given('ids'))}`,
  );

  return {
    async of(ids) {
      const rows = await of({ ids: JSON.stringify(ids) });
      return rows.map((row) => ({
        id: row.id,
        parentId: row.parent_id ?? undefined,
        stage: row.stage,
        type: row.type,
        archivedFrom: row.archived_from ?? undefined,
        standing: standingOf(row),
      }));
    },
    add: adding(db),
    async addGateBelow(id, delta) {
      return (await addGateBelow({ id, delta })).map((row) => row.id);
    },
    async addWaiter(taskId, delta) {
      await addWaiter({ taskId, delta });
    },
    async offer(ids, at) {
      await setActionable({ ids: JSON.stringify(ids), at });
    },
    async withdraw(ids) {
      await setActionable({ ids: JSON.stringify(ids), at: null });
    },
  };
}

type Delta = Partial<Record<Counter, number>>;
type Addition = Record<Counter, number> & { ids: string; since: number | null };

/** One query for each combination of counters: naming one that does not change would rewrite its indexes as well. */
function adding(db: Kysely<DB>): StandingRepository['add'] {
  const additions = new Map<string, (addition: Partial<Addition>) => Promise<unknown>>();

  return async (ids, delta, since) => {
    const counters = countersIn(delta);
    const isOffer = since !== undefined;
    if ((counters.length === 0 && !isOffer) || ids.length === 0) return;
    const key = `${isOffer} ${counters.join()}`;
    const add = additions.get(key) ?? addition(db, { counters, isOffer });
    additions.set(key, add);
    await add({ ...delta, since: since ?? null, ids: JSON.stringify(ids) });
  };
}

function countersIn(delta: Delta): readonly Counter[] {
  const counters: Counter[] = [];
  for (const counter in COLUMNS) if (isCounter(counter) && (delta[counter] ?? 0) !== 0) counters.push(counter);
  return counters;
}

const isCounter = (name: string): name is Counter => name in COLUMNS;

type Changing = Readonly<{ counters: readonly Counter[]; isOffer: boolean }>;

const addition = (db: Kysely<DB>, { counters, isOffer }: Changing) =>
  compiled(db, (given: Given<Partial<Addition>>) => {
    const sums = counters.map((counter) => {
      const column = sql.ref(COLUMNS[counter]);
      return sql`${column} = ${column} + ${given(counter)}`;
    });
    const offer = isOffer ? [sql`actionable_since = ${given('since')}`] : [];
    return sql`update tasks set ${sql.join([...sums, ...offer])}
      where id in (select value from json_each(${given('ids')})) and deleted_at is null`;
  });
