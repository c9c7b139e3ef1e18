import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directly } from '../../../test/directly.ts';
import {
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { move } from '../consequences.ts';

const complete = (server: TestOrchestrator, id: string, more: Readonly<Record<string, unknown>> = {}) =>
  server.call('complete_subtask', completion(id, more));

const theTask = (server: TestOrchestrator, task_id: string) => server.call('get_task', { task_id });

const latestEvent = (server: TestOrchestrator) => server.orchestrator.read(({ events }) => events.latest());

describe('synthesize_results of a plan whose subtasks are done', () => {
  test('is answered as the reference shows it, and completes the plan', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(
      server,
      [aSubtask('Scraper architecture'), aSubtask('Implementation code', ['Scraper architecture'])],
      {
        description: 'Build a Python web scraper',
      },
    );
    const first = await complete(server, id('Scraper architecture'), { summary: 'One queue', artifact_type: 'design' });
    const second = await complete(server, id('Implementation code'), { summary: 'All of it', artifact_type: 'code' });

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    const ids = [first, second].map(({ artifact_info }) => artifact_info.artifact_id);
    expect(reply).toMatchObject({
      synthesis_complete: true,
      parent_task_id: planId,
      task_description: 'Build a Python web scraper',
      completed_subtasks: 2,
      synthesis: {
        overview: expect.stringContaining('2 of 2 subtasks completed'),
        key_deliverables: ['Scraper architecture: One queue', 'Implementation code: All of it'],
        artifacts_created: ids,
        next_steps: [],
      },
      artifacts: {
        total_artifacts: 2,
        artifact_summary: [
          { artifact_id: ids[0], artifact_type: 'design' },
          { artifact_id: ids[1], artifact_type: 'code' },
        ],
        access_instructions: expect.stringContaining('.task_orchestrator/artifacts/'),
      },
    });
    expect(await theTask(server, planId)).toMatchObject({ lifecycle_stage: 'completed' });
  });

  test('is written as an artifact of the plan', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')], { description: 'Build it' });
    await complete(server, id('a'), { summary: 'One queue per host', file_paths: ['src/queue.ts'] });

    const { synthesis_artifact: made } = await server.call('synthesize_results', { parent_task_id: planId });

    const file = await readFile(join(server.workspace, made.accessible_via), 'utf8');
    expect(made.accessible_via).toBe(`.task_orchestrator/artifacts/${planId}/${made.artifact_id}.md`);
    expect(file).toContain('# Build it');
    expect(file).toContain('a: One queue per host');
    expect(file).toContain('src/queue.ts');
  });

  test('lists the work in the order of the dependencies', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [
      aSubtask('last', ['middle']),
      aSubtask('middle', ['first']),
      aSubtask('first'),
    ]);
    for (const title of ['first', 'middle', 'last']) await complete(server, id(title), { summary: 's' });

    const { synthesis } = await server.call('synthesize_results', { parent_task_id: planId });

    expect(synthesis.key_deliverables).toEqual(['first: s', 'middle: s', 'last: s']);
  });

  test('takes decisions, risks and questions from the notes, and no others', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    for (const kind of ['decision', 'risk', 'question', 'progress', 'learning']) {
      await server.call('add_note', { task_id: id('a'), kind, text: `the ${kind}` });
    }
    await complete(server, id('a'));

    const { synthesis } = await server.call('synthesize_results', { parent_task_id: planId });

    expect(synthesis.overview).toContain('Decisions: the decision.');
    expect(synthesis.next_steps).toEqual(['Watch the risk: the risk', 'Answer: the question']);
  });

  test('counts attempts that handed nothing on as no artifacts', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'), { next_action: 'needs_revision' });
    const last = await complete(server, id('a'));

    const { artifacts } = await server.call('synthesize_results', { parent_task_id: planId });

    expect(artifacts).toMatchObject({
      total_artifacts: 1,
      artifact_summary: [{ artifact_id: last.artifact_info.artifact_id }],
    });
  });

  test('says which subtasks failed and how to go on with them', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await complete(server, id('a'));
    await server.call('execute_subtask', { task_id: id('b') });
    await using beside = await directly(server);
    await beside.write(async (context) => {
      const task = await context.tasks.find(id('b'));
      if (task !== undefined) await move(context, task, { to: 'failed' });
    });

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply).toMatchObject({ synthesis_complete: true, completed_subtasks: 1 });
    expect(reply.synthesis.overview).toContain('1 failed');
    expect(reply.synthesis.next_steps).toEqual([`Take up again "b" (${id('b')})`]);
  });

  test('puts the outer plan up for review when the inner one is done', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('b')], { parent_task_id: outer.id('a') });
    await complete(server, inner.id('b'));

    await server.call('synthesize_results', { parent_task_id: inner.planId });

    expect(await theTask(server, outer.id('a'))).toMatchObject({ lifecycle_stage: 'review', actionable: true });
  });

  test('is recorded as an event', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));

    const { synthesis_artifact: made } = await server.call('synthesize_results', { parent_task_id: planId });

    const events = await server.orchestrator.read((context) => context.events.of(planId, 50));
    expect(events.findLast(({ type }) => type === 'plan.synthesized')?.details).toEqual({
      artifact_id: made.artifact_id,
    });
  });

  test('completes a plan that is still at work though all of it has ended', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));
    await using beside = await directly(server);
    await beside.write(async (context) => {
      const plan = await context.tasks.find(planId);
      if (plan !== undefined) await move(context, plan, { to: 'active' });
    });

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply.synthesis_complete).toBe(true);
  });
});

