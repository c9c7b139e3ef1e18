import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { workspaceFiles } from './workspace-files.ts';

async function aWorkspace() {
  const workspace = await realpath(await mkdtemp(join(tmpdir(), 'files-')));
  onTestFinished(() => rm(workspace, { recursive: true }));
  return { workspace, store: join(workspace, '.task_orchestrator'), files: workspaceFiles(workspace) };
}

test('a text is written whole, with its folders, and read again as it was', async () => {
  const { workspace, files } = await aWorkspace();
  const text = 'Übergabe\r\nline two\u2028\u0000 end';

  const path = await files.write('handovers/2026/first.md', text);

  expect(path).toBe('.task_orchestrator/handovers/2026/first.md');
  expect(await readFile(join(workspace, path), 'utf8')).toBe(text);
  expect(await files.read('handovers/2026/first.md')).toBe(text);
});

test('writing again replaces the text and leaves nothing else behind', async () => {
  const { store, files } = await aWorkspace();

  await files.write('docs/index.md', 'one, which is longer');
  await files.write('docs/index.md', 'two');

  expect(await files.read('docs/index.md')).toBe('two');
  expect(await readdir(join(store, 'docs'))).toEqual(['index.md']);
});

test('many writers of one file leave one whole text', async () => {
  const { store, files } = await aWorkspace();
  const texts = Array.from({ length: 20 }, (_, index) => `${index}\n`.repeat(20_000));

  await Promise.all(texts.map((text) => files.write('docs/index.md', text)));

  expect(texts).toContain(await files.read('docs/index.md'));
  expect(await readdir(join(store, 'docs'))).toEqual(['index.md']);
});

test('a file that is not there reads as undefined, as does what is no file', async () => {
  const { workspace, store, files } = await aWorkspace();
  await files.write('docs/index.md', 'text');
  await writeFile(join(workspace, 'secret'), 'of the user');
  await symlink(join(workspace, 'secret'), join(store, 'docs/link.md'));

  expect(await files.read('docs/other.md')).toBeUndefined();
  expect(await files.read('docs/index.md/deeper')).toBeUndefined();
  expect(await files.read('docs')).toBeUndefined();
  expect(await files.read('docs/link.md')).toBeUndefined();
});

test('a place is taken by whatever lies there', async () => {
  const { workspace, store, files } = await aWorkspace();
  await files.write('docs/index.md', 'text');
  await symlink(join(workspace, 'nowhere'), join(store, 'docs/link.md'));

  const places = ['docs/index.md', 'docs', 'docs/link.md', 'docs/other.md', 'docs/index.md/deeper'];

  expect(await Promise.all(places.map(files.isTaken))).toEqual([true, true, true, false, false]);
});

test.each(['../outside.md', 'docs/../../outside.md', '/tmp/outside.md', '..'])(
  'the path %s is refused, for it leads out of the store',
  async (path) => {
    const { workspace, files } = await aWorkspace();

    await expect(files.write(path, 'text')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(path),
    });
    await expect(files.read(path)).rejects.toMatchObject({ code: 'refused' });
    await expect(files.toTrash(path)).rejects.toMatchObject({ code: 'refused' });

    expect(await readdir(workspace)).toEqual([]);
  },
);

test('a symbolic link is not followed out of the store, to write, to read or to list', async () => {
  const { workspace, store, files } = await aWorkspace();
  const elsewhere = join(workspace, 'elsewhere');
  await mkdir(store);
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'a.md'), 'of the user');
  await symlink(elsewhere, join(store, 'docs'));
  const refusal = { code: 'refused', suggestion: expect.stringContaining('symbolic link') };

  await expect(files.write('docs/index.md', 'text')).rejects.toMatchObject(refusal);
  await expect(files.write('docs/deeper/index.md', 'text')).rejects.toMatchObject(refusal);
  await expect(files.read('docs/a.md')).rejects.toMatchObject(refusal);
  await expect(files.toTrash('docs/a.md')).rejects.toMatchObject(refusal);
  await expect(files.list('docs')).rejects.toMatchObject(refusal);

  expect(await readdir(elsewhere)).toEqual(['a.md']);
});

