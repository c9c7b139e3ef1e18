import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Artifact, artifactPath } from '../domain/artifact.ts';
import { artifactFiles, parseFrontMatter, touchedFiles } from './artifact-files.ts';

async function aWorkspace() {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'artifacts-')));
  onTestFinished(() => rm(workspace, { recursive: true }));
  const files = artifactFiles(workspace);
  const anArtifact = (work: string, change: Partial<Artifact> = {}): Artifact => ({
    id: 'artifact_0123abcd',
    taskId: 'implementer_0123abcd',
    type: 'code',
    summary: 'What was done',
    outcome: 'complete',
    filePaths: [],
    sessionId: 'session_0123abcd',
    createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    sha256: files.hash(work),
    bytes: Buffer.byteLength(work),
    characters: work.length,
    ...change,
  });
  const fileOf = (artifact: Artifact) => join(workspace, artifactPath(artifact));
  return { workspace, files, anArtifact, fileOf };
}

const WORKS = [
  '',
  'plain',
  '\n\n leading and trailing lines \n\n',
  '---\nid: "another"\n---\n\nfront matter of its own',
  '---',
  'windows\r\nlines\r\n',
  'a NUL \u0000 in the middle',
  '\uFEFFa byte order mark',
  'Ελληνικά 日本語 🙂',
] as const;

test.each(WORKS)('the work comes back byte for byte: %j', async (work) => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact(work);

  await files.write(artifact, work);

  expect(await files.read(artifact)).toEqual({ state: 'intact', work });
  expect((await readFile(fileOf(artifact))).subarray(-Buffer.byteLength(work) || undefined).toString()).toContain(work);
});

test('work of four megabytes comes back as it was', async () => {
  const { files, anArtifact } = await aWorkspace();
  const work = '---\nline of the work\n'.repeat(200_000);
  const artifact = anArtifact(work);

  await files.write(artifact, work);

  expect(await files.read(artifact)).toEqual({ state: 'intact', work });
});

test('the front matter is YAML that says whose the work is', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('the work', {
    summary: 'Says "so":\n---\nand more # not a comment \u0085\u2028',
    filePaths: [
      { path: 'src/a, b.ts', isOutside: false },
      { path: '/etc/hosts', isOutside: true },
    ],
  });

  await files.write(artifact, 'the work');

  const text = await readFile(fileOf(artifact), 'utf8');
  const [, yaml = ''] = text.split('---\n');
  expect(parse(yaml)).toEqual({
    id: 'artifact_0123abcd',
    task: 'implementer_0123abcd',
    type: 'code',
    summary: artifact.summary,
    created: '2026-01-02T03:04:05.678Z',
    sha256: files.hash('the work'),
    file_paths: ['src/a, b.ts', '/etc/hosts'],
  });
  expect(text.endsWith('\n---\n\nthe work')).toBe(true);
});

test('any summary, file name and work can be parsed again', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const anyText = fc.string({ unit: 'grapheme' });

  await fc.assert(
    fc.asyncProperty(anyText, fc.array(anyText), anyText, async (summary, paths, work) => {
      const filePaths = paths.map((path) => ({ path, isOutside: false }));
      const artifact = anArtifact(work, { summary, filePaths });
      await files.write(artifact, work);
      const { id, taskId, type, createdAt, sha256 } = artifact;
      expect(parseFrontMatter(await readFile(fileOf(artifact), 'utf8'))).toEqual({
        ...{ id, taskId, type, summary, createdAt, sha256, work },
        filePaths: paths,
      });
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['no front matter', 'just text'],
  ['one that does not end', '---\nid: "a"\n'],
  ['one of somebody else', '---\ntitle: A page\n---\n\ntext'],
  ['a field missing', '---\nid: "a"\ntask: "b"\n---\n\ntext'],
  [
    'an impossible time',
    `---\nid: "a"\ntask: "b"\ntype: "code"\nsummary: ""\ncreated: "noon"\nsha256: ""\nfile_paths: []\n---\n\n`,
  ],
])('with %s nothing is parsed', (_, text) => {
  expect(parseFrontMatter(text)).toBeUndefined();
});

test('a long text that begins like front matter and never ends it is told at once', () => {
  const text = `---\n${'\n'.repeat(4_000_000)}`;

  expect(parseFrontMatter(text)).toBeUndefined();
});

test('a file that was changed is told as altered, with what it holds now', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('the work');
  await files.write(artifact, 'the work');

  await writeFile(fileOf(artifact), `${await readFile(fileOf(artifact), 'utf8')}, and more`);

  expect(await files.read(artifact)).toEqual({ state: 'altered', work: 'the work, and more' });
});

test('an editor that changed the ends of lines does not hide the work', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('one\ntwo');
  await files.write(artifact, 'one\ntwo');

  const text = await readFile(fileOf(artifact), 'utf8');
  await writeFile(fileOf(artifact), text.replaceAll('\n', '\r\n'));

  expect(await files.read(artifact)).toEqual({ state: 'altered', work: 'one\r\ntwo' });
});

