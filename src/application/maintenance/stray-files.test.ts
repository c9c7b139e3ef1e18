import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directly } from '../../../test/directly.ts';
import { aPlan, aSubtask, type Body, completion, HOUR, type TestOrchestrator } from '../../../test/harness.ts';
import { aFile, aServer, DAY, filesIn } from '../../../test/maintenance.ts';

const scan = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'scan_cleanup', scope: 'full_project', ...more });

const comprehensive = { validation_level: 'comprehensive' };

describe('files', () => {
  test('the trash is purged of what lies in it for over 30 days', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await server.call('initialize_session');
    await aFile(server, 'trash/artifacts/task_a/old.md', clock.now() - 31 * DAY);
    await aFile(server, 'trash/artifacts/task_a/new.md', clock.now() - 29 * DAY);

    const reply = await scan(server);

    expect(reply.cleanup_actions).toMatchObject([
      { action_type: 'purge_trash_file', path: 'trash/artifacts/task_a/old.md', task_id: 'task_a', result: 'purged' },
    ]);
    expect(await filesIn(server, 'trash')).toEqual(['new.md']);
  });

  test('from comprehensive on, unfinished files and files without a row go to the trash', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    const done = await server.call('complete_subtask', completion(plan.id('A')));
    const kept = `artifacts/${plan.id('A')}/${done.artifact_info.artifact_id}.md`;
    const work = await readFile(join(server.workspace, '.task_orchestrator', kept), 'utf8');
    await aFile(server, kept, clock.now() - 100 * DAY);
    await writeFile(join(server.workspace, '.task_orchestrator', kept), work);
    await aFile(server, `artifacts/${plan.id('B')}/artifact_nobodys0.md`, clock.now() - 8 * DAY);
    await aFile(server, 'handovers/.unfinished.md.0123abcd.tmp', clock.now() - 2 * HOUR);
    expect((await scan(server)).cleanup_actions).toEqual([]);

    const reply = await scan(server, comprehensive);

    expect(reply.cleanup_actions.map((action: Body) => [action.path, action.result]).toSorted()).toEqual([
      [`artifacts/${plan.id('B')}/artifact_nobodys0.md`, 'moved_to_trash'],
      ['handovers/.unfinished.md.0123abcd.tmp', 'moved_to_trash'],
    ]);
    expect((await filesIn(server, 'trash')).toSorted()).toEqual([
      '.unfinished.md.0123abcd.tmp',
      'artifact_nobodys0.md',
    ]);
    expect(await server.call('get_artifact', { artifact_id: done.artifact_info.artifact_id })).toMatchObject({
      content: 'All of it',
    });
  });

  test('backups are left to those who make them', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await server.call('get_status');
    const long = clock.now() - 100 * DAY;
    const inBackup = ['artifacts/task_gone0000/artifact_gone0000.md', '.artifact_gone0000.md.abcdefgh.tmp'];
    for (const path of inBackup) await aFile(server, `backups/20250101T000000.000Z/${path}`, long);

    const reply = await server.call('maintenance_coordinator', {
      action: 'scan_cleanup',
      scope: 'full_project',
      validation_level: 'full_audit',
    });

    expect(reply.cleanup_actions).toEqual([]);
    expect((await filesIn(server, 'backups')).toSorted()).toEqual([
      '.artifact_gone0000.md.abcdefgh.tmp',
      'artifact_gone0000.md',
    ]);
  });

  test('a session clears the files of its own tasks only', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await aFile(server, `trash/artifacts/${plan.id('A')}/own.md`, clock.now() - 31 * DAY);
    await aFile(server, 'trash/artifacts/task_other000/other.md', clock.now() - 31 * DAY);

    await scan(server, { scope: 'current_session' });

    expect(await filesIn(server, 'trash')).toEqual(['other.md']);
  });
});

describe('a full audit', () => {
  test('names artifacts that are lost or altered, and says that the database is whole', async () => {
    await using given = await aServer();
    const { server } = given;
    const plan = await aPlan(
      server,
      ['A', 'B', 'C'].map((title) => aSubtask(title)),
    );
    const paths: string[] = [];
    for (const title of ['A', 'B', 'C']) {
      const done = await server.call('complete_subtask', completion(plan.id(title)));
      paths.push(done.artifact_info.accessible_via);
    }
    await using files = await directly({ workspace: server.workspace });
    await files.read(({ workspaceFiles }) =>
      workspaceFiles.toTrash((paths[0] ?? '').replace('.task_orchestrator/', '')),
    );
    await files.read(({ workspaceFiles }) => workspaceFiles.purge((paths[0] ?? '').replace('.task_orchestrator/', '')));
    await writeFile(join(server.workspace, paths[1] ?? ''), 'something else');

    const reply = await scan(server, { validation_level: 'full_audit' });

    expect(reply.scan_results).toMatchObject({
      artifacts_verified: 3,
      artifacts_lost: 1,
      artifacts_altered: 1,
      database: 'intact',
    });
    expect(reply.recommendations.slice(0, 2)).toMatchObject([
      { type: 'restore', title: 'Look at lost artifacts', description: expect.stringContaining(paths[0] ?? '') },
      { type: 'restore', title: 'Look at altered artifacts', description: expect.stringContaining(paths[1] ?? '') },
    ]);
  });
});
