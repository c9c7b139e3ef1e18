import { describe, expect, test } from 'vitest';
import { aClock, aGenericTask, anOrchestrator, aPlan, aSubtask, completion, HOUR } from '../../../test/harness.ts';

const DAY = 24 * HOUR;

/** On Monday two tasks are planned; one takes two hours on Tuesday, the other an hour on the Tuesday after. */
async function twoWeeks() {
  const clock = aClock(Date.UTC(2026, 0, 5));
  const server = await anOrchestrator({ clock: clock.now });
  const plan = await aPlan(server, [aSubtask('a'), aSubtask('b', [], { specialist_type: 'tester' })]);
  clock.advance(DAY);
  await server.call('execute_subtask', { task_id: plan.id('a') });
  clock.advance(2 * HOUR);
  await server.call('complete_subtask', completion(plan.id('a')));
  clock.advance(7 * DAY - 2 * HOUR);
  await server.call('execute_subtask', { task_id: plan.id('b'), lease_seconds: 7200 });
  clock.advance(HOUR);
  await server.call('complete_subtask', completion(plan.id('b')));
  return { server, clock, plan };
}

describe('get_metrics', () => {
  test('tells throughput, cycle and lead time, by week, specialist and type', async () => {
    const { server } = await twoWeeks();
    await using _ = server;

    const reply = await server.call('get_metrics', { since: '2026-01-05' });

    expect(reply).toMatchObject({ since: '2026-01-05T00:00:00.000Z', created: 2, completed: 2 });
    expect(reply.cycle_time).toEqual({ tasks: 2, median_hours: 1, p85_hours: 2, p95_hours: 2 });
    expect(reply.lead_time).toEqual({ tasks: 2, median_hours: 26, p85_hours: 193, p95_hours: 193 });
    const [slow, fast] = [
      { completed: 1, cycle_median_hours: 1, cycle_p85_hours: 1, lead_median_hours: 193, lead_p85_hours: 193 },
      { completed: 1, cycle_median_hours: 2, cycle_p85_hours: 2, lead_median_hours: 26, lead_p85_hours: 26 },
    ];
    expect(reply.weeks).toEqual([
      { week: '2026-01-12', created: 0, ...slow },
      { week: '2026-01-05', created: 2, ...fast },
    ]);
    expect(reply.by_specialist).toEqual([
      { specialist_type: 'implementer', ...fast },
      { specialist_type: 'tester', ...slow },
    ]);
    expect(reply.by_type).toMatchObject([{ task_type: 'specialist_task', completed: 2 }]);
  });

  test('tells hours in numbers that can be read, however short they were', async () => {
    const clock = aClock(Date.UTC(2026, 0, 5));
    await using server = await anOrchestrator({ clock: clock.now });
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    for (const [title, ms] of [
      ['a', 22],
      ['b', 40_000],
    ] as const) {
      await server.call('execute_subtask', { task_id: plan.id(title) });
      clock.advance(ms);
      await server.call('complete_subtask', completion(plan.id(title)));
    }

    const { cycle_time } = await server.call('get_metrics');

    expect(cycle_time).toEqual({ tasks: 2, median_hours: 0, p85_hours: 0.011, p95_hours: 0.011 });
  });

  test('says nothing of weeks that have not begun, however far the question goes', async () => {
    const { server } = await twoWeeks();
    await using _ = server;

    const { weeks } = await server.call('get_metrics', { since: '0001-01-01', until: '9999-12-31' });

    expect(weeks.map(({ week }: { week: string }) => week)).toEqual(['2026-01-12', '2026-01-05']);
  });

  test('counts what was completed though its event is written a moment after it', async () => {
    let now = Date.UTC(2026, 0, 5);
    await using server = await anOrchestrator({ clock: () => now++ });
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    for (const title of ['a', 'b']) await server.call('complete_subtask', completion(plan.id(title)));

    const all = await server.call('get_metrics');
    const own = await server.call('get_metrics', { task_id: plan.planId });

    expect([all.completed, own.completed]).toEqual([2, 2]);
  });

  test('tells the same of a plan from its tasks', async () => {
    const { server, plan } = await twoWeeks();
    await using _ = server;
    await aPlan(server, [aSubtask('elsewhere')]);

    const all = await server.call('get_metrics', { until: '2026-01-13T01:00:00.000Z' });
    const { task_id, ...own } = await server.call('get_metrics', {
      task_id: plan.planId,
      until: '2026-01-13T01:00:00.000Z',
    });

    expect(task_id).toBe(plan.planId);
    const { calls: _calls, ...flow } = all;
    expect({ ...own, at_work: flow.at_work }).toEqual(flow);
  });

  test('holds only what happened in the time that is asked about, its last day included', async () => {
    const { server } = await twoWeeks();
    await using _ = server;

    const first = await server.call('get_metrics', { until: '2026-01-06' });
    const second = await server.call('get_metrics', { since: '2026-01-07' });

    expect(first).toMatchObject({ created: 2, completed: 1 });
    expect(second).toMatchObject({ created: 0, completed: 1 });
  });

  test('counts a task that was reopened and completed again once, at its last completion', async () => {
    const { server, clock, plan } = await twoWeeks();
    await using _ = server;
    await server.call('manage_lifecycle', { task_id: plan.id('a'), lifecycle_stage: 'ready' });
    const open = await server.call('get_metrics');
    clock.advance(HOUR);
    await server.call('complete_subtask', completion(plan.id('a')));

    const reply = await server.call('get_metrics');

    expect(open.completed).toBe(1);
    expect(reply.completed).toBe(2);
    expect(reply.weeks).toMatchObject([{ completed: 2 }, { completed: 0 }]);
  });

  test('tells how long work at hand has been under way', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const id = await aGenericTask(server, 'Begun');
    await server.call('execute_subtask', { task_id: id });
    clock.advance(3 * HOUR);

    expect((await server.call('get_metrics')).at_work).toEqual({
      tasks: 1,
      age: { tasks: 1, median_hours: 3, p85_hours: 3, p95_hours: 3 },
    });
  });

  test('counts what a clock that was set back ended before its beginning as having taken no time', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const [done, begun] = [await aGenericTask(server, 'Done'), await aGenericTask(server, 'Begun')];
    await server.call('execute_subtask', { task_id: done });
    await server.call('execute_subtask', { task_id: begun });
    clock.advance(-3 * HOUR);
    await server.call('complete_subtask', completion(done));

    const { cycle_time, lead_time, at_work } = await server.call('get_metrics');

    const none = { tasks: 1, median_hours: 0, p85_hours: 0, p95_hours: 0 };
    expect([cycle_time, lead_time, at_work.age]).toEqual([none, none, none]);
  });

  test('refuses a time that ends before it begins', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('get_metrics', { since: '2026-02-01', until: '2026-01-01' });

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'since' });
  });
});

