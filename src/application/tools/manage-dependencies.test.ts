import { describe, expect, test } from 'vitest';
import {
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { aPersonAt } from '../../../test/person.ts';

const waitsFor = (server: TestOrchestrator, task_id: string, ids: readonly string[], more = {}) =>
  server.call('manage_dependencies', {
    task_id,
    dependencies: ids.map((dependency_task_id) => ({ dependency_task_id, ...more })),
  });

describe('manage_dependencies adds', () => {
  test('the example of the reference is answered as the reference shows it', async () => {
    await using server = await anOrchestrator();
    const [build, design, review] = [
      await aGenericTask(server, 'Build'),
      await aGenericTask(server, 'Design'),
      await aGenericTask(server, 'Security review', { task_type: 'approval' }),
    ];

    const reply = await server.call('manage_dependencies', {
      task_id: build,
      dependencies: [
        {
          dependency_task_id: design,
          dependency_type: 'completion',
          description: 'Architecture must be complete before implementation',
        },
        { dependency_task_id: review, dependency_type: 'approval', description: 'Security review approval required' },
      ],
      operation: 'add',
    });

    expect(reply).toMatchObject({
      dependencies_updated: true,
      task_id: build,
      operation: 'add',
      dependencies: [
        { dependency_task_id: design, dependency_type: 'completion', status: 'pending' },
        { dependency_task_id: review, dependency_type: 'approval', status: 'pending' },
      ],
      dependency_validation: { cycles_detected: false, all_dependencies_valid: true },
      actionable: false,
    });
  });

  test('an edge that is there already keeps its status, and only its description changes', async () => {
    await using server = await anOrchestrator();
    const [build, design] = [await aGenericTask(server, 'Build'), await aGenericTask(server, 'Design')];
    await waitsFor(server, build, [design]);
    await server.call('manage_dependencies', {
      task_id: build,
      dependencies: [{ dependency_task_id: design }],
      operation: 'waive',
      comment: 'We know it already',
    });

    const again = await waitsFor(server, build, [design], { description: 'For the record' });

    expect(again.dependencies).toEqual([
      { dependency_task_id: design, dependency_type: 'completion', description: 'For the record', status: 'waived' },
    ]);
    expect(again.changes).toMatchObject([{ result: 'updated' }]);
    expect((await waitsFor(server, build, [design])).changes).toMatchObject([{ result: 'unchanged' }]);
  });

  test('a circle is refused with its whole path, and nothing of the list is written', async () => {
    await using server = await anOrchestrator();
    const [a, b, c] = [
      await aGenericTask(server, 'a'),
      await aGenericTask(server, 'b'),
      await aGenericTask(server, 'c'),
    ];
    await waitsFor(server, b, [a]);
    await waitsFor(server, c, [b]);
    const other = await aGenericTask(server, 'other');

    const refusal = await server.refused('manage_dependencies', {
      task_id: a,
      dependencies: [{ dependency_task_id: other }, { dependency_task_id: c }],
    });

    expect(refusal.dependency_validation.cycle_path).toEqual([c, b, a, c]);
    expect((await server.call('get_task', { task_id: a })).dependencies).toEqual([]);
  });

  test('a circle through the hierarchy is refused: a task below a plan cannot wait for what waits for the plan', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('inside')]);
    const after = await aGenericTask(server, 'After the plan');
    await waitsFor(server, after, [planId]);

    const refusal = await server.refused('manage_dependencies', {
      task_id: id('inside'),
      dependencies: [{ dependency_task_id: after }],
    });

    expect(refusal.dependency_validation).toMatchObject({
      cycles_detected: true,
      cycle_path: [after, planId, id('inside'), after],
    });
  });

  test('a circle through several levels is refused with every task on it, parents included, and what each step rests on', async () => {
    await using server = await anOrchestrator();
    const top = await aGenericTask(server, 'Top');
    const middle = await aGenericTask(server, 'Middle', { parent_task_id: top });
    const leaf = await aGenericTask(server, 'Leaf', { parent_task_id: middle });
    const first = await aGenericTask(server, 'First');
    await waitsFor(server, top, [first]);

    const refusal = await server.refused('manage_dependencies', {
      task_id: first,
      dependencies: [{ dependency_task_id: leaf }],
    });

    expect(refusal.dependency_validation.cycle_path).toEqual([leaf, middle, top, first, leaf]);
    expect(refusal.error).toBe(
      `That would be a circle: ${leaf} is a subtask of ${middle}, ${middle} is a subtask of ${top}, ${top} waits for ${first}, ${first} waits for ${leaf}`,
    );
  });

  test('a plan that waits for something holds back what lies below it', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('inside')]);
    const first = await aGenericTask(server, 'First');

    await waitsFor(server, planId, [first]);

    expect(await server.call('get_task', { task_id: id('inside') })).toMatchObject({ actionable: false });
    await server.call('complete_subtask', completion(first));
    expect(await server.call('get_task', { task_id: id('inside') })).toMatchObject({ actionable: true });
  });

  test('an ended task waits for nothing any more', async () => {
    await using server = await anOrchestrator();
    const [done, other] = [await aGenericTask(server, 'Done'), await aGenericTask(server, 'Other')];
    await server.call('complete_subtask', completion(done));

    const refusal = await server.refused('manage_dependencies', {
      task_id: done,
      dependencies: [{ dependency_task_id: other }],
    });

    expect(refusal).toMatchObject({ code: 'refused', lifecycle_stage: 'completed' });
  });
});

