import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, type Body } from '../../../test/harness.ts';

describe('create_generic_task', () => {
  test('makes a draft with its attributes whole, its own fields among them', async () => {
    await using server = await anOrchestrator();
    const attributes = {
      title: 'Implement user authentication',
      priority: 'high',
      estimated_effort: '3 weeks',
      assigned_team: 'backend',
    };

    const reply = await server.call('create_generic_task', { task_type: 'feature_epic', attributes });

    expect(reply).toMatchObject({
      task_created: true,
      task_type: 'feature_epic',
      status: 'pending',
      lifecycle_stage: 'draft',
    });
    expect(reply.attributes).toEqual(attributes);
    expect(await server.call('get_task', { task_id: reply.task_id })).toMatchObject({
      title: 'Implement user authentication',
      priority: 'high',
      estimated_effort: '3 weeks',
      attributes: { assigned_team: 'backend' },
    });
  });

  test.each([
    ['title', 'Use attributes.title'],
    ['acceptance_criteria', 'Use orchestrator_update_task, once the task is created'],
  ])('says where %s is given, which is no parameter of it', async (name, suggestion) => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('create_generic_task', { task_type: 'custom', [name]: 'x' });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: name, suggestion });
  });

  test('a draft is not handed out, a ready one is', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'A draft', { stage: 'draft' });
    expect(await server.call('next_task')).toMatchObject({ task_available: false });

    const ready = await aGenericTask(server, 'Ready');

    expect(await server.call('next_task')).toMatchObject({ task_available: true, task_id: ready });
  });

  test('a task below a plan belongs to it, and the plan counts it', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(server, [aSubtask('a')]);

    const child = await aGenericTask(server, 'One more', { parent_task_id: planId });

    const plan = await server.call('get_task', { task_id: planId });
    expect(plan.children).toContain(child);
    expect(plan.progress).toEqual({ completed: 0, total: 2, percentage: 0 });
  });

  test('what it waits for is said as a sentence, and holds it back', async () => {
    await using server = await anOrchestrator();
    const design = await aGenericTask(server, 'Design');

    const reply = await server.call('create_generic_task', {
      task_type: 'feature',
      stage: 'ready',
      attributes: { title: 'Build' },
      dependencies: [{ dependency_task_id: design }],
    });

    expect(reply.dependencies_in_words).toEqual(['Build waits for Design to be completed']);
    expect(await server.refused('execute_subtask', { task_id: reply.task_id })).toMatchObject({
      unmet: [{ task_id: design }],
    });
  });

  test('its id begins with its specialist', async () => {
    await using server = await anOrchestrator();

    const id = await aGenericTask(server, 'Test it', { attributes: { title: 'Test it', specialist_type: 'tester' } });

    expect(id).toMatch(/^tester_[0-9a-z]{8}$/);
  });

  test.each([
    ['no title', {}, 'attributes.title'],
    ['a blank title', { title: ' ' }, 'attributes.title'],
    ['a priority that does not exist', { title: 'a', priority: 'urgent' }, 'attributes.priority'],
    ['a due date that is none', { title: 'a', due_date: 'tomorrow' }, 'attributes.due_date'],
    ['another field of a task', { title: 'a', status: 'done' }, 'attributes.status'],
    ['an unknown specialist', { title: 'a', specialist_type: 'implementor' }, 'specialist_type'],
  ])('%s is refused by name, and nothing is made', async (_, attributes, parameter) => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('create_generic_task', { task_type: 'bug', attributes });

    expect(refusal).toMatchObject({ code: 'invalid', parameter });
    expect(await server.call('get_status')).toMatchObject({ ungrouped: [] });
  });

  test('a task under an ended parent is refused, naming the parent', async () => {
    await using server = await anOrchestrator();
    const parent = await aGenericTask(server, 'Over');
    await server.call('manage_lifecycle', { task_id: parent, lifecycle_stage: 'cancelled' });

    const refusal = await server.refused('create_generic_task', {
      task_type: 'bug',
      parent_task_id: parent,
      attributes: { title: 'Late' },
    });

    expect(refusal).toMatchObject({ code: 'refused', lifecycle_stage: 'cancelled' });
    expect(refusal.error).toContain(parent);
  });
});

describe('a task from a template', () => {
  const EPIC = {
    task_type: 'feature_epic',
    template_id: 'feature_development_v1',
    attributes: {
      title: 'Implement user authentication',
      priority: 'high',
      estimated_effort: '3 weeks',
      assigned_team: 'backend',
    },
  };

  test('is its root, with its own attributes, and the tasks of the template lie below it', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_generic_task', EPIC);

    expect(reply).toMatchObject({
      task_type: 'feature_epic',
      template_id: 'feature_development_v1',
      attributes: EPIC.attributes,
      status: 'pending',
      lifecycle_stage: 'draft',
      parameters_applied: { feature_name: 'Implement user authentication', complexity: 'moderate' },
    });
    expect(reply.tasks_created[0]).toMatchObject({
      title: 'Design user authentication architecture',
      parent_task_id: reply.task_id,
    });
    expect((await given.call('next_task')).specialist_context.task_details.task_id).toBe(
      reply.tasks_created[0].task_id,
    );
  });

  test('takes attributes that name a parameter as its values, and keeps the others', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_generic_task', {
      ...EPIC,
      stage: 'ready',
      attributes: { title: 'Search', complexity: 'simple', modules: ['api'], area: 'web' },
    });

    expect(reply.attributes).toMatchObject({ title: 'Search', area: 'web' });
    expect(reply.attributes).not.toHaveProperty('modules');
    expect(reply.parameters_applied).toMatchObject({ complexity: 'simple', modules: ['api'] });
    expect(reply.lifecycle_stage).toBe('ready');
  });

  test('has the title that the template gives it where the call gives none', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_generic_task', { ...EPIC, attributes: { feature_name: 'search' } });

    expect(reply.attributes.title).toBe('Implement search feature');
  });

  test('holds back what lies below it while it waits itself', async () => {
    await using given = await anOrchestrator();
    const first = await aGenericTask(given, 'First');

    await given.call('create_generic_task', { ...EPIC, dependencies: [{ dependency_task_id: first }] });

    expect((await given.call('get_status')).ready.map(({ task_id }: Body) => task_id)).toEqual([first]);
  });

  test('is refused with a value that does not fit, or a template that nobody has', async () => {
    await using given = await anOrchestrator();

    expect(
      await given.refused('create_generic_task', { ...EPIC, attributes: { title: 'T', complexity: 'hard' } }),
    ).toMatchObject({ parameter: 'parameters.complexity' });
    expect(await given.refused('create_generic_task', { ...EPIC, task_type: 'approval' })).toMatchObject({
      code: 'refused',
      parameter: 'template_id',
    });
    expect(await given.refused('create_generic_task', { ...EPIC, template_id: 'feature_v1' })).toMatchObject({
      code: 'not_found',
    });
  });
});
