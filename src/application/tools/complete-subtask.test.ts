import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { directly } from '../../../test/directly.ts';
import {
  aClock,
  anOrchestrator,
  aPlan,
  aSubtask,
  type Body,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../../test/harness.ts';
import { newTask } from '../../domain/task.ts';

const theTask = (server: TestOrchestrator, task_id: string) => server.call('get_task', { task_id });

const eventsOf = (server: TestOrchestrator, id: string) => server.orchestrator.read(({ events }) => events.of(id, 100));

const artifactsOf = (server: TestOrchestrator, id: string) =>
  server.orchestrator.read(({ artifacts }) => artifacts.of([id]));

describe('complete_subtask', () => {
  test('the example of the reference is answered as the reference shows it', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(
      server,
      ['a', 'b', 'c', 'd'].map((title) => aSubtask(title)),
    );
    const detailed_work = '# Scraper Architecture Design\n\n## Overview\n...';

    const reply = await server.call('complete_subtask', {
      task_id: plan.id('a'),
      summary: 'Completed scalable web scraper architecture design',
      detailed_work,
      file_paths: ['/project/architecture.md', '/project/diagrams/system.png'],
      artifact_type: 'design',
      next_action: 'continue',
    });

    const { artifact_id } = reply.artifact_info;
    expect(reply).toMatchObject({
      task_id: plan.id('a'),
      status: 'completed',
      results_recorded: true,
      parent_task_progress: {
        progress: 'in_progress',
        parent_task_id: plan.planId,
        completed_subtasks: 1,
        total_subtasks: 4,
        progress_percentage: 25,
      },
      artifact_created: true,
      artifact_info: {
        artifact_id: expect.stringMatching(/^artifact_[0-9a-z]{8}$/),
        summary: 'Completed scalable web scraper architecture design',
        artifact_type: 'design',
        accessible_via: `.task_orchestrator/artifacts/${plan.id('a')}/${artifact_id}.md`,
      },
      context_saving: {
        detailed_work_length: detailed_work.length,
        stored_in_filesystem: true,
        prevents_context_limit: true,
      },
    });
  });

  test.each([
    ['continue', 'completed', 'completed'],
    ['complete', 'completed', 'completed'],
    ['needs_revision', 'ready', 'pending'],
    ['blocked', 'blocked', 'blocked'],
  ])('%s leads to %s', async (next_action, lifecycle_stage, status) => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('complete_subtask', completion(id('a'), { next_action }));

    expect(reply).toMatchObject({ status, results_recorded: true, artifact_created: true });
    expect(await theTask(server, id('a'))).toMatchObject({ lifecycle_stage, status });
  });

  test('the work lies in a file, byte for byte, below a front matter', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const detailed_work = 'line\r\n---\n\ttab, NUL \0, ünïcödé 🚀\n';

    const { artifact_info } = await server.call('complete_subtask', completion(id('a'), { detailed_work }));

    const file = await readFile(join(server.workspace, artifact_info.accessible_via), 'utf8');
    expect(file.startsWith('---\n')).toBe(true);
    expect(file.endsWith(`---\n\n${detailed_work}`)).toBe(true);
  });

  test('the type of an artifact is general unless it is said', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const { artifact_info } = await server.call('complete_subtask', completion(id('a')));

    expect(artifact_info.artifact_type).toBe('general');
  });

  test('files are recorded as given, and those outside the workspace are marked', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const file_paths = ['src/a.ts', '../../etc/passwd', '/elsewhere/b.ts'];

    const { artifact_info } = await server.call('complete_subtask', completion(id('a'), { file_paths }));

    const read = await server.call('get_artifact', { artifact_id: artifact_info.artifact_id });
    expect(read).toMatchObject({ file_paths, outside_workspace: ['../../etc/passwd', '/elsewhere/b.ts'] });
  });

  test('the claim ends with the work', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });

    await server.call('complete_subtask', completion(id('a'), { next_action: 'needs_revision' }));

    expect(await theTask(server, id('a'))).not.toHaveProperty('claim');
  });

  test('a task that nobody started passes through active, with both events', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    await server.call('complete_subtask', completion(id('a')));

    const moves = (await eventsOf(server, id('a'))).filter(({ type }) => type === 'task.lifecycle_changed');
    expect(moves.map(({ details }) => details)).toMatchObject([
      { from: 'ready', to: 'active' },
      { from: 'active', to: 'completed' },
    ]);
    expect(await theTask(server, id('a'))).toMatchObject({
      started_at: expect.any(String),
      completed_at: expect.any(String),
    });
  });

  test('a blocked task is completed when its prerequisites are met', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a'), { next_action: 'blocked' }));

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply.status).toBe('completed');
  });

  test('work that was started in spite of open prerequisites is handed in', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('execute_subtask', { task_id: id('b'), allow_unmet: true });

    const reply = await server.call('complete_subtask', completion(id('b')));

    expect(reply.status).toBe('completed');
  });

  test('a task without a parent has no parent progress', async () => {
    await using server = await anOrchestrator();
    await using beside = await directly(server);
    const alone = newTask({ id: 'task_alone000', type: 'custom', title: 'Alone', sessionId: '', createdAt: 0 });
    await beside.write(({ tasks }) => tasks.insert([alone]));

    const reply = await server.call('complete_subtask', completion(alone.id));

    expect(reply.status).toBe('completed');
    expect(reply).not.toHaveProperty('parent_task_progress');
  });
});

