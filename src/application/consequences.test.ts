import { describe, expect, test } from 'vitest';
import { type Directly, directly } from '../../test/directly.ts';
import {
  aClock,
  aGenericTask,
  anOrchestrator,
  aPlan,
  aSubtask,
  completion,
  HOUR,
  type TestOrchestrator,
} from '../../test/harness.ts';
import type { Dependency } from '../domain/dependencies.ts';
import type { Stage } from '../domain/lifecycle.ts';
import type { Task } from '../domain/task.ts';
import { countEdgeChanges, move } from './consequences.ts';

/** A server, a clock, and a way past its tools. */
async function aWorkshop() {
  const clock = aClock();
  const server = await anOrchestrator({ clock: clock.now });
  const beside = await directly({ workspace: server.workspace, clock: clock.now });
  return {
    server,
    clock,
    beside,
    /** Moves a task with all that follows. */
    moveTo: (id: string, to: Stage) =>
      beside.write(async (context) => {
        const task = await context.tasks.find(id);
        if (task === undefined) throw new Error(`no task ${id}`);
        await move(context, task, { to });
      }),
    task: async (id: string): Promise<Task> => {
      const task = await server.orchestrator.read(({ tasks }) => tasks.find(id));
      if (task === undefined) throw new Error(`no task ${id}`);
      return task;
    },
    async [Symbol.asyncDispose]() {
      await beside[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

const typesOf = async (server: TestOrchestrator, id: string) =>
  (await server.orchestrator.read(({ events }) => events.of(id, 100))).map(({ type }) => type);

const edgesOf = (server: TestOrchestrator, id: string) =>
  server.orchestrator.read(({ dependencies }) => dependencies.of([id]));

/** Adds an edge as a tool does. */
const addEdge = (
  beside: Directly,
  edge: Pick<Dependency, 'taskId' | 'prerequisiteId' | 'type'> & Partial<Dependency>,
) =>
  beside.write(async (context) => {
    const whole = { artifactType: undefined, description: undefined, status: 'pending', verdict: undefined } as const;
    const made: Dependency = { ...whole, ...edge };
    await context.dependencies.insert([made], context.clock());
    await countEdgeChanges(context, [{ edge: made, was: undefined, is: made.status }]);
  });

describe('a parent', () => {
  test('goes to work with its first subtask, and so do those above it', async () => {
    await using workshop = await aWorkshop();
    const { server, task } = workshop;
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('x'), aSubtask('y')], { parent_task_id: outer.id('a') });

    await server.call('execute_subtask', { task_id: inner.id('x') });

    const stages = await Promise.all(
      [inner.planId, outer.id('a'), outer.planId].map(async (id) => (await task(id)).stage),
    );
    expect(stages).toEqual(['active', 'active', 'active']);
  });

  test('is up for review when all its subtasks have ended and one is completed', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c')]);
    await server.call('complete_subtask', completion(id('a')));
    await moveTo(id('b'), 'cancelled');

    await moveTo(id('c'), 'archived');

    expect((await task(planId)).stage).toBe('review');
  });

  test('stays when all its subtasks have ended and none is completed', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await moveTo(id('a'), 'failed');

    await moveTo(id('b'), 'cancelled');

    expect((await task(planId)).stage).toBe('active');
  });

  test('passes through active on its way to review', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await server.call('complete_subtask', completion(id('a')));
    await moveTo(planId, 'ready');

    await moveTo(id('b'), 'cancelled');

    const events = await server.orchestrator.read((context) => context.events.of(planId, 100));
    const moves = events.filter(({ type }) => type === 'task.lifecycle_changed').map(({ details }) => details);
    expect(moves).toMatchObject([{ to: 'active' }, { to: 'ready' }, { to: 'active' }, { to: 'review' }]);
  });

  test('goes back to work when a subtask opens again', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));

    await moveTo(id('a'), 'ready');

    expect((await task(planId)).stage).toBe('active');
  });

  test('goes back to work when a subtask opens again, also while it waits itself', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));
    const other = await aGenericTask(server, 'other');
    const dependencies = [{ dependency_task_id: other }];
    await server.call('manage_dependencies', { task_id: planId, operation: 'add', dependencies });

    await moveTo(id('a'), 'ready');

    expect((await task(planId)).stage).toBe('active');
  });

  test('that is blocked stays blocked whatever its subtasks do', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await moveTo(planId, 'blocked');

    await server.call('complete_subtask', completion(id('a')));

    expect((await task(planId)).stage).toBe('blocked');
  });

  test('that waits itself is up for review once what it waited for is done', async () => {
    await using workshop = await aWorkshop();
    const { server, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const { task_id } = await server.call('create_generic_task', {
      task_type: 'custom',
      attributes: { title: 'part' },
      parent_task_id: id('second'),
      stage: 'ready',
    });
    await server.call('execute_subtask', { task_id, allow_unmet: true });
    await server.call('complete_subtask', completion(task_id));

    await server.call('complete_subtask', completion(id('first')));

    expect(await task(id('second'))).toMatchObject({ stage: 'review' });
  });

  test('that was blocked is put together though it catches up on the way', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('execute_subtask', { task_id: id('a') });
    await moveTo(planId, 'blocked');
    await server.call('complete_subtask', completion(id('a')));

    const reply = await server.call('synthesize_results', { parent_task_id: planId });

    expect(reply.synthesis_complete).toBe(true);
  });

  test('is put on offer while it is up for review', async () => {
    await using workshop = await aWorkshop();
    const { server, task } = workshop;
    const { planId, id } = await aPlan(server, [aSubtask('a')]);
    await server.call('complete_subtask', completion(id('a')));
    expect((await task(planId)).standing.actionableSince).toBeDefined();

    await server.call('synthesize_results', { parent_task_id: planId });

    expect((await task(planId)).standing.actionableSince).toBeUndefined();
  });
});

