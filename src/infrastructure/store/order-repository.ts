import { type Kysely, sql } from 'kysely';
import type { OrderRepository } from '../../application/order-repository.ts';
import { beginOf, isBegin, type Moment, taskAt } from '../../domain/way.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';

type Asked = Readonly<{ begins: string; ends: string }>;
type Found = Readonly<{ place: number; moment: Moment }>;

/** What has to come first, asked of both kinds of moments in one statement. */
export function orderRepository(db: Kysely<DB>): OrderRepository {
  const waitsFor = compiled(
    db,
    (given: Given<Asked>) => sql<Found>`
      select asked.value ->> 0 as place, '^' || task.parent_id as moment
        from json_each(${given('begins')}) as asked cross join tasks as task
        on task.id = asked.value ->> 1 and task.parent_id is not null and task.deleted_at is null
      union all
      select asked.value ->> 0, edge.prerequisite_id
        from json_each(${given('begins')}) as asked
        cross join tasks as task on task.id = asked.value ->> 1 and task.deleted_at is null
        cross join dependencies as edge on edge.task_id = task.id
      union all
      select asked.value ->> 0, child.id
        from json_each(${given('ends')}) as asked cross join tasks as child
        on child.parent_id = asked.value ->> 1 and child.deleted_at is null`,
  );
  const awaitedBy = compiled(
    db,
    (given: Given<Asked>) => sql<Found>`
      select asked.value ->> 0 as place, '^' || child.id as moment
        from json_each(${given('begins')}) as asked cross join tasks as child
        on child.parent_id = asked.value ->> 1 and child.deleted_at is null
      union all
      select asked.value ->> 0, task.parent_id
        from json_each(${given('ends')}) as asked cross join tasks as task
        on task.id = asked.value ->> 1 and task.parent_id is not null and task.deleted_at is null
      union all
      select asked.value ->> 0, '^' || edge.task_id
        from json_each(${given('ends')}) as asked
        cross join dependencies as edge on edge.prerequisite_id = asked.value ->> 1
        cross join tasks as task on task.id = edge.task_id and task.deleted_at is null`,
  );

  return {
    async waitsFor(moments) {
      const found = moments.map((moment) => (isBegin(moment) ? [] : [beginOf(moment)]));
      for (const { place, moment } of await waitsFor(asked(moments))) found[place]?.push(moment);
      return found;
    },
    async awaitedBy(moments) {
      const found = moments.map((moment) => (isBegin(moment) ? [taskAt(moment)] : []));
      for (const { place, moment } of await awaitedBy(asked(moments))) found[place]?.push(moment);
      return found;
    },
  };
}

function asked(moments: readonly Moment[]): Asked {
  const pairs = moments.map((moment, place) => [place, moment] as const);
  return {
    begins: JSON.stringify(pairs.filter(([, moment]) => isBegin(moment)).map(([place, name]) => [place, taskAt(name)])),
    ends: JSON.stringify(pairs.filter(([, moment]) => !isBegin(moment))),
  };
}
