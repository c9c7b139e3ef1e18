import { mkdir, rm, writeFile } from 'node:fs/promises';
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

  test('that needs no parameters is used without any', async () => {
    await using given = await anOrchestrator();

    const reply = await given.call('create_from_template', { template_id: 'git_automation_v1' });

    expect(titles(reply)[0]).toBe('Save the current work with git');
    expect(reply.parameters_applied).toMatchObject({ subject: 'the current work', push: true });
    expect(await given.refused('create_from_template', { template_id: 'feature_development_v1' })).toMatchObject({
      error: 'Missing required parameter: parameters.feature_name',
      required_parameters: ['feature_name'],
    });
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

  test('that are lists or objects are understood as their JSON text, and so are all of them together', async () => {
    await using given = await anOrchestrator();
    const modules = '["api", "ui"]';

    const one = await given.call('create_from_template', { ...FEATURE, parameters: { feature_name: 'x', modules } });
    const all = await given.call('create_from_template', {
      ...FEATURE,
      parameters: JSON.stringify({ feature_name: 'x', modules }),
    });

    for (const { parameters_applied } of [one, all]) expect(parameters_applied.modules).toEqual(['api', 'ui']);
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
      feature_development_v1: ['feature_name', 'complexity?', 'team?', 'deadline?', 'modules?'],
    });
    expect(body.other_templates).toContain('git_automation_v1');
    expect(body.other_templates).not.toContain('feature_development_v1');
    expect(JSON.stringify(body).length).toBeLessThan(600);
  });

  test('a template that is like none, with all that there are in short', async () => {
    await using given = await anOrchestrator();

    const body = await given.refused('create_from_template', { ...FEATURE, template_id: 'nothing_of_the_kind' });

    expect(body).not.toHaveProperty('did_you_mean');
    expect(body.templates.feature_development_v1).toEqual(expect.arrayContaining(['feature_name', 'complexity?']));
    expect(JSON.stringify(body).length).toBeLessThan(1_500);
  });

  test('a template that takes a great many parameters, in a reply of bounded length', async () => {
    await using given = await anOrchestrator();
    const parameters = Array.from(
      { length: 1_000 },
      (_, place) => `  a_long_name_of_a_parameter_${place}: { type: string }`,
    );
    await saved(given, `id: crowded\nroot: { title: T }\nparameters:\n${parameters.join('\n')}`);

    const body = await given.refused('create_from_template', { ...FEATURE, template_id: 'crowdd' });

    expect(body.templates.crowded.length).toBeGreaterThan(10);
    expect(JSON.stringify(body).length).toBeLessThan(3_000);
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
    [{ feature_name: '  ' }, 'parameters.feature_name must be a text that is not blank'],
    [{ feature_name: 'x', modules: ['api', ' '] }, 'parameters.modules must be a list of texts that are not blank'],
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

  test.each<[string, string, string, Body, Body]>([
    [
      'of a list',
      'array',
      '{ key: open, for_each: p, title: "Open {{ item.name }}" }',
      { p: [{ name: 'South' }, { nam: 'North' }] },
      {
        error: 'open.2.title asks for {{ item.name }}, and parameters.p[1] has no name',
        suggestion: 'Repeat with parameters.p[1].name; a template that can do without it asks with {% if item.name %}',
      },
    ],
    [
      'of a list within that of a task above',
      'array',
      '{ key: a, for_each: p, title: A, children: [{ key: b, for_each: item.parts, title: "{{ item.size.in_cm }}" }] }',
      { p: [{ parts: [{ size: {} }] }] },
      { error: 'b.1.1.title asks for {{ item.size.in_cm }}, and parameters.p[0].parts[0] has no size.in_cm' },
    ],
    [
      'of a list, below the task that is about it',
      'array',
      '{ key: a, for_each: p, title: A, children: [{ key: b, title: B, attributes: { weight: "{{ item.weight }}" } }] }',
      { p: ['x'] },
      { error: 'b.1.attributes.weight asks for {{ item.weight }}, and parameters.p[0] has no weight' },
    ],
    [
      'of an object',
      'object',
      '{ key: a, title: A, acceptance_criteria: ["{{ p.name }}"] }',
      { p: { nam: 'x' } },
      {
        error: 'a.acceptance_criteria asks for {{ p.name }}, and parameters.p has no name',
        parameter: 'parameters.p',
      },
    ],
    [
      'of a list that the text itself goes through',
      'array',
      '{ key: a, title: "A {% for one in p %}{{ one.name }}{% endfor %}" }',
      { p: [{ nam: 'x' }] },
      {
        error: 'a.title: there is no value for {{ one.name }}',
        parameter: undefined,
        suggestion: 'Repeat with values that have it; a template that can do without it asks with {% if one.name %}',
      },
    ],
  ])('a placeholder that asks for a field that is missing in a value %s', async (_, type, task, parameters, body) => {
    await using given = await anOrchestrator();
    await saved(given, `id: own\nparameters: { p: { type: ${type} } }\nroot: { title: T }\ntasks: [${task}]`);

    const refusal = await given.refused('create_from_template', { template_id: 'own', parameters });

    expect({ parameter: undefined, ...refusal }).toMatchObject({ code: 'invalid', parameter: 'parameters.p', ...body });
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

describe('a role file that cannot be used', () => {
  const WHY =
    'the role file .task_orchestrator/roles/translator.yaml cannot be used: line 1: ' +
    'expertize is not a field of a role; did you mean expertise?';
  const WHO = 'id: who\nparameters: { x: { type: string } }\nroot: { title: T, specialist_type: "{{ x }}" }';

  test.each<[string, string, Body]>([
    [
      'plan_task',
      'subtasks_json[1].specialist_type',
      {
        description: 'D',
        subtasks_json: JSON.stringify(
          ['tester', 'translator'].map((specialist_type) => ({
            title: specialist_type,
            description: 'D',
            specialist_type,
          })),
        ),
      },
    ],
    [
      'create_generic_task',
      'specialist_type',
      { task_type: 'custom', attributes: { title: 'T', specialist_type: 'translator' } },
    ],
    ['create_from_template', 'specialist_type', { template_id: 'who', parameters: { x: 'translator' } }],
    ['next_task', 'specialist_type', { specialist_type: 'translator' }],
    ['query_tasks', 'specialist_type', { filters: { specialist_type: 'translator' } }],
  ])('is named where %s is asked for its specialist', async (tool, parameter, args) => {
    await using given = await anOrchestrator();
    await saved(given, WHO);
    await aRole(given, 'a_first', 'approach:');
    await aRole(given, 'translator', 'expertize: [Words]');

    expect(await given.refused(tool, args)).toMatchObject({
      code: 'invalid',
      error: expect.stringMatching(/^There is no specialist "translator"/),
      parameter,
      accepted: expect.arrayContaining(['tester']),
      suggestion: 'Mend that file, or repeat with one of the accepted specialists',
    });
    expect((await given.refused(tool, args)).error).toContain(WHY);
  });

  test('is named where a template is made for its specialist', async () => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    await aProjectTemplate(given, 'own', 'id: own\nroot: { title: T, specialist_type: translator }');
    await aRole(given, 'translator', 'expertize: [Words]');

    const body = await given.refused('create_from_template', { template_id: 'own' });

    expect(body.error).toContain('line 2, column 36: there is no specialist translator; ');
    expect(body.error).toContain(WHY);
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

  const FILE = '.task_orchestrator/templates/base.yaml';
  const LONE = BASE.replace('First, specialist_type: architect', 'First, specialist_type: translator');

  test.each<[string, string, string]>([
    ['a specialist that there is not', LONE, `${FILE}), which it extends, line 5, column 50: there is no specialist`],
    [
      'a field that there is not',
      BASE.replace('priority', 'priorty'),
      `${FILE}), which it extends, line 3, column 35: root.priorty is not a field`,
    ],
    [
      'a text that asks for what there is not',
      BASE.replace('{{ name }}', '{{ nam }}'),
      `${FILE}), which it extends, line 3, column 16: title speaks of nam`,
    ],
    [
      'another id',
      BASE.replace('id: base', 'id: bases'),
      `${FILE}), which it extends, line 1, column 5: it calls itself`,
    ],
    [
      'a base that nobody has',
      `${BASE}\nextends: bse`,
      `${FILE}), which it extends, line 7, column 10: it extends bse, which is no template`,
    ],
    ['what is no YAML', 'id: [', `${FILE}), which it extends, line 1, column 6: `],
  ])('of a file with %s is refused naming that file, wherever it is used', async (_, base, place) => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    await aProjectTemplate(given, 'base', base);
    const own = 'id: own\nextends: base\nroot: { description: D }\ntasks: [{ key: first, title: Other }]';
    await aProjectTemplate(given, 'own', own);
    const args = { template_id: 'own', parameters: { name: 'x' } };

    const refusal = await given.refused('create_from_template', args);
    const { invalid } = await given.call('list_templates');
    const { error } = await given.call('get_template', { template_id: 'own' });
    const saving = await given.refused('save_template', { content: own.replace('own', 'saved') });

    const [, line] = /line (\d+)/.exec(place) ?? [];
    expect(refusal.error).toContain(`Template own cannot be used: in base (${place}`);
    expect(refusal).toMatchObject({ line: Number(line), suggestion: `Mend ${FILE}, then repeat the call` });
    expect(invalid[1]).toMatchObject({ template_id: 'own', file: FILE, line: Number(line) });
    expect(error).toContain(`in base (${place}`);
    expect(saving.error).toContain(`The template cannot be saved: in base (${place}`);
    expect(saving).toMatchObject({ suggestion: `Mend ${FILE}, then repeat the call` });
    expect(saving).not.toHaveProperty('line');
  });

  test('of one that was saved and lost its role since is refused naming that one', async () => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    const role = await aRole(given, 'translator', 'description: Translates');
    await saved(given, LONE);
    await aProjectTemplate(given, 'own', 'id: own\nextends: base');
    await rm(role);

    const body = await given.refused('create_from_template', { template_id: 'own' });

    expect(body.error).toContain(
      'cannot be used: in base, which it extends, line 5, column 50: there is no specialist',
    );
    expect(body.suggestion).toBe(
      'Use orchestrator_get_template with template_id base, and orchestrator_save_template with what is mended',
    );
  });

  test('that makes a mistake of what was none names the file that makes it', async () => {
    await using given = await anOrchestrator();
    await given.call('add_note', { text: 'There is a store now' });
    await aProjectTemplate(given, 'base', `${BASE}\n  - { key: third, title: "{{ size }}", when: size > 1 }`);
    await aProjectTemplate(given, 'own', 'id: own\nextends: base\nparameters: { size: { type: boolean } }');

    expect(await given.refused('create_from_template', { template_id: 'own' })).toMatchObject({
      error:
        'Template own (.task_orchestrator/templates/own.yaml) cannot be used: ' +
        'line 3, column 21: the default of size must be true or false',
      suggestion: 'Mend .task_orchestrator/templates/own.yaml, then repeat the call',
    });
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

async function aRole({ workspace }: TestOrchestrator, name: string, content: string): Promise<string> {
  const folder = join(workspace, '.task_orchestrator/roles');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.yaml`), content);
  return join(folder, `${name}.yaml`);
}
