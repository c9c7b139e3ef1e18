import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { damage } from '../../../test/damage.ts';
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
import { aFile, filesIn } from '../../../test/maintenance.ts';
import { tokensOf } from '../../domain/budget.ts';
import { ACTIONS, LEVELS, SCOPES } from '../../domain/maintenance.ts';

const maintain = (server: TestOrchestrator, args: Body): Promise<Body> => server.call('maintenance_coordinator', args);

/** What each action answers with, beside what all do. */
const OWN = {
  scan_cleanup: ['scan_results', 'cleanup_actions'],
  validate_structure: ['summary', 'findings'],
  update_documentation: ['files'],
  prepare_handover: ['handover', 'path'],
} as const;

const CASES = ACTIONS.flatMap((action) =>
  SCOPES.flatMap((scope) => LEVELS.map((validation_level) => ({ action, scope, validation_level }))),
);

/** A workspace in which every action has something to do; gives the plan that it is about. */
async function muchToDo(server: TestOrchestrator, clock: ReturnType<typeof aClock>): Promise<string> {
  const plan = await aPlan(server, [aSubtask('Done'), aSubtask('Begun'), aSubtask('Next', ['Begun'])]);
  await server.call('complete_subtask', completion(plan.id('Done')));
  await server.call('execute_subtask', { task_id: plan.id('Begun') });
  const old = await aGenericTask(server, 'Given up');
  await server.call('cancel_task', { task_id: old, reason: 'Not wanted' });
  await aFile(server, 'trash/artifacts/task_gone0000/artifact_gone0000.md', clock.now() - 40 * 24 * HOUR);
  await aFile(server, 'artifacts/task_gone0000/artifact_lost0000.md', clock.now() - 10 * 24 * HOUR);
  damage(server.workspace, 'update tasks set waiters = 7 where id = ?', plan.id('Done'));
  clock.advance(40 * 24 * HOUR);
  return plan.planId;
}

/** What tasks are and what happened to them, and all files. */
async function everythingIn(server: TestOrchestrator) {
  const database = new Sqlite(join(server.workspace, '.task_orchestrator/task_orchestrator.db'), { readonly: true });
  const tables = ['tasks', 'dependencies', 'claims', 'artifacts', 'notes', 'events', 'maintenance', 'identities'];
  const rows = tables.map((table) => database.prepare(`select * from ${table}`).all());
  database.close();
  return { rows, files: await filesIn(server, '.') };
}

