import { describe, expect, test } from 'vitest';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { tokensOf } from '../../domain/budget.ts';

/** The arguments of a plan with these subtasks. */
const planOf = (subtasks: unknown, more: Readonly<Record<string, unknown>> = {}) => ({
  description: 'A goal',
  subtasks_json: JSON.stringify(subtasks),
  ...more,
});

/** How many tasks there are, open and ended. */
const countTasks = (server: TestOrchestrator) =>
  server.orchestrator.read(async ({ tasks }) => {
    const roots = await tasks.roots({ limit: 1000 });
    const below = await Promise.all(roots.map(({ id }) => tasks.descendants(id)));
    return roots.length + below.flat().length;
  });

const theTask = (server: TestOrchestrator, id: string) => server.orchestrator.read(({ tasks }) => tasks.find(id));

describe('plan_task draws up a plan', () => {
  test('the example of the reference is answered as the reference shows it', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('plan_task', {
      description: 'Build a Python web scraper with testing and documentation',
      subtasks_json:
        '[{"title": "Design scraper architecture", "description": "Plan scalable scraping system", "specialist_type": "architect", "dependencies": [], "estimated_effort": "medium"}]',
      complexity_level: 'moderate',
      context: 'E-commerce product data extraction project',
    });

    expect(reply).toMatchObject({
      task_created: true,
      parent_task_id: expect.stringMatching(/^task_[0-9a-z]{8}$/),
      description: 'Build a Python web scraper with testing and documentation',
      complexity: 'moderate',
      subtasks: [
        {
          task_id: expect.stringMatching(/^architect_[0-9a-z]{8}$/),
          title: 'Design scraper architecture',
          specialist_type: 'architect',
          dependencies: [],
        },
      ],
      next_steps: 'Use orchestrator_execute_subtask to start working on individual subtasks',
    });
  });

  test('tasks are ready from the beginning, the parent included', async () => {
    await using server = await anOrchestrator();

    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const stages = await Promise.all(
      [plan.planId, plan.id('a'), plan.id('b')].map(async (id) => (await theTask(server, id))?.stage),
    );
    expect(stages).toEqual(['ready', 'ready', 'ready']);
  });

  test('the parent is of type plan and named by the first line of its description, cut at 120', async () => {
    await using server = await anOrchestrator();

    const plan = await aPlan(server, [aSubtask('a')], { description: `\n  ${'x'.repeat(200)}\nand more` });

    const task = await server.call('get_task', { task_id: plan.planId });
    expect(task).toMatchObject({ task_type: 'plan', title: `${'x'.repeat(119)}…`, complexity: 'moderate' });
  });

  test('dependencies are told as ids, as groups that can run at once, and in words', async () => {
    await using server = await anOrchestrator();

    const { reply, id } = await aPlan(server, [
      aSubtask('Test', ['Implement', 'Design']),
      aSubtask('Implement', ['Design']),
      aSubtask('Design'),
      aSubtask('Document', ['Design']),
    ]);

    expect(reply.subtasks[0].dependencies).toEqual([id('Implement'), id('Design')]);
    expect(reply.parallel_groups).toEqual([[id('Design')], [id('Implement'), id('Document')], [id('Test')]]);
    expect(reply.dependencies_in_words).toContain('Implement waits for Design to be completed');
  });

  test('titles are found whatever their case and outer spaces', async () => {
    await using server = await anOrchestrator();

    const { reply, id } = await aPlan(server, [aSubtask('Design It'), aSubtask('b', ['  design it '])]);

    expect(reply.subtasks[1].dependencies).toEqual([id('Design It')]);
  });

  test('a dependency that is named twice is one', async () => {
    await using server = await anOrchestrator();

    const { reply, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a', 'A', 'a'])]);

    expect(reply.subtasks[1].dependencies).toEqual([id('a')]);
  });

  test('a whole id names a task outside the plan, and what is already completed does not hold back', async () => {
    await using server = await anOrchestrator();
    const first = await aPlan(server, [aSubtask('done'), aSubtask('open')]);
    await server.call('complete_subtask', completion(first.id('done')));

    const second = await aPlan(server, [aSubtask('a', [first.id('done')]), aSubtask('b', [first.id('open')])]);

    const [a, b] = await Promise.all(['a', 'b'].map((title) => server.call('get_task', { task_id: second.id(title) })));
    expect([a?.actionable, b?.actionable]).toEqual([true, false]);
    expect(second.reply.dependencies_in_words).toContain('b waits for open to be completed');
  });

  test('a title of the plan wins over an id', async () => {
    await using server = await anOrchestrator();
    const first = await aPlan(server, [aSubtask('x')]);

    const second = await aPlan(server, [aSubtask(first.id('x')), aSubtask('b', [first.id('x')])]);

    expect(second.reply.subtasks[1].dependencies).toEqual([second.id(first.id('x'))]);
  });

  test('what a subtask may carry beside the reference is kept', async () => {
    await using server = await anOrchestrator();

    const plan = await aPlan(server, [
      aSubtask('a', [], {
        acceptance_criteria: ['It compiles', 'It is fast'],
        priority: 'high',
        task_type: 'bug',
        estimated_effort: 'low',
        attributes: { team: 'backend' },
      }),
    ]);

    expect(await server.call('get_task', { task_id: plan.id('a') })).toMatchObject({
      acceptance_criteria: ['It compiles', 'It is fast'],
      priority: 'high',
      task_type: 'bug',
      estimated_effort: 'low',
      attributes: { team: 'backend' },
      parent_task_id: plan.planId,
    });
  });

  test('an array in the place of its JSON text is understood', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('plan_task', { description: 'A goal', subtasks_json: [aSubtask('a')] });

    expect(reply.subtasks).toHaveLength(1);
  });

  test('500 subtasks are planned', async () => {
    await using server = await anOrchestrator();
    const subtasks = Array.from({ length: 500 }, (_, place) => aSubtask(`part ${place}`));

    const reply = await server.call('plan_task', planOf(subtasks));

    expect(reply.subtasks).toHaveLength(500);
    expect(tokensOf(reply)).toBeLessThan(18_000);
  });

  test('more than eight subtasks are warned of', async () => {
    await using server = await anOrchestrator();
    const subtasks = Array.from({ length: 9 }, (_, place) => aSubtask(`part ${place}`));

    const reply = await server.call('plan_task', planOf(subtasks));

    expect(reply.warnings).toEqual([expect.stringContaining('9 subtasks are many')]);
  });

  test('long texts of the call are echoed cut at 200 characters', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call(
      'plan_task',
      planOf([aSubtask('t'.repeat(500))], { description: 'd'.repeat(5000) }),
    );

    expect(reply.description).toBe(`${'d'.repeat(199)}…`);
    expect(reply.subtasks[0].title).toBe(`${'t'.repeat(199)}…`);
  });

  test('a plan of long titles is told within the budget, with all of its ids', async () => {
    await using server = await anOrchestrator();
    const subtasks = Array.from({ length: 60 }, (_, place) => aSubtask(`${place} ${'漢'.repeat(490)}`));
    const waiting = subtasks.map((one, place) => ({
      ...one,
      dependencies: subtasks.slice(0, place).map((a) => a.title),
    }));

    const reply = await server.call('plan_task', planOf(waiting));

    expect(tokensOf(reply)).toBeLessThan(6_000);
    expect(new Set(reply.subtasks.map((one: Body) => one.task_id)).size).toBe(60);
    expect(reply.truncated.omitted).toBeGreaterThan(0);
  });

  test('a task and each edge is told as an event', async () => {
    await using server = await anOrchestrator();

    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const events = await server.orchestrator.read((context) => context.events.of(plan.id('b'), 10));
    expect(events.map(({ type }) => type)).toEqual(['task.created', 'dependency.added']);
  });
});

