import { execFile } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { findWorkspace, isSameWorkspace, isWithin, prepareStoreFolder } from './workspace.ts';

const run = promisify(execFile);

/** An empty folder with a home beside nothing else, and a way to make folders and files in it. */
async function aPlace() {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'workspace-')));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = async (path: string) => {
    await mkdir(join(root, path), { recursive: true });
    return join(root, path);
  };
  const home = await folder('home/me');
  const file = (path: string, text = '') => writeFile(join(root, path), text);
  const find = (looking: Partial<Parameters<typeof findWorkspace>[0]>) =>
    findWorkspace({ cwd: root, home, ...looking });
  return { root, home, folder, file, find };
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd });
  return stdout;
}

test('the flag comes before the environment, the environment before working_directory, that before the current directory', async () => {
  const { folder, find } = await aPlace();
  const [flag, env, workingDirectory, cwd] = [
    await folder('a'),
    await folder('b'),
    await folder('c'),
    await folder('d'),
  ];

  expect(await find({ flag, env, workingDirectory, cwd })).toBe(flag);
  expect(await find({ flag: '', env, workingDirectory, cwd })).toBe(env);
  expect(await find({ env: '', workingDirectory, cwd })).toBe(workingDirectory);
  expect(await find({ cwd })).toBe(cwd);
});

test('a flag may be relative to the current directory, or to the home directory', async () => {
  const { folder, find } = await aPlace();
  const project = await folder('home/me/project');
  const cwd = await folder('home/me/elsewhere');

  expect(await find({ flag: '../project', cwd })).toBe(project);
  expect(await find({ env: '~/project', cwd })).toBe(project);
});

test.each(['flag', 'env', 'workingDirectory'])(
  'a folder given as %s that is not there is refused by its name',
  async (way) => {
    const { root, find } = await aPlace();

    const finding = find({ [way]: join(root, 'gone') });

    await expect(finding).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining(join(root, 'gone')),
      details: { given: join(root, 'gone') },
    });
  },
);

test('a file is not a workspace', async () => {
  const { root, file, find } = await aPlace();
  await file('notes.txt');

  await expect(find({ flag: join(root, 'notes.txt') })).rejects.toMatchObject({ code: 'invalid' });
});

test('a relative working_directory is refused, saying what is accepted', async () => {
  const { find } = await aPlace();

  await expect(find({ workingDirectory: 'src' })).rejects.toMatchObject({
    code: 'invalid',
    details: { parameter: 'working_directory', given: 'src', accepted: 'the absolute path of an existing folder' },
  });
});

test('a store further up comes before the marker of a project nearby', async () => {
  const { folder, file, find } = await aPlace();
  const project = await folder('project');
  await folder('project/.task_orchestrator');
  const cwd = await folder('project/packages/one/src');
  await file('project/packages/one/package.json');

  expect(await find({ cwd })).toBe(project);
});

test.each([
  '.git',
  'package.json',
  'pyproject.toml',
  'Cargo.toml',
  'go.mod',
  'pom.xml',
  'build.gradle',
  'composer.json',
  'Gemfile',
  'deno.json',
])('without a store the nearest folder with %s is the workspace', async (marker) => {
  const { folder, file, find } = await aPlace();
  await file('package.json');
  const project = await folder('project');
  await file(`project/${marker}`);

  expect(await find({ cwd: await folder('project/src/deep') })).toBe(project);
});

test('a path through a symbolic link gives the real folder', async () => {
  const { root, folder, find } = await aPlace();
  const project = await folder('project');
  await symlink(project, join(root, 'link'));

  expect(await find({ flag: join(root, 'link') })).toBe(project);
});