test('what symbolic links in a folder lead to is not listed', async () => {
  const { workspace, store, files } = await aWorkspace();
  await files.write('docs/index.md', 'text');
  await writeFile(join(workspace, 'secret'), 'of the user');
  await symlink(workspace, join(store, 'docs/folder'));
  await symlink(join(workspace, 'secret'), join(store, 'docs/file.md'));

  const listed = await files.list('docs');

  expect(listed.map(({ path }) => path)).toEqual(['index.md']);
});

test('a store that is itself a symbolic link is not followed', async () => {
  const { workspace, store, files } = await aWorkspace();
  const elsewhere = join(workspace, 'elsewhere');
  await mkdir(elsewhere);
  await symlink(elsewhere, store);

  await expect(files.write('docs/index.md', 'text')).rejects.toMatchObject({ code: 'refused' });

  expect(await readdir(elsewhere)).toEqual([]);
});

test('a folder is listed with all that lies below it, sizes in bytes', async () => {
  const { store, files } = await aWorkspace();
  await files.write('docs/b.md', 'ü');
  await files.write('docs/a/c.md', 'text');
  await files.write('handovers/d.md', 'text');
  await utimes(join(store, 'docs/b.md'), 1_000, 1_000);

  const listed = await files.list('docs');

  expect(listed.map(({ path, bytes }) => ({ path, bytes }))).toEqual([
    { path: 'a/c.md', bytes: 4 },
    { path: 'b.md', bytes: 2 },
  ]);
  expect(listed[1]?.changedAt).toBe(1_000_000);
});

test('a folder that is not there is listed as empty', async () => {
  const { files } = await aWorkspace();

  expect(await files.list('docs')).toEqual([]);
});

test('a file goes to the trash under its own path, and its time of change says when', async () => {
  const { store, files } = await aWorkspace();
  await files.write('artifacts/task_1/a.md', 'text');
  await utimes(join(store, 'artifacts/task_1/a.md'), 1_000, 1_000);
  const before = Date.now();

  const path = await files.toTrash('artifacts/task_1/a.md');

  expect(path).toBe('.task_orchestrator/trash/artifacts/task_1/a.md');
  expect(await files.read('artifacts/task_1/a.md')).toBeUndefined();
  expect(await files.read('trash/artifacts/task_1/a.md')).toBe('text');
  // File systems keep times more coarsely than the clock.
  expect((await files.list('trash'))[0]?.changedAt).toBeGreaterThan(before - 2_000);
});

test('what lies in the trash under the same path stays there', async () => {
  const { files } = await aWorkspace();
  for (const text of ['one', 'two', 'three']) {
    await files.write('docs/a.md', text);
    await files.toTrash('docs/a.md');
  }

  const trash = await files.list('trash');

  expect(await Promise.all(trash.map(({ path }) => files.read(`trash/${path}`)))).toEqual(['one', 'two', 'three']);
});

test('a file that is gone cannot go to the trash', async () => {
  const { files } = await aWorkspace();

  await expect(files.toTrash('docs/a.md')).rejects.toMatchObject({
    code: 'not_found',
    message: 'File not found: .task_orchestrator/docs/a.md',
  });
});

test('a file in the place of a folder is told, and nothing unfinished stays', async () => {
  const { store, files } = await aWorkspace();
  await files.write('docs', 'a file');

  await expect(files.write('docs/index.md', 'text')).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('.task_orchestrator/docs/index.md'),
  });

  expect(await readdir(store)).toEqual(['docs']);
});

test('a folder in the place of the file is told, and nothing unfinished stays', async () => {
  const { store, files } = await aWorkspace();
  await files.write('docs/index.md/inner.md', 'text');

  await expect(files.write('docs/index.md', 'text')).rejects.toMatchObject({ code: 'refused' });

  expect(await readdir(join(store, 'docs'))).toEqual(['index.md']);
});