describe('manage_dependencies removes and replaces', () => {
  test('a task whose last dependency is removed is free', async () => {
    await using server = await anOrchestrator();
    const [build, design] = [await aGenericTask(server, 'Build'), await aGenericTask(server, 'Design')];
    await waitsFor(server, build, [design]);

    const reply = await server.call('manage_dependencies', {
      task_id: build,
      dependencies: [{ dependency_task_id: design }],
      operation: 'remove',
    });

    expect(reply).toMatchObject({ dependencies: [], actionable: true });
  });

  test('removing what is not there is refused, naming what is', async () => {
    await using server = await anOrchestrator();
    const [build, design, other] = [
      await aGenericTask(server, 'Build'),
      await aGenericTask(server, 'Design'),
      await aGenericTask(server, 'Other'),
    ];
    await waitsFor(server, build, [design]);

    const refusal = await server.refused('manage_dependencies', {
      task_id: build,
      dependencies: [{ dependency_task_id: other }],
      operation: 'remove',
    });

    expect(refusal).toMatchObject({ code: 'not_found', dependencies: [{ dependency_task_id: design }] });
  });

  test('replace leaves exactly what it lists', async () => {
    await using server = await anOrchestrator();
    const [build, a, b, c] = [
      await aGenericTask(server, 'Build'),
      await aGenericTask(server, 'a'),
      await aGenericTask(server, 'b'),
      await aGenericTask(server, 'c'),
    ];
    await waitsFor(server, build, [a, b]);

    const reply = await server.call('manage_dependencies', {
      task_id: build,
      dependencies: [{ dependency_task_id: b }, { dependency_task_id: c }],
      operation: 'replace',
    });

    expect(reply.dependencies.map((edge: { dependency_task_id: string }) => edge.dependency_task_id)).toEqual([b, c]);
  });

  test('a parent that waits before and after a replacement does not go on in between', async () => {
    await using server = await anOrchestrator();
    const plan = await aGenericTask(server, 'Plan');
    const part = await aGenericTask(server, 'Part', { parent_task_id: plan });
    const [before, after] = [await aGenericTask(server, 'Before'), await aGenericTask(server, 'After')];
    await server.call('complete_subtask', completion(part));
    await server.call('manage_lifecycle', { task_id: plan, lifecycle_stage: 'ready' });
    await waitsFor(server, plan, [before]);

    await server.call('manage_dependencies', {
      task_id: plan,
      dependencies: [{ dependency_task_id: after }],
      operation: 'replace',
    });

    expect(await server.call('get_task', { task_id: plan })).toMatchObject({ lifecycle_stage: 'ready' });
  });
});

