import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { roles } from '../src/infrastructure/roles.ts';
import { anOrchestrator } from './harness.ts';

const PAGE = await readFile(join(import.meta.dirname, '../docs/roles.md'), 'utf8');

/** The role files that the page shows, by name. */
const FILES = new Map(
  Array.from(
    PAGE.matchAll(/```yaml\n(# \.task_orchestrator\/roles\/(\w+)\.yaml.*?)```/gs),
    ([, text = '', name = '']) => [name, text],
  ),
);

/** A project that has the role files of the page. */
async function theProjectOfThePage() {
  const server = await anOrchestrator();
  const folder = join(server.workspace, '.task_orchestrator/roles');
  await mkdir(folder, { recursive: true });
  for (const [name, text] of FILES) await writeFile(join(folder, `${name}.yaml`), text);
  return { server, folder };
}

test('the role files on the page about roles are read without a complaint', async () => {
  const { server, folder } = await theProjectOfThePage();
  await using _ = server;
  const complaints: string[] = [];

  const known = await roles({ builtIn: [], folder }).all({ warn: (_, text) => complaints.push(text) });

  expect(complaints).toEqual([]);
  expect([...known.keys()]).toEqual(['tester', 'translator']);
  expect((await server.call('initialize_session')).orchestrator_context.specialist_roles).toMatchObject({
    tester: 'Testing and validation',
    translator: 'Translating texts of the interface',
  });
});

test('the completion on the page answers the whole checklist of its role', async () => {
  const { server } = await theProjectOfThePage();
  await using _ = server;
  const [, shown = ''] = /```json\n(.*?)```/s.exec(PAGE) ?? [];
  const { tool, arguments: completion } = JSON.parse(shown);
  const attributes = { title: 'Cover the importer', specialist_type: 'tester' };
  const { task_id } = await server.call('create_generic_task', { task_type: 'test', stage: 'ready', attributes });

  const reply = await server.call(tool.replace('orchestrator_', ''), { ...completion, task_id });

  expect(reply).toMatchObject({ status: 'completed' });
  expect(reply).not.toHaveProperty('unconfirmed');
  expect(reply).not.toHaveProperty('unknown_criteria');
});
