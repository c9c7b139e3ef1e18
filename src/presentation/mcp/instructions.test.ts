import { expect, test } from 'vitest';
import { GUIDE } from './guide.ts';
import { INSTRUCTIONS } from './instructions.ts';
import toolList from './tool-list.generated.json' with { type: 'json' };

test('the instructions fit into what clients show of them', () => {
  expect(INSTRUCTIONS.length).toBeLessThanOrEqual(2_000);
});

test.each([
  ['instructions', INSTRUCTIONS],
  ['guide', GUIDE],
])('every call that the %s name exists', (_, text) => {
  const named = new Set(text.match(/orchestrator_[a-z_]+/g));

  expect(toolList.map(({ tool }) => tool.name)).toEqual(expect.arrayContaining([...named]));
});
