import { describe, expect, test } from 'vitest';
import { damage, rowOf } from '../../../test/damage.ts';
import { directly } from '../../../test/directly.ts';
import { aClock, anOrchestrator, aPlan, aSubtask, HOUR, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer, DAY } from '../../../test/maintenance.ts';
import { move } from '../consequences.ts';
import type { CallOptions } from '../orchestrator.ts';

const CLEANUP = { action: 'scan_cleanup', scope: 'full_project' } as const;
const NAME = 'orchestrator_maintenance_coordinator';

/** Tasks that have ended for so long that a cleanup archives them, in several batches. */
async function muchToArchive(server: TestOrchestrator, clock: ReturnType<typeof aClock>) {
  const titles = Array.from({ length: 270 }, (_, place) => `Task ${place}`);
  const plans = [
    await aPlan(
      server,
      titles.map((title) => aSubtask(title)),
    ),
    await aPlan(
      server,
      titles.map((title) => aSubtask(title)),
    ),
  ];
  await using way = await directly({ workspace: server.workspace, clock: clock.now });
  await way.write(async (context) => {
    for (const plan of plans)
      for (const title of titles) {
        const task = await context.tasks.find(plan.id(title));
        if (task !== undefined) await move(context, task, { to: 'cancelled' });
      }
  });
  clock.advance(31 * DAY);
}

const archived = ({ workspace }: TestOrchestrator) =>
  rowOf(workspace, "select count(*) as count from tasks where stage = 'archived'");

/** Calls as a client that watches the progress. */
const watched = (server: TestOrchestrator, options: CallOptions) =>
  server.orchestrator.call(NAME, CLEANUP, options).then(
    (reply) => ({ reply, error: undefined }),
    (error: unknown) => ({ reply: undefined, error }),
  );

describe('a maintenance that is stopped', () => {
  test('by its client keeps what is committed, lets go of the store and has it in its history', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await muchToArchive(server, clock);
    const abort = new AbortController();

    const { error } = await watched(server, { signal: abort.signal, report: () => abort.abort() });

    expect(error).toMatchObject({
      code: 'transient',
      details: { action: 'scan_cleanup', done: { tasks_scanned: 250 } },
    });
    expect(archived(server)).toEqual({ count: 249 });
    expect(
      rowOf(
        server.workspace,
        "select details ->> 'actions' as actions, details ->> 'complete' as complete from events where type = 'maintenance.run'",
      ),
    ).toEqual({ actions: 249, complete: 0 });
    expect(await server.call('maintenance_coordinator', CLEANUP)).toMatchObject({
      scan_results: { actions: 540 - 249 },
    });
  });

  test('by the time keeps what is committed, and says how far it came', async () => {
    const clock = aClock();
    await using before = await anOrchestrator({ clock: clock.now, config: { synchronous: 'normal' } });
    await muchToArchive(before, clock);
    await using server = await anOrchestrator({
      workspace: before.workspace,
      clock: clock.now,
      config: { synchronous: 'normal', timeoutMs: 1000 },
    });
    await server.call('get_status');
    // A little after the end of the call itself.
    const deadline = performance.now() + 1100;
    /** As slow as a disk can be: the first batch takes until the time is over. */
    const report = () => {
      while (performance.now() <= deadline) Math.random();
    };

    const { error } = await watched(server, { report });

    expect(error).toMatchObject({
      code: 'timeout',
      message: 'Operation timed out',
      details: {
        operation_id: expect.stringMatching(/^maint_/),
        action: 'scan_cleanup',
        done: { tasks_scanned: 250, actions: 249 },
        suggestions: expect.stringContaining('Try again with smaller scope or basic validation level'),
      },
    });
    expect(archived(server)).toEqual({ count: 249 });
  });
});

test('progress rises, and its message says what is done', async () => {
  await using given = await aServer();
  const { clock, server } = given;
  await muchToArchive(server, clock);
  const told: (readonly [number, number, string])[] = [];

  await watched(server, { report: (progress, total, message) => void told.push([progress, total, message]) });

  const progress = told.map(([done]) => done);
  expect(progress.length).toBeGreaterThan(2);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  expect(told.every(([done, total]) => done <= total)).toBe(true);
  expect(told[0]?.[2]).toBe('scan_cleanup: looking after tasks, 250 of 542');
});

test('others have their turn between its batches', async () => {
  await using given = await aServer();
  const { clock, server } = given;
  await muchToArchive(server, clock);
  const seen: unknown[] = [];
  await server.call('get_status');
  const look = () => void server.call('get_status').then(() => seen.push(archived(server)));

  await watched(server, { report: look });

  expect(seen.length).toBeGreaterThan(1);
  expect(seen[0]).not.toEqual({ count: 540 });
});