describe('synthesize_results of a plan with open subtasks', () => {
  test('shows what there is and what remains, and changes nothing', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c', ['b'])]);
    await complete(server, id('a'));
    const before = await latestEvent(server);

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply).toMatchObject({
      synthesis_complete: false,
      completed_subtasks: 1,
      artifacts: { total_artifacts: 1 },
      remaining: [
        {
          task_id: id('b'),
          title: 'b',
          status: 'pending',
          next_call: { tool: 'orchestrator_execute_subtask', arguments: { task_id: id('b') } },
        },
        { task_id: id('c') },
      ],
    });
    expect(await latestEvent(server)).toBe(before);
  });

  test('names the nested plan that is to be synthesized first', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('b')], { parent_task_id: outer.id('a') });
    await complete(server, inner.id('b'));

    const reply = await server.call('synthesize_results', { parent_task_id: outer.planId });

    expect(reply.synthesis_complete).toBe(false);
    expect(reply.remaining).toContainEqual(
      expect.objectContaining({
        task_id: inner.planId,
        next_call: { tool: 'orchestrator_synthesize_results', arguments: { parent_task_id: inner.planId } },
      }),
    );
  });

  test('makes no artifact', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await complete(server, id('a'));

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply).not.toHaveProperty('synthesis_artifact');
    expect(await server.orchestrator.read(({ artifacts }) => artifacts.of([planId]))).toEqual([]);
  });
});

describe('synthesize_results again', () => {
  test('returns the last one, and nothing is written', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));
    const first = await server.call('synthesize_results', { parent_task_id: planId });
    const before = await latestEvent(server);

    const second = await server.call('synthesize_results', { parent_task_id: planId });

    expect(second).toEqual(first);
    expect(await latestEvent(server)).toBe(before);
  });

  test('from another process returns the same', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));
    const first = await server.call('synthesize_results', { parent_task_id: planId });
    await using other = await anOrchestrator({ workspace: server.workspace });

    const second = await other.call('synthesize_results', { parent_task_id: planId });

    expect(second).toEqual(first);
  });

  test('after a plan was reopened and worked on makes a new one', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await complete(server, id('a'));
    const first = await server.call('synthesize_results', { parent_task_id: planId });
    await using beside = await directly(server);
    await beside.write(async (context) => {
      const plan = await context.tasks.find(planId);
      if (plan !== undefined) await move(context, plan, { to: 'active' });
    });
    const more = await aPlan(server, [aSubtask('b')], { parent_task_id: planId });
    await complete(server, more.id('b'));
    await server.call('synthesize_results', { parent_task_id: more.planId });

    const second = await server.call('synthesize_results', { parent_task_id: planId });

    expect(second.completed_subtasks).toBe(2);
    expect(second.synthesis_artifact.artifact_id).not.toBe(first.synthesis_artifact.artifact_id);
  });
});

