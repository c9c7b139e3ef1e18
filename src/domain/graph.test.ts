import { describe, expect, test } from 'vitest';
import { type GraphTask, mermaid } from './graph.ts';

const aTask = (given: Pick<GraphTask, 'id'> & Partial<GraphTask>): GraphTask => ({
  parentId: undefined,
  title: given.id,
  stage: 'ready',
  ...given,
});

describe('a plan drawn as a Mermaid flowchart', () => {
  test('a parent is a box around its subtasks, and arrows lead from a prerequisite to what waits for it', () => {
    const tasks = [
      aTask({ id: 'task_plan', title: 'Build it', stage: 'active' }),
      aTask({ id: 'architect_a', parentId: 'task_plan', title: 'Design it', stage: 'completed' }),
      aTask({ id: 'implementer_b', parentId: 'task_plan', title: 'Write it' }),
    ];

    const drawn = mermaid(tasks, [{ taskId: 'implementer_b', prerequisiteId: 'architect_a', type: 'completion' }]);

    expect(drawn).toBe(`flowchart TD
  subgraph t_task_plan["Build it"]
    t_architect_a["Design it"]
    t_implementer_b["Write it"]
  end
  t_architect_a --> t_implementer_b
  classDef active fill:#fff3bf,stroke:#f08c00,color:#5c3700
  classDef completed fill:#d3f9d8,stroke:#2f9e44,color:#0f3d1a
  classDef ready fill:#e7f5ff,stroke:#339af0,color:#0b3d66
  class t_task_plan active
  class t_architect_a completed
  class t_implementer_b ready
`);
  });

  test('data and approval arrows say what they wait for', () => {
    const tasks = [aTask({ id: 'a' }), aTask({ id: 'b' })];

    const drawn = mermaid(tasks, [
      { taskId: 'b', prerequisiteId: 'a', type: 'data' },
      { taskId: 'b', prerequisiteId: 'a', type: 'approval' },
    ]);

    expect(drawn).toContain('t_a -. data .-> t_b');
    expect(drawn).toContain('t_a -- approval --> t_b');
  });

  test('nothing in a title can end its label, begin a tag or stand for another character', () => {
    const drawn = mermaid([aTask({ id: 'a', title: 'Say "hi"; <b>&amp;\nit`s #35; done]' })], []);

    expect(drawn).toContain('t_a["Say #34;hi#34;#59; #60;b#62;#38;amp#59; it#96;s #35;35#59; done]"]');
  });

  test.each([
    ['1. Design', '1#46; Design'],
    ['12) Design', '12#41; Design'],
    ['- Design', '#45; Design'],
    ['+ Design', '#43; Design'],
    ['*Design* ~it~', '#42;Design#42; #126;it#126;'],
    ['Look at [it](there)', 'Look at #91;it](there)'],
    ['See https://a.example, www.b.example', 'See https#58;//a.example, www#46;b.example'],
    ['Ask a@b.example for $$x$$', 'Ask a#64;b.example for #36;#36;x#36;#36;'],
    ['Set direction LR', 'Set direction#32;LR'],
    ['__init__ and _this_', '#95;#95;init#95;#95; and #95;this#95;'],
  ])('a title is shown word for word where Mermaid reads Markdown in it: %s', (title, shown) => {
    expect(mermaid([aTask({ id: 'a', title })], [])).toContain(`t_a["${shown}"]`);
  });

  test('what would steer a terminal that shows the file is left out of a title', () => {
    expect(mermaid([aTask({ id: 'a', title: 'Do \u001bc it\u0007' })], [])).toContain('t_a["Do c it"]');
  });

  test('what is no Markdown stays readable', () => {
    const title = 'Mend: snake_case (v1.2) of a-b + c, 3) and 4.';

    expect(mermaid([aTask({ id: 'a', title })], [])).toContain(`t_a["${title}"]`);
  });

  test('the critical path has a bold frame', () => {
    const drawn = mermaid([aTask({ id: 'a' }), aTask({ id: 'b' })], [], ['a', 'elsewhere']);

    expect(drawn).toContain('  classDef critical stroke-width:4px\n  class t_a critical\n');
  });

  test('a long title is cut', () => {
    const drawn = mermaid([aTask({ id: 'a', title: 'x'.repeat(500) })], []);

    expect(drawn).toContain(`["${'x'.repeat(79)}…"]`);
  });

  test('a task whose parent is not among them stands alone, and arrows to the unknown are left out', () => {
    const drawn = mermaid(
      [aTask({ id: 'a', parentId: 'elsewhere' })],
      [{ taskId: 'a', prerequisiteId: 'unknown', type: 'completion' }],
    );

    expect(drawn).toContain('  t_a["a"]');
    expect(drawn).not.toContain('-->');
  });

  test('no arrow joins a box with what lies inside it', () => {
    const tasks = [aTask({ id: 'a' }), aTask({ id: 'b', parentId: 'a' }), aTask({ id: 'c', parentId: 'b' })];

    const drawn = mermaid(tasks, [{ taskId: 'a', prerequisiteId: 'c', type: 'completion' }]);

    expect(drawn).not.toContain('-->');
  });

  test('no tasks make an empty chart', () => {
    expect(mermaid([], [])).toBe('flowchart TD\n');
  });
});