describe('maintenance_coordinator', () => {
  test.each([
    { action: 'scan_cleanup', scope: 'current_session', validation_level: 'comprehensive' },
    { action: 'scan_cleanup', scope: 'current_session', validation_level: 'basic' },
    { action: 'scan_cleanup', scope: 'full_project', validation_level: 'comprehensive' },
    { action: 'scan_cleanup', scope: 'current_session' },
    { action: 'prepare_handover', validation_level: 'comprehensive' },
    { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' },
    { action: 'validate_structure', scope: 'full_project' },
  ])('the example of the reference is answered: %j', async (args) => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('A')]);

    const reply = await maintain(server, args);

    expect(reply).toMatchObject({
      operation_id: expect.stringMatching(/^maint_[0-9a-z]{8}$/),
      scope: args.scope ?? 'current_session',
      recommendations: expect.any(Array),
    });
  });

  test.each(CASES)(
    '$action works in scope $scope at level $validation_level, also where there is nothing',
    async (args) => {
      await using full = await anOrchestrator();
      await using empty = await anOrchestrator();
      const plan = await aPlan(full, [aSubtask('A'), aSubtask('B', ['A'])]);
      await full.call('complete_subtask', completion(plan.id('A')));
      const isAimed = args.scope === 'specific_subtask';

      const replies = [
        await maintain(full, { ...args, ...(isAimed && { target_task_id: plan.planId }) }),
        await maintain(empty, { ...args, ...(isAimed && { scope: 'full_project' }) }),
      ];

      for (const reply of replies) expect(Object.keys(reply)).toEqual(expect.arrayContaining([...OWN[args.action]]));
    },
  );

  test.each(CASES)('$action only looks in scope $scope at level $validation_level with dry_run', async (args) => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const planId = await muchToDo(server, clock);
    const before = await everythingIn(server);
    const isAimed = args.scope === 'specific_subtask';

    const reply = await maintain(server, { ...args, ...(isAimed && { target_task_id: planId }), dry_run: true });

    expect(Object.keys(reply)).toEqual(expect.arrayContaining(OWN[args.action].filter((name) => name !== 'path')));
    expect(reply).not.toHaveProperty('path');
    expect(await everythingIn(server)).toEqual(before);
  });

  test('what was only looked at is found again by the call that does it', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    await muchToDo(server, clock);
    const args = { scope: 'full_project', validation_level: 'full_audit' };

    for (const action of ['scan_cleanup', 'validate_structure'] as const) {
      const [, list] = OWN[action];
      const told = ({ result, ...one }: Body) => one;
      const foreseen = (await maintain(server, { ...args, action, dry_run: true }))[list];
      const done = (await maintain(server, { ...args, action }))[list];

      expect(foreseen.length).toBeGreaterThan(0);
      expect(done.map(told)).toEqual(foreseen.map(told));
    }
  });

  test('the planned name means the same tool', async () => {
    await using server = await anOrchestrator();

    expect(await server.call('orchestrator_maintain_system', { action: 'scan_cleanup' })).toMatchObject({
      scan_results: { total_tasks_scanned: 0, stale_tasks_found: 0, orphaned_tasks: 0, incomplete_workflows: 0 },
      cleanup_actions: [],
    });
  });

  test('one subtree needs a target, and the refusal says so', async () => {
    await using server = await anOrchestrator();

    expect(
      await server.refused('maintenance_coordinator', { action: 'scan_cleanup', scope: 'specific_subtask' }),
    ).toMatchObject({
      code: 'invalid',
      error: 'Missing required parameter: target_task_id',
      required_parameters: ['action', 'target_task_id'],
    });
  });

  test('a target beside another scope is refused, for it is not clear what is meant', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('A')]);
    const args = { action: 'scan_cleanup', target_task_id: plan.planId };

    for (const scope of ['current_session', 'full_project'])
      expect(await server.refused('maintenance_coordinator', { ...args, scope })).toMatchObject({
        code: 'invalid',
        parameter: 'target_task_id',
        suggestion: expect.stringContaining('specific_subtask'),
      });
  });

  test('a target that does not exist is not found, and nothing stays under way', async () => {
    await using server = await anOrchestrator();
    const args = { action: 'scan_cleanup', scope: 'specific_subtask', target_task_id: 'task_nobody00' };

    expect(await server.refused('maintenance_coordinator', args)).toMatchObject({ code: 'not_found' });

    expect(await maintain(server, { action: 'scan_cleanup' })).toHaveProperty('scan_results');
  });

  test('an unknown action is refused with those that there are', async () => {
    await using server = await anOrchestrator();

    expect(await server.refused('maintenance_coordinator', { action: 'clean' })).toMatchObject({
      code: 'invalid',
      parameter: 'action',
    });
    expect(await server.refused('maintenance_coordinator', {})).toMatchObject({ required_parameters: ['action'] });
  });

  test('a repeated call is answered as before, and nothing is done again', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('A')]);
    const args = { action: 'scan_cleanup', idempotency_key: 'once' };

    const [first, second] = [await maintain(server, args), await maintain(server, args)];

    expect(second).toEqual(first);
  });

  test.each([200, 400, 1000])('no reply costs more than its budget of %d tokens', async (budget_tokens) => {
    await using server = await anOrchestrator();
    const plan = await aPlan(
      server,
      Array.from({ length: 40 }, (_, place) => aSubtask(`Task ${place}, which has a title of some length`)),
    );
    for (let place = 0; place < 5; place++)
      await server.call('add_note', { task_id: plan.planId, kind: 'risk', text: 'A risk '.repeat(50) });

    for (const action of ACTIONS) {
      const reply = await maintain(server, { action, validation_level: 'full_audit', budget_tokens });
      expect(tokensOf(reply)).toBeLessThanOrEqual(budget_tokens);
    }
  });

  test('a session means what it created, and where that is nothing all open work', async () => {
    await using server = await anOrchestrator();
    await server.call('initialize_session');
    await aPlan(server, [aSubtask('A'), aSubtask('B')]);
    const { session_id } = await server.call('initialize_session');
    const scanned = async (args: Body) =>
      (await maintain(server, { action: 'scan_cleanup', ...args })).scan_results.total_tasks_scanned;

    expect(await scanned({ session_id })).toBe(3);
    await aPlan(server, [aSubtask('C')], { session_id });
    expect(await scanned({ session_id })).toBe(2);
    expect(await scanned({ scope: 'full_project' })).toBe(5);
  });
});
