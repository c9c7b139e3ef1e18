import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { advice } from '../git-advice.ts';
import { aClone } from '../git-clone.ts';

const nameOfBackup = (output: string) => /The backup is (\S+)/.exec(output)?.[1] ?? '';

describe.skipIf(process.platform === 'win32')('the way back that git_automation_v1 shows (it needs bash)', () => {
  test('leads from the backup to every file, as it was on disk and as it was staged', async () => {
    const { shell, write, lines } = await aClone();
    const { block, command } = await advice();
    await write('staged then changed.txt', 'one\n');
    await write('staged then gone.txt', 'only staged\n');
    await shell('git mv src/app.js src/moved.js && git add --all');
    await write('staged then changed.txt', 'two\n');
    await shell('rm "staged then gone.txt" && printf "\\0\\1" > "ünï [1] *.bin" && touch -- -dash.txt');
    const before = await shell('git status --short');

    const backup = nameOfBackup(await shell(block('backup')));

    const after = await shell('git status --short');
    const filling = (path: string) => ({ path, 'backup branch': backup });
    await shell("git restore --staged -- 'staged then gone.txt'; rm -- 'ünï [1] *.bin' 'staged then changed.txt'");
    await shell(command('clutter', "git restore --source='<backup branch>' ", filling('ünï [1] *.bin')));
    await shell(command('backup', "git restore --source='<backup branch>' ", filling('staged then changed.txt')));
    await shell(command('backup', "git restore --source='<backup branch>^2'", filling('staged then gone.txt')));
    expect(after).toBe(before);
    expect(await shell("cat 'staged then changed.txt' 'staged then gone.txt'; od -An -tx1 'ünï [1] *.bin'")).toBe(
      'two\nonly staged\n 00 01\n',
    );
    expect(await lines(`git -c core.quotePath=false ls-tree -r --name-only ${backup}`)).toEqual([
      '-dash.txt',
      '.gitignore',
      'src/moved.js',
      'staged then changed.txt',
      'ünï [1] *.bin',
    ]);
  });

  test.each([
    ['a repository without a commit lies in this one', 'git init -q inner && touch inner/file'],
    ['a conflict is unsolved', 'git update-index --index-info <<< "100644 $(git rev-parse HEAD:.gitignore) 1\tboth"'],
    ['nobody is named as the author', 'export GIT_COMMITTER_EMAIL= GIT_COMMITTER_NAME='],
    ['there is no commit', 'git switch -q --orphan empty'],
  ])('has no backup that is not whole: %s', async (_, damage) => {
    const { shell, write, lines } = await aClone();
    const { block } = await advice();
    await write('new.txt', 'new\n');

    const output = await shell(`set +e; ${damage}\n${block('backup')}\ntrue`);

    expect(nameOfBackup(output)).toBe('');
    expect(await lines('git for-each-ref refs/heads/backup')).toEqual([]);
    expect(await lines('cat new.txt; ls .git | grep backup-index || true')).toEqual(['new']);
  });

  test('keeps a bundle from which the backup comes back elsewhere', async () => {
    const { folder, shell, write, lines } = await aClone();
    const { block, command } = await advice({ backup_strategy: 'bundle' });
    await write('new.txt', 'new\n');

    const backup = nameOfBackup(await shell(block('backup')));

    const [bundle = ''] = await lines('ls .. | grep bundle');
    await shell(command('backup', 'git clone', { file: bundle.replace('.bundle', ''), 'new folder': 'other' }), folder);
    expect(await shell(`git -C ../other show origin/${backup}:new.txt`)).toBe('new\n');
  });

  test('takes away only the path that is named, whatever its name would match as a pattern', async () => {
    const { shell, write, lines } = await aClone();
    const { block, command } = await advice();
    for (const name of ['*.txt', '[id].txt', 'i.txt', '-d.txt']) await write(name, name);
    await shell(block('clutter'));

    for (const path of ['*.txt', '[id].txt'])
      await shell(command('clutter', 'git --literal-pathspecs clean', { path }));

    expect(await lines('ls')).toEqual(['-d.txt', 'i.txt', 'src']);
  });

  test('deletes nothing without a backup: what is dropped is kept outside first', async () => {
    const { folder, clone, shell, write } = await aClone();
    const { command } = await advice({ backup_strategy: 'none' });
    const kept = { path: 'src/app.js', 'file outside': join(folder, 'kept'), 'folder outside': join(folder, 'away') };
    await mkdir(join(folder, 'away'));
    await write('src/app.js', 'console.log("staged")\n');
    await shell('git add src/app.js');
    await write('src/app.js', 'console.log("on disk")\n');
    await write('scratch.txt', 'scratch\n');

    await shell(command('clutter', 'mv ', { ...kept, path: 'scratch.txt' }));
    await shell(command('stage', 'git show', { ...kept, 'file outside': join(folder, 'staged') }));
    await shell(command('analyse', 'git diff --binary', kept));
    await shell(command('analyse', 'git --literal-pathspecs restore', kept));
    const dropped = await readFile(join(clone, 'src/app.js'), 'utf8');
    await shell(command('analyse', 'git apply', kept));

    expect(dropped).toBe('console.log("staged")\n');
    expect(await shell('cat src/app.js ../staged ../away/scratch.txt')).toBe(
      'console.log("on disk")\nconsole.log("staged")\nscratch\n',
    );
  });

  test('keeps files as they are when staging is taken back, before the first commit too', async () => {
    const { shell, write, lines } = await aClone();
    const { command } = await advice();
    const staged = { path: 'new.txt' };
    await write('new.txt', 'new\n');

    await shell(`git add new.txt; ${command('stage', 'git restore --staged', staged)}`);
    const withCommit = await lines('git status --short; cat new.txt');
    await shell(`git switch -q --orphan first; git add new.txt; ${command('stage', 'git rm --cached', staged)}`);

    expect(withCommit).toEqual(['?? new.txt', 'new']);
    expect(await lines('git status --short; cat new.txt')).toEqual(['?? new.txt', 'new']);
  });

  test('leaves a file on disk that is taken out of git, and takes that back', async () => {
    const { shell, lines } = await aClone();
    const { command } = await advice();

    await shell(command('clutter', 'git rm --cached', { path: 'src' }));
    const takenOut = await lines('git status --short; cat src/app.js');
    await shell(command('clutter', 'git restore --staged', { path: 'src' }));

    expect(takenOut).toEqual(['D  src/app.js', '?? src/', 'console.log(1)']);
    expect(await lines('git status --short; cat src/app.js')).toEqual(['console.log(1)']);
  });

  test('leads back from a branch, to a branch and to a detached HEAD, with what was changed', async () => {
    const { shell, write, lines } = await aClone();
    const { block, command } = await advice({ subject: 'R&D' });
    await write('src/app.js', 'console.log(2)\n');
    const open = block('branch');
    const remove = command('branch', 'git branch --delete', { branch: 'work/r-d' });

    await shell(`${open}${command('branch', 'git switch -')}; ${remove}`);
    const onMain = await lines('git status --short --branch');
    await shell(`git switch -q --detach; ${open}${command('branch', 'git switch --detach')}; ${remove}`);

    expect(onMain).toEqual(['## main...origin/main', ' M src/app.js']);
    expect(await lines('git status --short --branch')).toEqual(['## HEAD (no branch)', ' M src/app.js']);
  });

  test('does not delete a branch that holds the only copy of a commit', async () => {
    const { shell, write, failing, lines } = await aClone();
    const { block, command } = await advice({ branch: 'work/x' });
    await shell(block('branch'));
    await write('new.txt', 'new\n');
    await shell('git add new.txt; git commit -q -m New; git switch -q -');

    await failing(command('branch', 'git branch --delete', { branch: 'work/x' }));

    expect(await lines('git show work/x:new.txt')).toEqual(['new']);
  });

  test('takes a commit back with its files staged, and the first one without breaking the repository', async () => {
    const { shell, write, failing, lines } = await aClone();
    const { command } = await advice();
    const first = command('commit', 'git update-ref');
    await write('new.txt', 'new\n');

    await shell(`git add new.txt; git commit -q -m New; ${command('commit', 'git reset --soft')}`);
    const second = await lines('git status --short');
    await shell('git switch -q --orphan first; touch begin.txt; git add begin.txt; git commit -q -m Begin');
    await shell('git switch -q --detach');
    await failing(first);
    const detached = await lines('git log --format=%s');
    await shell(`git switch -q first; ${first}`);

    expect(second).toEqual(['A  new.txt']);
    expect(detached).toEqual(['Begin']);
    expect(await lines('git status --short')).toEqual(['A  begin.txt', 'A  new.txt']);
  });

  test('changes a message without what is staged meanwhile', async () => {
    const { shell, write, lines } = await aClone();
    const { block, command } = await advice();
    await write('new.txt', 'new\n');
    await shell(`${block('message').replace('<message>', 'feat: better')}\ngit add new.txt`);

    await shell(command('commit', 'git commit --amend'));

    expect(await lines('git log --format=%s')).toEqual(['feat: better']);
    expect(await lines('git status --short')).toEqual(['A  new.txt']);
  });

  test('loses neither draft nor staging to a hook that refuses', async () => {
    const { shell, write, failing, lines } = await aClone();
    const { block } = await advice();
    await write('.git/hooks/pre-commit', '#!/bin/sh\necho "no tests"; exit 1\n');
    await write('new.txt', 'new\n');
    await shell(
      `chmod +x .git/hooks/pre-commit; git add new.txt\n${block('message').replace('<message>', 'feat: new')}`,
    );

    const refusal = await failing(block('commit').split('\n')[0] ?? '');

    expect(refusal).toContain('no tests');
    expect(await lines('git status --short; cat .git/COMMIT_DRAFT')).toEqual(['A  new.txt', 'feat: new']);
  });
});

test.skipIf(process.platform === 'win32')(
  'the sizes that are shown hold renamed files and odd names (it needs bash)',
  async () => {
    const { shell, write, lines } = await aClone();
    const { block } = await advice();
    await write('big ünï.bin', 'x'.repeat(3_000));
    await shell('git mv src/app.js src/renamed.js && git add --all');

    const sizes = (await lines(block('inspect'))).slice(-2);

    expect(sizes).toEqual([expect.stringMatching(/^3000 .*big/), '15 src/renamed.js']);
  },
);

test.skipIf(process.platform === 'win32')('a deleted backup comes back by its id (it needs bash)', async () => {
  const { shell, write, lines } = await aClone();
  const { block, command } = await advice();
  await write('new.txt', 'new\n');
  const backup = nameOfBackup(await shell(block('backup')));
  const filling = { 'backup branch': backup };

  const deleted = await shell(command('tidy', 'git branch --delete --force', filling));
  const [, id = ''] = /was ([0-9a-f]+)/.exec(deleted) ?? [];
  await shell(command('tidy', "git branch '<backup branch>' <id>", { ...filling, id }));

  expect(await lines(`git show ${backup}:new.txt`)).toEqual(['new']);
});