describe('an approval', () => {
  /** A task that waits for an approval of its own. */
  async function gated(server: TestOrchestrator) {
    const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
    const task = await aGenericTask(server, 'Ship');
    await waitsFor(server, task, [approval], { dependency_type: 'approval' });
    const say = (operation: string, more = {}) =>
      server.call('manage_dependencies', {
        task_id: task,
        dependencies: [{ dependency_task_id: approval }],
        operation,
        ...more,
      });
    return { approval, task, say };
  }

  test('opens the way when it is approved, and is completed by that', async () => {
    await using server = await anOrchestrator();
    const { approval, say } = await gated(server);

    const reply = await say('approve', { by: 'Eve', comment: 'Looks right' });

    expect(reply).toMatchObject({ actionable: true, dependencies: [{ status: 'satisfied' }] });
    expect(await server.call('get_task', { task_id: approval })).toMatchObject({ lifecycle_stage: 'completed' });
  });

  test('tells the word that was given, what it set free, and how things stand', async () => {
    await using server = await anOrchestrator();
    const { approval, task } = await gated(server);

    const reply = await server.call('manage_dependencies', { task_id: approval, operation: 'approve' });

    expect(reply).toMatchObject({ decided: 'approved', unblocked_tasks: [task] });
    expect(await server.refused('manage_dependencies', { task_id: approval, operation: 'reject' })).toMatchObject({
      error: `The approval ${approval} is approved already`,
    });
  });

  test('tells what was rejected or waived in words that fit', async () => {
    await using server = await anOrchestrator();
    const { approval, task, say } = await gated(server);

    const rejected = await say('reject');
    const refusal = await server.refused('manage_dependencies', { task_id: approval, operation: 'approve' });
    const waived = await say('waive', { comment: 'The reviewer is away' });

    expect(rejected).toMatchObject({
      decided: 'rejected',
      unblocked_tasks: [],
      dependencies_in_words: ['Sign-off was rejected; Ship cannot start as things stand'],
    });
    expect(refusal.error).toBe(`The approval ${approval} is rejected already`);
    expect(waived).toMatchObject({
      decided: 'waived',
      unblocked_tasks: [task],
      dependencies_in_words: ['Ship goes on without Sign-off, for that was waived'],
    });
  });

  test('makes its dependents stuck when it is rejected, with the way out', async () => {
    await using server = await anOrchestrator();
    const { task, say } = await gated(server);

    await say('reject', { comment: 'Not yet' });

    expect((await server.call('get_status')).blocked).toMatchObject([{ task_id: task, state: 'stuck' }]);
  });

  test('is passed by no option', async () => {
    await using server = await anOrchestrator();
    const { approval, task } = await gated(server);

    expect(await server.refused('execute_subtask', { task_id: task, allow_unmet: true })).toMatchObject({
      code: 'refused',
    });
    expect(
      await server.refused('manage_lifecycle', { task_id: task, lifecycle_stage: 'active', validation_checks: false }),
    ).toMatchObject({ code: 'refused' });
    expect(await server.refused('manage_lifecycle', { task_id: approval, lifecycle_stage: 'completed' })).toMatchObject(
      {
        code: 'refused',
      },
    );
  });

  test('is waived only with a reason', async () => {
    await using server = await anOrchestrator();
    const { approval, task, say } = await gated(server);

    const refusal = await server.refused('manage_dependencies', {
      task_id: task,
      dependencies: [{ dependency_task_id: approval }],
      operation: 'waive',
    });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'comment' });
    expect(await say('waive', { comment: 'The reviewer is away' })).toMatchObject({ actionable: true });
  });
});

