import { describe, expect, test } from 'vitest';
import { dot } from './dot.ts';
import type { GraphTask } from './graph.ts';

const aTask = (given: Pick<GraphTask, 'id'> & Partial<GraphTask>): GraphTask => ({
  parentId: undefined,
  title: given.id,
  stage: 'ready',
  ...given,
});

describe('tasks drawn for Graphviz', () => {
  test('a parent is a frame around its subtasks, arrows lead to what waits, and the critical path is bold', () => {
    const tasks = [
      aTask({ id: 'task_plan', title: 'Build it', stage: 'active' }),
      aTask({ id: 'a', parentId: 'task_plan', title: 'Design it' }),
      aTask({ id: 'b', parentId: 'task_plan', title: 'Write it' }),
    ];
    const edges = [
      { taskId: 'b', prerequisiteId: 'a', type: 'completion' },
      { taskId: 'b', prerequisiteId: 'a', type: 'data' },
      { taskId: 'b', prerequisiteId: 'elsewhere', type: 'data' },
    ] as const;

    expect(dot({ tasks, edges, critical: new Set(['a']) })).toBe(`digraph tasks {
  rankdir=LR;
  node [shape=box,style=rounded];
  subgraph "cluster_task_plan" {
    "task_plan" [label="Build it",class="active",shape=folder];
    "a" [label="Design it",class="ready",penwidth=3];
    "b" [label="Write it",class="ready"];
  }
  "a" -> "b";
  "a" -> "b" [style=dashed,label="data"];
}
`);
  });

  test('nothing in a title can end its label or stand for something else', () => {
    const tasks = [aTask({ id: 'a', title: 'Say "hi" \\" \\N &lt;\n} digraph' })];

    expect(dot({ tasks, edges: [], critical: new Set() })).toContain(
      String.raw`[label="Say \"hi\" \\\" \\N &amp;lt; } digraph",`,
    );
  });

  test('what would steer a terminal that shows the file is left out of a title', () => {
    const tasks = [aTask({ id: 'a', title: 'Do \u001b[31mred\u0007' })];

    expect(dot({ tasks, edges: [], critical: new Set() })).toContain('[label="Do [31mred",');
  });

  test('a long title is cut', () => {
    const drawn = dot({ tasks: [aTask({ id: 'a', title: '"'.repeat(500) })], edges: [], critical: new Set() });

    expect(drawn).toContain(`label="${'\\"'.repeat(79)}…"`);
  });
});
