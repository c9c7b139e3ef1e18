import { describe, expect, test } from 'vitest';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  type TestOrchestrator,
} from '../../test/harness.ts';
import { aPersonAt } from '../../test/person.ts';

/** A task that waits for approvals with these titles. */
async function gated(server: TestOrchestrator, titles: readonly string[] = ['Sign-off']) {
  const approvals: string[] = [];
  for (const title of titles) approvals.push(await aGenericTask(server, title, { task_type: 'approval' }));
  const task = await aGenericTask(server, 'Ship');
  await server.call('manage_dependencies', {
    task_id: task,
    dependencies: approvals.map((id) => ({
      dependency_task_id: id,
      dependency_type: 'approval',
      description: 'The release notes are right',
    })),
  });
  return { task, approvals, approval: approvals[0] ?? '' };
}

const stageOf = async ({ call }: TestOrchestrator, task_id: string) =>
  (await call('get_task', { task_id })).lifecycle_stage;

const eventsOf = async ({ call }: TestOrchestrator, task_id: string) =>
  (await call('get_task', { task_id, include: ['events'] })).events;

/** Each call that goes on with a task which waits only for an approval. */
const GOING_ON = [
  ['execute_subtask', (task_id: string) => ({ task_id })],
  ['manage_lifecycle', (task_id: string) => ({ task_id, lifecycle_stage: 'active' })],
  ['complete_subtask', (task_id: string) => completion(task_id)],
] as const;

describe.each(GOING_ON)('%s of a task that waits only for an approval', (tool, argsFor) => {
  test('asks the person, and goes on with their yes', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, () => 'approved');

    await person.call(tool, argsFor(task));

    expect(person.asked).toHaveLength(1);
    expect(person.asked[0]?.text).toContain('Ship');
    expect(person.asked[0]?.text).toContain('1. "Sign-off"');
    expect(person.asked[0]?.text).toContain('The release notes are right');
    expect(await stageOf(server, approval)).toBe('completed');
    expect(await stageOf(server, task)).not.toBe('ready');
    expect(await eventsOf(server, approval)).toContainEqual(
      expect.objectContaining({
        type: 'dependency.approved',
        details: expect.objectContaining({ source: 'person', by: 'the person at test' }),
      }),
    );
  });

  test('is refused with their no, which is recorded with what they said', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, ({ gates }) => ({
      words: gates.map((gate) => ({ ...gate, word: 'rejected' })),
      comment: 'The notes are from last year',
    }));

    const refusal = await person.refused(tool, argsFor(task));

    expect(refusal).toMatchObject({ code: 'refused', rejected: [approval], comment: 'The notes are from last year' });
    expect(await stageOf(server, approval)).toBe('failed');
    expect(await stageOf(server, task)).toBe('ready');
  });

  test('is refused as ever when they do not decide, and nothing is recorded', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, () => undefined);

    const refusal = await person.refused(tool, argsFor(task));

    expect(refusal).toMatchObject({ code: 'refused', unmet: [{ task_id: approval }] });
    expect(person.asked).toHaveLength(1);
    expect(await stageOf(server, approval)).toBe('ready');
  });

  test('does nothing before the person has answered', async () => {
    await using server = await anOrchestrator();
    const { task } = await gated(server);
    const before = await eventsOf(server, task);
    const person = aPersonAt(server, async () => {
      expect(await eventsOf(server, task)).toEqual(before);
      expect((await server.call('get_task', { task_id: task })).artifacts ?? []).toEqual([]);
      return undefined;
    });

    await person.refused(tool, argsFor(task));

    expect(person.asked).toHaveLength(1);
  });
});

