import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import type { VitalSigns } from '../checkup/vitals.ts';

const SIGNS: VitalSigns = {
  databaseBytes: 1_000_000,
  walBytes: 0,
  freeBytes: 10_000_000_000,
  retries: 0,
  longestWaitMs: 0,
  clockShiftMs: 0,
};
const measuring = (signs: Partial<VitalSigns>, stopwatch = () => 0) => ({
  stopwatch,
  measure: async () => ({ ...SIGNS, ...signs }),
});

const healthOf = async (given: TestOrchestrator) => {
  const reply = await given.call('health_check');
  const check = (name: string): Body => reply.checks.find((one: Body) => one.check === name) ?? {};
  return { reply, check };
};

test('a store that is used as usual is good in everything, by its real signs', async () => {
  await using given = await anOrchestrator();
  const plan = await aPlan(given, [aSubtask('One')]);
  await given.call('complete_subtask', completion(plan.id('One')));

  const { reply, check } = await healthOf(given);

  expect(reply.health, JSON.stringify(reply)).toBe('good');
  expect(reply.checks.map((one: Body) => one.check)).toEqual([
    ...['database', 'writable', 'whole', 'version', 'disk', 'wal', 'artifacts', 'claims', 'queue', 'retries', 'clock'],
  ]);
  expect(check('artifacts').finding).toBe('Looked at 1, all intact');
});

test('a look changes nothing, though a write was made', async () => {
  await using given = await anOrchestrator();
  await aGenericTask(given, 'One');
  const latest = () =>
    given.orchestrator.read(async ({ events, sessions }) => [await events.latest(), await sessions.unended(10)]);
  const before = await latest();

  await given.call('health_check');
  await given.call('health_check');

  expect(await latest()).toEqual(before);
});

