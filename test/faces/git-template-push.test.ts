import { describe, expect, test } from 'vitest';
import { advice } from '../git-advice.ts';
import { aClone } from '../git-clone.ts';

/** A branch on which somebody else was quicker, so that the push of ours is refused; there is no upstream yet. */
async function anOvertakenBranch(theirs: string) {
  const given = await aClone();
  const { shell, write } = given;
  const commit = 'git switch -q --create work/x && git add --all && git commit -q';
  await shell(
    `git clone -q remote.git other && cd other && echo '${theirs}' > src/app.js && ${commit} -m Theirs && git push -q origin HEAD`,
    given.folder,
  );
  await write('src/app.js', 'console.log("ours")\n');
  await shell(`${commit} -m Ours`);
  const theirBranch = () => given.lines('git -C ../remote.git log --format=%s work/x --not main');
  return { ...given, theirBranch };
}

describe.skipIf(process.platform === 'win32')('a push that is rejected (it needs bash)', () => {
  const onX = { branch: 'work/x', path: 'src/app.js' };

  test('goes on top of what others pushed, once the conflict is solved, and back if it cannot be', async () => {
    const { shell, write, failing, lines, theirBranch } = await anOvertakenBranch('console.log("theirs")');
    const { command } = await advice();
    const push = 'git push --set-upstream origin HEAD';
    const rejection = await failing(push);
    const rebase = command('push', 'git rebase', onX);

    await shell('git fetch -q origin');
    const seen = await lines(command('push', 'git log', onX));
    await failing(rebase);
    await shell(command('push', 'git rebase --abort'));
    const back = await lines('git log -1 --format=%s; git status --short');
    await failing(rebase);
    await write('src/app.js', 'console.log("both")\n');
    await shell(`${command('push', 'git add', onX)}; ${command('push', 'GIT_EDITOR=true git rebase')}; ${push}`);

    expect(rejection).toContain('rejected');
    expect(seen).toEqual([expect.stringContaining('Theirs')]);
    expect(back).toEqual(['Ours']);
    expect(await theirBranch()).toEqual(['Ours', 'Theirs']);
    expect(await lines(command('push', 'git ls-remote'))).toEqual([
      `${(await lines('git rev-parse HEAD'))[0]}\trefs/heads/work/x`,
    ]);
  });

  test('goes to a free name where changes of others stand in the way, which stay as they are', async () => {
    const { shell, write, failing, lines, theirBranch } = await anOvertakenBranch('console.log("theirs")');
    const { command } = await advice();
    await write('.gitignore', '.env\nfor somebody else\n');
    await shell('git fetch -q origin');

    const refusal = await failing(command('push', 'git rebase', onX));
    await shell(command('push', 'git push origin HEAD:', onX));

    expect(refusal).toContain('unstaged changes');
    expect(await lines('git status --short; tail -n 1 .gitignore')).toEqual([' M .gitignore', 'for somebody else']);
    expect(await theirBranch()).toEqual(['Theirs']);
    expect(await lines('git -C ../remote.git log --format=%s work/x-2 --not main')).toEqual(['Ours']);
  });

  test('for a file deep in the commits is mended with all later work kept', async () => {
    const { shell, write, lines } = await aClone();
    const { command } = await advice();
    for (const name of ['huge.bin', 'later.txt']) {
      await write(name, name);
      await shell(`git add ${name}; git commit -q -m ${name}`);
    }
    const [commit = ''] = await lines('git rev-parse HEAD~1');

    await shell(command('push', 'git reset --soft', { commit }));

    expect(await lines('git status --short')).toEqual(['A  huge.bin', 'A  later.txt']);
  });

  test('and one that was wrong is taken back by a further commit', async () => {
    const { shell, lines } = await anOvertakenBranch('console.log("theirs")');
    const { command } = await advice();

    await shell(command('push', 'git revert --no-edit', { commit: 'HEAD' }));

    expect(await lines('git log --format=%s; cat src/app.js')).toEqual([
      'Revert "Ours"',
      'Ours',
      'Start',
      'console.log(1)',
    ]);
  });
});