describe('plan_task refuses a malformed plan whole', () => {
  const cases: readonly (readonly [what: string, json: string, names: RegExp])[] = [
    ['text that is no JSON', '[{"title": ', /subtasks_json is not JSON/],
    ['an empty text', '', /subtasks_json/],
    ['an object', '{"title": "a"}', /subtasks_json must be a JSON array/],
    ['a text in JSON', '"a"', /subtasks_json must be a JSON array/],
    ['null', 'null', /subtasks_json must be a JSON array/],
    ['no subtasks', '[]', /no subtasks/],
    ['a subtask that is no object', '["a"]', /subtasks_json\[0\]/],
    ['a missing title', JSON.stringify([{ description: 'd', specialist_type: 'tester' }]), /subtasks_json\[0\]\.title/],
    [
      'a missing description',
      JSON.stringify([{ title: 'a', specialist_type: 'tester' }]),
      /subtasks_json\[0\]\.description/,
    ],
    ['a missing specialist', JSON.stringify([{ title: 'a', description: 'd' }]), /subtasks_json\[0\]\.specialist_type/],
    ['a blank title', JSON.stringify([aSubtask(' \t\n')]), /subtasks_json\[0\]\.title/],
    ['a title of 501 characters', JSON.stringify([aSubtask('x'.repeat(501))]), /subtasks_json\[0\]\.title.*500/],
    ['a repeated title', JSON.stringify([aSubtask('Same'), aSubtask(' same ')]), /" same "|"Same"/],
    ['a subtask that waits for itself', JSON.stringify([aSubtask('a', ['A'])]), /"a" depends on itself/],
    ['an unknown specialist', JSON.stringify([aSubtask('a', [], { specialist_type: 'wizard' })]), /wizard/],
    ['an unknown field', JSON.stringify([aSubtask('a', [], { colour: 'red' })]), /subtasks_json\[0\]\.colour/],
    ['an unknown effort', JSON.stringify([aSubtask('a', [], { estimated_effort: 'huge' })]), /estimated_effort/],
    ['an unknown priority', JSON.stringify([aSubtask('a', [], { priority: 'urgent' })]), /priority/],
    ['a task type in capitals', JSON.stringify([aSubtask('a', [], { task_type: 'Bug' })]), /task_type/],
    ['attributes named like a field', JSON.stringify([aSubtask('a', [], { attributes: { status: 1 } })]), /status/],
    ['501 subtasks', JSON.stringify(Array.from({ length: 501 }, (_, place) => aSubtask(`p${place}`))), /500/],
    ['a text of 5 MB', JSON.stringify([aSubtask('a', [], { description: 'x'.repeat(5_000_000) })]), /subtasks_json/],
  ];

  test.each(cases)('%s', async (_, subtasks_json, names) => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', { description: 'A goal', subtasks_json });

    expect(refusal).toMatchObject({ code: 'invalid', error: expect.stringMatching(names) });
    expect(JSON.stringify(refusal).length).toBeLessThan(3_000);
    expect(await countTasks(server)).toBe(0);
  });

  test('a plan without subtasks is refused saying how few are taken', async () => {
    await using server = await anOrchestrator();

    const { suggestion } = await server.refused('plan_task', { description: 'A goal', subtasks_json: '[]' });

    expect(suggestion).toBe('Repeat with at least one; 3 to 8 are best');
    expect((await aPlan(server, [aSubtask('Only one')])).reply.task_created).toBe(true);
  });

  test('an unknown title names what was probably meant', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', planOf([aSubtask('Design'), aSubtask('Build', ['Desing'])]));

    expect(refusal).toMatchObject({
      code: 'invalid',
      error: 'Subtask "Build" depends on "Desing", which is no title of this plan and no task',
      did_you_mean: ['Design'],
    });
  });

  test('an unknown specialist names those that there are', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', planOf([aSubtask('a', [], { specialist_type: 'testr' })]));

    expect(refusal).toMatchObject({
      accepted: expect.arrayContaining(['architect', 'tester']),
      did_you_mean: 'tester',
    });
  });

  test('a circle is told with the whole way round', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused(
      'plan_task',
      planOf([aSubtask('free'), aSubtask('a', ['c']), aSubtask('b', ['a']), aSubtask('c', ['b'])]),
    );

    expect(refusal.code).toBe('invalid');
    expect(refusal.cycle_path).toHaveLength(4);
    expect(refusal.cycle_path[0]).toBe(refusal.cycle_path[3]);
    expect(new Set(refusal.cycle_path)).toEqual(new Set(['a', 'b', 'c']));
  });

  test('a beginning of an id is no id', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('plan_task', planOf([aSubtask('b', [id('a').slice(0, -2)])]));

    expect(refusal.code).toBe('invalid');
  });

  test('a missing parameter is told in the words of the reference', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', { description: 'A goal' });

    expect(refusal).toMatchObject({
      error: 'Missing required parameter: subtasks_json',
      required_parameters: ['description', 'subtasks_json'],
      provided_parameters: ['description'],
    });
  });
});