test('a changed summary leaves the work intact', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('the work');
  await files.write(artifact, 'the work');

  const text = await readFile(fileOf(artifact), 'utf8');
  await writeFile(fileOf(artifact), text.replace('What was done', 'Said better'));

  expect(await files.read(artifact)).toEqual({ state: 'intact', work: 'the work' });
});

test('a file that is gone is told as missing', async () => {
  const { files, anArtifact } = await aWorkspace();

  expect(await files.read(anArtifact('the work'))).toEqual({ state: 'missing' });
});

test('a symbolic link in the place of the file is not read', async () => {
  const { workspace, files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('of the user');
  await mkdir(dirname(fileOf(artifact)), { recursive: true });
  await writeFile(join(workspace, 'secret'), 'of the user');
  await symlink(join(workspace, 'secret'), fileOf(artifact));

  expect(await files.read(artifact)).toEqual({ state: 'missing' });
});

test('a folder that leads out of the store is not written through', async () => {
  const { workspace, files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('the work');
  const elsewhere = join(workspace, 'elsewhere');
  await mkdir(elsewhere);
  await mkdir(dirname(dirname(fileOf(artifact))), { recursive: true });
  await symlink(elsewhere, dirname(fileOf(artifact)));

  await expect(files.write(artifact, 'the work')).rejects.toMatchObject({ code: 'refused' });

  expect(await readdir(elsewhere)).toEqual([]);
});

test('writing an artifact leaves its file and nothing else', async () => {
  const { files, anArtifact, fileOf } = await aWorkspace();
  const artifact = anArtifact('the work');

  await files.write(artifact, 'the work');
  await files.write(artifact, 'the work');

  expect(await readdir(dirname(fileOf(artifact)))).toEqual(['artifact_0123abcd.md']);
});

test('a file says whose it is, wherever it lies, and one that is not ours says nothing', async () => {
  const { workspace, files, anArtifact } = await aWorkspace();
  const artifact = anArtifact('the work');
  await files.write(artifact, 'the work');
  await writeFile(join(workspace, '.task_orchestrator', 'notes.md'), '# My own');

  const { id, taskId, type, summary, createdAt, sha256 } = artifact;
  expect(await files.identify(`artifacts/${taskId}/${id}.md`)).toEqual({
    ...{ id, taskId, type, summary, createdAt, sha256 },
    filePaths: [],
    work: 'the work',
  });
  expect(await files.identify('notes.md')).toBeUndefined();
  expect(await files.identify('nothing.md')).toBeUndefined();
});

test('the hash is SHA-256 of the UTF-8 of the work', async () => {
  const { files } = await aWorkspace();

  expect(files.hash('ü')).toBe('607474ca475a9724d7360aba71a56d5df77e61350e3f724cfa1f46e857e2d85f');
});

test('touched files are marked against the workspace', async () => {
  const { workspace, files } = await aWorkspace();

  expect(files.touched([join(workspace, 'a.ts'), dirname(workspace)])).toEqual([
    { path: join(workspace, 'a.ts'), isOutside: false },
    { path: dirname(workspace), isOutside: true },
  ]);
});

test.each([
  ['src/a.ts', false],
  ['./src/../src/a.ts', false],
  ['..hidden/a.ts', false],
  ['/project/src/a.ts', false],
  ['.', false],
  ['../other/a.ts', true],
  ['src/../../a.ts', true],
  ['/project-two/a.ts', true],
  ['/etc/hosts', true],
  ['~/notes.md', true],
  ['~notes.md', false],
])('the file %s of a workspace /project is marked as outside: %s', (path, isOutside) => {
  expect(touchedFiles([path], '/project')).toEqual([{ path, isOutside }]);
});

test.runIf(process.platform !== 'win32')('a path on a drive lies outside where there are no drives', () => {
  expect(touchedFiles(['C:\\Users\\me\\a.ts'], '/project')).toEqual([{ path: 'C:\\Users\\me\\a.ts', isOutside: true }]);
});
