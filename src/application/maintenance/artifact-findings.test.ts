import { existsSync } from 'node:fs';
import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { damage, rowOf } from '../../../test/damage.ts';
import { aPlan, aSubtask, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, DAY, moved } from '../../../test/maintenance.ts';

const audit = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'validate_structure', scope: 'full_project', ...more });

const COMPREHENSIVE = { validation_level: 'comprehensive' };

/** A task with work that is recorded; its file is as old as the clock's time says. */
async function aCompletedTask({ server, clock }: Awaited<ReturnType<typeof aServer>>, more: Body = {}) {
  const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
  const done = await server.call('complete_subtask', completion(plan.id('A'), more));
  const { artifact_id: id, accessible_via } = done.artifact_info;
  const file = join(server.workspace, accessible_via);
  await utimes(file, clock.now() / 1000, clock.now() / 1000);
  clock.advance(DAY);
  return { plan, id, file, path: accessible_via };
}

/** What a cleanup does with a file that nothing is recorded for; it lies in the trash for a day. */
async function putAway({ server, clock }: Awaited<ReturnType<typeof aServer>>, file: string) {
  clock.advance(8 * DAY);
  await server.call('maintenance_coordinator', { action: 'scan_cleanup', scope: 'full_project', ...COMPREHENSIVE });
  expect(existsSync(file)).toBe(false);
  await utimes(file.replace('/artifacts/', '/trash/artifacts/'), clock.now() / 1000, clock.now() / 1000);
  clock.advance(DAY);
}

const loseRow = (server: TestOrchestrator, id: string) =>
  damage(server.workspace, 'delete from artifacts where id = ?', id);

describe('a recorded artifact', () => {
  test('whose file is lost or altered is named, and nothing is made up for it', async () => {
    await using given = await aServer();
    const { server } = given;
    const [lost, altered] = [await aCompletedTask(given), await aCompletedTask(given)];
    await rm(lost.file);
    await writeFile(altered.file, 'something else');

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings.map(({ finding, artifact_id, result }: Body) => [finding, artifact_id, result])).toEqual([
      ['lost_artifact', lost.id, 'needs_review'],
      ['altered_artifact', altered.id, 'needs_review'],
    ]);
    expect(reply.recommendations).toMatchObject([{ type: 'manual_review', priority: 'high' }]);
    expect(await server.call('get_artifact', { artifact_id: altered.id })).toMatchObject({ content: 'something else' });
  });

  test('whose file lies in the trash is brought back', async () => {
    await using given = await aServer();
    const { server } = given;
    const { id, file, path } = await aCompletedTask(given);
    await inTrash(server, { file, path });

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings).toMatchObject([{ finding: 'trashed_artifact', artifact_id: id, result: 'repaired' }]);
    expect(await server.call('get_artifact', { artifact_id: id })).toMatchObject({ content: 'All of it' });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('of a cancelled task was given up with it', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { plan, file } = await aCompletedTask(given);
    await moved(server, clock.now, { id: plan.id('A'), through: ['ready', 'cancelled'] });
    await rm(file);

    expect((await audit(server)).findings).toEqual([]);
  });
});

async function inTrash(server: TestOrchestrator, { file, path }: { file: string; path: string }) {
  const { mkdir } = await import('node:fs/promises');
  const target = join(server.workspace, path.replace('.task_orchestrator', '.task_orchestrator/trash'));
  await mkdir(dirname(target), { recursive: true });
  await rename(file, target);
}

