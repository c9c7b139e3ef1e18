import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aPlan, aSubtask, type Body, type TestOrchestrator } from '../../../test/harness.ts';
import { aServer } from '../../../test/maintenance.ts';

const handOver = (server: TestOrchestrator): Promise<Body> =>
  server.call('maintenance_coordinator', { action: 'prepare_handover', scope: 'full_project' });

test('a handover names approvals that nobody has decided about, and the call by which that is done', async () => {
  await using given = await aServer();
  const { server } = given;
  const create = async (title: string, more: Body): Promise<string> => {
    const made = await server.call('create_generic_task', { attributes: { title }, stage: 'ready', ...more });
    return made.task_id;
  };
  const gate = await create('May we?', { task_type: 'approval' });
  const dependencies = [{ dependency_task_id: gate, dependency_type: 'approval' }];
  const ship = await create('Ship', { task_type: 'feature', dependencies });

  const { handover, path } = await handOver(server);
  const text = await readFile(join(server.workspace, path), 'utf8');

  expect(handover.blocked).toMatchObject([
    { task_id: gate, state: 'waiting', reason: 'it waits for a decision' },
    { task_id: ship, state: 'waiting', reason: expect.stringContaining(gate) },
  ]);
  for (const { task_id, way_out } of handover.blocked) {
    expect(way_out).toContain('orchestrator_manage_dependencies');
    expect(way_out).toContain(task_id);
    expect(text).toContain(`Way out: \`${way_out}\``);
  }
});

test('a handover names a plan before those that are a part of it', async () => {
  await using given = await aServer();
  const { server } = given;
  const outer = await aPlan(server, [aSubtask('A'), aSubtask('B')]);
  const inner = await aPlan(server, [aSubtask('C')], { parent_task_id: outer.id('A') });

  const { handover } = await handOver(server);

  expect(handover.plans.map(({ task_id }: Body) => task_id)).toEqual([outer.planId, outer.id('A'), inner.planId]);
});