test('the person is told what an approval is about, and what was handed in for it', async () => {
  await using server = await anOrchestrator();
  const { task, approval } = await gated(server);
  await server.call('update_task', { task_id: approval, description: 'Look at the\nlist of commits' });
  const work = await aGenericTask(server, 'Commit');
  await server.call('manage_dependencies', {
    task_id: approval,
    dependencies: [{ dependency_task_id: work, dependency_type: 'data' }],
  });
  const { artifact_created } = await server.call('complete_subtask', {
    ...completion(work),
    summary: 'Two commits:\nfix, docs',
  });
  const person = aPersonAt(server, () => undefined);

  await person.refused('execute_subtask', { task_id: task });

  expect(person.asked[0]?.text.split('\n')).toEqual([
    `"Ship" (${task}) waits for your approval to go on:`,
    `1. "Sign-off" (${approval}): The release notes are right`,
    '   Look at the list of commits',
    expect.stringMatching(/^ {3}Handed in: Two commits: fix, docs \(artifact_/),
  ]);
  expect(artifact_created).toBeTruthy();
});

test('the work of a completion that the person rejects is kept', async () => {
  await using server = await anOrchestrator();
  const { task } = await gated(server);

  const refusal = await aPersonAt(server, () => 'rejected').refused('complete_subtask', completion(task));

  expect(refusal).toMatchObject({ code: 'refused', artifact_kept: { artifact_id: expect.any(String) } });
});

test('a plan in review that waits for an approval is put together when the person gives it', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const plan = await aPlan(server, [aSubtask('a')]);
  await server.call('execute_subtask', { task_id: plan.id('a') });
  await server.call('manage_dependencies', {
    task_id: plan.planId,
    dependencies: [{ dependency_task_id: approval, dependency_type: 'approval' }],
  });
  await server.call('complete_subtask', completion(plan.id('a')));

  const reply = await aPersonAt(server, () => 'approved').call('synthesize_results', { parent_task_id: plan.planId });

  expect(reply).toMatchObject({ synthesis_complete: true });
});

test('an approval that a task above waits for is asked for, saying whose it is', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const plan = await aPlan(server, [aSubtask('a')]);
  await server.call('manage_dependencies', {
    task_id: plan.planId,
    dependencies: [{ dependency_task_id: approval, dependency_type: 'approval' }],
  });
  const person = aPersonAt(server, () => 'approved');

  await person.call('execute_subtask', { task_id: plan.id('a') });

  expect(person.asked[0]?.text).toContain(plan.planId);
  expect(await stageOf(server, plan.id('a'))).toBe('active');
});

test('several approvals are one question, and each has its own answer', async () => {
  await using server = await anOrchestrator();
  const { task, approvals } = await gated(server, ['Law', 'Money', 'Press']);
  const person = aPersonAt(server, ({ gates }) => ({
    words: gates.map((gate, index) => ({ ...gate, word: index === 1 ? 'rejected' : 'approved' })),
  }));

  const refusal = await person.refused('execute_subtask', { task_id: task });

  expect(person.asked).toMatchObject([{ gates: [{ title: 'Law' }, { title: 'Money' }, { title: 'Press' }] }]);
  expect(refusal).toMatchObject({ rejected: [approvals[1]] });
  expect(await Promise.all(approvals.map((id) => stageOf(server, id)))).toEqual(['completed', 'failed', 'completed']);
});

test('more approvals than one decides in a sitting are not asked for', async () => {
  await using server = await anOrchestrator();
  const { task } = await gated(server, ['a', 'b', 'c', 'd', 'e', 'f']);
  const person = aPersonAt(server, () => 'approved');

  expect(await person.refused('execute_subtask', { task_id: task })).toMatchObject({ code: 'refused' });
  expect(person.asked).toEqual([]);
});

describe('nobody is asked', () => {
  test('while something else is missing, unless the call goes past that', async () => {
    await using server = await anOrchestrator();
    const { task } = await gated(server);
    const design = await aGenericTask(server, 'Design');
    await server.call('manage_dependencies', { task_id: task, dependencies: [{ dependency_task_id: design }] });
    const person = aPersonAt(server, () => 'approved');

    expect(await person.refused('execute_subtask', { task_id: task })).toMatchObject({ code: 'refused' });
    expect(person.asked).toEqual([]);
    await person.call('execute_subtask', { task_id: task, allow_unmet: true });

    expect(person.asked).toHaveLength(1);
  });

  test('about what was rejected already', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    await server.call('manage_dependencies', { task_id: approval, dependencies: [], operation: 'reject' });
    const person = aPersonAt(server, () => 'approved');

    expect(await person.refused('execute_subtask', { task_id: task })).toMatchObject({ code: 'refused' });
    expect(person.asked).toEqual([]);
  });

  test('for a task that another agent holds', async () => {
    await using server = await anOrchestrator();
    const ada = await server.call('initialize_session', { agent_name: 'Ada' });
    const ben = await server.call('initialize_session', { agent_name: 'Ben' });
    const task = await aGenericTask(server, 'Ship');
    await server.call('execute_subtask', { task_id: task, session_id: ada.session_id });
    const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
    await server.call('manage_dependencies', {
      task_id: task,
      dependencies: [{ dependency_task_id: approval, dependency_type: 'approval' }],
      session_id: ada.session_id,
    });
    const person = aPersonAt(server, () => 'approved');

    const refusal = await person.refused('execute_subtask', { task_id: task, session_id: ben.session_id });

    expect(refusal).toMatchObject({ code: 'conflict', held_by: ada.session_id });
    expect(person.asked).toEqual([]);
  });
});