test.runIf(process.platform !== 'win32')('a folder that cannot be written to is told with what to mend', async () => {
  const { workspace, store, files } = await aWorkspace();
  await files.write('docs/index.md', 'text');
  for (const folder of [workspace, store]) await chmod(folder, 0o755);
  await chmod(join(store, 'docs'), 0o555);
  onTestFinished(() => void process.seteuid?.(process.getuid?.() ?? 0));

  if (process.getuid?.() === 0) process.seteuid?.(65_534);

  await expect(files.write('docs/other.md', 'text')).rejects.toMatchObject({
    code: 'transient',
    message: expect.stringContaining('.task_orchestrator/docs/other.md'),
    suggestion: expect.stringContaining('write access'),
  });
});

test.runIf(process.platform !== 'win32')('folders are made for their owner alone', async () => {
  const { store, files } = await aWorkspace();

  await files.write('artifacts/task_1/a.md', 'text');

  expect((await lstat(store)).mode & 0o777).toBe(0o700);
  expect((await lstat(join(store, 'artifacts/task_1'))).mode & 0o777).toBe(0o700);
});

test('what lies in the trash is deleted for good, and one that is gone already is as good', async () => {
  const { store, files } = await aWorkspace();
  await files.write('docs/a.md', 'text');
  await files.toTrash('docs/a.md');

  await files.purge('docs/a.md');
  await files.purge('docs/a.md');

  expect(await files.list('trash')).toEqual([]);
  expect(await readdir(join(store, 'docs'))).toEqual([]);
});

test('nothing but the trash is purged', async () => {
  const { files } = await aWorkspace();
  await files.write('docs/a.md', 'text');

  for (const path of ['../docs/a.md', '../../outside.md', '..']) {
    await expect(files.purge(path)).rejects.toMatchObject({ code: 'refused' });
  }

  expect(await files.read('docs/a.md')).toBe('text');
});

test('a file comes back from the trash to where it lay, unless something else lies there by now', async () => {
  const { store, files } = await aWorkspace();
  await files.write('artifacts/task_a/one.md', 'one');
  await files.toTrash('artifacts/task_a/one.md');
  await rm(join(store, 'artifacts'), { recursive: true });

  const brought = [await files.fromTrash('artifacts/task_a/one.md'), await files.fromTrash('artifacts/task_a/one.md')];
  await files.toTrash('artifacts/task_a/one.md');
  await files.write('artifacts/task_a/one.md', 'another');

  expect(brought).toEqual([true, false]);
  expect(await files.fromTrash('artifacts/task_a/one.md')).toBe(false);
  expect(await files.read('artifacts/task_a/one.md')).toBe('another');
});

test('purging leaves no empty folders in the trash', async () => {
  const { store, files } = await aWorkspace();
  for (const name of ['one', 'two']) {
    await files.write(`artifacts/task_a/${name}.md`, name);
    await files.toTrash(`artifacts/task_a/${name}.md`);
  }

  await files.purge('artifacts/task_a/one.md');
  const between = await readdir(join(store, 'trash/artifacts/task_a'));
  await files.purge('artifacts/task_a/two.md');

  expect(between).toEqual(['two.md']);
  expect(await readdir(join(store, 'trash'))).toEqual([]);
});

test("a task's artifacts are purged wherever they lie, and nobody else's", async () => {
  const { store, files } = await aWorkspace();
  for (const task of ['task_a', 'task_b']) {
    await files.write(`artifacts/${task}/one.md`, 'one');
    await files.write(`artifacts/${task}/two.md`, 'two');
    await files.toTrash(`artifacts/${task}/two.md`);
  }

  await files.purgeArtifacts('task_a');

  expect(await readdir(join(store, 'artifacts'))).toEqual(['task_b']);
  expect(await readdir(join(store, 'trash/artifacts'))).toEqual(['task_b']);
  for (const id of ['..', '.', 'a/b', ''])
    await expect(files.purgeArtifacts(id)).rejects.toMatchObject({ code: 'refused' });
});
