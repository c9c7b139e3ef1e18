import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { choicesOf, required, roundsOf } from '../scripts/generate/choices.ts';
import { theTemplate } from '../src/application/template-library.ts';
import { instantiate } from '../src/domain/instantiate.ts';
import type { TaskTexts } from '../src/domain/template.ts';
import { valuesOf } from '../src/domain/template-parameters.ts';
import { BUILT_IN_ROLES } from '../src/infrastructure/built-in-roles.generated.ts';
import { BUILT_IN_TEMPLATES } from '../src/infrastructure/built-in-templates.generated.ts';
import { templates } from '../src/infrastructure/templates.ts';
import { anOrchestrator, type Body, completion } from './harness.ts';

/** Of these the steps build on each other, so that most of them go one after the other. */
const WIDTH: Readonly<Record<string, number>> = {
  bug_investigation_v1: 2,
  code_review_v1: 4,
  data_migration_v1: 2,
  documentation_v1: 3,
  feature_development_v1: 3,
  git_automation_v1: 2,
  incident_response_v1: 4,
  project_setup_v1: 4,
  refactoring_v1: 2,
  release_v1: 3,
  research_v1: 2,
  security_audit_v1: 4,
  test_coverage_v1: 2,
};
const IDS = Object.keys(WIDTH);
const SPECIALISTS = BUILT_IN_ROLES.map(({ name }) => name);

const shelf = {
  templates: templates({ builtIn: async () => BUILT_IN_TEMPLATES, folder: '/nowhere' }),
  saved: { find: async () => undefined, ids: async () => [] },
  specialists: async () => SPECIALISTS,
  roleLeftOut: async () => undefined,
};
const known = async (id: string) => (await theTemplate(shelf, id)).template;

test('the library holds what the folder holds', async () => {
  const files = await readdir(join(import.meta.dirname, '../templates'));

  expect(files.map((file) => file.replace('.yaml', '')).toSorted()).toEqual(IDS.toSorted());
  expect(Object.keys(BUILT_IN_TEMPLATES).toSorted()).toEqual(IDS.toSorted());
});

describe.each(IDS)('%s', (id) => {
  test('can be worked to its end with every choice of its parameters, without a circle', async () => {
    await using server = await anOrchestrator();

    for (const parameters of choicesOf(await known(id))) {
      const reply = await server.call('create_from_template', { template_id: id, parameters, dry_run: true });

      expect(rounds(reply.tasks_created), JSON.stringify(parameters)).not.toContain(0);
      const all = reply.tasks_created.map(({ title }: Body) => title);
      expect(new Set(all).size, `titles with ${JSON.stringify(parameters)}`).toBe(all.length);
    }
  });

  test('lets several work at once with its defaults', async () => {
    await using server = await anOrchestrator();
    const parameters = required(await known(id));

    const reply = await server.call('create_from_template', { template_id: id, parameters, dry_run: true });

    expect(Math.max(...rounds(reply.tasks_created))).toBe(WIDTH[id]);
  });

  test('tells each worker what to do, what is checked, and who does it best, whatever was chosen', async () => {
    const template = await known(id);
    const { render } = await shelf.templates.texts();

    for (const parameters of choicesOf(template)) {
      const { root, tasks } = instantiate(template, valuesOf(template.parameters, { given: parameters }), render);

      const parents = new Set(tasks.map(({ parent }) => parent));
      const leaves = tasks.filter((_, place) => !parents.has(place)).map(({ texts }) => texts);
      for (const texts of [root, ...tasks.map((task) => task.texts)]) expect(untidy(texts), texts.title).toEqual([]);
      for (const { type, specialist = '', title } of leaves) {
        expect(type === 'approval' ? [...SPECIALISTS, ''] : SPECIALISTS, title).toContain(specialist);
      }
    }
  });

  test('keeps what its briefings cost within bounds', async () => {
    const template = await known(id);
    const { render } = await shelf.templates.texts();

    const { tasks } = instantiate(template, valuesOf(template.parameters, { given: required(template) }), render);

    expect(tasks.length).toBeGreaterThanOrEqual(5);
    for (const { texts } of tasks) {
      expect((texts.description ?? '').length, texts.title).toBeLessThan(4_000);
      expect((texts.title ?? '').length, texts.title).toBeLessThan(160);
    }
  });
});