describe('one maintenance at a time', () => {
  test('a second says who makes the first one, and since when', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    const { session_id } = await server.call('initialize_session', { agent_name: 'janitor' });
    await muchToArchive(server, clock);

    const [first, second] = await Promise.all([
      server.call('maintenance_coordinator', CLEANUP),
      server.refused('maintenance_coordinator', { action: 'validate_structure' }),
    ]);

    expect(first.scan_results.actions).toBe(540);
    expect(second).toMatchObject({
      code: 'conflict',
      error: `The maintenance ${first.operation_id} (scan_cleanup) is being made by janitor (${session_id}) since ${new Date(clock.now()).toISOString()}`,
      operation_id: first.operation_id,
      made_by: session_id,
      suggestion: expect.any(String),
    });
    expect(await server.call('maintenance_coordinator', CLEANUP)).toMatchObject({ scan_results: { actions: 0 } });
  });

  test('one whose process is gone is in nobody’s way', async () => {
    await using given = await aServer();
    const { server } = given;
    await aPlan(server, [aSubtask('A')]);
    await underWay(server, { seenAt: given.clock.now(), process: 'process_gone0000' });

    expect(await server.refused('maintenance_coordinator', CLEANUP)).toMatchObject({ code: 'conflict' });
    damage(server.workspace, "update processes set pid = 999999999 where id = 'process_gone0000'");

    expect(await server.call('maintenance_coordinator', CLEANUP)).toMatchObject({ operation_id: expect.any(String) });
  });

  test('one that gave no sign of life for long is in nobody’s way', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await aPlan(server, [aSubtask('A')]);
    await underWay(server, { seenAt: clock.now(), process: 'process_hung0000' });
    clock.advance(HOUR);

    expect(await server.call('maintenance_coordinator', CLEANUP)).toMatchObject({ operation_id: expect.any(String) });
  });

  test('a dry run waits for nobody', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await aPlan(server, [aSubtask('A')]);
    await underWay(server, { seenAt: clock.now(), process: 'process_busy0000' });

    expect(await server.call('maintenance_coordinator', { ...CLEANUP, dry_run: true })).toMatchObject({
      cleanup_actions: [],
    });
  });

  test('one that only looks shows that it goes on, however long it takes', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await muchToArchive(server, clock);
    const seen: unknown[] = [];
    const report = () => {
      clock.advance(HOUR / 10);
      seen.push(rowOf(server.workspace, 'select seen_at from maintenance'));
    };

    await server.orchestrator.call(NAME, { action: 'validate_structure', scope: 'full_project' }, { report });

    expect(new Set(seen.map((row) => JSON.stringify(row))).size).toBeGreaterThan(3);
  });

  test('one that was replaced while it was silent stops at its next step', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await muchToArchive(server, clock);
    const takeOver = () => damage(server.workspace, "update maintenance set id = 'maint_another0'");

    const { error } = await watched(server, { report: takeOver });

    expect(error).toMatchObject({ code: 'conflict' });
    expect(archived(server)).toEqual({ count: 249 });
  });
});

describe('a maintenance that a schedule set', () => {
  const dueAt = Date.UTC(2026, 0, 1, 3);

  test('is made once for its time, whoever comes later and however often the clock is set back', async () => {
    await using given = await aServer();
    const { clock, server } = given;
    await muchToArchive(server, clock);
    await using other = await anOrchestrator({ workspace: server.workspace, clock: clock.now });

    const outcomes = await Promise.allSettled(
      [server, other, server, other].map(({ orchestrator }) => orchestrator.call(NAME, CLEANUP, { dueAt })),
    );
    clock.advance(-2 * DAY);
    const again = await server.orchestrator.call(NAME, CLEANUP, { dueAt }).catch((error: unknown) => error);

    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(again).toMatchObject({ code: 'conflict', message: expect.stringContaining('has been begun already') });
    const runs =
      "select count(*) as count, min(details ->> 'scheduled_for') as due from events where type = 'maintenance.run'";
    expect(rowOf(server.workspace, runs)).toEqual({ count: 1, due: '2026-01-01T03:00:00.000Z' });
  });

  test('is made for each of its times', async () => {
    await using given = await aServer();
    const { server } = given;

    const first = await server.orchestrator.call(NAME, CLEANUP, { dueAt });
    const second = await server.orchestrator.call(NAME, CLEANUP, { dueAt: dueAt + DAY });

    expect(first.operation_id).toMatch(/^maint_[0-9a-z]{8}$/);
    expect(second.operation_id).not.toEqual(first.operation_id);
  });

  test('may take longer than calls that somebody waits for', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now, config: { synchronous: 'normal', timeoutMs: 1 } });

    const reply = await server.orchestrator.call(NAME, CLEANUP, { dueAt, withinMs: 60_000 });

    expect(reply).toMatchObject({ scan_results: { total_tasks_scanned: 0 } });
  });
});

test('a clock that jumps back lets a maintenance go on, and another begin after it', async () => {
  await using given = await aServer();
  const { clock, server } = given;
  await muchToArchive(server, clock);
  let isSet = false;
  const report = () => {
    if (!isSet) clock.advance(-2 * HOUR);
    isSet = true;
  };

  const { reply } = await watched(server, { report });

  expect(reply).toMatchObject({ scan_results: { actions: 540 } });
  expect(await server.call('maintenance_coordinator', CLEANUP)).toMatchObject({ scan_results: { actions: 0 } });
});

/** Enters a maintenance of another server, which this machine can tell to be running. */
async function underWay(server: TestOrchestrator, { seenAt, process }: { seenAt: number; process: string }) {
  const own = 'insert into processes select ?, host, pid, started_at from processes limit 1';
  damage(server.workspace, own, process);
  const run = "insert into maintenance values ('maint_other000', 'scan_cleanup', 'session_other000', ?, ?, ?)";
  damage(server.workspace, run, process, seenAt, seenAt);
}

test('a run is recorded with what it did', async () => {
  await using given = await aServer();
  const { server } = given;
  const plan = await aPlan(server, [aSubtask('A')]);

  const reply = await server.call('maintenance_coordinator', {
    action: 'validate_structure',
    scope: 'specific_subtask',
    target_task_id: plan.id('A'),
  });

  const events = await server.orchestrator.read(({ events: all }) => all.after(0, 100));
  expect(events.at(-1)).toMatchObject({
    type: 'maintenance.run',
    taskId: undefined,
    details: {
      operation_id: reply.operation_id,
      action: 'validate_structure',
      scope: 'specific_subtask',
      target_task_id: plan.id('A'),
      complete: true,
    },
  });
});
