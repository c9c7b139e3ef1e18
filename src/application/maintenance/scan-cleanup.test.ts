import { describe, expect, test } from 'vitest';
import { damage } from '../../../test/damage.ts';
import { directly } from '../../../test/directly.ts';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { aFile, aServer, DAY, filesIn, stageOf } from '../../../test/maintenance.ts';
import { move } from '../consequences.ts';

const scan = (server: TestOrchestrator, more: Body = {}): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'scan_cleanup', scope: 'full_project', ...more });

const comprehensive = { validation_level: 'comprehensive' };

describe('what is stale', () => {
  test('a task that was begun and left is archived after the hours of its kind, and told as the reference shows it', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const subtask = { specialist_type: 'researcher' };
    const plan = await aPlan(server, [aSubtask('Read', [], subtask), aSubtask('Write')], {
      description: 'Database migration',
    });
    await server.call('execute_subtask', { task_id: plan.id('Read') });
    clock.advance(36.25 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply).toMatchObject({
      operation_id: expect.stringMatching(/^maint_[0-9a-z]{8}$/),
      scope: 'full_project',
      scan_results: { total_tasks_scanned: 3, stale_tasks_found: 1, orphaned_tasks: 0, incomplete_workflows: 1 },
      cleanup_actions: [
        { action_type: 'settle_dead_claim', task_id: plan.id('Read'), result: 'released' },
        {
          action_type: 'archive_stale_task',
          task_id: plan.id('Read'),
          reason: 'Task stale for 36.2 hours',
          result: 'archived_successfully',
        },
      ],
    });
    expect(reply.recommendations).toContainEqual({
      type: 'manual_review',
      priority: 'medium',
      title: 'Review incomplete workflow',
      description: "Workflow 'Database migration' is 0% complete",
    });
    expect(await stageOf(server, plan.id('Read'))).toBe('archived');
  });

  test('on the basic level it is found, released and recommended, and stays', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    clock.advance(48 * HOUR);

    const reply = await scan(server);

    expect(reply.scan_results.stale_tasks_found).toBe(1);
    expect(reply.cleanup_actions.map((action: Body) => action.action_type)).toEqual(['settle_dead_claim']);
    expect(reply.recommendations).toContainEqual(expect.objectContaining({ title: 'Archive stale tasks' }));
    expect(await stageOf(server, plan.id('A'))).toBe('ready');
  });

  test('any sign of activity keeps a task', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A'), lease_seconds: 60 });
    clock.advance(40 * HOUR);
    await server.call('add_note', { task_id: plan.id('A'), text: 'Still thinking' });
    clock.advance(40 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.scan_results.stale_tasks_found).toBe(0);
    expect(await stageOf(server, plan.id('A'))).toBe('ready');
  });

  test('a task whose claim lives is worked on, however quiet it is', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A'), lease_seconds: 7 * 24 * 3600 });
    clock.advance(6 * DAY);

    const reply = await scan(server, comprehensive);

    expect(reply.cleanup_actions).toEqual([]);
    expect(await stageOf(server, plan.id('A'))).toBe('active');
  });

  test('a stale task that an open task waits for is left to people, and so is a part of a plan that one waits for', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A']), aSubtask('C')]);
    const outer = await aPlan(server, [aSubtask('After', [plan.planId])]);
    for (const title of ['A', 'C']) await server.call('execute_subtask', { task_id: plan.id(title) });
    clock.advance(100 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.scan_results.stale_tasks_found).toBe(2);
    expect(reply.recommendations[0]).toMatchObject({
      priority: 'high',
      description: expect.stringContaining(plan.id('A')),
    });
    for (const id of [plan.id('A'), plan.id('C')]) expect(await stageOf(server, id)).toBe('ready');
    expect(await stageOf(server, outer.id('After'))).toBe('ready');
  });

  test('a task that nobody ever began is only recommended', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B', ['A'])]);
    clock.advance(1000 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.cleanup_actions).toEqual([]);
    expect(reply.scan_results.stale_tasks_found).toBe(0);
    expect(reply.recommendations).toContainEqual(
      expect.objectContaining({
        title: 'Review tasks that were never started',
        description: expect.not.stringContaining(plan.id('B')),
      }),
    );
    expect(await stageOf(server, plan.id('A'))).toBe('ready');
  });

  test('hours are those of the configuration', async () => {
    const clock = aClock();
    const maintenance = {
      retentionDays: { completed: 90, failed: 60, cancelled: 30 },
      trashDays: 30,
      orphanFileDays: 7,
    };
    const thresholds = { ...maintenance, staleHours: { implementer: 5 }, staleHoursOtherwise: 1 };
    await using server = await anOrchestrator({
      clock: clock.now,
      config: { maintenance: { ...thresholds, staleHours: { ...HOURS, implementer: 5 } } },
    });
    const plan = await aPlan(server, [aSubtask('A')]);
    await server.call('execute_subtask', { task_id: plan.id('A') });
    clock.advance(5 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.scan_results.stale_tasks_found).toBe(1);
  });

  test('a plan whose last open part was archived can be put together', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    await server.call('complete_subtask', completion(plan.id('A')));
    await server.call('execute_subtask', { task_id: plan.id('B') });
    clock.advance(48 * HOUR);

    const reply = await scan(server, comprehensive);

    expect(reply.recommendations).toContainEqual(expect.objectContaining({ type: 'synthesis' }));
    expect(await server.call('synthesize_results', { parent_task_id: plan.planId })).toMatchObject({
      synthesis_complete: true,
    });
  });
});