describe('a file that is not recorded', () => {
  test('is recorded again from its front matter, as what it was', async () => {
    await using given = await aServer();
    const { server } = given;
    const more = { summary: 'The "plan"', artifact_type: 'design', file_paths: ['src/a.ts', '/etc/hosts'] };
    const { id, plan } = await aCompletedTask(given, more);
    const recorded = rowOf(server.workspace, 'select * from artifacts where id = ?', id);
    loseRow(server, id);

    expect((await audit(server)).findings).toMatchObject([
      { finding: 'unrecorded_artifact', task_id: plan.id('A'), artifact_id: id, result: 'not_repaired' },
    ]);
    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings).toMatchObject([{ finding: 'unrecorded_artifact', artifact_id: id, result: 'repaired' }]);
    expect(rowOf(server.workspace, 'select * from artifacts where id = ?', id)).toEqual(recorded);
    expect(await server.call('get_artifact', { artifact_id: id })).toMatchObject({ content: 'All of it' });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('satisfies again what waited for its work', async () => {
    await using given = await aServer();
    const { server } = given;
    const { id, plan } = await aCompletedTask(given);
    damage(server.workspace, "update dependencies set type = 'data' where task_id = ?", plan.id('B'));
    loseRow(server, id);

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings.map(({ finding }: Body) => finding)).toEqual([
      'wrong_dependency_status',
      'unrecorded_artifact',
    ]);
    expect(await server.call('execute_subtask', { task_id: plan.id('B') })).toMatchObject({ claim: {} });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('whose history is gone is kept, and hands nothing on', async () => {
    await using given = await aServer();
    const { server } = given;
    const { id } = await aCompletedTask(given);
    loseRow(server, id);
    damage(server.workspace, "delete from events where type = 'artifact.added'");

    await audit(server, COMPREHENSIVE);

    expect(rowOf(server.workspace, 'select outcome from artifacts where id = ?', id)).toEqual({ outcome: 'kept' });
  });

  test('is not taken for lost while its row may still come', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { id, file } = await aCompletedTask(given);
    loseRow(server, id);
    await utimes(file, clock.now() / 1000 - 30, clock.now() / 1000 - 30);

    expect((await audit(server)).findings).toEqual([]);
  });

  test('is left to people where it is not what it says it was', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { id, file } = await aCompletedTask(given);
    const { readFile } = await import('node:fs/promises');
    await writeFile(file, `${await readFile(file, 'utf8')} and more`);
    await utimes(file, clock.now() / 1000 - DAY, clock.now() / 1000 - DAY);
    loseRow(server, id);

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings).toMatchObject([{ finding: 'altered_unrecorded_artifact', result: 'needs_review' }]);
    expect(rowOf(server.workspace, 'select * from artifacts where id = ?', id)).toBeUndefined();
  });

  test('is recorded again from the trash, where a cleanup put it', async () => {
    await using given = await aServer();
    const { server } = given;
    const { id, file } = await aCompletedTask(given);
    const recorded = rowOf(server.workspace, 'select * from artifacts where id = ?', id);
    loseRow(server, id);
    await putAway(given, file);

    const reply = await audit(server, COMPREHENSIVE);

    expect(reply.findings).toMatchObject([
      { finding: 'unrecorded_artifact', description: expect.stringContaining('/trash/'), result: 'repaired' },
    ]);
    expect(rowOf(server.workspace, 'select * from artifacts where id = ?', id)).toEqual(recorded);
    expect(await server.call('get_artifact', { artifact_id: id })).toMatchObject({ content: 'All of it' });
    expect((await audit(server)).findings).toEqual([]);
  });

  test('of a cancelled task stays in the trash, for it may have been given up there', async () => {
    await using given = await aServer();
    const { server } = given;
    const { plan, id, file } = await aCompletedTask(given);
    loseRow(server, id);
    await putAway(given, file);
    damage(server.workspace, "update tasks set stage = 'cancelled' where id = ?", plan.id('A'));

    const kinds = (await audit(server)).findings.map(({ finding }: Body) => finding);

    expect(kinds).not.toContain('unrecorded_artifact');
  });

  test('of a task that is gone, or without a front matter, is no finding', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { plan, id, file } = await aCompletedTask(given);
    const foreign = join(dirname(file), 'notes.md');
    await writeFile(foreign, '# My own notes');
    await utimes(foreign, clock.now() / 1000 - DAY, clock.now() / 1000 - DAY);
    loseRow(server, id);
    damage(server.workspace, 'update tasks set deleted_at = 1 where id in (?, ?)', plan.id('A'), plan.id('B'));

    const kinds = (await audit(server)).findings.map(({ finding }: Body) => finding);

    expect(kinds).not.toContain('unrecorded_artifact');
  });
});
