import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';

const FEATURE = { template_id: 'feature_development_v1', parameters: { feature_name: 'search' } };
const saved = (given: TestOrchestrator, content: string) => given.call('save_template', { content });
const titles = (reply: Body) => reply.tasks_created.map(({ title }: Body) => title);
const used = (given: TestOrchestrator, template_id: string, parameters: Body = {}) =>
  given.call('create_from_template', { template_id, parameters });

describe('a template', () => {
  test('becomes a tree of ready tasks with the defaults that were applied', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_from_template', FEATURE);

    const [root, design, implement] = reply.tasks_created;
    expect(reply).toMatchObject({
      template_instantiated: true,
      root_task_id: root.task_id,
      parameters_applied: { feature_name: 'search', complexity: 'moderate', modules: [] },
    });
    expect(root).toMatchObject({ task_type: 'feature_epic', title: 'Implement search feature' });
    expect(implement).toMatchObject({ parent_task_id: root.task_id, dependencies: [design.task_id] });
    expect(reply.parallel_groups[0]).toEqual([design.task_id]);
    expect(await given.call('get_task', { task_id: implement.task_id })).toMatchObject({
      lifecycle_stage: 'ready',
      template_id: 'feature_development_v1',
    });
  });

  test('hands out its tasks in their order, and its parent is up for synthesis at the end', async () => {
    await using given = await anOrchestrator();
    const { tasks_created, root_task_id } = await given.call('create_from_template', {
      ...FEATURE,
      parameters: { feature_name: 'search', modules: ['api', 'ui'], complexity: 'complex' },
    });
    const implement = tasks_created.find(({ title }: Body) => title === 'Implement search').task_id;

    const before = await worked(given);
    await given.call('synthesize_results', { parent_task_id: implement });
    const after = await worked(given);

    expect(before.toSorted()).toEqual(PARTS);
    expect(before[0]).toBe('Design search architecture');
    expect(before.at(-1)).toBe('Put the parts of search together');
    expect(after.toSorted()).toEqual([
      'Document search',
      'Measure search under load',
      'Release search',
      'Review search',
      'Test search',
    ]);
    expect(after.at(-1)).toBe('Release search');
    expect((await given.call('get_task', { task_id: root_task_id })).lifecycle_stage).toBe('review');
  });

  test('leaves counters that a full audit finds right', async () => {
    await using given = await anOrchestrator();
    const parent = await aGenericTask(given, 'Parent');
    await given.call('create_from_template', {
      ...FEATURE,
      parameters: { feature_name: 'search', modules: ['api', 'ui'] },
      parent_task_id: parent,
    });

    const audit = await given.call('maintenance_coordinator', {
      action: 'validate_structure',
      scope: 'full_project',
      validation_level: 'full_audit',
    });

    expect(audit.findings).toEqual([]);
  });

  test('that waits below a parent that waits is not offered', async () => {
    await using given = await anOrchestrator();
    const first = await aGenericTask(given, 'First');
    const parent = await aGenericTask(given, 'Parent', { dependencies: [{ dependency_task_id: first }] });

    await given.call('create_from_template', { ...FEATURE, parent_task_id: parent });

    expect((await given.call('get_status')).ready.map(({ task_id }: Body) => task_id)).toEqual([first]);
  });

  test('keeps titles as they are given, whatever they look like', async () => {
    await using given = await anOrchestrator();
    const names = [
      'R&D',
      'design & deploy',
      '<b>bold</b>',
      '$(rm -rf /); `ls`',
      '{{ x }}',
      'it\'s "quoted"',
      '日本語 😀',
    ];

    const replies = await Promise.all(
      names.map((feature_name) => given.call('create_from_template', { ...FEATURE, parameters: { feature_name } })),
    );

    expect(replies.map((reply) => reply.tasks_created[0].title)).toEqual(
      names.map((name) => `Implement ${name} feature`),
    );
  });

  test('is only shown with its graph by a dry run', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_from_template', { ...FEATURE, dry_run: true });

    expect(reply).toMatchObject({
      template_instantiated: false,
      next_steps: expect.stringContaining('Nothing was created'),
    });
    expect(reply.root_task_id).toBeUndefined();
    expect(reply.graph).toContain('t_design --> t_implement');
    expect((await given.call('get_status')).active_tasks).toEqual([]);
  });

  test('of many tasks is told as far as there is room, and made whole', async () => {
    await using given = await anOrchestrator();
    await saved(given, `${LIST}\ntasks: [{ key: part, for_each: names, title: "A part that is called {{ item }}" }]`);

    const reply = await used(given, 'many', { names: Array.from({ length: 500 }, (_, index) => `number ${index}`) });

    expect(reply.truncated.omitted).toBeGreaterThan(0);
    expect((await given.call('get_status')).system_status.total_active_tasks).toBe(500);
  });
});