describe('the limits of plan_task', () => {
  test.each(['description', 'context'])('%s of 100,000 characters is taken, and of one more refused', async (field) => {
    await using server = await anOrchestrator();
    const withText = (length: number) => planOf([aSubtask('a')], { [field]: 'x'.repeat(length) });

    const reply = await server.call('plan_task', withText(100_000));
    const refusal = await server.refused('plan_task', withText(100_001));

    expect(reply.task_created).toBe(true);
    expect(refusal).toMatchObject({ code: 'invalid', parameter: field });
  });

  test('the description of a subtask is held to the same', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused(
      'plan_task',
      planOf([aSubtask('a', [], { description: 'x'.repeat(100_001) })]),
    );

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'subtasks_json[0].description' });
  });

  test('an attribute cannot be called like a field of the subtask', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused(
      'plan_task',
      planOf([aSubtask('a', [], { attributes: { priority: 'high' } })]),
    );

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'subtasks_json[0].attributes.priority' });
  });

  test('a title of 500 characters is kept whole', async () => {
    await using server = await anOrchestrator();

    const { reply } = await aPlan(server, [aSubtask('x'.repeat(500))]);

    const task = await server.call('get_task', { task_id: reply.subtasks[0].task_id });
    expect(task.title).toBe('x'.repeat(500));
  });
});

