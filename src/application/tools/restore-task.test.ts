import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, completion } from '../../../test/harness.ts';

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
});