describe('the progress of the parent that complete_subtask tells', () => {
  test('counts leaves, with one decimal', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c')]);

    const replies: Body[] = [];
    for (const title of ['a', 'b', 'c'])
      replies.push(await server.call('complete_subtask', completion(plan.id(title))));

    expect(replies.map(({ parent_task_progress: told }) => told.progress_percentage)).toEqual([33.3, 66.7, 100]);
  });

  test('says in a word how far it is', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('a'), aSubtask('b')]);

    const words: string[] = [];
    for (const title of ['a', 'b']) {
      const reply = await server.call('complete_subtask', completion(plan.id(title)));
      words.push(reply.parent_task_progress.progress);
    }

    expect(words).toEqual(['in_progress', 'ready_to_synthesize']);
  });

  test('counts the leaves of nested plans for the outer one', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await aPlan(server, [aSubtask('x'), aSubtask('y'), aSubtask('z')], { parent_task_id: outer.id('a') });

    const reply = await server.call('complete_subtask', completion(outer.id('b')));

    expect(reply.parent_task_progress).toMatchObject({
      completed_subtasks: 1,
      total_subtasks: 4,
      progress_percentage: 25,
    });
  });

  test('is in progress once anything was tried', async () => {
    await using server = await anOrchestrator();
    const plan = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('complete_subtask', completion(plan.id('a'), { next_action: 'needs_revision' }));

    expect(reply.parent_task_progress).toMatchObject({ progress: 'in_progress', completed_subtasks: 0 });
  });
});

describe('what complete_subtask says to do next', () => {
  test('the tasks that it unblocked are named', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [
      aSubtask('a'),
      aSubtask('x'),
      aSubtask('b', ['a']),
      aSubtask('c', ['a']),
      aSubtask('d', ['a', 'x']),
    ]);

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(new Set(reply.unblocked_tasks)).toEqual(new Set([id('b'), id('c')]));
  });

  test('parts of a task that waited are named when it waits no longer', async () => {
    await using server = await anOrchestrator();
    const outer = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    const inner = await aPlan(server, [aSubtask('x'), aSubtask('y', ['x'])], { parent_task_id: outer.id('b') });

    const reply = await server.call('complete_subtask', completion(outer.id('a')));

    expect(reply.unblocked_tasks).toEqual([inner.id('x')]);
  });

  test('nothing is unblocked by work that is not done', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const reply = await server.call('complete_subtask', completion(id('a'), { next_action: 'blocked' }));

    expect(reply.unblocked_tasks).toEqual([]);
  });

  test('the most urgent free task of the same plan comes next', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('elsewhere', [], { priority: 'critical' })]);
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c', [], { priority: 'high' })]);

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply.next_recommended_task).toEqual({
      task_id: id('c'),
      next_call: { tool: 'orchestrator_execute_subtask', arguments: { task_id: id('c') } },
    });
  });

  test('the synthesis comes next when all is done', async () => {
    await using server = await anOrchestrator();
    await aPlan(server, [aSubtask('elsewhere')]);
    const { planId, id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply.next_recommended_task).toEqual({
      task_id: planId,
      next_call: { tool: 'orchestrator_synthesize_results', arguments: { parent_task_id: planId } },
    });
  });

  test('a free task of another plan comes next when this one has none', async () => {
    await using server = await anOrchestrator();
    const other = await aPlan(server, [aSubtask('elsewhere')]);
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('b') });

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply.next_recommended_task.task_id).toBe(other.id('elsewhere'));
  });

  test('nothing is recommended where there is nothing', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('b') });

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply).not.toHaveProperty('next_recommended_task');
  });

  test('more unblocked tasks than a reply holds are counted instead of named', async () => {
    await using server = await anOrchestrator();
    const followers = Array.from({ length: 400 }, (_, place) => aSubtask(`part ${place}`, ['a']));
    const { id } = await aPlan(server, [aSubtask('a'), ...followers]);

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply.truncated).toMatchObject({
      omitted: 400 - reply.unblocked_tasks.length,
      how_to_get_more: expect.stringContaining('get_status'),
    });
    expect(JSON.stringify(reply).length / 3).toBeLessThan(6_000);
  });
});