const PARTS = [
  'Build api for search',
  'Build ui for search',
  'Design search architecture',
  'Plan the tests of search',
  'Put the parts of search together',
];

/** Takes and completes what there is to take; gives the titles in that order. */
async function worked({ call }: TestOrchestrator): Promise<readonly string[]> {
  const titles: string[] = [];
  for (let next = await call('next_task'); next.task_available !== false; next = await call('next_task')) {
    const { task_id, title } = next.specialist_context.task_details;
    titles.push(title);
    await call('complete_subtask', completion(task_id));
  }
  return titles;
}

const LIST = 'id: many\nparameters: { names: { type: array, items: string } }\nroot: { title: Many }';

describe('values', () => {
  test('fill texts, conditions and attributes, and what comes out blank is left out', async () => {
    await using given = await anOrchestrator();
    await saved(
      given,
      `id: trip
parameters:
  where: { type: string }
  days: { type: integer, min: 1, max: 30 }
  budget: { type: number, required: false }
  by: { type: date, required: false }
root:
  title: Go to {{ where | upcase }}
  due_date: "{% if by %}{{ by }}{% endif %}"
  attributes: { days: "{{ days }}", note: "{% if budget %}{{ budget }}{% endif %}", nested: { where: ["{{ where }}"] } }
tasks:
  - { key: pack, title: "Pack for {{ days }} days", when: days > 2 }
  - { key: save, title: Save money, when: not budget }`,
    );

    const reply = await used(given, 'trip', { where: 'Rome', days: '3' });

    const task = await given.call('get_task', { task_id: reply.root_task_id });
    expect(titles(reply)).toEqual(['Go to ROME', 'Pack for 3 days', 'Save money']);
    expect(task.attributes).toEqual({ days: 3, nested: { where: ['Rome'] } });
    expect(task).not.toHaveProperty('due_date');
  });

  test('of tasks are checked as those of any other call', async () => {
    await using given = await anOrchestrator();
    await saved(given, 'id: own\nparameters: { x: { type: string } }\nroot: { title: T, due_date: "{{ x }}" }');
    await saved(given, 'id: who\nparameters: { x: { type: string } }\nroot: { title: T, specialist_type: "{{ x }}" }');

    expect(
      await given.refused('create_from_template', { template_id: 'own', parameters: { x: 'soon' } }),
    ).toMatchObject({
      parameter: 'root.due_date',
    });
    expect(
      await given.refused('create_from_template', { template_id: 'who', parameters: { x: 'testr' } }),
    ).toMatchObject({
      did_you_mean: 'tester',
    });
  });
});

