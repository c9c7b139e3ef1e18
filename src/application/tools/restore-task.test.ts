import { describe, expect, test } from 'vitest';
import { aClock, aGenericTask, anOrchestrator, aPlan, aSubtask, completion, HOUR } from '../../../test/harness.ts';

describe('restore_task', () => {
  test('brings a completed task back as completed, and what waited for it stays free', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    await server.call('complete_subtask', completion(id('first')));
    await server.call('manage_lifecycle', { task_id: id('first'), lifecycle_stage: 'archived' });
    expect(await server.call('get_task', { task_id: id('second') })).toMatchObject({ actionable: true });

    const reply = await server.call('restore_task', { task_id: id('first') });

    expect(reply).toMatchObject({ task_restored: true, previous_stage: 'archived', current_stage: 'completed' });
    expect(await server.call('get_task', { task_id: id('second') })).toMatchObject({ actionable: true });
  });

  test('brings an open task back as ready, and what was stuck behind it waits again', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    await server.call('manage_lifecycle', { task_id: id('first'), lifecycle_stage: 'superseded' });
    expect((await server.call('get_status')).blocked).toMatchObject([{ task_id: id('second'), state: 'stuck' }]);

    await server.call('restore_task', { task_id: id('first') });

    expect((await server.call('get_status')).blocked).toMatchObject([{ task_id: id('second'), state: 'waiting' }]);
    expect(await server.call('next_task')).toMatchObject({ task_id: id('first') });
  });

  test('a task that is neither archived nor superseded is refused, naming what it can become', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Here');

    expect(await server.refused('restore_task', { task_id })).toMatchObject({
      code: 'refused',
      lifecycle_stage: 'ready',
    });
  });

  test('a deleted task comes back to its place, and who waited for it waits again', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('delete_task', { task_id: id('a'), force: true });

    const reply = await server.call('restore_task', { task_id: id('a') });

    expect(reply).toEqual({
      task_restored: true,
      task_id: id('a'),
      previous_stage: 'deleted',
      current_stage: 'ready',
      status: 'pending',
      restored_count: 1,
      restored_tasks: [id('a')],
      parent_task_id: planId,
    });
    expect((await server.call('get_status')).blocked).toMatchObject([{ task_id: id('b'), state: 'waiting' }]);
    expect(await server.call('next_task')).toMatchObject({ task_id: id('a') });
  });

  test('the time in the trash is no time of waiting to be taken, and raises nothing', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const task_id = await aGenericTask(server, 'Deleted for days');
    await server.call('delete_task', { task_id });
    clock.advance(72 * HOUR);
    await server.call('restore_task', { task_id });

    const { why } = await server.call('next_task', { claim: false });

    expect(why).toMatch(/^priority medium; /);
  });

  test('what it waits for is judged by what is now', async () => {
    await using server = await anOrchestrator();
    const first = await aGenericTask(server, 'First');
    const task_id = await aGenericTask(server, 'Second', { dependencies: [{ dependency_task_id: first }] });
    await server.call('delete_task', { task_id });
    await server.call('complete_subtask', completion(first));

    await server.call('restore_task', { task_id });

    expect(await server.call('get_task', { task_id })).toMatchObject({
      actionable: true,
      dependencies: [{ status: 'satisfied' }],
    });
  });

  test('what was deleted with another, or lay below what is in the trash, is refused, naming what comes first', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('delete_task', { task_id: id('a') });
    await server.call('delete_task', { task_id: planId, cascade: true });

    const with_it = await server.refused('restore_task', { task_id: id('b') });
    const below_it = await server.refused('restore_task', { task_id: id('a') });
    await server.call('restore_task', { task_id: planId });

    expect(with_it).toMatchObject({ code: 'refused', deleted_with: planId });
    expect(below_it).toMatchObject({ code: 'refused', parent_task_id: planId });
    expect(await server.refused('get_task', { task_id: id('a') })).toMatchObject({ code: 'not_found' });
    expect(await server.call('restore_task', { task_id: id('a') })).toMatchObject({ parent_task_id: planId });
  });

  test('under an ended parent an open task is refused, naming the parent', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('delete_task', { task_id: id('a') });
    await server.call('cancel_task', { task_id: planId });

    expect(await server.refused('restore_task', { task_id: id('a') })).toMatchObject({
      code: 'refused',
      parent_task_id: planId,
    });
  });

  test('a task whose parent was purged comes to the top, and the reply says so', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('delete_task', { task_id: id('a') });
    await server.call('delete_task', { task_id: planId, cascade: true });
    await server.call('delete_task', { task_id: planId, permanent: true });

    const reply = await server.call('restore_task', { task_id: id('a') });

    expect(reply).toMatchObject({ moved_to_top: true });
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ actionable: true });
  });

  test('a task that would wait for itself by now is refused with the whole circle', async () => {
    await using server = await anOrchestrator();
    const one = await aGenericTask(server, 'One');
    const two = await aGenericTask(server, 'Two', { dependencies: [{ dependency_task_id: one }] });
    const three = await aGenericTask(server, 'Three', { dependencies: [{ dependency_task_id: two }] });
    await server.call('delete_task', { task_id: two, force: true });
    await server.call('manage_dependencies', { task_id: one, dependencies: [{ dependency_task_id: three }] });

    expect(await server.refused('restore_task', { task_id: two })).toMatchObject({
      code: 'refused',
      dependency_validation: { cycle_path: [two, one, three, two] },
    });
    expect(await server.refused('get_task', { task_id: two })).toMatchObject({ code: 'not_found' });
  });

  test('a family under another brings that one back to work', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));
    await server.call('delete_task', { task_id: id('b') });
    expect(await server.call('get_task', { task_id: planId })).toMatchObject({ lifecycle_stage: 'review' });

    await server.call('restore_task', { task_id: id('b') });

    expect(await server.call('get_task', { task_id: planId })).toMatchObject({
      lifecycle_stage: 'active',
      progress: { completed: 1, total: 2 },
    });
  });
});
