import { describe, expect, test } from 'vitest';
import { anOrchestrator, aPlan, aSubtask, completion } from '../../test/harness.ts';
import { drawId } from '../infrastructure/ids.ts';

/** Draws these first, then at random. */
function drawing(...first: readonly string[]) {
  const left = [...first];
  return () => left.shift() ?? drawId();
}

describe('a new id', () => {
  test('is drawn again when it is taken already', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const taken = id('a').slice(-8);
    await using other = await anOrchestrator({
      workspace: server.workspace,
      drawId: drawing('request0', 'request1', taken, taken, taken),
    });

    await other.call('initialize_session');
    const plan = await aPlan(other, [aSubtask('b')]);

    expect(plan.id('b').slice(-8)).not.toBe(taken);
    expect(await other.call('get_task', { task_id: plan.id('b') })).toMatchObject({ title: 'b' });
  });

  test('has eight characters that no other id has, whatever their prefixes', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b', [], { specialist_type: 'tester' })]);
    const { claim } = await server.call('execute_subtask', { task_id: plan.id('a') });
    const { artifact_info } = await server.call('complete_subtask', completion(plan.id('a')));

    const ids = [plan.planId, plan.id('a'), plan.id('b'), claim.held_by, claim.claim_id, artifact_info.artifact_id];

    for (const id of ids) expect(id).toMatch(/^[a-z]+_[0-9a-z]{8}$/);
    expect(new Set(ids.map((id) => id.slice(-8))).size).toBe(ids.length);
  });

  test('that cannot be found is told as a passing trouble', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await using other = await anOrchestrator({ workspace: server.workspace, drawId: () => id('a').slice(-8) });

    const refusal = await other.refused('add_note', { text: 'x' });

    expect(refusal).toMatchObject({ code: 'transient', retry_after_ms: expect.any(Number) });
  });
});
