import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { anOrchestrator } from '../test/harness.ts';

test('a client that only looks around makes no store', async () => {
  await using given = await anOrchestrator();

  const roots = await given.orchestrator.readIfThere(({ tasks }) => tasks.roots({ limit: 1 }));

  expect(roots).toBeUndefined();
  expect(await readdir(given.workspace)).toEqual([]);
});

test('a client that looks around sees the store that is there', async () => {
  await using given = await anOrchestrator();
  await given.call('add_note', { text: 'The store is made by this' });
  await using later = await anOrchestrator({ workspace: given.workspace });

  const notes = await later.orchestrator.readIfThere(({ notes }) => notes.ofWorkspace(5));

  expect(notes).toMatchObject([{ text: 'The store is made by this' }]);
});