describe('the gate above', () => {
  test('a parent that is blocked holds back all that lies below it, at any depth', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const outer = await aPlan(server, [aSubtask('a')]);
    const inner = await aPlan(server, [aSubtask('x')], { parent_task_id: outer.id('a') });

    await moveTo(outer.planId, 'blocked');

    expect((await task(inner.id('x'))).standing).toMatchObject({ gatesAbove: 1, actionableSince: undefined });
  });

  test('what a parent waits for holds back what lies below it until it is met', async () => {
    await using workshop = await aWorkshop();
    const { server, task } = workshop;
    const outer = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const inner = await aPlan(server, [aSubtask('x')], { parent_task_id: outer.id('second') });
    expect((await task(inner.id('x'))).standing.actionableSince).toBeUndefined();

    await server.call('complete_subtask', completion(outer.id('first')));

    expect((await task(inner.id('x'))).standing).toMatchObject({ gatesAbove: 0, actionableSince: expect.any(Number) });
  });

  test('two gates have to open', async () => {
    await using workshop = await aWorkshop();
    const { server, task, moveTo } = workshop;
    const outer = await aPlan(server, [aSubtask('first'), aSubtask('second', ['first'])]);
    const inner = await aPlan(server, [aSubtask('x')], { parent_task_id: outer.id('second') });
    await moveTo(outer.planId, 'blocked');
    await server.call('execute_subtask', { task_id: outer.id('first'), allow_unmet: true });
    await server.call('complete_subtask', completion(outer.id('first')));
    expect((await task(inner.id('x'))).standing).toMatchObject({ gatesAbove: 1, actionableSince: undefined });

    await moveTo(outer.planId, 'active');

    expect((await task(inner.id('x'))).standing.actionableSince).toBeDefined();
  });
});

