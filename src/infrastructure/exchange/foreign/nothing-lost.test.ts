import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aFolder, read, said, stages } from '../../../../test/foreign.ts';

async function readText(tool: Parameters<typeof read>[0], text: string | Uint8Array) {
  return read(tool, join(await aFolder({ given: text }), 'given'), 'given');
}
const readJson = (tool: Parameters<typeof read>[0], value: unknown) => readText(tool, JSON.stringify(value));

test('Task Master: fields without a place of their own are kept as they are', async () => {
  const { tasks } = await readJson('task-master', {
    tasks: [
      {
        id: '1',
        title: 'Plan',
        complexity: 'very-complex',
        effort: 3,
        acceptanceCriteria: ['It is written down'],
        implementationApproach: 'Ask first',
        relevantFiles: [{ path: 'a.ts', action: 'modify' }],
        dependencies: { not: 'a list' },
        priority: null,
        subtasks: null,
      },
      { id: 2, title: 'Score', complexity: 7, subtasks: [{ id: 1, title: 'Below', parentId: '2', skills: ['sql'] }] },
    ],
  });

  expect(said(tasks, 'master/1')).toMatchObject({
    complexity: 'very_complex',
    effort: '3',
    context: 'Ask first',
    acceptanceCriteria: ['It is written down'],
    attributes: {
      other_fields: { relevantFiles: [{ path: 'a.ts', action: 'modify' }], dependencies: { not: 'a list' } },
    },
  });
  expect(said(tasks, 'master/2')).toMatchObject({ attributes: { complexity_score: '7' } });
  expect(said(tasks, 'master/2.1').attributes).toEqual({ tag: 'master', other_fields: { skills: ['sql'] } });
});

test('Task Master: a list without tags beside tags is that of the first tag, and none is lost', async () => {
  const { tasks, lost } = await readJson('task-master', {
    tasks: [{ id: 1, title: 'Old', priority: 'someday' }],
    metadata: { version: '1.0.0' },
    next: { tasks: [{ id: 1, title: 'New' }], metadata: { description: 'After the release' } },
  });

  expect(tasks.map(({ origin }) => origin)).toEqual(['master/1', 'next/1']);
  expect(lost).toEqual([
    'The tag next is described as: After the release',
    'master/1 has the priority someday, which means nothing here; it is medium',
  ]);
});

test('Shrimp: Chinese words of both scripts, and fields of later versions', async () => {
  const { tasks, lost } = await readJson('shrimp', {
    initialRequest: 'Build it',
    tasks: [
      { id: 'a', name: 'One', status: '进行中', taskReport: { completionStatus: 'half' } },
      { id: 'b', name: 'Two', status: '已完成' },
      { id: 'c', name: 'Three', status: '被阻擋', dependencies: ['a'] },
    ],
  });

  expect(stages(tasks)).toEqual({ a: 'active', b: 'completed', c: 'ready' });
  expect(said(tasks, 'a').attributes).toEqual({ other_fields: { taskReport: { completionStatus: 'half' } } });
  expect(lost).toEqual(['Of the file as a whole, initialRequest had no place']);
});