describe('refused, with nothing created, is', () => {
  test('a template that nobody has, with the one that was meant', async () => {
    await using given = await anOrchestrator();

    const body = await given.refused('create_from_template', { ...FEATURE, template_id: 'feature_developmentv1' });

    expect(body).toMatchObject({
      code: 'not_found',
      error: 'Template not found: feature_developmentv1',
      did_you_mean: 'feature_development_v1',
      suggestion: 'Repeat with template_id feature_development_v1',
    });
    expect(body.templates).toEqual({
      feature_development_v1: expect.arrayContaining([expect.stringMatching(/^complexity: one of simple, moderate/)]),
    });
  });

  test('a template that is like none, with all that there are in short', async () => {
    await using given = await anOrchestrator();

    const body = await given.refused('create_from_template', { ...FEATURE, template_id: 'nothing_of_the_kind' });

    expect(body).not.toHaveProperty('did_you_mean');
    expect(body.templates.feature_development_v1).toEqual(expect.arrayContaining(['feature_name', 'complexity?']));
    expect(JSON.stringify(body).length).toBeLessThan(1_500);
  });

  test('a call without what is required, with all that could be given', async () => {
    await using given = await anOrchestrator();

    const body = await given.refused('create_from_template', { ...FEATURE, parameters: { team: 'backend' } });

    expect(body).toMatchObject({
      required_parameters: ['feature_name'],
      provided_parameters: ['team'],
      accepted: {
        feature_name: expect.stringMatching(/; required$/),
        complexity: expect.stringMatching(/^one of simple, .*; default "moderate"$/),
        deadline: 'date; may be left out',
      },
      suggestion: 'Repeat with parameters.feature_name',
    });
    expect(body.accepted).not.toHaveProperty('team');
  });

  test.each([
    [{}, 'Missing required parameter: parameters.feature_name'],
    [{ feature_nam: 'x' }, 'Unknown parameter: parameters.feature_nam (did you mean feature_name?)'],
    [{ feature_name: 7 }, 'parameters.feature_name must be a text'],
    [{ feature_name: '' }, 'parameters.feature_name must be at least 1 long'],
    [
      { feature_name: 'x', complexity: 'hard' },
      'parameters.complexity must be one of simple, moderate, complex, very_complex',
    ],
    [{ feature_name: 'x', deadline: '2025-02-30' }, 'parameters.deadline must be a date such as 2026-07-01'],
    [{ feature_name: 'x', modules: 'api' }, 'parameters.modules must be a list of which each is a text'],
    [{ feature_name: 'x', modules: [1] }, 'parameters.modules must be a list of which each is a text'],
  ])('%j', async (parameters, error) => {
    await using given = await anOrchestrator();

    expect(await given.refused('create_from_template', { ...FEATURE, parameters })).toMatchObject({
      code: 'invalid',
      error,
    });
    expect((await given.call('get_status')).active_tasks).toEqual([]);
  });

  test('a placeholder without a value', async () => {
    await using given = await anOrchestrator();
    await saved(given, 'id: own\nparameters: { x: { type: string, required: false } }\nroot: { title: "Do {{ x }}" }');

    expect(await given.refused('create_from_template', { template_id: 'own', parameters: {} })).toMatchObject({
      error: 'root.title: there is no value for {{ x }}',
      parameter: 'parameters.x',
    });
  });

  test('a text that takes for ever or fills the memory', async () => {
    await using given = await anOrchestrator();
    const loop = (inner: string) => `{% for a in (1..99999) %}${inner}{% endfor %}`;
    await saved(given, `id: slow\nroot: { title: '${loop(loop(loop('')))}x' }`);
    await saved(
      given,
      `id: large\nroot: { title: 'x{% assign t = "1234567890" %}${'{% assign t = t | append: t %}'.repeat(40)}' }`,
    );

    for (const template_id of ['slow', 'large']) {
      expect(await given.refused('create_from_template', { template_id, parameters: {} })).toMatchObject({
        error: expect.stringContaining('rendering takes more time or room'),
      });
    }
  });

  test('a tree of a billion tasks', async () => {
    await using given = await anOrchestrator();
    const nested = (depth: number): Body => ({
      key: `level_${depth}`,
      for_each: 'names',
      title: '{{ item }}',
      ...(depth > 1 && { children: [nested(depth - 1)] }),
    });
    await saved(given, `${LIST}\ntasks: ${JSON.stringify([nested(3)])}`);

    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
    expect(await given.refused('create_from_template', { template_id: 'many', parameters: { names } })).toMatchObject({
      error: 'Template many would make more than 500 tasks with these parameters',
    });
  });

  test('a parent that has ended', async () => {
    await using given = await anOrchestrator();
    const parent = await aGenericTask(given, 'Parent');
    await given.call('complete_subtask', completion(parent));

    expect(await given.refused('create_from_template', { ...FEATURE, parent_task_id: parent })).toMatchObject({
      code: 'refused',
    });
  });
});