test('the home directory is refused with the way out, however it was named', async () => {
  const { root, home, find } = await aPlace();
  await symlink(home, join(root, 'link'));
  const refusal = {
    code: 'refused',
    message: expect.stringContaining(home),
    suggestion: expect.stringContaining('--workspace'),
  };

  await expect(find({ flag: join(root, 'link') })).rejects.toMatchObject(refusal);
  await expect(find({ workingDirectory: home })).rejects.toMatchObject(refusal);
  await expect(find({ cwd: home })).rejects.toMatchObject(refusal);
});

test('an agent is told the call that names a folder, unless a flag decides before any call', async () => {
  const { home, find } = await aPlace();
  const byCall = { suggestion: expect.stringMatching(/^Use orchestrator_initialize_session with working_directory/) };

  await expect(find({ cwd: home })).rejects.toMatchObject(byCall);
  await expect(find({ workingDirectory: home })).rejects.toMatchObject(byCall);
  await expect(find({ flag: home })).rejects.toMatchObject({
    suggestion: expect.not.stringContaining('initialize_session'),
  });
});

test('what lies in the home directory does not make it the workspace of the projects below', async () => {
  const { folder, file, find } = await aPlace();
  await folder('home/me/.task_orchestrator');
  await file('home/me/package.json');
  const project = await folder('home/me/project');
  await file('home/me/project/go.mod');
  const plain = await folder('home/me/plain');

  expect(await find({ cwd: await folder('home/me/project/cmd') })).toBe(project);
  expect(await find({ cwd: plain })).toBe(plain);
});

test.runIf(process.platform !== 'win32').each(['/', '/etc', '/usr', '/bin', '/var', '/tmp', '/usr/bin'])(
  'the system directory %s is refused',
  async (flag) => {
    const { find } = await aPlace();

    await expect(find({ flag })).rejects.toMatchObject({
      code: 'refused',
      suggestion: expect.stringContaining('--workspace'),
    });
  },
);

test.runIf(process.platform === 'win32').each(['C:\\', 'C:\\Windows', 'C:\\Windows\\System32', 'C:\\Users'])(
  'the system directory %s is refused on Windows',
  async (flag) => {
    const { find } = await aPlace();

    await expect(find({ flag })).rejects.toMatchObject({ code: 'refused' });
  },
);

test('looking for the workspace changes nothing on disk', async () => {
  const { root, folder, find } = await aPlace();
  await folder('project');
  const before = await readdir(root, { recursive: true });

  await find({ flag: join(root, 'project') });
  await find({ cwd: join(root, 'project') });

  expect(await readdir(root, { recursive: true })).toEqual(before);
});

async function aRepositoryWithWorktree() {
  const place = await aPlace();
  const main = await place.folder('main');
  await place.folder('main/packages/one');
  await place.file('main/packages/one/package.json', '{}');
  await place.folder('main/.task_orchestrator/roles');
  await place.file('main/.task_orchestrator/roles/tester.yaml', 'approach: x');
  await git(main, 'init', '--quiet');
  await git(main, 'add', '--all');
  await git(main, 'commit', '--quiet', '--message', 'first');
  const worktree = join(place.root, 'worktree');
  await git(main, 'worktree', 'add', '--quiet', worktree);
  return { ...place, main, worktree };
}

test('a git worktree uses the store of its main checkout, also when roles are checked out in it', async () => {
  const { main, worktree, find } = await aRepositoryWithWorktree();

  expect(await readdir(join(worktree, '.task_orchestrator'))).toEqual(['roles']);
  expect(await find({ cwd: worktree })).toBe(main);
  expect(await find({ flag: worktree })).toBe(main);
  expect(await find({ workingDirectory: worktree })).toBe(main);
});

test('a folder within a worktree stands for the same folder of the main checkout', async () => {
  const { main, worktree, folder, find } = await aRepositoryWithWorktree();
  const fresh = await folder('worktree/packages/new');

  expect(await find({ workingDirectory: join(worktree, 'packages/one') })).toBe(join(main, 'packages/one'));
  expect(await find({ workingDirectory: fresh })).toBe(main);
});