test('an approval that nobody waits for is decided by itself', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });

  const reply = await server.call('manage_dependencies', { task_id: approval, dependencies: [], operation: 'approve' });

  expect(reply.dependencies_updated).toBe(true);
  expect(await server.call('get_task', { task_id: approval })).toMatchObject({ lifecycle_stage: 'completed' });
});

test('what is met or can never be met is said in words that fit', async () => {
  await using server = await anOrchestrator();
  const [done, dropped] = [await aGenericTask(server, 'Done'), await aGenericTask(server, 'Dropped')];
  const task = await aGenericTask(server, 'Ship');
  await server.call('complete_subtask', completion(done));
  await server.call('cancel_task', { task_id: dropped });

  const reply = await waitsFor(server, task, [done, dropped]);

  expect(reply).not.toHaveProperty('decided');
  expect(reply.dependencies_in_words).toEqual([
    'Ship waits no longer for Done: it is completed',
    'Dropped is cancelled; Ship cannot start as things stand',
  ]);
});

test.each(['add', 'remove', 'replace', 'waive'])(
  'without dependencies, %s is refused naming them',
  async (operation) => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'Ship');

    const refusal = await server.refused('manage_dependencies', { task_id, operation, comment: 'Why not' });

    expect(refusal).toMatchObject({
      error: 'Missing required parameter: dependencies',
      required_parameters: ['task_id', 'dependencies'],
      provided_parameters: ['task_id', 'operation', 'comment'],
      suggestion: 'Repeat with dependencies',
    });
  },
);

test('a word about nothing is refused', async () => {
  await using server = await anOrchestrator();
  const task_id = await aGenericTask(server, 'Ship');

  expect(
    await server.refused('manage_dependencies', { task_id, dependencies: [], operation: 'approve' }),
  ).toMatchObject({ code: 'invalid', parameter: 'dependencies' });
});

test('the way out of waiting for an approval is the call that gives it', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const task_id = await aGenericTask(server, 'Ship');
  await waitsFor(server, task_id, [approval], { dependency_type: 'approval' });

  const waiting = (await server.call('get_status')).blocked.find((one: { task_id: string }) => one.task_id === task_id);
  const [, id, dependencies = ''] =
    /with task_id (\S+), dependencies (.*) and operation approve/.exec(waiting.way_out) ?? [];
  const reply = await server.call('manage_dependencies', {
    task_id: id,
    dependencies: JSON.parse(dependencies),
    operation: 'approve',
  });

  expect(reply).toMatchObject({ task_id, actionable: true });
});

test('where the client can ask its person, the way out of waiting for an approval is to start the task', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const task_id = await aGenericTask(server, 'Ship');
  await waitsFor(server, task_id, [approval], { dependency_type: 'approval' });
  const person = aPersonAt(server, () => 'approved');

  const { waiting_for } = await person.call('next_task', {});
  const { way_out } = waiting_for.find((one: { task_id: string }) => one.task_id === task_id);
  const started = await person.call('execute_subtask', { task_id });

  expect(way_out).toBe(`orchestrator_execute_subtask with task_id ${task_id}, which asks your user`);
  expect(started.claim).toBeTruthy();
});

test('a way out names the session of whoever names their own', async () => {
  await using server = await anOrchestrator();
  await server.call('initialize_session', { agent_name: 'lead' });
  const { session_id } = await server.call('initialize_session', { agent_name: 'sub' });
  await aGenericTask(server, 'Sign-off', { task_type: 'approval', session_id });

  const [own, named] = [await server.call('get_status'), await server.call('get_status', { session_id })];

  expect(own.blocked[0].way_out).toMatch(/operation approve or reject$/);
  expect(named.blocked[0].way_out).toMatch(new RegExp(`operation approve or reject \\(session_id ${session_id}\\)$`));
});

