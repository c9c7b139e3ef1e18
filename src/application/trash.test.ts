import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../test/harness.ts';
import { OrchestratorError } from '../domain/errors.ts';

/** What a step does, and numbers that pick the tasks it is about among those there have ever been. */
type Step = Readonly<{ kind: keyof typeof STEPS; one: number; other: number; flag: boolean }>;
type Make = (one: string, other: string, flag: boolean) => readonly [tool: string, args: Body];

const STEPS = {
  create: (one) => ['create_generic_task', { ...READY, parent_task_id: one }],
  createTop: () => ['create_generic_task', READY],
  createApproval: (one) => [
    'create_generic_task',
    {
      task_type: 'approval',
      stage: 'ready',
      attributes: { title: 'Gate' },
      dependencies: [{ dependency_task_id: one }],
    },
  ],
  wait: (one, other) => ['manage_dependencies', { task_id: one, dependencies: [{ dependency_task_id: other }] }],
  waitForData: (one, other) => [
    'manage_dependencies',
    { task_id: one, dependencies: [{ dependency_task_id: other, dependency_type: 'data' }] },
  ],
  waive: (one, other) => [
    'manage_dependencies',
    { task_id: one, dependencies: [{ dependency_task_id: other }], operation: 'waive', comment: 'No need' },
  ],
  free: (one, other) => [
    'manage_dependencies',
    { task_id: one, dependencies: [{ dependency_task_id: other }], operation: 'remove' },
  ],
  start: (one) => ['execute_subtask', { task_id: one }],
  complete: (one) => ['complete_subtask', completion(one)],
  block: (one) => ['manage_lifecycle', { task_id: one, lifecycle_stage: 'blocked' }],
  ready: (one) => ['manage_lifecycle', { task_id: one, lifecycle_stage: 'ready' }],
  reopenParent: (one) => ['manage_lifecycle', { task_id: one, lifecycle_stage: 'active' }],
  archive: (one) => ['manage_lifecycle', { task_id: one, lifecycle_stage: 'archived' }],
  move: (one, other, flag) => ['update_task', { task_id: one, parent_task_id: flag ? other : null }],
  cancel: (one, _, flag) => ['cancel_task', { task_id: one, preserve_work: flag }],
  delete: (one, _, flag) => ['delete_task', { task_id: one, cascade: true, force: flag }],
  deleteByForce: (one) => ['delete_task', { task_id: one, cascade: true, force: true }],
  purge: (one) => ['delete_task', { task_id: one, permanent: true }],
  restore: (one) => ['restore_task', { task_id: one }],
  restoreToo: (one) => ['restore_task', { task_id: one }],
} as const satisfies Record<string, Make>;

const READY = { task_type: 'feature', stage: 'ready', attributes: { title: 'Some task' } } as const;

const isKind = (name: string): name is keyof typeof STEPS => name in STEPS;
const aStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(...Object.keys(STEPS).filter(isKind)),
  one: fc.nat(11),
  other: fc.nat(11),
  flag: fc.boolean(),
});

/** What was refused is no mistake; anything that nobody foresaw is. */
async function perform({ call }: TestOrchestrator, [tool, args]: ReturnType<Make>): Promise<Body> {
  try {
    return await call(tool, args);
  } catch (error) {
    if (error instanceof OrchestratorError && error.code !== 'internal') return {};
    throw error;
  }
}

const findings = async ({ call }: TestOrchestrator) =>
  (
    await call('maintenance_coordinator', {
      action: 'validate_structure',
      scope: 'full_project',
      validation_level: 'full_audit',
      dry_run: true,
    })
  ).findings;

describe('the trash', () => {
  test('whatever is deleted, restored, purged, cancelled and moved, nothing is wrong with the structure', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aStep, { minLength: 15, maxLength: 60 }), async (steps) => {
        await using server = await anOrchestrator({ config: { synchronous: 'normal' } });
        const family = await aFamily(server);
        const ids: string[] = Object.values(family);
        for (const { kind, one, other, flag } of steps) {
          const make: Make = STEPS[kind];
          const { task_id } = await perform(
            server,
            make(ids[one % ids.length] ?? '', ids[other % ids.length] ?? '', flag),
          );
          if (typeof task_id === 'string' && !ids.includes(task_id)) ids.push(task_id);
        }

        expect(await findings(server)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  test('what is deleted and restored is as it was, to the row', async () => {
    await using server = await anOrchestrator({ clock: aClock().now });
    const { top, waiting } = await aFamily(server);
    const before = rows(server);

    await server.call('delete_task', { task_id: top, cascade: true, force: true });
    const between = await server.call('get_task', { task_id: waiting });
    await server.call('restore_task', { task_id: top });

    expect(between).toMatchObject({ actionable: false, dependencies: [{ status: 'failed' }] });
    expect(rows(server)).toEqual(before);
  });
});

/** A top task with two below it, one of which is done, a note, and a task outside that waits. */
async function aFamily(server: TestOrchestrator) {
  const top = await aGenericTask(server, 'Top');
  const done = await aGenericTask(server, 'Done', { parent_task_id: top });
  const open = await aGenericTask(server, 'Open', {
    parent_task_id: top,
    dependencies: [{ dependency_task_id: done, dependency_type: 'data' }],
  });
  const waiting = await aGenericTask(server, 'Waiting', { dependencies: [{ dependency_task_id: open }] });
  await server.call('complete_subtask', completion(done));
  await server.call('add_note', { task_id: open, text: 'Careful', kind: 'risk' });
  return { top, done, open, waiting };
}

/** All rows but the history, and when edges were last written. */
function rows({ workspace }: TestOrchestrator) {
  const database = new Sqlite(join(workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  try {
    return ['tasks', 'notes', 'artifacts', 'claims', 'identities', 'dependencies'].map((table) =>
      database
        .prepare(`select * from ${table}`)
        .all()
        .map((row) => ({
          ...(typeof row === 'object' ? row : {}),
          ...(table === 'dependencies' && { updated_at: 0 }),
        })),
    );
  } finally {
    database.close();
  }
}
