import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anOrchestrator, aPlan, aSubtask, type Body, completion } from './harness.ts';

const CHECKLIST = ['Every test was seen to fail', 'Nothing sleeps'];

/** A tester's task with a criterion of its own, in a project whose testers have a checklist. */
async function aTestersTask() {
  const server = await anOrchestrator();
  const folder = join(server.workspace, '.task_orchestrator/roles');
  await mkdir(folder, { recursive: true });
  const lines = CHECKLIST.map((line) => `  - ${line}`).join('\n');
  await writeFile(join(folder, 'tester.yaml'), `checklist:\n${lines}\n`);
  const subtask = { specialist_type: 'tester', acceptance_criteria: ['The importer is covered'] };
  const { id } = await aPlan(server, [aSubtask('Test it', [], subtask), aSubtask('Build it')]);
  return {
    server,
    id,
    complete: (said: Readonly<Record<string, boolean>>, more: Body = {}) =>
      completion(id('Test it'), {
        acceptance: Object.entries(said).map(([criterion, met]) => ({ criterion, met })),
        ...more,
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describe("a role's checklist", () => {
  test('is told in the briefing beside the criteria of the task', async () => {
    await using given = await aTestersTask();

    const { specialist_context } = await given.server.call('execute_subtask', { task_id: given.id('Test it') });

    expect(specialist_context).toMatchObject({
      acceptance_criteria: ['The importer is covered'],
      checklist: CHECKLIST,
    });
  });

  test('is asked about at completion like acceptance criteria', async () => {
    await using given = await aTestersTask();

    const reply = await given.server.call(
      'complete_subtask',
      given.complete({ 'the importer is covered': true, ' EVERY test was seen to fail ': true }),
    );

    expect(reply).toMatchObject({ status: 'completed', unconfirmed: ['Nothing sleeps'] });
    expect(reply).not.toHaveProperty('unknown_criteria');
  });

  test('asks nothing more once each line was answered', async () => {
    await using given = await aTestersTask();
    const all = ['The importer is covered', ...CHECKLIST];

    const reply = await given.server.call(
      'complete_subtask',
      given.complete(Object.fromEntries(all.map((line) => [line, true]))),
    );

    expect(reply).not.toHaveProperty('unconfirmed');
    expect(reply).not.toHaveProperty('unknown_criteria');
  });

  test('refuses the completion by a line that is not met, and keeps the work', async () => {
    await using given = await aTestersTask();

    const refusal = await given.server.refused('complete_subtask', given.complete({ 'Nothing sleeps': false }));

    expect(refusal).toMatchObject({
      code: 'refused',
      not_met: [{ criterion: 'Nothing sleeps' }],
      artifact_kept: { artifact_id: expect.stringMatching(/^artifact_/) },
    });
    expect((await given.server.call('get_task', { task_id: given.id('Test it') })).lifecycle_stage).toBe('ready');
  });

  test.each(['needs_revision', 'blocked'])('is not asked about when the work goes back as %s', async (next_action) => {
    await using given = await aTestersTask();

    const reply = await given.server.call('complete_subtask', given.complete({}, { next_action }));

    expect(reply).not.toHaveProperty('unconfirmed');
  });

  test('is not asked of others', async () => {
    await using given = await aTestersTask();

    const reply = await given.server.call('complete_subtask', completion(given.id('Build it')));

    expect(reply).not.toHaveProperty('unconfirmed');
  });
});
