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

/** Mistakes that programs of this kind are known for, about how tasks hang together. */

const waitsFor = ({ call }: TestOrchestrator, task_id: string, ...ids: readonly string[]) =>
  call('manage_dependencies', {
    task_id,
    operation: 'add',
    dependencies: ids.map((dependency_task_id) => ({ dependency_task_id })),
  });
const stageOf = async ({ call }: TestOrchestrator, task_id: string) =>
  (await call('get_task', { task_id })).lifecycle_stage;

/** An epic whose feature waits for the plan of `step`: whatever is below the plan cannot wait for the epic. */
async function anEpicBehindAPlan(server: TestOrchestrator) {
  const plan = await aPlan(server, [aSubtask('step'), aSubtask('other')]);
  const epic = await aGenericTask(server, 'Epic');
  const feature = await aGenericTask(server, 'Feature', { parent_task_id: epic });
  await waitsFor(server, feature, plan.planId);
  return { epic, feature, planId: plan.planId, step: plan.id('step') };
}
type Ring = Awaited<ReturnType<typeof anEpicBehindAPlan>>;

describe('a deadlock by containment is refused with every task on it', () => {
  const ROADS: readonly (readonly [road: string, call: (ring: Ring) => readonly [tool: string, args: Body]])[] = [
    [
      'when a subtask is to wait for the epic',
      ({ epic, step }) => [
        'manage_dependencies',
        { task_id: step, operation: 'add', dependencies: [{ dependency_task_id: epic }] },
      ],
    ],
    [
      'when its dependencies are replaced',
      ({ epic, step }) => [
        'manage_dependencies',
        { task_id: step, operation: 'replace', dependencies: [{ dependency_task_id: epic, dependency_type: 'data' }] },
      ],
    ],
    [
      'when a task is created in the plan',
      ({ epic, planId }) => [
        'create_generic_task',
        {
          task_type: 'bug',
          attributes: { title: 'late' },
          parent_task_id: planId,
          dependencies: [{ dependency_task_id: epic }],
        },
      ],
    ],
    [
      'when a subtask is planned further',
      ({ epic, step }) => [
        'plan_task',
        {
          description: 'More',
          parent_task_id: step,
          subtasks_json: JSON.stringify([aSubtask('inner', [epic])]),
        },
      ],
    ],
    [
      'when the plan is moved below the feature',
      ({ feature, planId }) => ['update_task', { task_id: planId, parent_task_id: feature }],
    ],
    [
      'when many are moved at once',
      ({ feature, planId }) => [
        'bulk_tasks',
        { operation: 'move', task_ids: [planId], changes: { parent_task_id: feature }, atomic: true },
      ],
    ],
  ];

  test.each(ROADS)('%s', async (_, road) => {
    await using server = await anOrchestrator();
    const ring = await anEpicBehindAPlan(server);
    const tasks = (await server.call('query_tasks')).tasks;

    const [tool, args] = road(ring);
    const refusal = await server.refused(tool, args);

    const told = JSON.stringify(refusal);
    expect(refusal).toMatchObject({ code: 'refused', suggestion: expect.stringMatching(/./) });
    for (const id of [ring.feature, ring.planId]) expect(told).toContain(id);
    expect((await server.call('query_tasks')).tasks).toEqual(tasks);
  });
});

describe('what is not there', () => {
  test('is not said to be removed: a dependency, a task, a template', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');
    const other = await aGenericTask(server, 'b');

    const edge = { operation: 'remove', dependencies: [{ dependency_task_id: other }] };
    expect(await server.refused('manage_dependencies', { task_id, ...edge })).toMatchObject({ code: 'not_found' });
    expect(await server.refused('delete_task', { task_id: 'task_00000000' })).toMatchObject({ code: 'not_found' });
    expect(await server.refused('delete_task', { task_id, permanent: true })).toMatchObject({ code: 'refused' });
    expect(await server.refused('delete_template', { template_id: 'nothing' })).toMatchObject({ code: 'not_found' });
    expect(await server.refused('restore_task', { task_id })).toMatchObject({ code: 'refused' });
  });

  test('is told of each of many, and none of them is counted as changed', async () => {
    await using server = await anOrchestrator();
    const there = await aGenericTask(server, 'a');

    const reply = await server.call('bulk_tasks', { operation: 'delete', task_ids: ['task_00000000', there] });

    expect(reply).toMatchObject({ matched: 2, changed: 1, unchanged: 0, refused_count: 1 });
    expect(reply.refused).toMatchObject([
      { task_id: 'task_00000000', error: 'Task not found: task_00000000', code: 'not_found' },
    ]);
  });
});

describe('a stage', () => {
  test.each([
    ['lifecycle_stage', { lifecycle_stage: 'completed' }],
    ['status', { status: 'completed' }],
    ['an attribute called status', { attributes: { status: 'completed' } }],
    ['an attribute called lifecycle_stage', { attributes: { lifecycle_stage: 'completed' } }],
  ])('is not changed by an update of one or of many: %s', async (_, changes) => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    expect(await server.refused('update_task', { task_id, ...changes })).toMatchObject({ code: 'invalid' });
    const many = await server.refused('bulk_tasks', { operation: 'update', task_ids: [task_id], changes });

    expect(many).toMatchObject({ code: 'invalid' });
    expect(await server.call('get_task', { task_id })).toMatchObject({ lifecycle_stage: 'ready', version: 1 });
  });

  test('of an update of many names the operation that changes it', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    const refusal = await server.refused('bulk_tasks', {
      operation: 'update',
      task_ids: [task_id],
      changes: { lifecycle_stage: 'completed' },
    });

    expect(refusal).toMatchObject({
      parameter: 'changes.lifecycle_stage',
      suggestion: expect.stringContaining('transition'),
    });
  });
});

