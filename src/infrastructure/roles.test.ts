import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import type { Role } from '../domain/specialist.ts';
import { roles } from './roles.ts';

const TESTER: Role = {
  name: 'tester',
  description: 'Testing and validation',
  definition: 'Senior Test Engineer',
  expertise: ['Test design'],
  approach: 'Test it.',
  outputFormat: 'What was tested',
  checklist: ['Every criterion has a test'],
  isOfProject: false,
};

/** The roles of a project whose files are given, and what was told to be wrong with them. */
async function aProject(files: Readonly<Record<string, string>> = {}) {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'roles-')));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = join(root, 'roles');
  await mkdir(folder);
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const problems: Record<string, unknown>[] = [];
  const log = {
    warn: (details: Readonly<Record<string, unknown>>, text: string) =>
      problems.push({ ...details, message: text.replace('role left out: ', '') }),
  };
  const known = roles({ builtIn: [TESTER], folder });
  return { root, folder, write, problems, log, all: () => known.all(log), leftOut: known.leftOut };
}

test('without a folder the built-in roles are all there is', async () => {
  const { folder, problems, all } = await aProject();
  await rm(folder, { recursive: true });

  expect([...(await all()).values()]).toEqual([TESTER]);
  expect(problems).toEqual([]);
});

test('a file lays its fields over the built-in role, which keeps the others and is of the project then', async () => {
  const { all } = await aProject({ 'tester.yaml': 'approach:\n  - Look first.\n  - Then test.\nchecklist: []\n' });

  expect((await all()).get('tester')).toEqual({
    ...TESTER,
    approach: 'Look first.\nThen test.',
    checklist: [],
    isOfProject: true,
  });
});

test('a file adds a role of its own', async () => {
  const { all } = await aProject({
    'translator.yml': `
role_definition: Translator of user interfaces
description: Translating
expertise: [French, German]
approach: |
  Read it aloud.
  Keep it short.
output_format: The texts
checklist:
  - No text is cut off
`,
  });

  expect([...(await all()).keys()]).toEqual(['tester', 'translator']);
  expect((await all()).get('translator')).toEqual({
    name: 'translator',
    description: 'Translating',
    definition: 'Translator of user interfaces',
    expertise: ['French', 'German'],
    approach: 'Read it aloud.\nKeep it short.',
    outputFormat: 'The texts',
    checklist: ['No text is cut off'],
    isOfProject: true,
  });
});

test.each([
  ['broken YAML', 'description: x\nexpertise: [a, b\napproach: c\n', 3, /flow|indent/i],
  ['an unknown key', 'description: x\n\nexpertize: [a]\n', 3, /expertize is not a field.*did you mean expertise\?/],
  ['a key that is like no other', 'colour: red\n', 1, /colour is not a field.*role_definition/],
  ['a wrong type', 'description: x\nexpertise: a text\n', 2, /expertise must be a list/],
  ['a wrong entry', 'expertise:\n  - one\n  - {two: 2}\n', 3, /expertise\.1 must be a text/],
  ['a key without a value', 'description: x\napproach:\n', 2, /approach must be a list|approach must be a text/],
  ['an empty text', 'description: "  "\n', 1, /description must not be empty/],
  ['a character that no text has', 'description: "a\\0b"\n', 1, /description holds characters/],
  ['half a character', 'description: "\\uD800"\n', 1, /description holds characters/],
  ['a repeated key', 'description: x\ndescription: y\n', 2, /unique/],
  ['an unknown tag', 'description: !!js/function "x"\n', 1, /tag/],
  ['two documents', 'description: x\n---\ndescription: y\n', 2, /multiple documents/],
  ['a list for the whole', '- description\n', 1, /A role is an object/],
])('a file with %s is told with its line, and the role stays as it was', async (_, text, line, message) => {
  const { folder, problems, all } = await aProject({ 'tester.yaml': text });

  expect((await all()).get('tester')).toBe(TESTER);
  expect(problems).toEqual([{ file: join(folder, 'tester.yaml'), line, message: expect.stringMatching(message) }]);
});

test('what was left out can be asked for at any time, by its place in the workspace', async () => {
  const { folder, all, leftOut, problems } = await aProject({ 'tester.yaml': 'colour: red\n', 'Me.yaml': '' });
  await all();

  const file = '.task_orchestrator/roles/tester.yaml';
  expect(await leftOut()).toEqual([
    expect.objectContaining({ file: '.task_orchestrator/roles/Me.yaml' }),
    { file, line: 1, message: expect.stringContaining('colour is not a field') },
  ]);
  await rm(folder, { recursive: true });
  await symlink(tmpdir(), folder);
  expect(await leftOut()).toMatchObject([
    { file: '.task_orchestrator/roles', message: 'must be a folder, not a link to one' },
  ]);
  expect(problems).toHaveLength(2);
});

test('an empty file is told', async () => {
  const { problems, all } = await aProject({ 'tester.yaml': '# nothing yet\n' });

  await all();

  expect(problems).toEqual([expect.objectContaining({ message: 'A role is an object of fields' })]);
});

