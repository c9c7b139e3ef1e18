import { expect, test } from 'vitest';
import { outline } from './outline.ts';
import { NEW_STANDING, newTask, type Task } from './task.ts';

const aTask = (id: string, more: Partial<Task> = {}) =>
  newTask({ id, type: 'custom', title: id, sessionId: 'session_a', createdAt: 1, ...more });

const NOTHING = { edges: [], notes: [], artifacts: [] } as const;

test('a plan is told with its tasks, what waits for what, and what was noted; nothing of it reads as Markdown', () => {
  const plan = aTask('plan', {
    title: 'A *goal*',
    description: 'Why\n# not a heading',
    acceptanceCriteria: ['It works'],
    standing: { ...NEW_STANDING, children: 2, leaves: 2, completedLeaves: 1 },
  });
  const first = aTask('first', { parentId: 'plan', stage: 'completed', specialist: 'architect' });
  const second = aTask('second', { parentId: 'plan', description: 'Then\nthis' });
  const edge = { taskId: 'second', prerequisiteId: 'first', type: 'completion', status: 'satisfied' } as const;
  const edges = [{ ...edge, artifactType: undefined, description: undefined, verdict: undefined }];
  const note = { seq: 1, taskId: 'second', kind: 'risk', text: 'Slow', sessionId: 'session_a', at: 1 } as const;

  const text = outline({ plan, descendants: [first, second], edges, notes: [note], artifacts: [] });

  expect(text).toBe(`# A \\*goal\\*

\`plan\` · ready · 1 of 2 completed (50%)

> Why
> \\# not a heading

## Acceptance criteria

- It works

## Tasks

- [x] first (\`first\`) · architect, completed
- [ ] second (\`second\`) · ready

  Then
  this

## Dependencies

- second waits for first to be completed: satisfied

## Notes

- risk: Slow (second)
`);
});

test('a plan whose subtasks were all cancelled counts none', () => {
  const plan = aTask('plan', { standing: { ...NEW_STANDING, children: 1 } });

  const text = outline({ plan, descendants: [aTask('one', { parentId: 'plan', stage: 'cancelled' })], ...NOTHING });

  expect(text).toContain('`plan` · ready · no subtask left to complete\n');
});

test('levels by the thousand are told without the stack', () => {
  const descendants = Array.from({ length: 20_000 }, (_, index) =>
    aTask(`t${index}`, { parentId: index === 0 ? 'plan' : `t${index - 1}` }),
  );
  const text = outline({ plan: aTask('plan'), descendants, edges: [], notes: [], artifacts: [] });

  expect(text.split('\n').filter((line) => line.trim().startsWith('- [ ]'))).toHaveLength(20_000);
});

test('a description keeps its lines and its code below its task, and nothing of it is taken for the document around it', () => {
  const description =
    '# Why\nUse <b> as in `a<b>`:\n```ts\nif (a) {\n  # no heading\n}\n\n- [ ] no task\nand [a]: b\n~~~';
  const descendants = [
    aTask('first', { parentId: 'plan', description }),
    aTask('below', { parentId: 'first', description: '```\nopen' }),
    aTask('second', { parentId: 'plan', stage: 'cancelled' }),
    aTask('third', { parentId: 'plan', stage: 'superseded' }),
    aTask('fourth', { parentId: 'plan', stage: 'archived', archivedFrom: 'cancelled', description: ' \n ' }),
  ];

  const text = outline({ plan: aTask('plan', { description: 'A\n```\nB' }), descendants, ...NOTHING });

  expect(text).toBe(`# plan

\`plan\` · ready

> A
>
> \`\`\`
> B
> \`\`\`

## Tasks

- [ ] first (\`first\`) · ready

  \\# Why
  Use \\<b> as in \`a<b>\`:

  \`\`\`ts
  if (a) {
    # no heading
  }

  - [ ] no task
  and [a]: b
  ~~~
  \`\`\`
  - [ ] below (\`below\`) · ready

    \`\`\`
    open
    \`\`\`
- [-] second (\`second\`) · cancelled
- [-] third (\`third\`) · superseded
- [-] fourth (\`fourth\`) · archived, cancelled before
`);
});
