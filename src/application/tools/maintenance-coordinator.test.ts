import { describe, expect, test } from 'vitest';
import {
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';
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
