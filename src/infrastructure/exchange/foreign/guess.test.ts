import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aFolder, FIXTURES, read } from '../../../../test/foreign.ts';
import { seemingTool } from './guess.ts';

const GIVEN = [
  ['task-master', 'task-master/tasks.json'],
  ['shrimp', 'shrimp/tasks.json'],
  ['backlog', 'backlog'],
  ['beads', 'beads/issues.jsonl'],
  ['github', 'github/issues.json'],
  ['checklist', 'checklist/release.md'],
] as const;
const TOOLS = [...GIVEN.map(([tool]) => tool), 'python'] as const;

test.each(GIVEN)('what %s wrote is known by its beginning', async (tool, path) => {
  expect(await seemingTool({ path: join(FIXTURES, path), shown: path })).toBe(tool);
});

test.each(GIVEN)('who takes what %s wrote for the file of another tool is told the right one', async (tool, path) => {
  for (const other of TOOLS.filter((one) => one !== tool)) {
    await expect(read(other, join(FIXTURES, path), 'given')).rejects.toMatchObject({
      message: expect.stringMatching(`^given is nothing of ${other}: it looks like`),
      suggestion: `Repeat with from_tool: ${tool}`,
    });
  }
});

test('what looks like nothing that is known keeps the reason why it could not be read', async () => {
  const folder = await aFolder({ 'a.txt': 'Buy milk' });

  await expect(read('github', join(folder, 'a.txt'), 'a.txt')).rejects.toThrow('a.txt is no JSON');
});

test.each([
  ['github', '[]'],
  ['task-master', '{"master":{"tasks":[]}}'],
  ['shrimp', '{"tasks":[]}'],
  ['beads', ''],
  ['checklist', ''],
] as const)('%s: a file without tasks is told to hold none', async (tool, text) => {
  const folder = await aFolder({ given: text });

  const { tasks, lost } = await read(tool, join(folder, 'given'), 'given');

  expect(tasks).toEqual([]);
  expect(lost).toEqual(['given holds no task']);
});
