import { expect } from 'vitest';
import type { Directly } from '../directly.ts';
import type { Body, TestOrchestrator } from '../harness.ts';
import {
  descendants,
  edgeStatus,
  isActionable,
  isLeaf,
  isOpen,
  offered,
  progressOf,
  settleAll,
  standingOf,
  type World,
} from './world.ts';

const byId = <T>(entries: Iterable<readonly [string, T]>) =>
  Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));

/** Compares all that is stored with the world: stages, counters, edges, claims, and what is on offer in which order. */
export async function compareAll(world: World, beside: Directly): Promise<void> {
  const ids = [...world.pieces.keys()];
  const stored = await beside.read(async ({ tasks, claims, offers, dependencies }) => ({
    tasks: await tasks.findAll(ids),
    roots: (await tasks.roots({ limit: 1000 })).length,
    claims: await claims.list(),
    offers: await offers.list(world.now, { limit: 1000 }),
    count: await offers.count(),
    edges: await dependencies.of(ids),
  }));
  expect(
    byId(
      stored.tasks.map(({ id, stage, parentId, version, startedAt, completedAt, standing }) => [
        id,
        { stage, parentId, version, startedAt, completedAt, standing },
      ]),
    ),
  ).toEqual(
    byId(
      [...world.pieces.values()].map((one) => {
        const { stage, parent, version, startedAt, completedAt } = one;
        return [one.id, { stage, parentId: parent, version, startedAt, completedAt, standing: standingOf(world, one) }];
      }),
    ),
  );
  expect(
    byId(
      stored.edges.map(({ taskId, prerequisiteId, type, status }) => [`${taskId} ${prerequisiteId} ${type}`, status]),
    ),
  ).toEqual(
    byId(world.edges.map((edge) => [`${edge.task} ${edge.prerequisite} ${edge.type}`, edgeStatus(world, edge)])),
  );
  expect(byId(stored.claims.map(({ id, taskId, holder, leaseUntil }) => [taskId, { id, holder, leaseUntil }]))).toEqual(
    byId([...world.holds.values()].map(({ id, task, holder, until }) => [task, { id, holder, leaseUntil: until }])),
  );
  expect(stored.offers.map(({ id }) => id)).toEqual(offered(world).map(({ id }) => id));
  expect(stored.count).toBe(stored.offers.length);
}

const STATUS: Readonly<Record<string, string>> = {
  draft: 'pending',
  ready: 'pending',
  active: 'active',
  review: 'active',
  blocked: 'blocked',
  archived: 'archived',
  superseded: 'archived',
};

/** Compares what the reading tools tell with the world as it is by now, run-out leases included. */
export async function compareReads(stale: World, server: TestOrchestrator): Promise<void> {
  const world = structuredClone(stale);
  settleAll(world);
  const status = await server.call('get_status', { budget_tokens: 18_000 });
  if (status.truncated === undefined) {
    expect(status.ready.map((one: Body) => one.task_id)).toEqual(offered(world).map(({ id }) => id));
    const plans = status.active_tasks.map((one: Body) => [
      one.parent_task_id,
      { progress: one.progress, subtasks: byId(one.subtasks.map((leaf: Body) => [leaf.task_id, leaf.status])) },
    ]);
    expect(byId(plans)).toEqual(byId(openPlans(world)));
    expect(status.in_progress.map((one: Body) => one.task_id).toSorted()).toEqual([...world.holds.keys()].toSorted());
  }
  const open = [...world.pieces.values()].filter((one) => isLeaf(world, one) && isOpen(one));
  expect(status.system_status.total_active_tasks).toBe(open.length);
  for (const one of world.pieces.values()) {
    const task = await server.call('get_task', { task_id: one.id });
    expect(task).toMatchObject({
      lifecycle_stage: one.stage,
      status: STATUS[one.stage] ?? one.stage,
      actionable: isActionable(world, one),
    });
    expect(task.claim?.claim_id).toBe(world.holds.get(one.id)?.id);
  }
}

function openPlans(world: World) {
  const roots = [...world.pieces.values()].filter((one) => one.parent === undefined && isOpen(one));
  return roots
    .filter((one) => !isLeaf(world, one))
    .map((plan) => {
      const { total, completed } = progressOf(world, plan.id);
      const percentage = total === 0 ? 0 : Math.round((completed / total) * 1000) / 10;
      const leaves = descendants(world, plan.id).filter((one) => isLeaf(world, one));
      const subtasks = byId(leaves.map(({ id, stage }) => [id, STATUS[stage] ?? stage]));
      return [plan.id, { progress: { completed, total, percentage }, subtasks }] as const;
    });
}
