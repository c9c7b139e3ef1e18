import { expect, test } from 'vitest';
import { anOrchestrator, type Body, type TestOrchestrator } from '../../../test/harness.ts';

/** Notes that are each taken into the search index by themselves, as a part of it. */
async function indexedOneByOne({ call }: TestOrchestrator, count: number) {
  for (let note = 0; note < count; note += 1) {
    await call('add_note', { text: `note ${note}`, kind: 'progress' });
    await call('search', { query: 'note' });
  }
}

const WAYS_TO_LOOK: readonly (readonly [tool: string, args: Body])[] = [
  ['maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' }],
  ['health_check', {}],
];

test.each(WAYS_TO_LOOK)('what another server merged in the search index is no damage to %s', async (tool, args) => {
  await using one = await anOrchestrator();
  await using other = await anOrchestrator({ workspace: one.workspace });
  await indexedOneByOne(one, 6);
  await indexedOneByOne(other, 40);

  const reply = await one.call(tool, args);

  expect(JSON.stringify(reply)).not.toContain('corruption');
});