const HOURS = { researcher: 12, documenter: 8, reviewer: 6, tester: 16, debugger: 24, implementer: 48, architect: 72 };

describe('a dry run', () => {
  test('says what would be done and changes nothing', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const plan = await aPlan(server, [aSubtask('A'), aSubtask('B'), aSubtask('C')]);
    await server.call('complete_subtask', completion(plan.id('A')));
    await server.call('execute_subtask', { task_id: plan.id('B') });
    damage(server.workspace, "update tasks set parent_id = 'task_lost0000' where id = ?", plan.id('C'));
    clock.advance(100 * DAY);
    await aFile(server, 'trash/old.md', clock.now() - 31 * DAY);
    await aFile(server, 'artifacts/task_a/artifact_nobodys0.md', clock.now() - 8 * DAY);
    const before = await server.orchestrator.read(async ({ events, maintenance }) => [
      await events.latest(),
      await maintenance.running(),
    ]);

    const reply = await scan(server, { ...comprehensive, dry_run: true });

    expect(reply.cleanup_actions.map((action: Body) => [action.action_type, action.result]).toSorted()).toEqual([
      ['archive_ended_task', 'would_be_archived'],
      ['archive_stale_task', 'would_be_archived'],
      ['move_file_to_trash', 'would_be_moved_to_trash'],
      ['move_orphaned_task', 'would_be_moved_to_top'],
      ['purge_trash_file', 'would_be_purged'],
      ['settle_dead_claim', 'would_be_released'],
    ]);
    expect(
      await server.orchestrator.read(async ({ events, maintenance }) => [
        await events.latest(),
        await maintenance.running(),
      ]),
    ).toEqual(before);
    expect(await filesIn(server, 'trash')).toEqual(['old.md']);
  });
});

describe('a large scope', () => {
  test('keeps its counts true where the reply has no room for all', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const titles = Array.from({ length: 300 }, (_, place) => `Task ${place}`);
    const plan = await aPlan(server, [aSubtask('Open'), ...titles.map((title) => aSubtask(title))]);
    await using way = await directly({ workspace: server.workspace, clock: clock.now });
    await way.write(async (context) => {
      for (const title of titles) {
        const task = await context.tasks.find(plan.id(title));
        if (task !== undefined) await move(context, task, { to: 'cancelled' });
      }
    });
    clock.advance(31 * DAY);

    const reply = await scan(server, { budget_tokens: 1000 });

    expect(reply.scan_results).toMatchObject({ total_tasks_scanned: 302, actions: 300 });
    expect(reply.truncated.omitted).toBe(300 - reply.cleanup_actions.length);
    expect(JSON.stringify(reply).length).toBeLessThan(3 * 1000 + 300);
  });

  test('its subtree alone is cleaned up where that is asked for', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const [one, other] = [await aPlan(server, [aSubtask('A')]), await aPlan(server, [aSubtask('A')])];
    for (const plan of [one, other]) await server.call('execute_subtask', { task_id: plan.id('A') });
    clock.advance(100 * HOUR);

    const reply = await scan(server, { ...comprehensive, scope: 'specific_subtask', target_task_id: one.planId });

    expect(reply.scan_results).toMatchObject({ total_tasks_scanned: 2, stale_tasks_found: 1, incomplete_workflows: 1 });
    expect(await stageOf(server, one.id('A'))).toBe('archived');
    expect(await stageOf(server, other.id('A'))).not.toBe('archived');
  });
});