test('the write is committed, for else a full disk would not be noticed, and what it wrote is what there was', async () => {
  await using given = await anOrchestrator();
  await aGenericTask(given, 'One');
  const other = new Sqlite(join(given.workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  onTestFinished(() => void other.close());
  const seen = () => [other.pragma('data_version', { simple: true }), other.prepare('select * from store').get()];
  const [version, row] = seen();

  await given.call('health_check');

  const [later, same] = seen();
  expect(later).not.toBe(version);
  expect(same).toEqual(row);
});

const CASES: readonly (readonly [
  what: string,
  check: string,
  state: string,
  signs: Partial<VitalSigns>,
  said: RegExp,
])[] = [
  [
    'there is little space beside the database',
    'disk',
    'concern',
    { freeBytes: 100_000_000, databaseBytes: 30_000_000, walBytes: 30_000_000 },
    /100 MB free beside a store of 60 MB/,
  ],
  ['there is hardly any space', 'disk', 'bad', { freeBytes: 20_000_000 }, /20 MB free/],
  ['the system does not tell the free space', 'disk', 'not_checked', { freeBytes: undefined }, /does not tell/],
  ['the log has grown', 'wal', 'concern', { walBytes: 200_000_000 }, /200 MB/],
  ['one waited for long', 'retries', 'concern', { retries: 900, longestWaitMs: 7_000.4 }, /900 times.*7000 ms/],
  ['the clock was set back', 'clock', 'concern', { clockShiftMs: -3 * HOUR }, /set back by 3 hours/],
  ['the clock was set forward', 'clock', 'concern', { clockShiftMs: 90_000 }, /set forward by 90 seconds/],
];

test.each(CASES)('where %s, %s is %s', async (_, name, state, signs, said) => {
  await using given = await anOrchestrator({ vitals: measuring(signs) });

  const { reply, check } = await healthOf(given);

  expect(check(name)).toMatchObject({ state, finding: expect.stringMatching(said) });
  expect(reply.health).toBe(state === 'not_checked' ? 'good' : state);
  if (state !== 'not_checked') expect(check(name).next_step).toMatch(/\w/);
});

test('a small database is told in a unit in which it is something', async () => {
  await using given = await anOrchestrator({ vitals: measuring({ databaseBytes: 4096 }) });

  expect((await healthOf(given)).check('disk').finding).toBe('10 GB free beside a store of 5 kB');
});

test('a store that somebody else holds is told, and the rest is measured all the same', async () => {
  await using given = await anOrchestrator();
  await aGenericTask(given, 'One');
  const other = new Sqlite(join(given.workspace, '.task_orchestrator/task_orchestrator.db'));
  other.exec('begin immediate');

  const { reply, check } = await healthOf(given);
  other.close();

  expect(reply.health).toBe('bad');
  expect(check('writable')).toMatchObject({ state: 'bad', finding: expect.stringContaining('without a pause') });
  expect(check('queue').finding).toMatch(/^To be taken: 1/);
});

/** A store that has claims and artifacts, and whose part of this name was overwritten on the disk; no server has it open. */
async function aDamagedStore(part: string) {
  const workspace = mkdtempSync(join(tmpdir(), 'mto-health-'));
  onTestFinished(() => rmSync(workspace, { recursive: true }));
  const server = await anOrchestrator({ workspace });
  const plan = await aPlan(server, [aSubtask('One'), aSubtask('Two')]);
  await server.call('complete_subtask', completion(plan.id('One')));
  await server[Symbol.asyncDispose]();
  const path = join(workspace, '.task_orchestrator/task_orchestrator.db');
  const database = new Sqlite(path);
  const page = Number(database.prepare('select rootpage from sqlite_schema where name = ?').pluck().get(part));
  database.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(file);
  return workspace;
}

test.each([
  ['artifacts', 'artifacts'],
  ['events', 'clock'],
  ['offers_by_age', 'queue'],
])('damage in %s is told as damage of %s and of the whole, and the rest is measured', async (part, concerned) => {
  await using given = await anOrchestrator({ workspace: await aDamagedStore(part) });

  const { reply, check } = await healthOf(given);

  const bad = reply.checks.filter(({ state }: Body) => state === 'bad');
  expect(bad.map((one: Body) => one.check).toSorted()).toEqual([concerned, 'whole'].toSorted());
  for (const { finding, next_step } of bad) {
    expect(finding).toMatch(/damaged/i);
    expect(finding).not.toContain('\n');
    expect(next_step).toContain('mcp-task-orchestrator doctor');
  }
  expect(check('writable').state).toBe('good');
});

test('a store that answers slowly says so', async () => {
  let now = 0;
  const slow = () => (now += 3_000);
  await using given = await anOrchestrator({ vitals: measuring({}, slow) });

  expect((await healthOf(given)).check('database')).toMatchObject({ state: 'concern', finding: 'Answers in 3000 ms' });
});

test('a read that waits behind a write of the same server is not called slow', async () => {
  let [now, isHeld] = [0, false];
  const asked = Promise.withResolvers<void>();
  await using given = await anOrchestrator({
    vitals: measuring({}, () => now),
    async faults(point) {
      if (!isHeld || point !== 'begun') return;
      isHeld = false;
      await asked.promise;
      now += 4_000;
    },
  });
  await healthOf(given);
  isHeld = true;

  const writing = aGenericTask(given, 'One');
  await expect.poll(() => isHeld).toBe(false);
  const health = healthOf(given);
  setImmediate(asked.resolve);
  await writing;

  expect((await health).check('database').finding).toBe('Answers in 0 ms');
});

describe('what the rows tell', () => {
  test('an artifact that is lost', async () => {
    await using given = await anOrchestrator();
    const plan = await aPlan(given, [aSubtask('One'), aSubtask('Two')]);
    await given.call('complete_subtask', completion(plan.id('One')));
    await given.call('complete_subtask', completion(plan.id('Two')));
    rmSync(join(given.workspace, '.task_orchestrator/artifacts', plan.id('Two')), { recursive: true });

    const { check } = await healthOf(given);

    expect(check('artifacts')).toMatchObject({
      state: 'concern',
      finding: expect.stringMatching(/^Looked at 2: 1 missing or altered, artifact_\w{8} for one$/),
      next_step: expect.stringContaining('verify'),
    });
  });

  test('a claim that has run out, with the call that takes its task up again', async () => {
    const clock = aClock();
    await using given = await anOrchestrator({ clock: clock.now });
    const plan = await aPlan(given, [aSubtask('One')]);
    await given.call('execute_subtask', { task_id: plan.id('One') });
    const held = (await healthOf(given)).check('claims');
    clock.advance(100 * HOUR);

    const stuck = (await healthOf(given)).check('claims');

    expect(held).toMatchObject({ state: 'good', finding: '1 live, none stuck' });
    expect(stuck).toMatchObject({
      state: 'concern',
      finding: `0 live, 1 stuck: the lease on ${plan.id('One')} ran out 4 days ago`,
    });
    expect(stuck.next_step).toContain(plan.id('One'));
  });

  test('how long the oldest of what can be taken has been waiting', async () => {
    const clock = aClock();
    await using given = await anOrchestrator({ clock: clock.now });
    const first = await aGenericTask(given, 'First', { attributes: { title: 'First', priority: 'low' } });
    clock.advance(24 * 8 * HOUR);
    await aGenericTask(given, 'Second', { attributes: { title: 'Second', priority: 'critical' } });

    expect((await healthOf(given)).check('queue')).toMatchObject({
      state: 'concern',
      finding: `To be taken: 2, of which ${first} for 8 days`,
    });
  });

  test('an event in the future, also when others were recorded since the clock was set back', async () => {
    const clock = aClock();
    await using given = await anOrchestrator({ clock: clock.now });
    await aGenericTask(given, 'One');
    clock.advance(-3 * HOUR);
    await aGenericTask(given, 'Two');

    expect((await healthOf(given)).check('clock')).toMatchObject({
      state: 'concern',
      finding: expect.stringContaining('3 hours in the future'),
    });
  });
});