describe('synthesize_results refuses', () => {
  test('a plan with no completed leaf', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('synthesize_results', { parent_task_id: planId });

    expect(refusal).toMatchObject({ code: 'refused', remaining: [{ task_id: id('a') }] });
    expect(refusal.error).toContain(planId);
    expect(refusal.suggestion).toContain('orchestrator_next_task');
  });

  test('a plan all of whose leaves were cancelled', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await using beside = await directly(server);
    await beside.write(async (context) => {
      const task = await context.tasks.find(id('a'));
      if (task !== undefined) await move(context, task, { to: 'cancelled' });
    });

    const refusal = await server.refused('synthesize_results', { parent_task_id: planId });

    expect(refusal.code).toBe('refused');
  });

  test('a leaf, naming how its work is handed in', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('synthesize_results', { parent_task_id: id('a') });

    expect(refusal).toMatchObject({ code: 'refused' });
    expect(refusal.suggestion).toBe(`Use orchestrator_complete_subtask with task_id ${id('a')} to hand in its work`);
  });

  test('an unknown plan', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('synthesize_results', { parent_task_id: 'task_zzzz0000' });

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Task not found: task_zzzz0000' });
  });

  test('a call without a plan', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('synthesize_results');

    expect(refusal).toMatchObject({
      error: 'Missing required parameter: parent_task_id',
      required_parameters: ['parent_task_id'],
      provided_parameters: [],
    });
  });
});

describe('the budget of synthesize_results', () => {
  test('what does not fit is counted, the totals stay true', async () => {
    await using server = await anOrchestrator();
    const titles = Array.from({ length: 40 }, (_, place) => `part ${place} ${'word '.repeat(30)}`);
    const { planId, id } = await aPlan(
      server,
      titles.map((title) => aSubtask(title)),
    );
    for (const title of titles) await complete(server, id(title));

    const reply = await server.call('synthesize_results', { parent_task_id: planId, budget_tokens: 1_000 });

    expect(reply.artifacts.total_artifacts).toBe(40);
    expect(reply.completed_subtasks).toBe(40);
    const shown = reply.synthesis.key_deliverables.length + reply.artifacts.artifact_summary.length;
    expect(reply.truncated).toMatchObject({ omitted: 80 - shown, how_to_get_more: expect.any(String) });
  });

  test('open subtasks come without those that would follow', async () => {
    await using server = await anOrchestrator();
    const titles = Array.from({ length: 120 }, (_, place) => `part ${place} ${'word '.repeat(90)}`);
    const { planId, reply: planned } = await aPlan(
      server,
      titles.map((title) => aSubtask(title)),
    );
    await complete(server, planned.subtasks[0].task_id);

    const reply: Body = await server.call('synthesize_results', { parent_task_id: planId });

    expect(JSON.stringify(reply).length / 3).toBeLessThan(6_000);
    expect(reply.truncated.omitted).toBeGreaterThan(0);
  });
});

describe('what follows from a synthesis', () => {
  test('is told: the tasks that it set free, and criteria of the parts that nobody confirmed', async () => {
    await using server = await anOrchestrator();
    const first = await aPlan(server, [
      aSubtask('a', [], { acceptance_criteria: ['It works', 'It is fast'] }),
      aSubtask('b'),
    ]);
    const second = await aPlan(server, [aSubtask('c')]);
    await server.call('manage_dependencies', {
      task_id: second.planId,
      dependencies: [{ dependency_task_id: first.planId }],
    });
    await complete(server, first.id('a'), { acceptance: [{ criterion: 'It works', met: true }] });
    await complete(server, first.id('b'));

    const reply = await server.call('synthesize_results', { parent_task_id: first.planId });

    expect(reply.unblocked_tasks).toEqual([second.id('c')]);
    expect(reply.unconfirmed).toEqual([{ task_id: first.id('a'), title: 'a', criteria: ['It is fast'] }]);
    expect(await server.call('synthesize_results', { parent_task_id: first.planId })).toEqual(reply);
  });

  test('tells criteria of the parts that were said to be unmet, also after work that came too late', async () => {
    await using server = await anOrchestrator();
    const { id, planId } = await aPlan(server, [
      aSubtask('a', [], { acceptance_criteria: ['It works', 'It is fast'] }),
    ]);
    const acceptance = [{ criterion: 'It is fast', met: false }];
    await server.refused('complete_subtask', completion(id('a'), { acceptance }));
    await complete(server, id('a'));
    await server.refused('complete_subtask', completion(id('a')));

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply.unconfirmed).toEqual([
      { task_id: id('a'), title: 'a', criteria: ['It works', 'It is fast'], said_not_met: ['It is fast'] },
    ]);
  });
});
