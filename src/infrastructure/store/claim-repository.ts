import { type Kysely, sql } from 'kysely';
import type { ClaimRepository, HeldClaim } from '../../application/repositories.ts';
import type { Claim } from '../../domain/claim.ts';
import { compiled, type Given, listOf } from './compiled.ts';
import { type ProcessColumns, processOf } from './rows.ts';
import type { DB } from './schema.ts';

const heldClaims = (db: Kysely<DB>) =>
  db
    .selectFrom('claims')
    .leftJoin('sessions', 'sessions.id', 'claims.holder')
    .leftJoin('processes', 'processes.id', 'sessions.process_id')
    .selectAll('claims')
    .select(['sessions.agent_name', 'processes.id as process_id', 'host', 'pid', 'started_at']);

export function claimRepository(db: Kysely<DB>): ClaimRepository {
  const held = () => heldClaims(db);
  const of = compiled(db, (given: Given<{ taskId: string }>) => held().where('task_id', '=', given('taskId')));
  const find = compiled(db, (given: Given<{ id: string }>) => held().where('claims.id', '=', given('id')));
  const list = listing(db);
  const take = compiled(
    db,
    (given: Given<Claim>) => sql`
      insert or replace into claims (task_id, id, holder, lease_ms, lease_until, taken_at)
      values (${given('taskId')}, ${given('id')}, ${given('holder')}, ${given('leaseMs')}, ${given('leaseUntil')}, ${given('takenAt')})`,
  );
  const renew = compiled(db, (given: Given<Claim>) =>
    db
      .updateTable('claims')
      .set({ lease_ms: given('leaseMs'), lease_until: given('leaseUntil') })
      .where('task_id', '=', given('taskId'))
      .where('id', '=', given('id')),
  );
  const end = compiled(db, (given: Given<{ taskId: string }>) =>
    db.deleteFrom('claims').where('task_id', '=', given('taskId')),
  );

  return {
    of: async (taskId) => (await of({ taskId })).map(heldClaimOf)[0],
    list: async (filter) => (await list(filter)).map(heldClaimOf),
    find: async (id) => (await find({ id })).map(heldClaimOf)[0],
    async take(claim) {
      await take(claim);
    },
    async renew(claim) {
      await renew(claim);
    },
    async end(taskId) {
      await end({ taskId });
    },
  };
}

type Filter = Parameters<ClaimRepository['list']>[0];

function listing(db: Kysely<DB>): (filter: Filter) => Promise<readonly HeldClaimRow[]> {
  const listed = ({ ofHolder, ofTasks }: { ofHolder: boolean; ofTasks: boolean }) =>
    compiled(db, (given: Given<{ holder: string; taskIds: string }>) =>
      heldClaims(db)
        .$if(ofHolder, (query) => query.where('holder', '=', given('holder')))
        .$if(ofTasks, (query) => query.where('task_id', 'in', listOf<string>(given('taskIds'))))
        .orderBy('lease_until')
        .orderBy('task_id'),
    );
  const all = listed({ ofHolder: false, ofTasks: false });
  const ofHolder = listed({ ofHolder: true, ofTasks: false });
  const ofTasks = listed({ ofHolder: false, ofTasks: true });
  const ofBoth = listed({ ofHolder: true, ofTasks: true });

  return ({ holder, taskIds } = {}) => {
    const values = { holder: holder ?? '', taskIds: JSON.stringify(taskIds ?? []) };
    if (holder === undefined) return taskIds === undefined ? all(values) : ofTasks(values);
    return taskIds === undefined ? ofHolder(values) : ofBoth(values);
  };
}

type HeldClaimRow = ProcessColumns &
  Readonly<{
    id: string;
    task_id: string;
    holder: string;
    lease_ms: number;
    lease_until: number;
    taken_at: number;
    agent_name: string | null;
  }>;

const heldClaimOf = (row: HeldClaimRow): HeldClaim => ({
  id: row.id,
  taskId: row.task_id,
  holder: row.holder,
  leaseMs: row.lease_ms,
  leaseUntil: row.lease_until,
  takenAt: row.taken_at,
  agentName: row.agent_name ?? undefined,
  process: processOf(row),
});