describe('plan_task with dry_run', () => {
  test('shows the plan and creates nothing', async () => {
    await using server = await anOrchestrator();

    const reply = await server.call('plan_task', planOf([aSubtask('a'), aSubtask('b', ['a'])], { dry_run: true }));

    expect(reply).toMatchObject({ task_created: false, parallel_groups: [['a'], ['b']] });
    expect(reply).not.toHaveProperty('parent_task_id');
    expect(reply.subtasks.some((one: Body) => 'task_id' in one)).toBe(false);
    expect(await countTasks(server)).toBe(0);
  });

  test('refuses what the plan itself would be refused for', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', planOf([aSubtask('a', ['nothing'])], { dry_run: true }));

    expect(refusal.code).toBe('invalid');
  });

  test('leaves the claim on the parent as it is', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });

    await server.call('plan_task', planOf([aSubtask('b')], { dry_run: true, parent_task_id: id('a') }));

    expect((await server.call('get_task', { task_id: id('a') })).claim).toEqual(claim);
  });
});

describe('plan_task under a parent', () => {
  test('the plan becomes a child of the task', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const inner = await aPlan(server, [aSubtask('b')], { parent_task_id: id('a') });

    expect(await server.call('get_task', { task_id: id('a') })).toMatchObject({ children: [inner.planId] });
    expect(await server.call('get_task', { task_id: inner.planId })).toMatchObject({ parent_task_id: id('a') });
  });

  test('a claim on the task ends, and the parts are free for all', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });

    const inner = await aPlan(server, [aSubtask('b')], { parent_task_id: id('a') });

    expect(await server.call('get_task', { task_id: id('a') })).not.toHaveProperty('claim');
    expect(await server.call('next_task', {})).toMatchObject({ task_id: inner.id('b') });
  });

  test('what the task waits for holds back its parts', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);

    const inner = await aPlan(server, [aSubtask('part')], { parent_task_id: id('second') });

    expect(await server.call('get_task', { task_id: inner.id('part') })).toMatchObject({
      actionable: false,
      waiting_for: [expect.stringContaining(id('first'))],
    });
  });

  test('a task in review goes back to work', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));

    await aPlan(server, [aSubtask('b')], { parent_task_id: planId });

    expect((await theTask(server, planId))?.stage).toBe('active');
  });

  test('a task that another holds is a conflict', async () => {
    await using server = await anOrchestrator();
    const { session_id } = await server.call('initialize_session', { agent_name: 'Ada' });
    const other = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a'), session_id });

    const refusal = await server.refused(
      'plan_task',
      planOf([aSubtask('b')], { parent_task_id: id('a'), session_id: other.session_id }),
    );

    expect(refusal).toMatchObject({ code: 'conflict', held_by: session_id });
    expect(refusal.error).toContain('Ada');
  });

  test('an ended task takes no subtasks', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('plan_task', planOf([aSubtask('c')], { parent_task_id: id('a') }));

    expect(refusal).toMatchObject({ code: 'refused', lifecycle_stage: 'completed' });
    expect(refusal.error).toContain(id('a'));
  });

  test('an approval takes no subtasks', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], { task_type: 'approval' })]);

    const refusal = await server.refused('plan_task', planOf([aSubtask('c')], { parent_task_id: id('a') }));

    expect(refusal.code).toBe('refused');
  });

  test('an unknown parent is told in the words of the reference', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('plan_task', planOf([aSubtask('c')], { parent_task_id: 'task_zzzz0000' }));

    expect(refusal).toMatchObject({
      code: 'not_found',
      error: 'Task not found: task_zzzz0000',
      suggestion: 'Use orchestrator_get_status to see available tasks',
    });
  });

  test('parts cannot wait for what waits for their parent', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('first'),
      aSubtask('second', ['first']),
      aSubtask('third', ['second']),
    ]);

    const refusal = await server.refused(
      'plan_task',
      planOf([aSubtask('part', [id('third')])], { parent_task_id: id('first') }),
    );

    expect(refusal).toMatchObject({
      code: 'refused',
      cycle_path: [id('third'), id('second'), id('first')],
    });
  });

  test('parts cannot wait for the plan they belong to', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('plan_task', planOf([aSubtask('b', [planId])], { parent_task_id: id('a') }));

    expect(refusal).toMatchObject({ code: 'refused', cycle_path: [planId, id('a')] });
  });

  test('a task whose lease ran out can be broken down by anybody', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const other = await server.call('initialize_session').then(() => server.call('initialize_session'));
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    await aPlan(server, [aSubtask('b')], { parent_task_id: id('a'), session_id: other.session_id });

    expect((await theTask(server, id('a')))?.standing.children).toBe(1);
  });
});
