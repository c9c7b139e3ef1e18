import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { advice } from '../git-advice.ts';
import { aClone } from '../git-clone.ts';
import { anOrchestrator, type Body, completion } from '../harness.ts';

/** A clone with a changed, a new and an ignored file. */
async function aCloneAtWork() {
  const given = await aClone();
  await given.write('src/app.js', 'console.log(2)\n');
  await given.write('src/a new file.js', 'export {}\n');
  await given.write('.env', 'KEY=1\n');
  return given;
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

test.skipIf(process.platform === 'win32')(
  'what git_automation_v1 has looked at first names every file that its backup has to hold (it needs bash)',
  async () => {
    const { write, shell, lines } = await aCloneAtWork();
    await write('doc/deep/one.md', '1\n');
    await write('doc/two.md', '2\n');
    const { block } = await advice();

    const seen = await lines(block('status'));
    await shell(block('backup'));

    const kept = await lines('git diff --name-only HEAD "$(git for-each-ref --format="%(refname)" refs/heads/backup)"');
    expect(kept).toEqual(['doc/deep/one.md', 'doc/two.md', 'src/a new file.js', 'src/app.js']);
    for (const path of kept)
      expect(
        seen.some((line) => line.endsWith(path)),
        path,
      ).toBe(true);
  },
);

test('a step of git_automation_v1 that speaks of an earlier one has its work in the briefing', async () => {
  await using server = await anOrchestrator();
  const briefed = new Map<string, readonly string[]>();
  await server.call('create_from_template', { template_id: 'git_automation_v1', parameters: { approve_push: false } });
  for (
    let next = await server.call('next_task');
    next.task_available !== false;
    next = await server.call('next_task')
  ) {
    const { task_details, dependency_context = [] } = next.specialist_context;
    const { task_id, title } = task_details;
    const contents = dependency_context.flatMap(({ content }: Body) => content ?? []);
    briefed.set(title.replace(/ (of|for|around)? ?the current work.*/, ''), contents);
    await server.call('complete_subtask', completion(task_id, { detailed_work: `Work: ${title}` }));
  }

  const saw = 'Work: See where the repository stands for the current work';
  const analysed = 'Work: Analyse the changes of the current work';
  const sorted = 'Work: Sort out untracked files around the current work';
  expect(briefed.get('Back up the working tree')).toEqual([saw]);
  expect(briefed.get('Analyse the changes')).toContain(saw);
  expect(briefed.get('Stage the changes')).toEqual([analysed, sorted]);
  expect(briefed.get('Write the commit message')).toContain(analysed);
  expect(briefed.get('Commit')).toContain(analysed);
});

const filledIn = (block: string) => block.replace('<message>', 'feat: say two').replace('<path>', 'src/app.js');

test.skipIf(process.platform === 'win32').each([
  ['branch', 'named', 'conventional', ['src/app.js']],
  ['bundle', 'tracked', 'imperative', ['src/app.js']],
  ['none', 'all', 'issue', ['src/a new file.js', 'src/app.js']],
])(
  'the commands of git_automation_v1 save the work with backup %s, files %s and style %s (it needs bash)',
  async (backup_strategy, file_selection, commit_style, committed) => {
    const { folder, clone, shell, lines } = await aCloneAtWork();
    const parameters = { subject: 'Say two & more', backup_strategy, file_selection, commit_style };

    for (const block of await blocksOf(parameters)) await shell(filledIn(block));

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
