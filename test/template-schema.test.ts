import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import { BUILT_IN_TEMPLATES } from '../src/infrastructure/built-in-templates.generated.ts';
import { readTemplate } from '../src/infrastructure/template-yaml.ts';

/** The schema as an editor that was led to it by the comment in a file sees it. */
const ROOT = resolve(import.meta.dirname, '..');
const SCHEMA = join(ROOT, 'docs/template.schema.json');
const published = z.fromJSONSchema(JSON.parse(await readFile(SCHEMA, 'utf8')));
const fitsSchema = (content: string) => published.safeParse(parse(content)).success;
const isRead = async (content: string) => 'draft' in (await readTemplate(content));
const ledTo = (content: string) => /^# yaml-language-server: \$schema=(\S+)\n/.exec(content)?.[1] ?? 'nowhere';

test('the schema is published with the package', () => {
  expect(manifest.files).toContain('docs');
});

test('the comment of each built-in template leads to the schema, and that which is shown does from a project, too', async () => {
  const folder = join(ROOT, 'templates');
  const installed = join(ROOT, '.task_orchestrator/templates');

  for (const file of await readdir(folder)) {
    const led = ledTo(await readFile(join(folder, file), 'utf8'));
    const shown = ledTo(BUILT_IN_TEMPLATES[file.replace('.yaml', '')] ?? '');
    expect(resolve(folder, led), file).toBe(SCHEMA);
    expect(resolve(installed, shown), file).toBe(
      join(ROOT, 'node_modules', manifest.name, 'docs/template.schema.json'),
    );
  }
  expect(dirname(SCHEMA)).toBe(join(ROOT, 'docs'));
});

test.each(Object.entries(BUILT_IN_TEMPLATES))('%s fits the schema', (_, content) => {
  expect(fitsSchema(content)).toBe(true);
});

const task = (text: string) => `id: own\nroot: { title: T }\ntasks:\n  - { key: a, title: A, ${text} }\n`;
const parameter = (text: string) => `id: own\nparameters:\n  p: ${text}\nroot: { title: T }\n`;

describe('a file that', () => {
  test.each([
    ['says hardly anything', 'id: own\n'],
    ['extends another', 'id: own\nextends: base\nparameters: { p: { default: 3 } }\n'],
    ['has a condition that is a boolean', task('when: false')],
    ['waits by key and by object', task('depends_on: [b, { key: c, type: data, artifact_type: code }]')],
    ['chooses a priority', task('priority: high')],
    ['fills in a priority', task('priority: "{{ p }}"')],
    ['nests tasks', task('children: [{ key: b, title: B, children: [{ key: c, title: C }] }]')],
    ['bounds numbers and dates', parameter('{ type: date, min: "2026-01-01" }')],
    ['holds any attributes', task('attributes: { a: [1, { b: null }] }')],
  ])('%s fits the schema and is read', async (_, content) => {
    expect([fitsSchema(content), await isRead(content)]).toEqual([true, true]);
  });

  test.each([
    ['has no id', 'root: { title: T }\n'],
    ['has an id that is none', 'id: ../own\n'],
    ['has an id that is kept for others', 'id: task\n'],
    ['has a field that there is not', 'id: own\ntask: []\n'],
    ['has a version that is none', 'id: own\nversion: 1.5\n'],
    ['misspells a field of a task', task('depends: [b]')],
    ['misspells a field of a nested task', task('children: [{ key: b, titel: B }]')],
    ['has a placeholder in a key', 'id: own\ntasks: [{ key: "{{ x }}", title: A }]\n'],
    ['has a parameter with a capital', 'id: own\nparameters: { P: { type: string } }\n'],
    ['has a type that there is not', parameter('{ type: text }')],
    ['has a bound below nothing', parameter('{ type: string, min_length: -1 }')],
    ['lists lists', parameter('{ type: array, items: array }')],
    ['waits by a type that there is not', task('depends_on: [{ key: b, type: x }]')],
    ['goes through what is no name', task('for_each: "a b"')],
    ['has a condition that is a number', task('when: 3')],
    ['has a number for a text', task('description: 3')],
    ['has a type of task with a capital', task('task_type: Big')],
  ])('%s is refused by the schema and by the reader', async (_, content) => {
    expect([fitsSchema(content), await isRead(content)]).toEqual([false, false]);
  });

  test.each([
    ['priority', 'high', 'urgent'],
    ['priority', '"{% if p %}high{% endif %}"', 'High'],
  ])('chooses a %s is completed with those that there are', (field, known, unknown) => {
    expect([fitsSchema(task(`${field}: ${known}`)), fitsSchema(task(`${field}: ${unknown}`))]).toEqual([true, false]);
  });
});