/** What is wrong with the texts of a task: too little said, or traces of the template. */
function untidy({ title = '', description = '', acceptanceCriteria = [] }: TaskTexts): readonly string[] {
  const texts = [title, description, ...acceptanceCriteria];
  return [
    ...(description.length < 80 ? ['hardly a description'] : []),
    ...(acceptanceCriteria.length === 0 ? ['no acceptance criteria'] : []),
    ...texts.filter((text) => /\{\{|\}\}|\{%|%\}|undefined|\[object|\n\n\n| {2,}\S.*\. {2,}| ,| \.(\s|$)/.test(text)),
    ...texts.filter((text) => text !== text.trim()),
  ];
}

/** How many tasks of a reply can be worked at once, round by round. */
const rounds = (tasks: readonly Body[]) =>
  roundsOf(
    tasks.map(({ task_id, parent_task_id, dependencies = [] }) => ({
      id: task_id,
      parent: parent_task_id,
      waitsFor: dependencies,
    })),
  );

test('a circle, also one by way of a parent, is a round in which nothing can begin', () => {
  expect(
    roundsOf([
      { id: 'a', waitsFor: [] },
      { id: 'b', waitsFor: ['c'] },
      { id: 'c', waitsFor: ['b'] },
    ]),
  ).toEqual([1, 0]);
  expect(
    roundsOf([
      { id: 'parent', waitsFor: ['after'] },
      { id: 'child', parent: 'parent', waitsFor: [] },
      { id: 'after', waitsFor: ['child'] },
    ]),
  ).toEqual([0]);
});

/** What destroys work, rewrites what others have, or waits for a key that no agent presses. */
const HARMFUL = [
  /^git push .*(--force|-f\b|--all|--mirror|--delete| \+)/,
  /^git (reset --hard|stash (drop|clear)|checkout(?!-index)|filter-branch|gc|update-ref -d (?!"\$\(git symbolic-ref HEAD\)"$))/,
  /^git (--literal-pathspecs )?clean (?!.*(--dry-run|-- '<path>'))/,
  /^git (?!--literal-pathspecs )clean (?!.*--dry-run)/,
  /^git (--literal-pathspecs )?clean .*-\w*x/,
  /^git add .*(--force|-f\b|--patch|-p\b|--interactive|-i\b)/,
  /^git commit .*(--no-verify|-n\b)/,
  /^git rebase .*(--interactive|-i\b)/,
];

test('no command of the git template is harmful', async () => {
  const template = await known('git_automation_v1');
  const { render } = await shelf.templates.texts();

  const commands = choicesOf(template).flatMap((parameters) => {
    const { tasks } = instantiate(template, valuesOf(template.parameters, { given: parameters }), render);
    return tasks.flatMap(({ texts: { description = '' } }) => [
      ...Array.from(description.matchAll(/`(git [^`\n]+)`/g), ([, command = '']) => command),
      ...Array.from(description.matchAll(/^ *(?:GIT_\w+=\S+ )?(git .*)$/gm), ([, command = '']) => command),
    ]);
  });

  const advised = [...new Set(commands)].filter((command) => !FORBIDDEN.has(command));
  expect(advised.length).toBeGreaterThan(50);
  expect(advised.filter((command) => HARMFUL.some((pattern) => pattern.test(command)))).toEqual([]);
});

/** Named in order to say that they are not used. */
const FORBIDDEN: ReadonlySet<string> = new Set(['git push --all', 'git add --patch']);

test.each([
  ['save_frequency', ['each_step', 'each_task', 'each_session'], ['root', 'analyse', 'tidy']],
  ['commit_style', ['conventional', 'imperative', 'issue'], ['message']],
  ['backup_strategy', ['branch', 'bundle', 'none'], ['backup', 'analyse', 'clutter', 'stage', 'tidy']],
  ['file_selection', ['named', 'tracked', 'all'], ['stage']],
])('%s of the git template changes what is briefed', async (parameter, values, briefed) => {
  const template = await known('git_automation_v1');
  const { render } = await shelf.templates.texts();

  const texts = values.map((value) => {
    const made = instantiate(template, valuesOf(template.parameters, { given: { [parameter]: value } }), render);
    return new Map([{ name: 'root', texts: made.root }, ...made.tasks].map((task) => [task.name, task.texts]));
  });

  const said = briefed.map((key) => new Set(texts.map((each) => each.get(key)?.description)).size);
  expect(said.every((different) => different >= 2)).toBe(true);
  expect(Math.max(...said)).toBe(values.length);
});

test('a fault is led from its report to its account, and the cause is sought with what was reproduced', async () => {
  await using server = await anOrchestrator();
  const { call } = server;
  const parameters = { bug: 'Totals are rounded twice', severity: 'critical', is_regression: true };
  const { root_task_id } = await call('create_from_template', { template_id: 'bug_investigation_v1', parameters });

  const briefings = new Map<string, Body>();
  for (let next = await call('next_task'); next.task_available !== false; next = await call('next_task')) {
    const { task_details } = next.specialist_context;
    briefings.set(task_details.title, next.specialist_context);
    const detailed_work = `All about ${task_details.title}`;
    await call('complete_subtask', completion(task_details.task_id, { detailed_work }));
  }
  const synthesis = await call('synthesize_results', { parent_task_id: root_task_id });

  const cause = briefings.get('Prove the cause of: Totals are rounded twice');
  expect([...briefings.keys()].slice(0, 3)).toContain('Limit the damage of: Totals are rounded twice');
  expect([...briefings.keys()].at(-1)).toBe('Record what was learned from: Totals are rounded twice');
  expect(cause?.dependency_context).toContainEqual(
    expect.objectContaining({ content: 'All about Reproduce: Totals are rounded twice' }),
  );
  expect(synthesis).toMatchObject({ synthesis_complete: true });
  expect((await call('get_task', { task_id: root_task_id })).lifecycle_stage).toBe('completed');
});

test('nothing is published before a person approved the release', async () => {
  await using server = await anOrchestrator();
  const { call } = server;
  const reply = await call('create_from_template', {
    template_id: 'release_v1',
    parameters: { version_name: '2.4.0', has_migration: true, kind: 'major' },
  });
  const idOf = (title: string) => reply.tasks_created.find((task: Body) => task.title === title)?.task_id;
  const work = async () => {
    const titles: string[] = [];
    for (let next = await call('next_task'); next.task_available !== false; next = await call('next_task')) {
      titles.push(next.specialist_context.task_details.title);
      await call('complete_subtask', completion(next.specialist_context.task_details.task_id));
    }
    return titles;
  };

  const before = await work();
  await call('manage_dependencies', {
    task_id: idOf('Approve the publication of 2.4.0'),
    dependencies: [],
    operation: 'approve',
  });
  const after = await work();

  expect(before).toContain('Rehearse the migration to 2.4.0');
  expect(before).not.toContain('Publish 2.4.0');
  expect(after[0]).toBe('Publish 2.4.0');
  expect(after.at(-1)).toBe('Announce 2.4.0');
});