test('Backlog.md: sections of people, ticks, names without quotes and days of its first versions', async () => {
  const folder = await aFolder({
    'tasks/task-1 - a.md': [
      '---',
      'id: task-1',
      'title: A',
      'status: To Do',
      'assignee: @ada',
      'reporter: @bob',
      'created_date: 03-06-25',
      'due_date: 2025-12-24 00:00',
      'priority: Whenever',
      'references:',
      '  - https://example.org/spec',
      'subtasks: [task-1.1]',
      '---',
      'Said first.',
      '',
      '## Description',
      '',
      '<!-- SECTION:DESCRIPTION:BEGIN -->',
      'What it is.',
      '',
      '```md',
      '## Implementation Plan',
      '```',
      '<!-- SECTION:DESCRIPTION:END -->',
      '',
      '## Acceptance Criteria',
      '- [x] #1 Met',
      '- [ ] #2 Not met',
      '',
      '## Risks (few)',
      '',
      'It may rain.',
    ].join('\n'),
    'archive/drafts/draft-3 - b.md': '---\nid: draft-3\ntitle: B\nstatus: Draft\n---\n',
    'decisions/decision-1 - c.md': '---\nid: decision-1\ntitle: C\n---\n',
  });

  const { tasks, lost } = await read('backlog', folder, 'backlog');

  expect(stages(tasks)).toEqual({ 'task-1': 'ready', 'draft-3': 'archived' });
  expect(said(tasks, 'task-1')).toMatchObject({
    description: 'Said first.\n\nWhat it is.\n\n```md\n## Implementation Plan\n```\n\n## Risks (few)\n\nIt may rain.',
    acceptanceCriteria: ['Met', 'Not met'],
    createdAt: Date.UTC(2025, 5, 3),
    dueDate: '2025-12-24',
    attributes: {
      assignee: ['@ada'],
      criteria_met: ['Met'],
      other_fields: { reporter: '@bob', references: ['https://example.org/spec'] },
    },
  });
  expect(lost).toEqual([
    'task-1 has the priority whenever, which means nothing here; it is medium',
    'backlog/decisions was left out: no tasks are in it; files: 1',
  ]);
});

