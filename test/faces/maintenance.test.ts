import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { damage, rowOf } from '../damage.ts';
import { aSubtask, type Body } from '../harness.ts';
import { type RawServer, startServer } from '../stdio-client.ts';

const TASKS = 2_000;
const PARTS = Array.from({ length: 499 }, (_, number) => aSubtask(`Task ${number}`));
const TOOL = 'orchestrator_maintenance_coordinator';
const REPAIR = { action: 'validate_structure', scope: 'full_project', validation_level: 'comprehensive' };

let workspace: string;
beforeEach(async () => {
  workspace = await realpath(await mkdtemp(join(tmpdir(), 'mto-maintenance-')));
});
afterEach(() => rm(workspace, { recursive: true, force: true }));

async function aServer() {
  const server = startServer({ workspace });
  await server.rpc.initialize();
  return server;
}

/** A server of a store in which every task has to be mended, so that a repair takes a while. */
async function aServerWithMuchToMend() {
  const server = await aServer();
  for (const description of ['A', 'B', 'C', 'D'])
    await server.rpc.call('orchestrator_plan_task', { description, subtasks_json: JSON.stringify(PARTS) });
  damage(workspace, 'update tasks set waiters = 7');
  return server;
}

const count = (query: string): number => Number(Object.values({ ...Object(rowOf(workspace, query)) })[0]);
const unmended = () => count('select count(*) from tasks where waiters = 7');

/** Starts the repair, and waits until some of it is done. */
async function aRepairUnderWay({ rpc }: RawServer) {
  const ended = rpc.request(
    'tools/call',
    { name: TOOL, arguments: REPAIR, _meta: { progressToken: 'mending' } },
    'repair',
  );
  // A call that is taken back is never answered.
  ended.catch(() => undefined);
  await vi.waitFor(() => expect(unmended()).toBeLessThan(TASKS), { timeout: 20_000, interval: 5 });
  return { ended };
}

test('what a client takes back keeps what it has mended, and the same call goes on with the rest', async () => {
  await using server = await aServerWithMuchToMend();
  await aRepairUnderWay(server);

  server.rpc.notify('notifications/cancelled', { requestId: 'repair' });
  await vi.waitFor(() => expect(count('select count(*) from maintenance')).toBe(0), { timeout: 20_000 });
  const left = unmended();
  const { body } = await server.rpc.call<Body>(TOOL, REPAIR);

  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(TASKS);
  expect(body.summary).toEqual({ findings: left, repaired: left, needs_review: 0 });
  expect(count("select count(*) from events where type = 'maintenance.run'")).toBe(2);
});

test('progress is told while it goes on, and a second server is told who makes it and may look', async () => {
  await using server = await aServerWithMuchToMend();
  await using other = await aServer();
  await other.rpc.call('orchestrator_initialize_session');
  const { ended } = await aRepairUnderWay(server);

  const refused = await other.rpc.call<Body>(TOOL, REPAIR);
  const looked = await other.rpc.call<Body>(TOOL, { ...REPAIR, dry_run: true });
  await ended;
  const afterwards = await other.rpc.call<Body>(TOOL, REPAIR);

  expect(refused).toMatchObject({ isError: true, body: { code: 'conflict', suggestion: expect.any(String) } });
  expect(looked.isError).toBe(false);
  expect(afterwards.body.findings).toEqual([]);
  const told = server.rpc.notices.filter(({ method }) => method === 'notifications/progress');
  const steps = told.map(({ params }) => Number(params.progress));
  expect(steps.length).toBeGreaterThan(2);
  expect(steps.every((step, place) => step > (steps[place - 1] ?? -1))).toBe(true);
  expect(told.at(-1)?.params).toMatchObject({ progressToken: 'mending', message: expect.stringMatching(/ of \d+$/) });
});
