import { describe, expect, test } from 'vitest';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from './harness.ts';

/** A plan that `plan_task` made and one of generic tasks are the same thing, and wait for each other. */

/** An epic of two generic tasks whose second waits for the plan, and a plan whose second subtask waits for the first of them. */
async function twoPlans(server: TestOrchestrator) {
  const { call } = server;
  const plan = await aPlan(server, [aSubtask('outline'), aSubtask('write', ['outline'])]);
  const epic = await aGenericTask(server, 'Epic', { task_type: 'feature_epic' });
  const gather = await aGenericTask(server, 'gather', { parent_task_id: epic });
  const publish = await aGenericTask(server, 'publish', {
    parent_task_id: epic,
    dependencies: [{ dependency_task_id: plan.planId }, { dependency_task_id: gather }],
  });
  await call('manage_dependencies', {
    task_id: plan.id('write'),
    operation: 'add',
    dependencies: [{ dependency_task_id: gather }],
  });
  return { epic, gather, publish, planId: plan.planId, outline: plan.id('outline'), write: plan.id('write') };
}

/** Works on whatever is handed out until nothing is, and tells in which order. */
async function workedOff({ call }: TestOrchestrator): Promise<readonly string[]> {
  const done: string[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    const next = await call('next_task');
    if (next.task_available === false) return done;
    const task_id = next.specialist_context?.task_details.task_id ?? next.task_id;
    await call('complete_subtask', completion(task_id));
    done.push(task_id);
  }
  throw new Error('There is no end to it');
}

describe('a plan and a plan of generic tasks that wait for each other', () => {
  test('are worked off in the order of both, and both put together', async () => {
    await using server = await anOrchestrator();
    const { epic, gather, publish, planId, outline, write } = await twoPlans(server);

    const before = await workedOff(server);
    await server.call('synthesize_results', { parent_task_id: planId });
    const after = await workedOff(server);
    const synthesis = await server.call('synthesize_results', { parent_task_id: epic });

    expect([...before].sort()).toEqual([gather, outline, write].sort());
    expect(before.indexOf(write)).toBe(2);
    expect(after).toEqual([publish]);
    expect(synthesis).toMatchObject({ synthesis_complete: true });
    const { tasks } = await server.call('query_tasks', { fields: ['status'] });
    expect(tasks.map(({ status }: Body) => status)).toEqual(Array.from({ length: 6 }, () => 'completed'));
  });

  test.each(['plan', 'epic'] as const)(
    'are found, changed, moved, ended, deleted and brought back alike: the %s',
    async (which) => {
      await using server = await anOrchestrator();
      const made = await twoPlans(server);
      const [top, leaf] = which === 'plan' ? [made.planId, made.outline] : [made.epic, made.gather];
      const { call } = server;

      const found = await call('query_tasks', { filters: { parent_task_id: top } });
      const analysed = await call('analyze_dependencies', { task_id: top });
      const updated = await call('update_task', { task_id: leaf, attributes: { team: 'a' }, priority: 'high' });
      const noted = await call('add_note', { task_id: leaf, text: 'Seen', kind: 'decision' });
      const blocked = await call('manage_lifecycle', { task_id: leaf, lifecycle_stage: 'active' });
      const moved = await call('update_task', { task_id: leaf, parent_task_id: null });
      const back = await call('update_task', { task_id: leaf, parent_task_id: top });
      const cancelled = await call('cancel_task', { task_id: top, take_over: true });
      const deleted = await call('delete_task', { task_id: top, cascade: true, force: true });
      const restored = await call('restore_task', { task_id: top });

      expect(found.total_results).toBe(2);
      expect(analysed.open_leaves).toBe(2);
      expect(updated.changed_fields.sort()).toEqual(['attributes', 'priority']);
      expect(noted.task_id).toBe(leaf);
      expect([blocked.current_stage, moved.parent_task_id, back.parent_task_id]).toEqual(['active', undefined, top]);
      expect([cancelled.cancelled_count, deleted.deleted_count, restored.restored_count]).toEqual([3, 3, 3]);
      expect(restored.current_stage).toBe('cancelled');
      const audit = { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' };
      expect((await call('maintenance_coordinator', audit)).findings).toEqual([]);
    },
  );
});