test('the way out of waiting for several names each of them', async () => {
  await using server = await anOrchestrator();
  const ids = [];
  for (const title of ['A', 'B', 'C', 'D', 'E']) ids.push(await aGenericTask(server, title));
  const task_id = await aGenericTask(server, 'Ship');
  await waitsFor(server, task_id, ids);

  const { blocked } = await server.call('get_status');

  expect(blocked[0].way_out).toBe(`Complete ${ids.slice(0, 3).join(', ')} and 2 more first`);
});

test('a dependency that is named twice in one call is refused, and nothing is written', async () => {
  await using server = await anOrchestrator();
  const [build, design, review] = [
    await aGenericTask(server, 'Build'),
    await aGenericTask(server, 'Design'),
    await aGenericTask(server, 'Review'),
  ];
  await waitsFor(server, build, [design, review]);

  for (const operation of ['add', 'remove', 'replace', 'waive']) {
    const dependencies = [{ dependency_task_id: design }, { dependency_task_id: design }];
    const refusal = await server.refused('manage_dependencies', {
      task_id: build,
      dependencies,
      operation,
      comment: 'x',
    });
    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'dependencies' });
  }

  expect((await server.call('get_task', { task_id: build })).dependencies).toHaveLength(2);
});

test('what is to be completed is neither approved nor rejected', async () => {
  await using server = await anOrchestrator();
  const [build, design] = [await aGenericTask(server, 'Build'), await aGenericTask(server, 'Design')];
  await waitsFor(server, build, [design]);
  const dependencies = [{ dependency_task_id: design }];

  const refusal = await server.refused('manage_dependencies', { task_id: build, dependencies, operation: 'approve' });

  expect(refusal.suggestion).toContain('waive');
});

test('a plan that waits for an approval is not put together, whatever its subtasks became', async () => {
  await using server = await anOrchestrator();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const plan = await aPlan(server, [aSubtask('a')]);
  await server.call('execute_subtask', { task_id: plan.id('a') });
  await waitsFor(server, plan.planId, [approval], { dependency_type: 'approval' });
  await server.call('complete_subtask', completion(plan.id('a')));

  expect(await server.refused('synthesize_results', { parent_task_id: plan.planId })).toMatchObject({
    unmet: [{ task_id: approval }],
  });
  await server.call('manage_dependencies', { task_id: approval, dependencies: [], operation: 'approve' });

  expect(await server.call('synthesize_results', { parent_task_id: plan.planId })).toMatchObject({
    synthesis_complete: true,
  });
});

test('another type of artifact is waited for anew', async () => {
  await using server = await anOrchestrator();
  const [build, design] = [await aGenericTask(server, 'Build'), await aGenericTask(server, 'Design')];
  await waitsFor(server, build, [design], { dependency_type: 'data', artifact_type: 'design' });
  await server.call('complete_subtask', completion(design, { artifact_type: 'design' }));
  expect(await server.call('get_task', { task_id: build })).toMatchObject({ actionable: true });

  await waitsFor(server, build, [design], { dependency_type: 'data', artifact_type: 'test' });

  expect(await server.call('get_task', { task_id: build })).toMatchObject({ actionable: false });
});

test('what another agent holds is a conflict', async () => {
  await using server = await anOrchestrator();
  const ada = await server.call('initialize_session', { agent_name: 'Ada' });
  const ben = await server.call('initialize_session', { agent_name: 'Ben' });
  const [build, design] = [await aGenericTask(server, 'Build'), await aGenericTask(server, 'Design')];
  await server.call('execute_subtask', { task_id: build, session_id: ada.session_id });

  const refusal = await server.refused('manage_dependencies', {
    task_id: build,
    dependencies: [{ dependency_task_id: design }],
    session_id: ben.session_id,
  });

  expect(refusal).toMatchObject({ code: 'conflict', held_by: ada.session_id });
});