test('beads: what only goes ahead on a failure does not wait, and who is no work is no task', async () => {
  const { tasks, lost } = await readText(
    'beads',
    [
      {
        id: 'bd-1',
        title: 'Try',
        status: 'hooked',
        priority: 2,
        created_by: 'ada',
        defer_until: '2030-01-01T00:00:00Z',
      },
      {
        id: 'bd-2',
        title: 'Way back',
        status: 'pinned',
        priority: 'none',
        content_hash: 'abc',
        dependencies: [
          { depends_on_id: 'bd-1', type: 'conditional-blocks' },
          { depends_on_id: 'bd-1', type: '' },
        ],
      },
      { id: 'bd-3', title: 'Somebody', issue_type: 'agent', status: 'open', priority: 2 },
      { id: 'bd-4', title: 'Pattern', is_template: true, status: 'open', priority: 2 },
      { _type: 'memory', key: 'k', value: 'v' },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n'),
  );

  expect(stages(tasks)).toEqual({ 'bd-1': 'active', 'bd-2': 'ready' });
  expect(said(tasks, 'bd-1').attributes).toEqual({
    other_fields: { created_by: 'ada', defer_until: '2030-01-01T00:00:00Z' },
  });
  expect(said(tasks, 'bd-2')).toMatchObject({
    waitsFor: ['bd-1'],
    attributes: { links: [{ type: 'conditional-blocks', to: 'bd-1' }], other_fields: { priority: 'none' } },
  });
  expect(lost).toEqual([
    'Lines of the type memory were left out',
    'Left out as no work, but of the type agent: bd-3',
    'Left out as templates: bd-4',
    'bd-2 goes ahead only if bd-1 fails; it does not wait here',
    'bd-2 has the status pinned, which means nothing here; it is ready',
  ]);
});

test('beads: a priority that there is none of is told, and counts as said by nobody', async () => {
  const { tasks, lost } = await readText('beads', JSON.stringify({ id: 'bd-1', title: 'Try', priority: 9 }));

  expect(said(tasks, 'bd-1').priority).toBeUndefined();
  expect(lost).toEqual(['bd-1 has the priority p9, which means nothing here; it is medium']);
});

test('Backlog.md: a text about the folder is told to be no task', async () => {
  const folder = await aFolder({
    'tasks/readme.md': '# How we work\n',
    'tasks/task-1 - a.md': '---\nid: task-1\ntitle: A\n---\n',
  });

  const { tasks, lost } = await read('backlog', folder, 'backlog');

  expect(tasks).toHaveLength(1);
  expect(lost).toEqual(['backlog/tasks/readme.md was left out: it is no task']);
});

test.each(['soon', 'week 5', '1700000000000', '2025-13-45T00:00:00Z'])(
  'a time that is none comes as its words: %s',
  async (time) => {
    const { tasks } = await readJson('shrimp', { tasks: [{ id: 'a', name: 'A', createdAt: time, completedAt: '' }] });

    expect(said(tasks, 'a')).toMatchObject({ createdAt: time });
    expect(said(tasks, 'a').completedAt).toBeUndefined();
  },
);

test('GitHub: links said by the other side, of another repository, and to what was closed undone', async () => {
  const url = (number: number, repository = 'a/b') => `https://github.com/${repository}/issues/${number}`;
  const { tasks, lost } = await readJson('github', [
    { number: 1, title: 'One', state: 'OPEN', url: url(1), blocking: { nodes: [{ number: 2 }], totalCount: 1 } },
    {
      number: 2,
      title: 'Two',
      state: 'OPEN',
      url: url(2),
      author: { login: 'ada', is_bot: false },
      parent: { number: 1, url: url(1, 'other/one') },
      subIssues: { nodes: [], totalCount: 0 },
      subIssuesSummary: { total: 0 },
      blockedBy: { nodes: [{ number: 3, url: url(3) }, { number: 99 }], totalCount: 2 },
      projectItems: [{ title: 'Board', status: { name: 'Doing' } }],
      reactionGroups: [],
    },
    { number: 3, title: 'Three', state: 'CLOSED', stateReason: 'DUPLICATE', url: url(3) },
  ]);

  expect(said(tasks, '2')).toMatchObject({
    waitsFor: ['1'],
    attributes: {
      author: 'ada',
      other_fields: {
        projectItems: [{ title: 'Board', status: { name: 'Doing' } }],
      },
    },
  });
  expect(said(tasks, '2').parent).toBeUndefined();
  expect(said(tasks, '3').attributes).toMatchObject({ state_reason: 'duplicate' });
  expect(lost).toEqual([
    'Issue 2 waits for 99, which is not in the file',
    'Issue 2 waited for 3, which was closed undone; it does not wait here',
    `Issue 2 belongs to ${url(1, 'other/one')}, which is not in the file`,
  ]);
});

test('a checklist: fences of every kind, points without a box, references and marks that nobody knows', async () => {
  const { tasks, lost } = await readText(
    'checklist',
    [
      '- [ ] Server',
      '  ~~~sh',
      '  ```',
      '  - [ ] code within a task',
      '  ~~~',
      '* [X] Starred',
      '- Plain',
      '  - [ ] Below the plain one',
      '- [1] a reference',
      '- [a](https://example.org)',
      '+ [?] Asked',
      '````md',
      '```',
      '- [ ] code',
      '````',
      '> - [ ] quoted',
    ].join('\r\n'),
  );

  expect(tasks.map(({ title, parent, stage }) => [title, parent, stage])).toEqual([
    ['Server', undefined, 'ready'],
    ['Starred', undefined, 'completed'],
    ['Below the plain one', undefined, 'ready'],
    ['Asked', undefined, 'ready'],
  ]);
  expect(tasks[0]?.description).toBe('~~~sh\n```\n- [ ] code within a task\n~~~');
  expect(lost).toEqual([
    'Asked has the mark [?], which means nothing here; it is ready',
    '8 lines belong to no task: lines 7, 9, 10, 12, 13, 14, 15, 16',
  ]);
});

test.each(['utf16le', 'utf8'] as const)('a list that PowerShell wrote is read: %s', async (encoding) => {
  const text = `\uFEFF${JSON.stringify([{ number: 1, title: 'Größe', state: 'OPEN' }])}`;

  const { tasks } = await readText('github', Buffer.from(text, encoding));

  expect(tasks).toMatchObject([{ title: 'Größe' }]);
});
