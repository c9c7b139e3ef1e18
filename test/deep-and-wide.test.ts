import { describe, expect, test } from 'vitest';
import { BUDGET } from '../src/domain/budget.ts';
import { aGenericTask, anOrchestrator, aPlan, aSubtask, type Body, type TestOrchestrator } from './harness.ts';

/** Three characters are counted as a token. */
const MOST_CHARACTERS = BUDGET.default * 3;

/** Tasks each below the one before. */
async function aDeepFamily(server: TestOrchestrator, depth: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let level = 0; level < depth; level += 1) {
    const parent = ids.at(-1);
    ids.push(
      await aGenericTask(
        server,
        `level ${level} ${'x'.repeat(100)}`,
        parent === undefined ? {} : { parent_task_id: parent },
      ),
    );
  }
  return ids;
}

describe('a family of very many levels', () => {
  test('is briefed, shown, moved, ended and restored within the size of a reply', async () => {
    await using server = await anOrchestrator();
    const ids = await aDeepFamily(server, 300);
    const [top, bottom] = [ids[0] ?? '', ids.at(-1) ?? ''];

    const calls: readonly (readonly [string, Body])[] = [
      ['get_task', { task_id: bottom }],
      ['get_task', { task_id: top }],
      ['get_status', {}],
      ['query_tasks', { filters: { parent_task_id: null }, include_hierarchy: true }],
      ['analyze_dependencies', { task_id: top, format: 'mermaid' }],
      ['execute_subtask', { task_id: bottom }],
      ['update_task', { task_id: ids[150], parent_task_id: null }],
      ['update_task', { task_id: ids[150], parent_task_id: ids[149] }],
      ['cancel_task', { task_id: top }],
      ['delete_task', { task_id: top, cascade: true }],
      ['restore_task', { task_id: top }],
    ];
    for (const [tool, args] of calls) {
      const { length } = JSON.stringify(await server.call(tool, args));
      expect([tool, length > MOST_CHARACTERS]).toEqual([tool, false]);
    }
  });

  test('is counted by a briefing as far as it leaves it out', async () => {
    await using server = await anOrchestrator();
    const ids = await aDeepFamily(server, 300);

    const { truncated, specialist_context } = await server.call('execute_subtask', { task_id: ids.at(-1) });

    let shown = 0;
    for (let above = specialist_context.task_details.parent; above !== undefined; above = above.parent) shown += 1;
    expect(shown).toBeGreaterThan(50);
    expect(truncated.omitted).toBe(299 - shown);
  });
});

test('a circle of very many tasks is refused with both ends of its path, and how much lies between', async () => {
  await using server = await anOrchestrator();
  const titles = Array.from({ length: 400 }, (_, place) => `step ${place}`);
  const { id } = await aPlan(
    server,
    titles.map((title, place) => aSubtask(title, titles.slice(Math.max(0, place - 1), place))),
  );
  const [first, last] = [id('step 0'), id('step 399')];

  const refusal = await server.refused('manage_dependencies', {
    task_id: first,
    operation: 'add',
    dependencies: [{ dependency_task_id: last }],
  });

  const { cycle_path } = refusal.dependency_validation;
  expect(JSON.stringify(refusal).length).toBeLessThan(MOST_CHARACTERS);
  expect([cycle_path[0], cycle_path.at(-1)]).toEqual([cycle_path[0], cycle_path[0]]);
  expect(cycle_path).toContain(first);
  expect(cycle_path).toHaveLength(101);
  expect(cycle_path[50]).toBe('… 301 more …');
});

test('a status counts what is ready beyond what it looks at', async () => {
  await using server = await anOrchestrator();
  await aPlan(
    server,
    Array.from({ length: 130 }, (_, place) => aSubtask(`step ${place}`)),
  );

  const status = await server.call('get_status', { budget_tokens: BUDGET.most });

  expect(status.active_tasks[0].subtasks).toHaveLength(130);
  expect(status.ready.length + status.truncated.omitted).toBe(130);
});