test('a worktree that has a database of its own keeps it', async () => {
  const { worktree, file, find } = await aRepositoryWithWorktree();
  await file('worktree/.task_orchestrator/task_orchestrator.db');

  expect(await find({ cwd: worktree })).toBe(worktree);
});

test('a worktree whose pointer is relative is followed too', async () => {
  const { root, main, folder, find } = await aRepositoryWithWorktree();
  await folder('other');
  await writeFile(join(root, 'other/.git'), 'gitdir: ../main/.git/worktrees/other\n');

  expect(await find({ cwd: join(root, 'other') })).toBe(main);
});

test.each([
  ['a submodule', 'gitdir: ../.git/modules/sub'],
  ['a worktree of a bare repository', 'gitdir: ../project.git/worktrees/sub'],
  ['a worktree whose main checkout is gone', 'gitdir: /nowhere/at/all/.git/worktrees/sub'],
  ['a folder with an unreadable pointer', 'something else'],
])('%s is a workspace of its own', async (_, pointer) => {
  const { folder, file, find } = await aPlace();
  const sub = await folder('project/sub');
  await file('project/sub/.git', pointer);

  expect(await find({ cwd: sub })).toBe(sub);
});

test('a working_directory at or below the workspace means it', async () => {
  const { root, folder } = await aPlace();
  const workspace = await folder('project');
  await symlink(workspace, join(root, 'link'));

  expect(await isSameWorkspace(workspace, workspace)).toBe(true);
  expect(await isSameWorkspace(workspace, join(root, 'link'))).toBe(true);
  expect(await isSameWorkspace(workspace, await folder('project/src/deep'))).toBe(true);
});

test('a working_directory elsewhere, above, or below another store means another workspace', async () => {
  const { root, folder } = await aPlace();
  const workspace = await folder('project');
  await folder('project/sub/.task_orchestrator');

  expect(await isSameWorkspace(workspace, await folder('project-two'))).toBe(false);
  expect(await isSameWorkspace(workspace, root)).toBe(false);
  expect(await isSameWorkspace(workspace, join(workspace, 'sub'))).toBe(false);
});

test('a working_directory in a worktree means the workspace of the main checkout', async () => {
  const { main, worktree } = await aRepositoryWithWorktree();

  expect(await isSameWorkspace(main, join(worktree, 'packages/one'))).toBe(true);
  expect(await isSameWorkspace(worktree, main)).toBe(false);
});

test('a working_directory that is not there is refused, not taken for another workspace', async () => {
  const { root } = await aPlace();

  await expect(isSameWorkspace(root, join(root, 'gone'))).rejects.toMatchObject({ code: 'invalid' });
});

test('the store folder is made once, for its owner alone, and git ignores all in it but roles and templates', async () => {
  const { folder } = await aPlace();
  const workspace = await folder('project');
  await git(workspace, 'init', '--quiet');

  const store = await prepareStoreFolder(workspace);

  expect(store).toBe(join(workspace, '.task_orchestrator'));
  if (process.platform !== 'win32') expect((await lstat(store)).mode & 0o777).toBe(0o700);
  expect(await git(workspace, 'status', '--porcelain', '--untracked-files=all')).toBe('');
  for (const path of ['roles/tester.yaml', 'templates/a/b.yaml', 'docs/roles/x.md', 'task_orchestrator.db']) {
    await mkdir(join(store, path, '..'), { recursive: true });
    await writeFile(join(store, path), '');
  }
  expect((await git(workspace, 'status', '--porcelain', '--untracked-files=all')).trim().split('\n')).toEqual([
    '?? .task_orchestrator/roles/tester.yaml',
    '?? .task_orchestrator/templates/a/b.yaml',
  ]);
});

test('a .gitignore that somebody changed stays as it is', async () => {
  const { folder, file } = await aPlace();
  await folder('project/.task_orchestrator');
  await file('project/.task_orchestrator/.gitignore', '# mine\n');

  const store = await prepareStoreFolder(await folder('project'));

  expect(await readFile(join(store, '.gitignore'), 'utf8')).toBe('# mine\n');
});

