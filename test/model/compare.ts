import { expect } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import type { Directly } from '../directly.ts';
import type { Body, TestOrchestrator } from '../harness.ts';
import { UNTOLD } from './scene.ts';
import {
  descendants,
  edgeStatus,
  isActionable,
  isLeaf,
  isOpen,
  offered,
  offerKeys,
  type Piece,
  piece,
  progressOf,
  settleAll,
  standingOf,
  type World,
} from './world.ts';

const byId = <T>(entries: Iterable<readonly [string, T]>) =>
  Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
const idsOf = (pieces: readonly Piece[]) => pieces.map(({ id }) => id);

/** Compares all that is stored with the world: stages, counters, edges, claims, and what is on offer in which order. */
export async function compareAll(world: World, beside: Directly): Promise<void> {
  const ids = [...world.pieces.keys()];
  const stored = await beside.read(async ({ tasks, claims, offers, dependencies }) => ({
    tasks: (await tasks.findAll(ids)).map(({ id, stage, parentId, version, startedAt, completedAt, standing }) => {
      return [id, { stage, parentId, version, startedAt, completedAt, standing }] as const;
    }),
    edges: (await dependencies.of(ids)).map(({ taskId, prerequisiteId, type, status }) => {
      return [`${taskId} ${prerequisiteId} ${type}`, status] as const;
    }),
    claims: (await claims.list()).map(({ id, taskId, holder, leaseUntil }) => {
      return [taskId, { id, holder, until: leaseUntil }] as const;
    }),
    offers: (await offers.list(world.now, { limit: 1000 })).map(({ id }) => id),
    count: await offers.count(),
  }));
  for (const [id, { id: claim }] of stored.claims) {
    const hold = world.holds.get(id);
    if (hold?.id === UNTOLD) hold.id = claim;
  }
  expect(byId(stored.tasks)).toEqual(byId([...world.pieces.values()].map((one) => [one.id, asStored(world, one)])));
  expect(byId(stored.edges)).toEqual(
    byId(edgesOfAll(world).map((edge) => [`${edge.task} ${edge.prerequisite} ${edge.type}`, edgeStatus(world, edge)])),
  );
  expect(byId(stored.claims)).toEqual(
    byId([...world.holds.values()].map(({ id, task, holder, until }) => [task, { id, holder, until }])),
  );
  expect(stored.offers).toEqual(idsOf(offered(world)));
  expect(stored.count).toBe(stored.offers.length);
}

/** Edges of deleted tasks do not show. */
const edgesOfAll = (world: World) => world.edges.filter(({ task }) => world.pieces.has(task));

function asStored(world: World, one: Piece) {
  const { stage, parent, version, startedAt, completedAt } = one;
  return { stage, parentId: parent, version, startedAt, completedAt, standing: standingOf(world, one) };
}

export const STATUS: Readonly<Record<string, string>> = {
  draft: 'pending',
  ready: 'pending',
  active: 'active',
  review: 'active',
  blocked: 'blocked',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  archived: 'archived',
  superseded: 'archived',
};

/** Compares what the reading tools tell with the world as it is by now, run-out leases included. */
export async function compareReads(stale: World, server: TestOrchestrator): Promise<void> {
  const world = structuredClone(stale);
  settleAll(world);
  compareStatus(world, await server.call('get_status', { budget_tokens: 18_000 }));
  for (const one of world.pieces.values()) {
    const task = await server.call('get_task', { task_id: one.id });
    expect(task).toMatchObject({
      lifecycle_stage: one.stage,
      status: STATUS[one.stage],
      actionable: isActionable(world, one),
    });
    expect(task.claim?.claim_id).toBe(world.holds.get(one.id)?.id);
  }
}