describe('what stands in several places', () => {
  test('is taken from the project before the saved one before the built-in one', async () => {
    await using given = await anOrchestrator();
    const own = (title: string) => `id: feature_development_v1\nroot: { title: ${title} }\n`;
    await saved(given, own('Saved'));
    const first = await used(given, 'feature_development_v1');
    await aProjectTemplate(given, 'feature_development_v1', own('Project'));

    const second = await used(given, 'feature_development_v1');

    expect([...titles(first), ...titles(second)]).toEqual(['Saved', 'Project']);
  });

  test('is refused with its line where the project has a mistake, and the others still work', async () => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    await aProjectTemplate(given, 'broken', 'id: broken\nroot: { title: T }\ntasks:\n  - { key: a, titel: A }\n');

    expect(await given.refused('create_from_template', { template_id: 'broken', parameters: {} })).toMatchObject({
      error:
        'Template broken (.task_orchestrator/templates/broken.yaml) cannot be used: ' +
        'line 4, column 15: tasks[0].titel is not a field of a task; did you mean title?',
      line: 4,
      column: 15,
    });
    expect((await given.call('create_from_template', FEATURE)).template_instantiated).toBe(true);
  });
});

describe('extends', () => {
  const BASE = `id: base
parameters: { name: { type: string }, size: { type: integer, default: 1 } }
root: { title: "Base {{ name }}", priority: high }
tasks:
  - { key: first, title: First, specialist_type: architect }
  - { key: second, title: Second, depends_on: [first] }`;

  test('lays parameters by name and tasks by key over those of the other template', async () => {
    await using given = await anOrchestrator();
    await saved(given, BASE);
    await saved(
      given,
      `id: own
extends: base
parameters: { size: { default: 2 } }
root: { title: "Own {{ name }}" }
tasks:
  - { key: second, title: "Second of {{ size }}" }
  - { key: third, title: Third, depends_on: [second] }`,
    );

    const reply = await used(given, 'own', { name: 'x' });

    expect(titles(reply)).toEqual(['Own x', 'First', 'Second of 2', 'Third']);
    expect(reply.dependencies_in_words).toHaveLength(2);
  });

  test('in a circle is refused when the last one is saved', async () => {
    await using given = await anOrchestrator();
    await saved(given, BASE);
    await saved(given, 'id: own\nextends: base');

    const body = await given.refused('save_template', { content: 'id: base\nextends: own\nroot: { title: T }' });

    expect(body.error).toContain('line 2, column 10: extends leads in a circle: base extends own extends base');
  });

  test('is refused beyond 20 levels', async () => {
    await using given = await anOrchestrator();
    await saved(given, 'id: t0\nroot: { title: T }');
    for (let level = 1; level <= 20; level++) await saved(given, `id: t${level}\nextends: t${level - 1}`);

    const body = await given.refused('save_template', { content: 'id: t21\nextends: t20' });

    expect(body.error).toContain('extends goes deeper than 20 levels');
  });
});

async function aProjectTemplate({ workspace }: TestOrchestrator, id: string, content: string): Promise<void> {
  const folder = join(workspace, '.task_orchestrator/templates');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${id}.yaml`), content);
}
