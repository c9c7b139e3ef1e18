import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anOrchestrator, type Body, type TestOrchestrator } from '../../../test/harness.ts';

async function projectFolder({ workspace, call }: TestOrchestrator): Promise<string> {
  await call('add_note', { text: 'There is a store now' });
  const folder = join(workspace, '.task_orchestrator/templates');
  await mkdir(folder, { recursive: true });
  return folder;
}

test('templates are listed with where they come from and what they take', async () => {
  await using given = await anOrchestrator();
  await writeFile(join(await projectFolder(given), 'own.yaml'), 'id: own\nroot: { title: Own }\n');
  await given.call('save_template', { content: 'id: kept\nversion: 4\nroot: { title: Kept }\n' });

  const { templates, invalid, total } = await given.call('list_templates');

  const byId = new Map<string, Body>(templates.map((one: Body) => [one.template_id, one]));
  expect(invalid).toEqual([]);
  expect(total).toBe(templates.length);
  expect(byId.get('own')).toMatchObject({ source: 'project', parameters: {} });
  expect(byId.get('kept')).toMatchObject({ source: 'saved', version: 4, tasks: 0 });
  expect(byId.get('feature_development_v1')).toMatchObject({
    source: 'built_in',
    version: 1,
    parameters: {
      feature_name: expect.stringContaining('string'),
      team: expect.stringContaining('may be left out'),
      complexity: expect.stringContaining('default "moderate"'),
    },
  });
});

test('a template is said to require exactly what it cannot be used without', async () => {
  await using given = await anOrchestrator();
  const { templates } = await given.call('list_templates');

  for (const { template_id, parameters } of templates) {
    const entries: (readonly [string, string])[] = Object.entries(parameters);
    const required = entries.filter(([, words]) => words.includes('; required')).map(([name]) => name);
    const values = Object.fromEntries(required.map((name) => [name, 'R&D']));

    expect(await given.call('create_from_template', { template_id, parameters: values, dry_run: true })).toMatchObject({
      template_instantiated: false,
    });
    for (const name of required) {
      const { [name]: _, ...others } = values;
      expect(await given.refused('create_from_template', { template_id, parameters: others })).toMatchObject({
        error: `Missing required parameter: parameters.${name}`,
      });
    }
    expect((await given.call('get_template', { template_id })).parameters).toEqual(parameters);
  }
});

test.each([
  [
    'a field that there is not',
    'id: bad\nroot: { titel: T }\n',
    { line: 2, column: 9, error: 'root.titel is not a field of the root; did you mean title?' },
  ],
  ['a key twice', 'id: bad\nid: bad\n', { line: 2, error: expect.stringContaining('unique') }],
  ['another id', 'id: good\nroot: { title: T }\n', { line: 1, error: 'it calls itself good' }],
  ['no title', 'id: bad\n', { error: 'root has no title' }],
  [
    'a base that nobody has',
    'id: bad\nextends: feature_development_v2\n',
    { line: 2, error: expect.stringContaining('did you mean feature_development_v1?') },
  ],
  ['too much', `id: bad\ndescription: ${'x'.repeat(110_000)}`, { error: expect.stringContaining('at most 102400') }],
  ['what is no YAML', 'id: [', { line: 1, error: expect.any(String) }],
  ['nothing', '', { error: 'a template must be an object' }],
])('a file of the project with %s is told with its line, and the others still work', async (_, content, problem) => {
  await using given = await anOrchestrator();
  await writeFile(join(await projectFolder(given), 'bad.yaml'), content);

  const { templates, invalid } = await given.call('list_templates');

  expect(invalid).toEqual([
    expect.objectContaining({
      template_id: 'bad',
      source: 'project',
      file: '.task_orchestrator/templates/bad.yaml',
      ...problem,
    }),
  ]);
  expect(templates.map(({ template_id }: Body) => template_id)).toContain('feature_development_v1');
});

test('a link out of the workspace is not followed, and a name that is no id is told', async () => {
  await using given = await anOrchestrator();
  const folder = await projectFolder(given);
  await symlink('/etc/hostname', join(folder, 'linked.yaml'));
  await writeFile(join(folder, 'Not An Id.yaml'), 'id: x');

  const { invalid } = await given.call('list_templates');

  expect(invalid.map(({ template_id, error }: Body) => [template_id, error])).toEqual([
    ['Not An Id', expect.stringContaining('it is not named after a template')],
    ['linked', 'it must be a file, not a link or a folder'],
  ]);
});

test('more templates than there is room for are told of', async () => {
  await using given = await anOrchestrator();
  const description = 'word '.repeat(40);
  for (let count = 0; count < 120; count++) {
    await given.call('save_template', { content: `id: t${count}\ndescription: ${description}\nroot: { title: T }` });
  }

  const { truncated, total, templates } = await given.call('list_templates');

  expect(total).toBeGreaterThan(120);
  expect(truncated.omitted).toBe(total - templates.length);
});
