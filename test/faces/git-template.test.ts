import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { anOrchestrator, type Body } from '../harness.ts';

const run = promisify(execFile);

/** Nothing of the machine's own settings, hooks or identity counts. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  GIT_CONFIG_GLOBAL: devNull,
  GIT_CONFIG_SYSTEM: devNull,
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Eve',
  GIT_AUTHOR_EMAIL: 'eve@example.org',
  GIT_COMMITTER_NAME: 'Eve',
  GIT_COMMITTER_EMAIL: 'eve@example.org',
};

/** A clone whose remote has one commit on main, with a changed, a new and an ignored file. */
async function aClone() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'git-template-')));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clone = join(folder, 'clone');
  const shell = async (command: string, cwd = clone) =>
    (await run('bash', ['-euo', 'pipefail', '-c', command], { cwd, env: { ...ENVIRONMENT, HOME: folder } })).stdout;
  await shell('git init -q --bare --initial-branch=main remote.git && git clone -q remote.git clone', folder);
  await shell('git switch -q --create main 2>/dev/null || true');
  await mkdir(join(clone, 'src'));
  await writeFile(join(clone, 'src/app.js'), 'console.log(1)\n');
  await writeFile(join(clone, '.gitignore'), '.env\n');
  await shell('git add --all && git commit -q -m Start && git push -q origin main');
  await writeFile(join(clone, 'src/app.js'), 'console.log(2)\n');
  await writeFile(join(clone, 'src/a new file.js'), 'export {}\n');
  await writeFile(join(clone, '.env'), 'KEY=1\n');
  return { folder, clone, shell };
}

/** The blocks of commands that the briefings hold, in the order in which their tasks are handed out. */
async function blocksOf(parameters: Body): Promise<readonly string[]> {
  await using server = await anOrchestrator();
  const { call } = server;
  await call('create_from_template', { template_id: 'git_automation_v1', parameters });
  const blocks: string[] = [];
  for (let next = await call('next_task'); next.task_available !== false; next = await call('next_task')) {
    const { task_id, description } = next.specialist_context.task_details;
    blocks.push(...Array.from(description.matchAll(/```sh\n(.*?)```/gs), ([, block]) => String(block)));
    const work = { summary: 'Done', detailed_work: 'Done', next_action: 'complete' };
    await call('complete_subtask', { task_id, ...work });
  }
  return blocks;
}

const filledIn = (block: string) => block.replace('<message>', 'feat: say two').replace('<path>', 'src/app.js');

test.skipIf(process.platform === 'win32').each([
  ['branch', 'named', 'conventional', ['src/app.js']],
  ['bundle', 'tracked', 'imperative', ['src/app.js']],
  ['none', 'all', 'issue', ['src/a new file.js', 'src/app.js']],
])(
  'the commands of git_automation_v1 save the work with backup %s, files %s and style %s (it needs bash)',
  async (backup_strategy, file_selection, commit_style, committed) => {
    const { folder, clone, shell } = await aClone();
    const parameters = { subject: 'Say two & more', backup_strategy, file_selection, commit_style };

    for (const block of await blocksOf(parameters)) await shell(filledIn(block));

    const lines = async (command: string) => (await shell(command)).split('\n').filter((line) => line !== '');
    const backups = await lines("git for-each-ref --format='%(refname:short)' refs/heads/backup");
    expect(await lines('git show --name-only --format=%s HEAD')).toEqual(['feat: say two', ...committed]);
    expect(await lines('git branch --show-current')).toEqual(['work/say-two-more']);
    expect(await lines('git -C ../remote.git for-each-ref --format="%(refname:short) %(objectname)"')).toEqual([
      expect.stringMatching(/^main /),
      `work/say-two-more ${(await lines('git rev-parse HEAD'))[0]}`,
    ]);
    expect(await lines('git status --short')).toEqual(committed.length === 2 ? [] : ['?? "src/a new file.js"']);
    expect(await readFile(join(clone, '.env'), 'utf8')).toBe('KEY=1\n');
    expect(backups).toHaveLength(backup_strategy === 'none' ? 0 : 1);
    for (const backup of backups) {
      expect(await lines(`git ls-tree -r --name-only ${backup}`)).toEqual([
        '.gitignore',
        'src/a new file.js',
        'src/app.js',
      ]);
    }
    const bundles = await lines(`ls ${folder} | grep bundle || true`);
    expect(bundles).toHaveLength(backup_strategy === 'bundle' ? 1 : 0);
  },
);