describe('the acceptance criteria at complete_subtask', () => {
  const criteria = { acceptance_criteria: ['It compiles', 'It is fast'] };

  test('those that were not mentioned are listed as unconfirmed', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);

    const reply = await server.call(
      'complete_subtask',
      completion(id('a'), { acceptance: [{ criterion: 'it compiles', met: true, evidence: 'npm run types' }] }),
    );

    expect(reply).toMatchObject({ status: 'completed', unconfirmed: ['It is fast'] });
  });

  test('words about criteria that there are not are told, and kept out of the story', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], { acceptance_criteria: ['It works'] })]);
    const acceptance = [
      { criterion: ' it WORKS', met: true, evidence: 'The nightly run' },
      { criterion: 'It shines', met: true },
    ];

    const reply = await server.call('complete_subtask', completion(id('a'), { acceptance }));

    expect(reply.unknown_criteria).toEqual(['It shines']);
    const { events } = await server.call('get_task', { task_id: id('a'), include: ['events'] });
    const added = events.find(({ type }: Body) => type === 'artifact.added');
    expect(added.details.acceptance).toEqual([{ criterion: ' it WORKS', met: true, evidence: 'The nightly run' }]);
  });

  test('nothing is unconfirmed when all were mentioned', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);
    const acceptance = criteria.acceptance_criteria.map((criterion) => ({ criterion, met: true }));

    const reply = await server.call('complete_subtask', completion(id('a'), { acceptance }));

    expect(reply).not.toHaveProperty('unconfirmed');
  });

  test('one that is not met refuses, and the work is kept', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);
    await server.call('execute_subtask', { task_id: id('a') });
    const acceptance = [{ criterion: 'It is fast', met: false, evidence: '12 s' }];

    const refusal = await server.refused('complete_subtask', completion(id('a'), { acceptance }));

    expect(refusal).toMatchObject({
      code: 'refused',
      not_met: [{ criterion: 'It is fast', evidence: '12 s' }],
      artifact_kept: { artifact_id: expect.stringMatching(/^artifact_/) },
    });
    expect(await theTask(server, id('a'))).toMatchObject({ lifecycle_stage: 'active', claim: expect.anything() });
  });

  test('one that was said to be unmet stays so until somebody says otherwise', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria), aSubtask('b', [], criteria)]);
    const acceptance = [{ criterion: 'it is fast', met: false }];
    await server.refused('complete_subtask', completion(id('a'), { acceptance }));
    await server.refused('complete_subtask', completion(id('b'), { acceptance }));
    await server.refused('complete_subtask', completion(id('b'), { acceptance: [{ criterion: 'x', met: false }] }));

    const confirmed = await server.call(
      'complete_subtask',
      completion(id('a'), { acceptance: [{ criterion: 'It is fast', met: true }] }),
    );
    const silent = await server.call('complete_subtask', completion(id('b')));

    expect(confirmed).toMatchObject({ unconfirmed: ['It compiles'] });
    expect(confirmed).not.toHaveProperty('said_not_met');
    expect(silent).toMatchObject({ unconfirmed: ['It compiles', 'It is fast'], said_not_met: ['It is fast'] });
  });

  test('one that was met when it was said again is unmet no more', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);
    const saying = (met: boolean, next_action: string) =>
      completion(id('a'), { acceptance: [{ criterion: 'It is fast', met }], next_action });
    await server.call('complete_subtask', saying(false, 'needs_revision'));
    await server.call('complete_subtask', saying(true, 'needs_revision'));

    const reply = await server.call('complete_subtask', completion(id('a')));

    expect(reply).not.toHaveProperty('said_not_met');
  });

  test('a refusal for one that is not met shows that its holder is alive', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(HOUR);

    await server.refused('complete_subtask', completion(id('a'), { acceptance: [{ criterion: 'x', met: false }] }));

    const { claim } = await theTask(server, id('a'));
    expect(claim.lease_until).toBe(new Date(clock.now() + 4 * HOUR).toISOString());
  });

  test('what was said of them is echoed cut', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);
    const long = 'x'.repeat(5_000);
    const acceptance = Array.from({ length: 200 }, () => ({ criterion: long, met: false, evidence: long }));

    const refusal = await server.refused('complete_subtask', completion(id('a'), { acceptance }));

    expect(refusal.not_met[0].criterion).toBe(`${'x'.repeat(199)}…`);
    expect(JSON.stringify(refusal).length / 3).toBeLessThan(6_000);
  });

  test('one that is not met does not keep a task from being handed back', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a', [], criteria)]);
    const acceptance = [{ criterion: 'It is fast', met: false }];

    const reply = await server.call(
      'complete_subtask',
      completion(id('a'), { acceptance, next_action: 'needs_revision' }),
    );

    expect(reply.status).toBe('pending');
  });
});