test('aliases that would blow up are refused', async () => {
  const levels = Array.from({ length: 9 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]`);
  const { problems, all } = await aProject({ 'tester.yaml': `l0: &l0 [x]\n${levels.join('\n')}\n` });

  await all();

  expect(problems).toEqual([expect.objectContaining({ message: expect.stringContaining('alias') })]);
});

test('nesting deeper than anyone writes is told, not fatal', async () => {
  const { problems, all } = await aProject({ 'tester.yaml': `expertise: ${'['.repeat(60_000)}` });

  expect((await all()).get('tester')).toBe(TESTER);
  expect(problems).toHaveLength(1);
});

test.each(['Tester.yaml', '1st.yaml', 'a-b.yaml', 'task.yaml', 'maint.yml', `${'a'.repeat(41)}.yaml`])(
  'a file cannot be called %s',
  async (name) => {
    const { folder, problems, all } = await aProject({ [name]: 'description: x\n' });

    expect([...(await all()).keys()]).toEqual(['tester']);
    expect(problems).toEqual([{ file: join(folder, name), message: expect.stringMatching(/name|kept for ids/) }]);
  },
);

test('a file of more than 64 KiB is told and not read', async () => {
  const { problems, all } = await aProject({ 'tester.yaml': `description: ${'x'.repeat(64 * 1024)}\n` });

  expect((await all()).get('tester')).toBe(TESTER);
  expect(problems).toEqual([expect.objectContaining({ message: expect.stringContaining('65536') })]);
});

test('a role that two files speak of takes the first and tells the second', async () => {
  const { folder, problems, all } = await aProject({ 'x.yaml': 'description: one\n', 'x.yml': 'description: two\n' });

  expect((await all()).get('x')?.description).toBe('one');
  expect(problems).toEqual([{ file: join(folder, 'x.yml'), message: expect.stringContaining('x') }]);
});

test('links are not followed, neither for a file nor for the folder', async () => {
  const { root, folder, problems, log, all } = await aProject();
  await writeFile(join(root, 'private.yaml'), 'description: of the user\n');
  await symlink(join(root, 'private.yaml'), join(folder, 'linked.yaml'));
  await symlink(folder, join(root, 'linked-folder'));
  const linked = roles({ builtIn: [TESTER], folder: join(root, 'linked-folder') });

  expect([...(await all()).keys()]).toEqual(['tester']);
  expect([...(await linked.all(log)).keys()]).toEqual(['tester']);
  expect(problems).toMatchObject([{ file: join(folder, 'linked.yaml') }, { file: join(root, 'linked-folder') }]);
});

test('what is not a role file is left alone', async () => {
  const { problems, all } = await aProject({ 'README.md': '# Roles', '.tester.yaml': '!', 'tester.yaml~': '!' });

  expect([...(await all()).values()]).toEqual([TESTER]);
  expect(problems).toEqual([]);
});

test('a bad file does not keep the others from working', async () => {
  const { problems, all } = await aProject({
    'a.yaml': 'description: fine\n',
    'b.yaml': '[',
    'c.yaml': 'description: fine\n',
  });

  expect([...(await all()).keys()]).toEqual(['tester', 'a', 'c']);
  expect(problems).toHaveLength(1);
});

test('files that did not change are not read again, and what is wrong is told once', async () => {
  const { all, problems } = await aProject({ 'a.yaml': 'description: fine\n', 'b.yaml': '[' });

  const [first, second] = await Promise.all([all(), all()]);

  expect(second).toBe(first);
  expect(await all()).toBe(first);
  expect(problems).toHaveLength(1);
});

test('a file that was changed, added or removed is noticed', async () => {
  const { folder, write, all } = await aProject({ 'a.yaml': 'description: one\n' });
  const description = async () => (await all()).get('a')?.description;
  const before = await description();

  await write('a.yaml', 'description: two\n');
  await utimes(join(folder, 'a.yaml'), 1_000, 1_000);
  const changed = await description();
  await write('b.yaml', 'description: new\n');
  const added = [...(await all()).keys()];
  await rm(join(folder, 'a.yaml'));

  expect([before, changed]).toEqual(['one', 'two']);
  expect(added).toEqual(['tester', 'a', 'b']);
  expect([...(await all()).keys()]).toEqual(['tester', 'b']);
});

test('the reader of YAML is loaded only where there is a file', async () => {
  const { folder } = await aProject();
  const module = JSON.stringify(fileURLToPath(new URL('roles.ts', import.meta.url)));
  const body = `
    import { writeFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    import { roles } from ${module};
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context); } });
    const folder = process.argv[1];
    const known = roles({ builtIn: [], folder });
    await known.all(console); console.log(loaded.includes('yaml'));
    writeFileSync(folder + '/a.yaml', 'description: x');
    await known.all(console); console.log(loaded.includes('yaml'));`;

  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', body, folder]);

  expect(stdout).toBe('false\ntrue\n');
});