export function compareStatus(world: World, status: Body): void {
  const open = [...world.pieces.values()].filter((one) => isLeaf(world, one) && isOpen(one));
  expect(status.system_status.total_active_tasks).toBe(open.length);
  if (status.truncated !== undefined) return;
  const ready: readonly string[] = status.ready.map((one: Body) => one.task_id);
  const keys = (ids: readonly string[]) => ids.map((id) => offerKeys(world, piece(world, id)));
  expect(ready.toSorted()).toEqual(idsOf(offered(world)).toSorted());
  expect(keys(ready)).toEqual(keys(idsOf(offered(world))));
  expect(status.in_progress.map((one: Body) => one.task_id).toSorted()).toEqual([...world.holds.keys()].toSorted());
  const plans = status.active_tasks.map((one: Body) => [
    one.parent_task_id,
    { progress: one.progress, subtasks: byId(one.subtasks.map((leaf: Body) => [leaf.task_id, leaf.status])) },
  ]);
  expect(byId(plans)).toEqual(byId(openPlans(world)));
}

function openPlans(world: World) {
  const roots = [...world.pieces.values()].filter((one) => one.parent === undefined && isOpen(one));
  return roots
    .filter((one) => !isLeaf(world, one))
    .map((plan) => {
      const { total, completed } = progressOf(world, plan.id);
      const percentage = total === 0 ? 0 : Math.round((completed / total) * 1000) / 10;
      const leaves = descendants(world, plan.id).filter((one) => isLeaf(world, one));
      const subtasks = byId(leaves.map(({ id, stage }) => [id, STATUS[stage]]));
      return [plan.id, { progress: { completed, total, percentage }, subtasks }] as const;
    });
}

/** Compares what was recorded: every event from the first on, and every piece of work with its file. */
export async function compareRecords(world: World, beside: Directly): Promise<void> {
  const { events, artifacts, states } = await beside.read(async (context) => {
    const kept = await context.artifacts.of([...world.pieces.keys()]);
    const files = await Promise.all(kept.map((artifact) => context.artifactFiles.read(artifact)));
    return {
      events: await context.events.after(0, 100_000),
      artifacts: Map.groupBy(kept, ({ taskId }) => taskId),
      states: files.map(({ state }) => state),
    };
  });
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place + 1));
  const created = events.filter(({ type }) => type === 'task.created').map(({ taskId }) => taskId);
  expect(created.toSorted()).toEqual([...world.pieces.keys(), ...world.trash.keys(), ...world.purged].toSorted());
  for (const one of world.pieces.values()) {
    compareMoves(one, events);
    expect([one.id, artifacts.get(one.id)?.length ?? 0]).toEqual([one.id, one.artifacts - one.givenUp]);
  }
  for (const { one } of world.trash.values()) compareMoves(one, events);
  expect(new Set([...states, 'intact'])).toEqual(new Set(['intact']));
}

/** The moves of a task as they were recorded lead from one to the next and to its stage; the status follows where it changed. */
function compareMoves({ id, stage }: Piece, events: readonly Event[]): void {
  const own = events.filter(({ taskId, type }) => taskId === id && /^task\.(lifecycle|status)_changed$/.test(type));
  const steps = own.flatMap(({ type, details = {} }) =>
    type === 'task.lifecycle_changed' ? [{ from: String(details.from), to: String(details.to) }] : [],
  );
  const due = steps.flatMap(({ from, to }) => [
    { type: 'task.lifecycle_changed', from, to },
    ...(STATUS[from] === STATUS[to]
      ? []
      : [{ type: 'task.status_changed', from: String(STATUS[from]), to: String(STATUS[to]) }]),
  ]);
  expect(own.map(({ type, details = {} }) => ({ type, from: details.from, to: details.to }))).toEqual(due);
  expect(steps.slice(1).map(({ from }) => from)).toEqual(steps.slice(0, -1).map(({ to }) => to));
  if (steps.length > 0) expect(steps.at(-1)?.to).toBe(stage);
}

/** The orchestrator itself finds nothing amiss either. */
export async function compareAudit(server: TestOrchestrator): Promise<void> {
  const { findings } = await server.call('maintenance_coordinator', {
    action: 'validate_structure',
    scope: 'full_project',
    validation_level: 'full_audit',
    dry_run: true,
  });
  expect(findings).toEqual([]);
}