describe('a completion that is refused', () => {
  /** Each way to be refused for stage or claim. */
  const refusals: Readonly<Record<string, (server: TestOrchestrator) => Promise<Readonly<Record<string, unknown>>>>> = {
    async 'an ended task'(server) {
      const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
      await server.call('complete_subtask', completion(id('a'), { detailed_work: 'first' }));
      return completion(id('a'));
    },
    async 'a parent'(server) {
      const { planId } = await aPlan(server, [aSubtask('a')]);
      return completion(planId);
    },
    async 'an approval'(server) {
      const { id } = await aPlan(server, [aSubtask('a', [], { task_type: 'approval' })]);
      return completion(id('a'));
    },
    async 'a task that waits'(server) {
      const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
      return completion(id('b'));
    },
    async 'a task that another holds'(server) {
      const { session_id } = await server.call('initialize_session');
      const other = await server.call('initialize_session');
      const { id } = await aPlan(server, [aSubtask('a')]);
      await server.call('execute_subtask', { task_id: id('a'), session_id });
      return completion(id('a'), { session_id: other.session_id });
    },
    async 'a claim that was taken over'(server) {
      await server.call('initialize_session');
      const { id } = await aPlan(server, [aSubtask('a')]);
      const { claim } = await server.call('execute_subtask', { task_id: id('a') });
      const other = await server.call('initialize_session');
      await server.call('execute_subtask', { task_id: id('a'), take_over: true, session_id: other.session_id });
      return completion(id('a'), { claim_id: claim.claim_id });
    },
    async 'a claim that ended'(server) {
      const { id } = await aPlan(server, [aSubtask('a')]);
      const { claim } = await server.call('execute_subtask', { task_id: id('a') });
      await server.call('complete_subtask', completion(id('a'), { next_action: 'needs_revision' }));
      return completion(id('a'), { claim_id: claim.claim_id });
    },
  };

  test.each(Object.entries(refusals))('for %s keeps the work, which it names', async (_, prepare) => {
    await using server = await anOrchestrator();
    const args = { ...(await prepare(server)), detailed_work: 'Not to be lost' };

    const refusal = await server.refused('complete_subtask', args);

    const { artifact_id } = refusal.artifact_kept;
    const kept = await server.call('get_artifact', { artifact_id });
    expect(kept).toMatchObject({ content: 'Not to be lost', state: 'intact' });
  });

  test.each(Object.entries(refusals))('for %s changes nothing else about the task', async (_, prepare) => {
    await using server = await anOrchestrator();
    const args = await prepare(server);
    const before = await theTask(server, String(args.task_id));

    await server.refused('complete_subtask', args);

    expect(await theTask(server, String(args.task_id))).toEqual(before);
  });

  test('for open prerequisites names each', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);

    const refusal = await server.refused('complete_subtask', completion(id('b')));

    expect(refusal).toMatchObject({ code: 'refused', unmet: [{ task_id: id('a') }], actionable: [id('a')] });
  });

  test('for a parent names what to call', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));

    const refusal = await server.refused('complete_subtask', completion(planId));

    expect(refusal.suggestion).toBe(`Use orchestrator_synthesize_results with parent_task_id ${planId}`);
  });

  test('leaves an attempt that the next briefing tells of', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.refused('complete_subtask', completion(id('b'), { summary: 'Too early' }));
    await server.call('complete_subtask', completion(id('a')));

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('b') });

    expect(specialist_context.previous_attempts).toMatchObject([{ outcome: 'kept', summary: 'Too early' }]);
  });

  test('hands nothing on to those who wait for data', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.refused('complete_subtask', completion(id('b')));

    const types = await server.orchestrator.read(({ artifacts }) => artifacts.typesHandedOn(id('b')));

    expect(types).toEqual([]);
  });

  test('for an unknown task keeps nothing', async () => {
    await using server = await anOrchestrator();

    const refusal = await server.refused('complete_subtask', completion('task_zzzz0000'));

    expect(refusal).toMatchObject({ code: 'not_found', error: 'Task not found: task_zzzz0000' });
    expect(refusal).not.toHaveProperty('artifact_kept');
    expect(await artifactsOf(server, 'task_zzzz0000')).toEqual([]);
  });

  test('for the beginning of an id says which task was meant', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused('complete_subtask', completion(id('a').slice(0, -2)));

    expect(refusal).toMatchObject({ code: 'not_found', did_you_mean: [id('a')] });
  });

  test('for work of more than 4 MiB says how large it is', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const refusal = await server.refused(
      'complete_subtask',
      completion(id('a'), { detailed_work: 'é'.repeat(2 * 1024 * 1024 + 1) }),
    );

    expect(refusal).toMatchObject({ code: 'invalid', parameter: 'detailed_work' });
    expect(refusal.error).toContain(String(4 * 1024 * 1024 + 2));
  });

  test('work of exactly 4 MiB is taken', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a')]);

    const reply = await server.call(
      'complete_subtask',
      completion(id('a'), { detailed_work: 'x'.repeat(4 * 1024 * 1024) }),
    );

    expect(reply.context_saving.detailed_work_length).toBe(4 * 1024 * 1024);
  });

  test.each(['summary', 'detailed_work', 'next_action', 'task_id'])('for want of %s says so', async (parameter) => {
    await using server = await anOrchestrator();
    const rest = Object.fromEntries(Object.entries(completion('task_zzzz0000')).filter(([key]) => key !== parameter));

    const refusal = await server.refused('complete_subtask', rest);

    expect(refusal).toMatchObject({
      error: `Missing required parameter: ${parameter}`,
      required_parameters: ['task_id', 'summary', 'detailed_work', 'next_action'],
      provided_parameters: Object.keys(rest),
    });
  });
});