describe('an edge', () => {
  test.each<Stage>(['failed', 'cancelled', 'archived', 'superseded'])(
    'fails when its prerequisite is %s',
    async (to) => {
      await using workshop = await aWorkshop();
      const { server, moveTo, task } = workshop;
      const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
      await server.call('execute_subtask', { task_id: id('a') });

      await moveTo(id('a'), to);

      expect(await edgesOf(server, id('b'))).toMatchObject([{ status: 'failed' }]);
      expect((await task(id('b'))).standing).toMatchObject({ unmet: 1, failed: 1 });
      expect(await typesOf(server, id('b'))).toContain('dependency.failed');
    },
  );

  test('stays satisfied when its prerequisite is archived after it was completed', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));

    await moveTo(id('a'), 'archived');

    expect(await edgesOf(server, id('b'))).toMatchObject([{ status: 'satisfied' }]);
  });

  test('is judged anew when its prerequisite is taken up again', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await moveTo(id('a'), 'cancelled');

    await moveTo(id('a'), 'ready');

    expect(await edgesOf(server, id('b'))).toMatchObject([{ status: 'pending' }]);
    expect((await task(id('b'))).standing).toMatchObject({ unmet: 1, failed: 0 });
    expect((await task(id('a'))).standing.waiters).toBe(1);
    expect(await typesOf(server, id('b'))).toContain('dependency.reopened');
  });

  test('opens again when its prerequisite is reopened, and takes its dependent off', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));

    await moveTo(id('a'), 'ready');

    expect((await task(id('b'))).standing).toMatchObject({ unmet: 1, actionableSince: undefined });
  });

  test('that opens again leaves a dependent that is already active at work', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('complete_subtask', completion(id('a')));
    await server.call('execute_subtask', { task_id: id('b') });

    await moveTo(id('a'), 'ready');

    expect((await task(id('b'))).stage).toBe('active');
    expect(await typesOf(server, id('b'))).toContain('dependency.reopened');
  });

  test('of kind data is satisfied by work handed on, and not by completion alone', async () => {
    await using workshop = await aWorkshop();
    const { server, beside, moveTo } = workshop;
    const { id } = await aPlan(server, [aSubtask('worked'), aSubtask('moved'), aSubtask('c')]);
    await addEdge(beside, { taskId: id('c'), prerequisiteId: id('worked'), type: 'data' });
    await addEdge(beside, { taskId: id('c'), prerequisiteId: id('moved'), type: 'data' });
    await server.call('execute_subtask', { task_id: id('moved') });

    await server.call('complete_subtask', completion(id('worked')));
    await moveTo(id('moved'), 'completed');

    expect((await edgesOf(server, id('c'))).map(({ status }) => status)).toEqual(['satisfied', 'failed']);
  });

  test('of kind data that names a type of artifact is satisfied by that type alone', async () => {
    await using workshop = await aWorkshop();
    const { server, beside } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b'), aSubtask('c')]);
    await addEdge(beside, { taskId: id('c'), prerequisiteId: id('a'), type: 'data', artifactType: 'design' });
    await addEdge(beside, { taskId: id('c'), prerequisiteId: id('b'), type: 'data', artifactType: 'design' });

    await server.call('complete_subtask', completion(id('a'), { artifact_type: 'design' }));
    await server.call('complete_subtask', completion(id('b'), { artifact_type: 'code' }));

    expect((await edgesOf(server, id('c'))).map(({ status }) => status)).toEqual(['satisfied', 'failed']);
  });

  test('over data brings the work itself into the briefing', async () => {
    await using workshop = await aWorkshop();
    const { server, beside } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await addEdge(beside, { taskId: id('b'), prerequisiteId: id('a'), type: 'data' });
    await server.call('complete_subtask', completion(id('a'), { detailed_work: 'word '.repeat(10_000) }));

    const { specialist_context } = await server.call('execute_subtask', { task_id: id('b') });

    const [{ content }] = specialist_context.dependency_context;
    expect(content).toMatch(/^word word .*…$/);
    expect(content.length / 3).toBeLessThan(6_000 / 4);
  });

  test('of kind approval is a gate until it is approved', async () => {
    await using workshop = await aWorkshop();
    const { server, beside, moveTo } = workshop;
    const { id } = await aPlan(server, [aSubtask('gate', [], { task_type: 'approval' }), aSubtask('b')]);
    await addEdge(beside, { taskId: id('b'), prerequisiteId: id('gate'), type: 'approval' });
    await moveTo(id('gate'), 'active');

    await moveTo(id('gate'), 'completed');

    expect(await edgesOf(server, id('b'))).toMatchObject([{ status: 'satisfied' }]);
  });

  test('that was waived stays waived whatever becomes of its prerequisite', async () => {
    await using workshop = await aWorkshop();
    const { server, beside, moveTo } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    await addEdge(beside, {
      taskId: id('b'),
      prerequisiteId: id('a'),
      type: 'completion',
      status: 'waived',
      verdict: 'waived',
    });

    await moveTo(id('a'), 'cancelled');

    expect(await edgesOf(server, id('b'))).toMatchObject([{ status: 'waived' }]);
  });
});

describe('the number of those that wait', () => {
  test('counts a dependent once, however many edges it has', async () => {
    await using workshop = await aWorkshop();
    const { server, beside, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c', ['a'])]);

    await addEdge(beside, { taskId: id('b'), prerequisiteId: id('a'), type: 'data' });

    expect((await task(id('a'))).standing.waiters).toBe(2);
  });

  test('leaves out dependents that have ended', async () => {
    await using workshop = await aWorkshop();
    const { server, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a']), aSubtask('c', ['a'])]);

    await moveTo(id('b'), 'cancelled');

    expect((await task(id('a'))).standing.waiters).toBe(1);
  });
});

describe('a move', () => {
  test('notes since when a task can be taken, anew each time', async () => {
    await using workshop = await aWorkshop();
    const { server, clock, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a')]);
    await moveTo(id('a'), 'blocked');
    clock.advance(HOUR);

    await moveTo(id('a'), 'ready');

    expect((await task(id('a'))).standing.actionableSince).toBe(clock.now());
  });

  test('keeps when it first began, and forgets when it was completed', async () => {
    await using workshop = await aWorkshop();
    const { server, clock, moveTo, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const began = clock.now();
    await server.call('complete_subtask', completion(id('a')));
    clock.advance(HOUR);
    await moveTo(id('a'), 'ready');

    await server.call('execute_subtask', { task_id: id('a') });

    expect(await task(id('a'))).toMatchObject({ startedAt: began, completedAt: undefined });
  });

  test('is refused when the task was changed meanwhile', async () => {
    await using workshop = await aWorkshop();
    const { server, beside, task } = workshop;
    const { id } = await aPlan(server, [aSubtask('a')]);
    const stale = await task(id('a'));
    await server.call('execute_subtask', { task_id: id('a') });

    const late = beside.write((context) => move(context, stale, { to: 'cancelled' }));

    await expect(late).rejects.toMatchObject({ code: 'conflict', details: { current_version: 2 } });
  });
});