describe('calls by tool', () => {
  test('are counted with their refusals, those of other servers as well', async () => {
    await using server = await anOrchestrator();
    const other = await anOrchestrator({ workspace: server.workspace });
    await other.call('get_status');
    await other.refused('add_note', { text: 'x', task_id: 'task_zzzz0000' });
    await other[Symbol.asyncDispose]();
    await server.call('get_status');

    const { calls } = await server.call('get_metrics');

    expect(calls).toMatchObject([
      { tool: 'orchestrator_get_status', calls: 2, p50_ms: expect.any(Number) },
      { tool: 'orchestrator_add_note', calls: 1, refused: { not_found: 1 } },
    ]);
  });

  test('are written once a minute with a write that comes anyway', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const written = () =>
      server.orchestrator.read(async ({ calls }) => {
        const counts = await calls.between('2000-01-01', '2100-01-01');
        return counts.reduce((sum, { count }) => sum + count, 0);
      });
    await server.call('add_note', { text: 'One' });
    await server.call('add_note', { text: 'Two' });
    const before = await written();
    clock.advance(60_000);
    await server.call('get_status');
    const afterReading = await written();
    await server.call('add_note', { text: 'Three' });

    expect([before, afterReading, await written()]).toEqual([0, 0, 3]);
  });

  test('are written though the clock was set back', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await server.call('add_note', { text: 'One' });
    clock.advance(-24 * HOUR);
    await server.call('add_note', { text: 'Two' });

    const written = await server.orchestrator.read(({ calls }) => calls.between('2000-01-01', '2100-01-01'));

    expect(written).toMatchObject([{ tool: 'orchestrator_add_note', count: 1 }]);
  });

  test('of a write that fails are written with the next', async () => {
    const clock = aClock();
    let isBroken = false;
    const faults = (point: string) => {
      if (isBroken && point === 'before_commit') throw new Error('broken');
    };
    await using server = await anOrchestrator({ clock: clock.now, faults });
    await server.call('add_note', { text: 'One' });
    clock.advance(60_000);
    isBroken = true;
    await server.refused('add_note', { text: 'Two' });
    isBroken = false;
    clock.advance(60_000);
    await server.call('add_note', { text: 'Three' });

    const { calls } = await server.call('get_metrics');

    expect(calls).toMatchObject([{ calls: 3, refused: { internal: 1 } }]);
  });

  test('under names that there are not are counted together', async () => {
    await using server = await anOrchestrator();
    await server.refused('no_such_tool');
    await server.refused('nor_this_one');

    const { calls } = await server.call('get_metrics');

    expect(calls).toMatchObject([{ tool: 'unknown', calls: 2, refused: { not_found: 2 } }]);
  });
});