describe('a claim at complete_subtask', () => {
  test('that ran out leaves the work to whoever hands it in', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const other = await server.call('initialize_session');
    const { id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const reply = await server.call('complete_subtask', completion(id('a'), { session_id: other.session_id }));

    expect(reply.status).toBe('completed');
    expect((await eventsOf(server, id('a'))).map(({ type }) => type)).toContain('task.lease_expired');
  });

  test('that is shown and ran out is a conflict, for the task may have changed hands', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });
    clock.advance(4 * HOUR);

    const refusal = await server.refused('complete_subtask', completion(id('a'), { claim_id: claim.claim_id }));

    expect(refusal).toMatchObject({ code: 'conflict', artifact_kept: expect.anything() });
  });

  test('that is shown lets another session hand in', async () => {
    await using server = await anOrchestrator();
    const other = await server.call('initialize_session').then(() => server.call('initialize_session'));
    const { id } = await aPlan(server, [aSubtask('a')]);
    const { claim } = await server.call('execute_subtask', { task_id: id('a') });

    const reply = await server.call(
      'complete_subtask',
      completion(id('a'), { claim_id: claim.claim_id, session_id: other.session_id }),
    );

    expect(reply.status).toBe('completed');
  });
});

test('work on a task that somebody deleted meanwhile is kept, and is there when the task comes back', async () => {
  await using server = await anOrchestrator();
  const { id } = await aPlan(server, [aSubtask('a')]);
  const task_id = id('a');
  await server.call('execute_subtask', { task_id });
  await server.call('delete_task', { task_id, force: true });

  const refusal = await server.refused('complete_subtask', completion(task_id, { detailed_work: 'Much of it' }));
  await server.call('restore_task', { task_id });

  expect(refusal).toMatchObject({ code: 'not_found', suggestion: expect.stringContaining('restore_task') });
  const { artifacts } = await server.call('get_task', { task_id, include: ['artifacts'] });
  expect(artifacts.map((artifact: Body) => artifact.artifact_id)).toEqual([refusal.artifact_kept.artifact_id]);
  const { content } = await server.call('get_artifact', { artifact_id: refusal.artifact_kept.artifact_id });
  expect(content).toBe('Much of it');
});