describe('what somebody decides while the person is asked', () => {
  test('stands, and the call goes on when both agree', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, async () => {
      await server.call('manage_dependencies', {
        task_id: approval,
        dependencies: [],
        operation: 'approve',
        by: 'Eve',
      });
      return 'approved' as const;
    });

    await person.call('execute_subtask', { task_id: task });

    const said = (await eventsOf(server, approval)).filter(
      ({ type }: { type: string }) => type === 'dependency.approved',
    );
    expect(said).toMatchObject([{ details: { by: 'Eve', source: 'actor' } }]);
  });

  test('stands, and the call is refused when the person says no', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, async () => {
      await server.call('manage_dependencies', { task_id: approval, dependencies: [], operation: 'approve' });
      return 'rejected' as const;
    });

    expect(await person.refused('execute_subtask', { task_id: task })).toMatchObject({ code: 'conflict' });
    expect(await stageOf(server, approval)).toBe('completed');
    expect(await stageOf(server, task)).toBe('ready');
  });

  test('stands, and the call is refused when it was a no', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, async () => {
      await server.call('manage_dependencies', { task_id: approval, dependencies: [], operation: 'reject' });
      return 'approved' as const;
    });

    expect(await person.refused('execute_subtask', { task_id: task })).toMatchObject({ code: 'refused' });
    expect(await stageOf(server, approval)).toBe('failed');
  });

  test('does not matter when the task has ended: the call says so', async () => {
    await using server = await anOrchestrator();
    const { task, approval } = await gated(server);
    const person = aPersonAt(server, async () => {
      await server.call('manage_lifecycle', { task_id: task, lifecycle_stage: 'cancelled' });
      return 'approved' as const;
    });

    expect(await person.refused('complete_subtask', completion(task))).toMatchObject({
      code: 'refused',
      artifact_kept: { artifact_id: expect.any(String) },
    });
    expect(await stageOf(server, approval)).toBe('ready');
  });
});

test('an approval that is missing is refused with the call that gives it, where nobody can be asked', async () => {
  await using server = await anOrchestrator();
  const { task, approval } = await gated(server);

  const { suggestion } = await server.refused('execute_subtask', { task_id: task });
  const [, dependencies = ''] = suggestion.match(/dependencies (\[.*\])/) ?? [];
  await server.call('manage_dependencies', {
    task_id: task,
    dependencies: JSON.parse(dependencies),
    operation: 'approve',
  });

  expect(suggestion).toContain(`orchestrator_manage_dependencies with task_id ${task}`);
  expect(await stageOf(server, approval)).toBe('completed');
  await server.call('execute_subtask', { task_id: task });
});

test('titles that break the line do not pass for lines of the question', async () => {
  await using server = await anOrchestrator();
  const { task } = await gated(server, ['Small\n2. "Nothing" (approved already)']);
  const person = aPersonAt(server, () => undefined);

  await person.refused('execute_subtask', { task_id: task });

  expect(person.asked[0]?.text.split('\n')).toHaveLength(2);
});

test('a key that was given with a call which asked first is good for the call that follows', async () => {
  await using server = await anOrchestrator();
  const { task } = await gated(server);
  const person = aPersonAt(server, () => 'approved');
  const args = { task_id: task, lifecycle_stage: 'active', idempotency_key: 'once' };

  const first = await person.call('manage_lifecycle', args);
  const again = await person.call('manage_lifecycle', args);

  expect(again).toEqual(first);
  expect(person.asked).toHaveLength(1);
});
