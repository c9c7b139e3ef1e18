import fc from 'fast-check';
import { expect, test } from 'vitest';
import { damageIfThere, rowOf } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer } from '../../../test/maintenance.ts';
import { STAGES } from '../../domain/lifecycle.ts';

const COUNTERS = [
  'children',
  'open_children',
  'completed_children',
  'leaves',
  'completed_leaves',
  'unmet',
  'failed',
  'gates_above',
  'waiters',
  'actionable_since',
] as const;

const PLACES = 12;
const place = fc.nat(PLACES - 1);
const LOST = 'task_lost0000';

/** Damages by the places of the tasks that they hit; some hit nothing, and some make circles. */
const aDamage = fc.oneof(
  fc.record({ kind: fc.constant('counter'), at: place, column: fc.constantFrom(...COUNTERS), value: fc.nat(4) }),
  fc.record({ kind: fc.constant('parent'), at: place, to: fc.option(place) }),
  fc.record({ kind: fc.constant('stage'), at: place, stage: fc.constantFrom(...STAGES) }),
  fc.record({ kind: fc.constant('edge'), at: place, to: fc.option(place) }),
  fc.record({ kind: fc.constant('claim'), at: place, to: fc.option(place) }),
  fc.record({ kind: fc.constant('status'), at: place, status: fc.constantFrom('pending', 'satisfied', 'failed') }),
);
type Damage = typeof aDamage extends fc.Arbitrary<infer T> ? T : never;

function statementOf(given: Damage, ids: readonly string[]): readonly [string, ...(string | number)[]] {
  const id = ids[given.at] ?? LOST;
  const other = 'to' in given ? (ids[given.to ?? PLACES] ?? LOST) : LOST;
  if ('column' in given) return [`update tasks set ${given.column} = ? where id = ?`, given.value, id];
  if ('stage' in given) return ['update tasks set stage = ? where id = ?', given.stage, id];
  if ('status' in given) return ['update or ignore dependencies set status = ? where task_id = ?', given.status, id];
  if (given.kind === 'claim') return ['update or ignore claims set task_id = ?', other];
  if (given.kind === 'parent') return ['update tasks set parent_id = ? where id = ?', other, id];
  return ['update or ignore dependencies set prerequisite_id = ? where task_id = ?', other, id];
}

async function aForest(server: TestOrchestrator): Promise<readonly string[]> {
  const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A']), aSubtask('C', ['B']), aSubtask('D')]);
  const inner = await aPlan(server, [aSubtask('E'), aSubtask('F', ['E'])], { parent_task_id: plan.id('C') });
  const other = await aPlan(server, [aSubtask('G', [plan.id('D')]), aSubtask('H', ['G'])]);
  await server.call('complete_subtask', completion(plan.id('A')));
  await server.call('execute_subtask', { task_id: plan.id('D') });
  return [plan, inner, other].flatMap(({ reply, planId }) => [
    planId,
    ...reply.subtasks.map((one: Body) => one.task_id),
  ]);
}

const audit = (server: TestOrchestrator, validation_level: string): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', validation_level });

/** What people and agents put in: no repair may touch it. */
const workOf = ({ workspace }: TestOrchestrator) =>
  [
    'select json_group_array(json_array(id, title, description, attributes) order by id) from tasks where deleted_at is null',
    'select json_group_array(json_array(id, task_id, sha256) order by id) from artifacts',
    'select json_group_array(json_array(task_id, text) order by seq) from notes',
  ].map((query) => rowOf(workspace, query));

test('whatever is damaged in the rows, one repair leaves a store that is sound', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(aDamage, { minLength: 1, maxLength: 5 }), async (damages) => {
      await using given = await aServer();
      const { server } = given;
      const ids = await aForest(server);
      await server.call('add_note', { task_id: ids[1], text: 'Begun on Monday' });
      const work = workOf(server);
      for (const one of damages) damageIfThere(server.workspace, ...statementOf(one, ids));

      await audit(server, 'comprehensive');

      expect(workOf(server)).toEqual(work);
      expect((await audit(server, 'basic')).findings).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