test('eight processes can make the store folder at once', async () => {
  const { folder } = await aPlace();
  const workspace = await folder('project');
  const module = JSON.stringify(fileURLToPath(new URL('workspace.ts', import.meta.url)));
  const body = `import { prepareStoreFolder } from ${module}; console.log(await prepareStoreFolder(process.argv[1]));`;

  const starts = Array.from({ length: 8 }, () => run(process.execPath, ['--input-type=module', '-e', body, workspace]));

  const answers = await Promise.all(starts);
  expect(new Set(answers.map(({ stdout }) => stdout.trim()))).toEqual(new Set([join(workspace, '.task_orchestrator')]));
  expect(await readdir(join(workspace, '.task_orchestrator'))).toEqual(['.gitignore']);
});

test('a store that is a symbolic link is refused, and what it leads to is left alone', async () => {
  const { root, folder } = await aPlace();
  const elsewhere = await folder('elsewhere');
  await symlink(elsewhere, join(await folder('one'), '.task_orchestrator'));
  await symlink(join(root, 'nowhere'), join(await folder('two'), '.task_orchestrator'));
  const refusal = {
    code: 'refused',
    message: expect.stringContaining('symbolic link'),
    suggestion: expect.stringContaining('--workspace'),
  };

  await expect(prepareStoreFolder(join(root, 'one'))).rejects.toMatchObject(refusal);
  await expect(prepareStoreFolder(join(root, 'two'))).rejects.toMatchObject(refusal);

  expect(await readdir(elsewhere)).toEqual([]);
});

test.each(['task_orchestrator.db', 'task_orchestrator.db-wal'])(
  'a %s that is a symbolic link is refused',
  async (name) => {
    const { root, folder } = await aPlace();
    await folder('project/.task_orchestrator');
    await symlink('/etc/hosts', join(root, 'project/.task_orchestrator', name));

    await expect(prepareStoreFolder(join(root, 'project'))).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining(name),
    });
  },
);

test('a file in the place of the store folder is refused with the way out', async () => {
  const { root, folder, file } = await aPlace();
  await folder('project');
  await file('project/.task_orchestrator', 'mine');

  await expect(prepareStoreFolder(join(root, 'project'))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('not a folder'),
    suggestion: expect.stringContaining('elsewhere'),
  });
});

/** Runs as a user for whom permissions count, when the tests run as root. */
async function asAnotherUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

test.runIf(process.geteuid?.() === 0)('a store of another user is refused', async () => {
  const { root, folder } = await aPlace();
  await chmod(root, 0o755);
  const workspace = await folder('project');
  await prepareStoreFolder(workspace);

  await expect(asAnotherUser(() => prepareStoreFolder(workspace))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('another user'),
    suggestion: expect.stringContaining('--workspace'),
  });
});

test.runIf(process.platform !== 'win32')('a folder that cannot be written to is told with what to do', async () => {
  const { root, folder } = await aPlace();
  await chmod(root, 0o755);
  const workspace = await folder('project');
  await chmod(workspace, 0o555);

  await expect(asAnotherUser(() => prepareStoreFolder(workspace))).rejects.toMatchObject({
    code: 'transient',
    message: expect.stringContaining(workspace),
    suggestion: expect.stringContaining('write access'),
  });
});

test('a path is within a folder by its names, not by its beginning', () => {
  const { root } = parse(process.cwd());
  const folder = join(root, 'a', 'project');

  expect(isWithin(folder, folder)).toBe(true);
  expect(isWithin(folder, join(folder, '..hidden'))).toBe(true);
  expect(isWithin(folder, `${folder}-two`)).toBe(false);
  expect(isWithin(folder, join(root, 'a'))).toBe(false);
});