describe('a cancelled task', () => {
  test('is completed by nothing later, and the work that came is kept', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const task_id = id('a');
    const { claim } = await server.call('execute_subtask', { task_id });
    await server.call('cancel_task', { task_id, reason: 'No longer wanted' });

    const late = await server.refused('complete_subtask', completion(task_id, { claim_id: claim.claim_id }));
    for (const lifecycle_stage of ['active', 'review', 'completed', 'failed']) {
      await server.refused('manage_lifecycle', { task_id, lifecycle_stage, validation_checks: false });
    }
    const many = { operation: 'transition', task_ids: [task_id], changes: { lifecycle_stage: 'completed' } };

    expect(late).toMatchObject({ code: expect.stringMatching(/refused|conflict/), artifact_kept: expect.anything() });
    expect(await server.call('bulk_tasks', many)).toMatchObject({ changed: 0, refused_count: 1 });
    expect(await server.refused('execute_subtask', { task_id })).toMatchObject({ code: 'refused' });
    expect(await stageOf(server, task_id)).toBe('cancelled');
  });
});

describe('under an ended parent', () => {
  const END: readonly (readonly [stage: string, end: (server: TestOrchestrator, id: string) => Promise<unknown>])[] = [
    ['cancelled', ({ call }, task_id) => call('cancel_task', { task_id })],
    ['archived', ({ call }, task_id) => call('manage_lifecycle', { task_id, lifecycle_stage: 'archived' })],
    ['completed', ({ call }, task_id) => call('complete_subtask', completion(task_id))],
  ];

  test.each(END)('that is %s nothing is opened, by whatever call, and the parent is named', async (_, end) => {
    await using server = await anOrchestrator();
    const parent = await aGenericTask(server, 'Over');
    const loose = await aGenericTask(server, 'Loose');
    await end(server, parent);

    const calls: readonly (readonly [string, Body])[] = [
      ['create_generic_task', { task_type: 'bug', parent_task_id: parent, attributes: { title: 'Late' } }],
      ['plan_task', { description: 'Late', parent_task_id: parent, subtasks_json: JSON.stringify([aSubtask('late')]) }],
      [
        'create_from_template',
        { template_id: 'feature_development_v1', parameters: { feature_name: 'late' }, parent_task_id: parent },
      ],
      ['update_task', { task_id: loose, parent_task_id: parent }],
      ['bulk_tasks', { operation: 'move', task_ids: [loose], changes: { parent_task_id: parent }, atomic: true }],
    ];
    for (const [tool, args] of calls) {
      const refusal = await server.refused(tool, args);
      expect([tool, refusal.code, JSON.stringify(refusal).includes(parent)]).toEqual([tool, 'refused', true]);
    }
    expect((await server.call('get_task', { task_id: parent })).children).toEqual([]);
  });
});

describe('a prerequisite that is reopened while its dependent is at work', () => {
  test('is allowed, leaves that work going, and shows where one looks for it', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const [first, second] = [id('first'), id('second')];
    await server.call('complete_subtask', completion(first));
    await server.call('execute_subtask', { task_id: second });

    await server.call('manage_lifecycle', { task_id: first, lifecycle_stage: 'ready' });

    const shown = await server.call('get_task', { task_id: second, include: ['events'] });
    expect(shown).toMatchObject({
      lifecycle_stage: 'active',
      claim: expect.anything(),
      dependencies: [{ dependency_task_id: first, status: 'pending' }],
      waiting_for: [expect.stringContaining(first)],
    });
    expect(shown.events.map(({ type }: Body) => type)).toContain('dependency.reopened');
    const { in_progress } = await server.call('get_status');
    expect(in_progress).toMatchObject([{ task_id: second, has_open_prerequisites: true }]);
    expect(await server.call('complete_subtask', completion(second))).toMatchObject({ status: 'completed' });
  });

  test('is not said of work whose prerequisites are met', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    await server.call('complete_subtask', completion(id('first')));
    await server.call('execute_subtask', { task_id: id('second') });

    const { in_progress } = await server.call('get_status');

    expect(in_progress[0]).not.toHaveProperty('has_open_prerequisites');
  });
});

describe('a plan under review that has to wait again', () => {
  test('is not offered to be put together, says what it waits for, and is offered when that is done', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('only')]);
    await server.call('complete_subtask', completion(id('only')));
    const first = await aGenericTask(server, 'first', { stage: 'draft' });

    const waiting = await server.call('manage_dependencies', {
      task_id: planId,
      operation: 'add',
      dependencies: [{ dependency_task_id: first }],
    });
    const next = await server.call('next_task');
    const within = await server.call('next_task', { parent_task_id: planId });
    await server.refused('synthesize_results', { parent_task_id: planId });
    await server.call('complete_subtask', completion(first));
    const again = await server.call('next_task');

    expect(waiting.actionable).toBe(false);
    for (const reply of [next, within]) {
      expect(reply).toMatchObject({ task_available: false });
      expect(reply).not.toHaveProperty('next_call');
      expect(reply.waiting_for).toMatchObject([{ task_id: planId, reason: expect.stringContaining(first) }]);
    }
    expect(again.next_call).toMatchObject({ arguments: { parent_task_id: planId } });
    expect(await server.call('synthesize_results', { parent_task_id: planId })).toMatchObject({
      synthesis_complete: true,
    });
  });
});
