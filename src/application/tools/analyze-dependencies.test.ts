import { describe, expect, test } from 'vitest';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, type Body, completion } from '../../../test/harness.ts';
import { tokensOf } from '../../domain/budget.ts';

const ids = (rows: readonly Body[]) => rows.map(({ task_id }) => task_id);

describe('analyze_dependencies', () => {
  test('shows of a plan the longest chain, what can run at once, and what holds up most', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [
      aSubtask('a'),
      aSubtask('b', ['a']),
      aSubtask('c', ['a']),
      aSubtask('d', ['b', 'c']),
      aSubtask('e'),
    ]);

    const reply = await server.call('analyze_dependencies', { task_id: planId });

    expect(reply).toMatchObject({ task_id: planId, open_tasks: 6, open_leaves: 5 });
    expect(reply.critical_path).toMatchObject({ length: 3, weighed_by: 'tasks' });
    expect(ids(reply.critical_path.tasks)).toEqual([id('a'), id('b'), id('d')]);
    expect(reply.waves).toEqual([
      { wave: 1, leaves: 2, task_ids: [id('a'), id('e')] },
      { wave: 2, leaves: 2, task_ids: [id('b'), id('c')] },
      { wave: 3, leaves: 1, task_ids: [id('d')] },
    ]);
    expect(reply.bottlenecks).toMatchObject([
      { task_id: id('a'), holds_up: 3, directly: 2, slack: 0 },
      { task_id: id('b'), holds_up: 1, directly: 1, slack: 0 },
      { task_id: id('c'), holds_up: 1, directly: 1, slack: 0 },
    ]);
    expect(reply.stuck).toEqual([]);
  });

  test('weighs by effort where every subtask has one', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [
      aSubtask('long', [], { estimated_effort: 'high' }),
      aSubtask('one', [], { estimated_effort: 'low' }),
      aSubtask('two', ['one'], { estimated_effort: 'low' }),
    ]);

    const reply = await server.call('analyze_dependencies', { task_id: planId });

    expect(reply.critical_path).toMatchObject({ length: 3, weighed_by: 'estimated_effort' });
    expect(ids(reply.critical_path.tasks)).toEqual([id('long')]);
  });

  test('leaves out what is done, and without a task looks at all open work', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));
    const other = await aGenericTask(server, 'Other', { dependencies: [{ dependency_task_id: id('b') }] });

    const reply = await server.call('analyze_dependencies');

    expect(reply.open_leaves).toBe(2);
    expect(ids(reply.critical_path.tasks)).toEqual([id('b'), other]);
  });

  test('counts what waits through a parent, up and down', async () => {
    await using server = await anOrchestrator();
    const first = await aPlan(server, [aSubtask('a')]);
    const second = await aPlan(server, [aSubtask('b'), aSubtask('c')]);
    await server.call('manage_dependencies', {
      task_id: second.planId,
      dependencies: [{ dependency_task_id: first.planId }],
    });

    const reply = await server.call('analyze_dependencies');

    expect(reply.critical_path.length).toBe(2);
    expect(reply.bottlenecks).toMatchObject([{ task_id: first.id('a'), holds_up: 2, directly: 0 }]);
  });

  test('names what is stuck, how much is behind it, and the way out', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [
      aSubtask('doomed'),
      aSubtask('behind', ['doomed']),
      aSubtask('later', ['behind']),
      aSubtask('blocked'),
    ]);
    await server.call('execute_subtask', { task_id: id('doomed') });
    await server.call('manage_lifecycle', { task_id: id('doomed'), lifecycle_stage: 'failed' });
    await server.call('complete_subtask', completion(id('blocked'), { next_action: 'blocked', summary: 'No key' }));

    const reply = await server.call('analyze_dependencies', { task_id: planId });

    expect(reply.stuck).toMatchObject([
      { task_id: id('behind'), holds_up: 1, way_out: expect.stringContaining(id('doomed')) },
      { task_id: id('blocked'), holds_up: 0, reason: 'blocked: No key' },
    ]);
  });

  test('counts as stuck what waits for work outside of the subtree', async () => {
    await using server = await anOrchestrator();
    const outside = await aGenericTask(server, 'Outside');
    const { planId, id } = await aPlan(server, [aSubtask('inside', [outside])]);

    const reply = await server.call('analyze_dependencies', { task_id: planId });

    expect(reply.stuck).toMatchObject([{ task_id: id('inside'), way_out: `Complete ${outside} first` }]);
  });

  test('draws the work for Mermaid and for Graphviz, ended tasks where they are wanted', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));

    const open = await server.call('analyze_dependencies', { task_id: planId, format: 'mermaid' });
    const all = await server.call('analyze_dependencies', {
      task_id: planId,
      format: 'dot',
      include_completed: true,
    });

    expect(open.graph).toContain(`class t_${id('b')} critical`);
    expect(open.graph).not.toContain(id('a'));
    expect(all.graph).toContain(`"${id('a')}" -> "${id('b')}";`);
    expect(open).not.toHaveProperty('waves');
  });

  test.each(['json', 'mermaid', 'dot'])('stays within its budget as %s, telling what was left out', async (format) => {
    await using server = await anOrchestrator();
    const subtasks = Array.from({ length: 120 }, (_, place) =>
      aSubtask(`${place} ${'long '.repeat(40)}`, place === 0 ? [] : [`${place - 1} ${'long '.repeat(40)}`]),
    );
    const { planId } = await aPlan(server, subtasks);

    const reply = await server.call('analyze_dependencies', { task_id: planId, format, budget_tokens: 1_000 });

    expect(tokensOf(reply)).toBeLessThanOrEqual(1_000);
    expect(reply.critical_path.length).toBe(120);
    expect(reply.truncated.omitted).toBeGreaterThan(100);
  });

  test('refuses a task that there is not', async () => {
    await using server = await anOrchestrator();

    expect(await server.refused('analyze_dependencies', { task_id: 'task_zzzz0000' })).toMatchObject({
      code: 'not_found',
    });
  });
});
