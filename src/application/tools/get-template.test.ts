import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { anOrchestrator } from '../../../test/harness.ts';

const content = (title: string) => `id: own\nroot: { title: ${title} }\ntasks:\n  - { key: a, title: A }\n`;

test('a template is shown as it was written, with its parameters and the graph of its tasks', async () => {
  await using given = await anOrchestrator();

  const reply = await given.call('get_template', { template_id: 'feature_development_v1' });

  expect(reply).toMatchObject({
    source: 'built_in',
    version: 1,
    content: expect.stringMatching(/^# yaml-language-server[\s\S]*key: release/),
    parameters: { feature_name: expect.any(String) },
  });
  expect(reply.graph).toMatch(/t_design\["Design ‹feature_name› architecture"\]/);
  expect(reply.graph).toContain('t_review --> t_release');
});

test('a saved template is shown with all its versions, and each of them can be read', async () => {
  await using given = await anOrchestrator();
  await given.call('save_template', { content: content('First') });
  await given.call('save_template', { content: content('Second') });

  const latest = await given.call('get_template', { template_id: 'own' });
  const first = await given.call('get_template', { template_id: 'own', version: 1 });
  const missing = await given.refused('get_template', { template_id: 'own', version: 7 });

  expect(latest).toMatchObject({
    source: 'saved',
    version: 2,
    content: content('Second'),
    versions: [{ version: 2 }, { version: 1 }],
  });
  expect(first).toMatchObject({ version: 1, content: content('First') });
  expect(missing).toMatchObject({ code: 'not_found', versions: [2, 1] });
});

test('what lies behind a template of the project is named', async () => {
  await using given = await anOrchestrator();
  const own = 'id: feature_development_v1\nroot: { title: Own }\n';
  await given.call('save_template', { content: own });
  const folder = join(given.workspace, '.task_orchestrator/templates');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'feature_development_v1.yml'), own);

  expect(await given.call('get_template', { template_id: 'feature_development_v1' })).toMatchObject({
    source: 'project',
    file: '.task_orchestrator/templates/feature_development_v1.yml',
    hides: ['saved', 'built_in'],
  });
});

test('a template with a mistake is shown with its mistake', async () => {
  await using given = await anOrchestrator();
  await given.call('add_note', { text: 'There is a store now' });
  const folder = join(given.workspace, '.task_orchestrator/templates');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'bad.yaml'), 'id: bad\nroot: { title: T, prio: high }\n');

  expect(await given.call('get_template', { template_id: 'bad' })).toMatchObject({
    line: 2,
    column: 19,
    error: expect.stringContaining('root.prio is not a field of the root'),
    content: expect.stringContaining('prio: high'),
  });
});

test('a template that nobody has is refused with those that there are', async () => {
  await using given = await anOrchestrator();

  expect(await given.refused('get_template', { template_id: 'nope' })).toMatchObject({
    code: 'not_found',
    templates: { feature_development_v1: expect.any(Array) },
  });
  expect(await given.refused('get_template', { template_id: '../../etc/passwd' })).toMatchObject({ code: 'invalid' });
});

test('a template that is longer than a reply is cut, and where it is whole is said', async () => {
  await using given = await anOrchestrator();
  await given.call('save_template', { content: `${content('T')}# ${'x'.repeat(60_000)}\n` });

  const reply = await given.call('get_template', { template_id: 'own' });

  expect(reply.truncated.how_to_get_more).toBe('Read the resource orchestrator://templates/own');
  expect(JSON.stringify(reply).length).toBeLessThan(20_000);
});
