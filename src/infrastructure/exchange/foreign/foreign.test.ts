import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aFolder, FIXTURES, fixture, read, said, stages } from '../../../../test/foreign.ts';

test('Task Master: tags, subtasks and what they wait for', async () => {
  const { scope, tasks, lost } = await fixture('task-master', 'task-master/tasks.json');

  expect(scope).toBe('task-master/tasks.json');
  expect(stages(tasks)).toEqual({
    'master/1': 'completed',
    'master/2': 'active',
    'master/2.1': 'completed',
    'master/2.2': 'ready',
    'master/2.3': 'draft',
    'master/3': 'ready',
    'experiment/1': 'cancelled',
  });
  expect(said(tasks, 'master/1')).toMatchObject({
    title: 'Set up the repository',
    description: 'A place for the code and its checks',
    context: 'Use a single package, no workspaces.',
    acceptanceCriteria: ['A fresh clone builds', 'The checks run in CI'],
    priority: 'high',
  });
  expect(said(tasks, 'master/2')).toMatchObject({
    waitsFor: ['master/1'],
    attributes: { metadata: { githubIssue: 42 } },
  });
  expect(said(tasks, 'master/2.3')).toMatchObject({ parent: 'master/2', waitsFor: ['master/2.2', 'master/2.1'] });
  expect(said(tasks, 'master/3').waitsFor).toEqual(['master/2', 'master/9']);
  expect(lost).toEqual(['master/3 has the status someday, which means nothing here; it is ready']);
});

test('Task Master: the form without tags is that of the first tag', async () => {
  const folder = await aFolder({
    'tasks.json': JSON.stringify({ tasks: [{ id: '1', title: 'Alone', status: 'pending' }] }),
  });

  const { tasks } = await read('task-master', join(folder, 'tasks.json'));

  expect(tasks.map(({ origin }) => origin)).toEqual(['master/1']);
});

test('Shrimp: guide and analysis are the context, the summary is work, and blocked says no more than the dependencies', async () => {
  const { tasks } = await fixture('shrimp', 'shrimp/tasks.json');

  const [first, second] = tasks;
  expect(first).toMatchObject({
    title: 'Choose the queue',
    stage: 'completed',
    acceptanceCriteria: ['Three candidates are compared'],
    notes: [{ kind: 'progress', text: 'Keep an eye on the licence' }],
    works: [{ work: expect.stringContaining('One queue per host.') }],
    createdAt: Date.UTC(2025, 4, 1, 9),
    completedAt: Date.UTC(2025, 4, 2, 9),
  });
  expect(second).toMatchObject({
    stage: 'ready',
    context: 'One process, four at a time\n\nThroughput is bound by the disk',
    waitsFor: [first?.origin],
  });
});

test('Backlog.md: fields, sections, folders, and ids whatever their case', async () => {
  const { tasks, lost } = await fixture('backlog', 'backlog');

  expect(stages(tasks)).toEqual({
    'task-1': 'completed',
    'task-2': 'active',
    'task-2.1': 'ready',
    'task-8': 'archived',
    'task-9': 'draft',
  });
  expect(said(tasks, 'task-1')).toMatchObject({
    title: 'Read the feed',
    description: 'The feed comes every hour.',
    context: 'Read, compare, keep.',
    acceptanceCriteria: ['Every entry is read once', 'A broken entry is told'],
    attributes: { assignee: ['@ada'], labels: ['feed'] },
    notes: [{ kind: 'progress', text: 'The feed repeats its last ten entries.' }],
    priority: 'high',
    createdAt: Date.UTC(2025, 6, 1, 8, 30),
  });
  expect(said(tasks, 'task-2')).toMatchObject({
    title: 'Show the feed: newest first',
    description: 'People want to see it.',
    waitsFor: ['task-1', 'task-77'],
  });
  expect(said(tasks, 'task-2.1')).toMatchObject({ parent: 'task-2' });
  expect(lost).toEqual(['backlog/tasks/notes.md has no fields in front, and was left out']);
});

test('Backlog.md: a link in its folder is not followed', async () => {
  const folder = await aFolder({ 'secret.md': '---\nid: task-1\ntitle: Not ours\n---\n' });
  await cp(join(FIXTURES, 'backlog'), join(folder, 'backlog'), { recursive: true });
  await symlink(join(folder, 'secret.md'), join(folder, 'backlog/tasks/linked.md'));

  const { tasks, lost } = await read('backlog', join(folder, 'backlog'), 'backlog');

  expect(tasks.map(({ title }) => title)).not.toContain('Not ours');
  expect(lost).toContain('backlog/tasks/linked.md is a link or a folder, and was left out');
});

