import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';

const filesOf = ({ workspace }: TestOrchestrator, { artifact_id, task_id }: Readonly<Record<string, string>>) => ({
  inPlace: existsSync(join(workspace, `.task_orchestrator/artifacts/${task_id}/${artifact_id}.md`)),
  inTrash: existsSync(join(workspace, `.task_orchestrator/trash/artifacts/${task_id}/${artifact_id}.md`)),
});

/** A task that was handed in once and given back, with the artifact of that. */
async function aTaskWithWork(server: TestOrchestrator) {
  const task_id = await aGenericTask(server, 'Tried once');
  const handed = completion(task_id, { next_action: 'needs_revision' });
  const { artifact_info } = await server.call('complete_subtask', handed);
  return { task_id, artifact_id: String(artifact_info.artifact_id) };
}

describe('cancel_task', () => {
  test('ends a task with the reason, and names those that are stuck now', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const reply = await server.call('cancel_task', { task_id: id('a'), reason: 'Not wanted' });

    expect(reply).toEqual({
      task_cancelled: true,
      task_id: id('a'),
      previous_stage: 'ready',
      current_stage: 'cancelled',
      status: 'cancelled',
      cancelled_count: 1,
      cancelled_tasks: [id('a')],
      ended_subtasks_left: 0,
      work_preserved: true,
      stuck_dependents: [expect.objectContaining({ task_id: id('b') })],
    });
    const { events } = await server.call('get_task', { task_id: id('a'), include: ['events'] });
    expect(JSON.stringify(events)).toContain('Not wanted');
  });

  test('cancels what is open below it, and leaves what has ended', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c', ['b'])]);
    await server.call('complete_subtask', completion(id('a')));

    const reply = await server.call('cancel_task', { task_id: planId });

    expect(reply).toMatchObject({
      cancelled_tasks: [planId, id('b'), id('c')],
      ended_subtasks_left: 1,
      stuck_dependents: [],
    });
    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ lifecycle_stage: 'completed' });
    const { events } = await server.call('get_task', { task_id: planId, include: ['events'] });
    expect(JSON.stringify(events)).not.toContain('review');
  });

  test('without cascade a task with open ones below it is refused, listing them', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);

    const refusal = await server.refused('cancel_task', { task_id: planId, cascade: false });
    for (const title of ['a', 'b']) await server.call('cancel_task', { task_id: id(title) });

    expect(refusal).toMatchObject({
      code: 'refused',
      open_subtask_count: 2,
      open_subtasks: [{ task_id: id('a') }, { task_id: id('b') }],
    });
    expect(await server.call('cancel_task', { task_id: planId, cascade: false })).toMatchObject({
      cancelled_count: 1,
      ended_subtasks_left: 2,
    });
  });

  test('what has ended is refused with its stage, and is not completed later', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Unwanted');
    await server.call('cancel_task', { task_id });

    expect(await server.refused('cancel_task', { task_id })).toMatchObject({
      code: 'refused',
      lifecycle_stage: 'cancelled',
    });
    expect(await server.refused('complete_subtask', completion(task_id))).toMatchObject({ code: 'refused' });
  });

  test('what somebody else holds can be taken by the same call', async () => {
    await using server = await anOrchestrator();
    const ada = await server.call('initialize_session', { agent_name: 'Ada' });
    const { session_id } = await server.call('initialize_session', { agent_name: 'Bob' });
    const task_id = await aGenericTask(server, 'Held');
    await server.call('execute_subtask', { task_id, session_id: ada.session_id });

    const refusal = await server.refused('cancel_task', { task_id, session_id });

    expect(refusal).toMatchObject({ code: 'conflict', held_by: ada.session_id });
    expect(refusal.suggestion).toContain('repeat this call with take_over: true');
    expect(refusal.suggestion).not.toContain('orchestrator_execute_subtask');
  });

  test('what somebody else works on is a conflict, at any depth, unless it is taken over, which is recorded', async () => {
    await using server = await anOrchestrator();
    await server.call('initialize_session', { agent_name: 'Ada' });
    const { session_id } = await server.call('initialize_session', { agent_name: 'Bob' });
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const refusal = await server.refused('cancel_task', { task_id: planId });
    await server.call('cancel_task', { task_id: planId, take_over: true });

    expect(refusal).toMatchObject({ code: 'conflict', held_tasks: [{ task_id: id('a'), held_by: session_id }] });
    const { events, ...task } = await server.call('get_task', { task_id: id('a'), include: ['events'] });
    expect(task).toMatchObject({ lifecycle_stage: 'cancelled' });
    expect(task).not.toHaveProperty('claim');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'task.released', details: expect.objectContaining({ held_by: session_id }) }),
    );
  });

  test('a call that shows a claim which is no more is a conflict', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Unwanted');

    expect(await server.refused('cancel_task', { task_id, claim_id: 'claim_00000000' })).toMatchObject({
      code: 'conflict',
    });
  });

  test('an approval can be cancelled, and who waits for it is stuck', async () => {
    await using server = await anOrchestrator();
    const gate = await aGenericTask(server, 'Gate', { task_type: 'approval' });
    const waiting = await aGenericTask(server, 'Waiting', {
      dependencies: [{ dependency_task_id: gate, dependency_type: 'approval' }],
    });

    const reply = await server.call('cancel_task', { task_id: gate });

    expect(reply.stuck_dependents).toMatchObject([{ task_id: waiting }]);
  });

  test('work that is not preserved goes to the trash and comes back when the task is taken up again', async () => {
    await using server = await anOrchestrator();
    const work = await aTaskWithWork(server);
    const { task_id, artifact_id } = work;

    const reply = await server.call('cancel_task', { task_id, preserve_work: false });
    const cancelled = {
      files: filesOf(server, work),
      task: await server.call('get_task', { task_id, include: ['artifacts'] }),
    };
    const refusal = await server.refused('get_artifact', { artifact_id });
    await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'ready' });

    expect(reply).toMatchObject({ work_preserved: false, trashed_artifacts: 1 });
    expect(cancelled).toMatchObject({ files: { inPlace: false, inTrash: true }, task: { artifacts: [] } });
    expect(refusal).toMatchObject({ code: 'not_found', suggestion: expect.stringContaining(task_id) });
    expect(filesOf(server, work)).toEqual({ inPlace: true, inTrash: false });
    expect(await server.call('get_artifact', { artifact_id })).toMatchObject({ state: 'intact' });
  });

  test.each([
    ['cancelled', 'cancel_task', { preserve_work: false }, { inPlace: false, inTrash: true }],
    ['taken up again', 'manage_lifecycle', { lifecycle_stage: 'ready' }, { inPlace: true, inTrash: false }],
  ])(
    'when the server dies once a task is %s and before its files are moved, a cleanup moves them',
    async (_, tool, args, there) => {
      const clock = aClock();
      let dies = false;
      const faults = (point: string) => {
        if (dies && point === 'committed') throw new Error('It died');
      };
      await using server = await anOrchestrator({ clock: clock.now, faults });
      const work = await aTaskWithWork(server);
      const { task_id } = work;
      if (tool === 'manage_lifecycle') await server.call('cancel_task', { task_id, preserve_work: false });

      dies = true;
      await server.refused(tool, { task_id, ...args });
      dies = false;
      const before = filesOf(server, work);
      clock.advance(24 * HOUR);
      const cleanup = { action: 'scan_cleanup', scope: 'full_project', validation_level: 'comprehensive' };
      const { cleanup_actions } = await server.call('maintenance_coordinator', cleanup);

      expect(before).toEqual({ inPlace: !there.inPlace, inTrash: !there.inTrash });
      expect(filesOf(server, work)).toEqual(there);
      expect(JSON.stringify(cleanup_actions)).toContain(work.artifact_id);
    },
  );

  test('work that is given up by one client and wanted by another at the same time is where it is wanted', async () => {
    await using one = await anOrchestrator();
    await using other = await anOrchestrator({ workspace: one.workspace });
    const reopened = async (task_id: string): Promise<void> =>
      other.call('manage_lifecycle', { task_id, lifecycle_stage: 'ready' }).then(
        () => undefined,
        () => reopened(task_id),
      );

    for (let round = 0; round < 20; round++) {
      const { task_id, artifact_id } = await aTaskWithWork(one);
      await Promise.all([one.call('cancel_task', { task_id, preserve_work: false }), reopened(task_id)]);

      expect(filesOf(one, { task_id, artifact_id })).toEqual({ inPlace: true, inTrash: false });
    }
  });
});