test('Backlog.md: fields that are no YAML are named with their file', async () => {
  const folder = await aFolder({ 'tasks/task-1 - x.md': '---\nid: [task-1\ntitle: x\n---\n' });

  await expect(read('backlog', folder, 'backlog')).rejects.toThrow(/^backlog\/tasks\/task-1 - x\.md: /);
});

test('beads: links keep waiting, contain, or only tell; what was deleted there stays there', async () => {
  const { tasks, lost } = await fixture('beads', 'beads/issues.jsonl');

  expect(stages(tasks)).toEqual({ 'bd-a1': 'ready', 'bd-a1.1': 'completed', 'bd-a1.2': 'ready' });
  expect(said(tasks, 'bd-a1')).toMatchObject({ type: 'feature_epic', priority: 'high' });
  expect(said(tasks, 'bd-a1.1')).toMatchObject({
    parent: 'bd-a1',
    context: 'Server side only',
    acceptanceCriteria: ['Cards are taken', 'Refusals are shown'],
    effort: '90 minutes',
    priority: 'critical',
    notes: [{ text: 'Works in the sandbox' }],
  });
  expect(said(tasks, 'bd-a1.2')).toMatchObject({
    waitsFor: ['bd-a1.1'],
    priority: 'low',
    attributes: { links: [{ type: 'discovered-from', to: 'bd-a1.1' }] },
    notes: [{ text: 'ada: The provider wants a reason' }],
  });
  expect(lost).toEqual(['Left out as deleted there: bd-gone']);
});

test('GitHub: state and reason, labels, parents and what blocks', async () => {
  const { scope, tasks } = await fixture('github', 'github/issues.json');

  expect(scope).toBe('example/ledger');
  expect(stages(tasks)).toEqual({ 7: 'completed', 8: 'ready', 9: 'ready', 10: 'cancelled' });
  expect(said(tasks, '7')).toMatchObject({
    type: 'bug',
    priority: 'high',
    attributes: { labels: ['bug', 'priority: high'], assignees: ['ada'], milestone: '1.4' },
    notes: [{ text: 'ada: Fixed by counting from one', at: Date.UTC(2025, 8, 2, 10) }],
  });
  expect(said(tasks, '8')).toMatchObject({ parent: '9', waitsFor: ['7'] });
});

test('a checklist: headings over tasks, indented subtasks, text below a task', async () => {
  const { tasks, lost } = await fixture('checklist', 'checklist/release.md');

  const tree = tasks.map(({ title, parent, stage }) => [
    title,
    tasks.find(({ origin }) => origin === parent)?.title,
    stage,
  ]);
  expect(tree).toEqual([
    ['Release 2', undefined, 'ready'],
    ['Before', 'Release 2', 'ready'],
    ['Freeze the branch', 'Before', 'completed'],
    ['Write the notes', 'Before', 'ready'],
    ['Ask the translators', 'Write the notes', 'ready'],
    ['Print them', 'Write the notes', 'cancelled'],
    ['After', 'Release 2', 'ready'],
    ['Watch the errors', 'After', 'active'],
    ['Watch the errors', 'After', 'ready'],
  ]);
  expect(tasks.find(({ title }) => title === 'Write the notes')?.description).toBe('With what breaks, first.');
  expect(new Set(tasks.map(({ origin }) => origin)).size).toBe(tasks.length);
  expect(lost).toEqual(['4 lines belong to no task: lines 3, 18, 19, 20']);
});

test.each([
  ['python', 'no database at all', /cannot be read as a database/],
  ['task-master', '{"tasks": [', /is no JSON/],
  ['task-master', '{"tasks": [{"id": 1}]}', /^given: tasks\[0\]\.title must be a text$/],
  ['task-master', '{"v2": {"tasks": [{"id": {}, "title": "x"}]}}', /v2\.tasks\[0\]\.id must be a text or a number$/],
  ['task-master', '# Shop\n\n## Milk\n', /no JSON: Unexpected token '#', "# Shop ## Milk " is not valid JSON$/],
  ['shrimp', '[]', /the whole of it must be an object$/],
  ['shrimp', '{"tasks": [{"name": "x"}]}', /tasks\[0\]\.id must be/],
  ['beads', '{"id":"bd-1","title":"x"}\n{"id":', /line 2 is no JSON/],
  ['beads', '{"id":"bd-1"}', /line 1: title must be a text$/],
  ['github', '{"number": 1}', /the whole of it must be a list$/],
] as const)('%s: what cannot be read is refused with its place: %s', async (tool, text, reason) => {
  const folder = await aFolder({ given: text });

  await expect(read(tool, join(folder, 'given'), 'given')).rejects.toThrow(reason);
});
