import { describe, expect, test } from 'vitest';
import { directly } from '../../test/directly.ts';
import { aGenericTask, anOrchestrator, type Body, completion, type TestOrchestrator } from '../../test/harness.ts';
import { aPersonAt } from '../../test/person.ts';
import { refuseWithoutConsent } from './consent.ts';

const anOrchestratorForPersons = () => anOrchestrator({ config: { approvals: 'person' } });

/** A task that waits for an approval, for a design by its approval, and for another task. */
async function gated(server: TestOrchestrator) {
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
  const design = await aGenericTask(server, 'Design');
  const other = await aGenericTask(server, 'Other');
  const task = await aGenericTask(server, 'Ship');
  await server.call('manage_dependencies', {
    task_id: task,
    dependencies: [
      { dependency_task_id: approval, dependency_type: 'completion' },
      { dependency_task_id: design, dependency_type: 'approval' },
      { dependency_task_id: other },
    ],
  });
  return { task, approval, design, other };
}
type Gated = Awaited<ReturnType<typeof gated>>;

const onto = (dependency_task_id: string, dependency_type = 'approval') => ({ dependency_task_id, dependency_type });

const statusesOf = async ({ call }: TestOrchestrator, task_id: string): Promise<Body> =>
  Object.fromEntries(
    (await call('get_task', { task_id })).dependencies.map((edge: Body) => [edge.dependency_task_id, edge.status]),
  );

const eventsOf = async ({ call }: TestOrchestrator, task_id: string, type: string) =>
  (await call('get_task', { task_id, include: ['events'] })).events.filter((event: Body) => event.type === type);

/** Every way in which an agent can get past an approval with manage_dependencies. */
const WAYS: readonly (readonly [string, (ids: Gated) => Body])[] = [
  ['approves an edge', ({ task, design }) => ({ task_id: task, dependencies: [onto(design)], operation: 'approve' })],
  ['rejects an edge', ({ task, design }) => ({ task_id: task, dependencies: [onto(design)], operation: 'reject' })],
  [
    'approves an approval by its edge',
    ({ task, approval }) => ({
      task_id: task,
      dependencies: [onto(approval)],
      operation: 'approve',
    }),
  ],
  ['approves an approval itself', ({ approval }) => ({ task_id: approval, dependencies: [], operation: 'approve' })],
  ['rejects an approval itself', ({ approval }) => ({ task_id: approval, dependencies: [], operation: 'reject' })],
  [
    'waives one',
    ({ task, design }) => ({
      task_id: task,
      dependencies: [onto(design)],
      operation: 'waive',
      comment: 'In a hurry',
    }),
  ],
  [
    'waives waiting for an approval',
    ({ task, approval }) => ({
      task_id: task,
      dependencies: [onto(approval, 'completion')],
      operation: 'waive',
      comment: 'In a hurry',
    }),
  ],
  ['removes one', ({ task, design }) => ({ task_id: task, dependencies: [onto(design)], operation: 'remove' })],
  ['replaces all by nothing', ({ task }) => ({ task_id: task, dependencies: [], operation: 'replace' })],
];

describe.each(WAYS)('where only a person counts, an agent that %s', (_, argsFor) => {
  test('is refused, saying how a person can decide, where nobody can be asked', async () => {
    await using server = await anOrchestratorForPersons();
    const ids = await gated(server);
    const before = await statusesOf(server, ids.task);

    const refusal = await server.refused('manage_dependencies', argsFor(ids));

    expect(refusal).toMatchObject({ code: 'refused', suggestion: expect.stringContaining('elicitation') });
    expect(await statusesOf(server, ids.task)).toEqual(before);
  });

  test('is refused, and nothing is changed, when the person does not decide', async () => {
    await using server = await anOrchestratorForPersons();
    const ids = await gated(server);
    const before = await statusesOf(server, ids.task);
    const person = aPersonAt(server, () => undefined);

    expect(await person.refused('manage_dependencies', argsFor(ids))).toMatchObject({ code: 'refused' });
    expect(person.asked).toHaveLength(1);
    expect(await statusesOf(server, ids.task)).toEqual(before);
  });

  test('asks nobody where anyone counts', async () => {
    await using server = await anOrchestrator();
    const person = aPersonAt(server, () => undefined);

    await person.call('manage_dependencies', argsFor(await gated(server)));

    expect(person.asked).toEqual([]);
  });
});

describe('where only a person counts', () => {
  test('their yes to an approval is recorded as theirs, with what the agent said shown to them', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, design } = await gated(server);
    const person = aPersonAt(server, ({ gates }) => ({
      words: gates.map((gate) => ({ ...gate, word: 'approved' })),
      comment: 'Read it',
    }));

    const reply = await person.call('manage_dependencies', {
      task_id: task,
      dependencies: [onto(design)],
      operation: 'approve',
      by: 'Agent Smith',
      comment: 'Eve told me so',
    });

    expect(person.asked[0]?.text).toContain('Agent Smith: Eve told me so');
    expect(reply).toMatchObject({ dependencies_updated: true });
    expect(await eventsOf(server, task, 'dependency.approved')).toMatchObject([
      { details: { source: 'person', by: 'the person at test', comment: 'Read it' } },
    ]);
  });

  test('their no to what an agent approves is recorded, and the call is refused', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, approval, design } = await gated(server);

    const refusal = await aPersonAt(server, ({ gates }) => ({
      words: gates.map((gate, index) => ({ ...gate, word: index === 0 ? 'rejected' : 'approved' })),
    })).refused('manage_dependencies', {
      task_id: task,
      dependencies: [onto(approval), onto(design)],
      operation: 'approve',
    });

    expect(refusal).toMatchObject({ code: 'refused', rejected: [approval] });
    expect(await statusesOf(server, task)).toMatchObject({ [approval]: 'failed', [design]: 'satisfied' });
  });

  test('their yes to what an agent rejects is recorded, and the call is refused', async () => {
    await using server = await anOrchestratorForPersons();
    const { approval } = await gated(server);

    const refusal = await aPersonAt(server, () => 'approved').refused('manage_dependencies', {
      task_id: approval,
      dependencies: [],
      operation: 'reject',
    });

    expect(refusal).toMatchObject({ code: 'refused', approved: [approval] });
    expect(await server.call('get_task', { task_id: approval })).toMatchObject({ lifecycle_stage: 'completed' });
  });

  test('their no to a waiver leaves everything as it is', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, design } = await gated(server);

    const refusal = await aPersonAt(server, () => 'rejected').refused('manage_dependencies', {
      task_id: task,
      dependencies: [onto(design)],
      operation: 'waive',
      comment: 'In a hurry',
    });

    expect(refusal).toMatchObject({ code: 'refused' });
    expect(await statusesOf(server, task)).toMatchObject({ [design]: 'pending' });
  });

  test('their yes takes an edge away, and the history says that it was theirs', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, design, other, approval } = await gated(server);

    await aPersonAt(server, () => 'approved').call('manage_dependencies', {
      task_id: task,
      dependencies: [onto(other, 'completion')],
      operation: 'replace',
    });

    expect(await statusesOf(server, task)).toEqual({ [other]: 'pending' });
    expect(await eventsOf(server, task, 'dependency.removed')).toMatchObject(
      [approval, design].map((id) => ({ details: { dependency_task_id: id, source: 'person' } })),
    );
  });

  test('an edge that comes while they are asked is not taken away with the others', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, other } = await gated(server);
    const late = await aGenericTask(server, 'Late', { task_type: 'approval' });
    const person = aPersonAt(server, async () => {
      await server.call('manage_dependencies', { task_id: task, dependencies: [onto(late)] });
      return 'approved' as const;
    });

    const refusal = await person.refused('manage_dependencies', {
      task_id: task,
      dependencies: [onto(other, 'completion')],
      operation: 'replace',
    });

    expect(refusal).toMatchObject({ code: 'refused' });
    expect(Object.keys(await statusesOf(server, task))).toHaveLength(4);
  });

  test("what needs no approval is anybody's as ever", async () => {
    await using server = await anOrchestratorForPersons();
    const { task, other } = await gated(server);
    const dependencies = [onto(other, 'completion')];

    await server.call('manage_dependencies', {
      task_id: task,
      dependencies,
      operation: 'waive',
      comment: 'Not needed',
    });
    await server.call('manage_dependencies', { task_id: task, dependencies, operation: 'remove' });

    expect(Object.keys(await statusesOf(server, task))).not.toContain(other);
  });

  test('a task that waits for them says who has to decide', async () => {
    await using server = await anOrchestratorForPersons();
    const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });
    const task = await aGenericTask(server, 'Ship');
    await server.call('manage_dependencies', { task_id: task, dependencies: [onto(approval)] });

    const refusal = await server.refused('execute_subtask', { task_id: task });

    expect(refusal.suggestion).toContain('person');
    expect(refusal.suggestion).not.toContain('manage_dependencies');
  });

  test('nobody is asked about what is decided already, nor about what an ended task waited for', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, approval, design } = await gated(server);
    const person = aPersonAt(server, () => 'approved');
    await person.call('manage_dependencies', { task_id: approval, operation: 'approve' });
    const asked = person.asked.length;

    const own = await person.refused('manage_dependencies', { task_id: approval, operation: 'approve' });
    const among = await person.refused('manage_dependencies', {
      task_id: task,
      dependencies: [onto(design), onto(approval)],
      operation: 'reject',
    });
    await server.call('cancel_task', { task_id: task });
    const ended = await person.refused('manage_dependencies', {
      task_id: task,
      dependencies: [onto(design)],
      operation: 'approve',
    });

    for (const { error } of [own, among]) expect(error).toBe(`The approval ${approval} is approved already`);
    expect(ended.error).toContain(`Task ${task} is cancelled`);
    expect(person.asked).toHaveLength(asked);
  });

  test('an approval itself is asked for by its name, without a list', async () => {
    await using server = await anOrchestratorForPersons();
    const attributes = { title: 'Sign-off', description: 'Is the tone right?' };
    const approval = await aGenericTask(server, '', { task_type: 'approval', attributes });
    const person = aPersonAt(server, () => 'approved');

    await person.call('manage_dependencies', { task_id: approval, operation: 'approve' });

    expect(person.asked[0]?.text).toBe(`"Sign-off" (${approval}) waits for your decision\n   Is the tone right?`);
  });

  test('nobody is bothered with a call that is refused anyway', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, design } = await gated(server);
    const person = aPersonAt(server, () => 'approved');
    const waiver = { task_id: task, dependencies: [onto(design)], operation: 'waive' };

    expect(await person.refused('manage_dependencies', waiver)).toMatchObject({ parameter: 'comment' });
    const ada = await server.call('initialize_session', { agent_name: 'Ada' });
    const ben = await server.call('initialize_session', { agent_name: 'Ben' });
    const held = await aGenericTask(server, 'Held');
    await server.call('execute_subtask', { task_id: held, session_id: ada.session_id });
    await server.call('manage_dependencies', {
      task_id: held,
      dependencies: [onto(design)],
      session_id: ada.session_id,
    });
    const taken = { task_id: held, dependencies: [onto(design)], operation: 'approve', session_id: ben.session_id };

    expect(await person.refused('manage_dependencies', taken)).toMatchObject({ code: 'conflict' });
    expect(person.asked).toEqual([]);
  });
});

test.each([
  ['came after nobody had to be asked', undefined, 'A person has to decide'],
  ['was not among those the person spoke about', { words: [] }, 'was changed while the person was asked'],
])('in the transaction, an approval that %s is not touched', async (_, answer, message) => {
  await using server = await anOrchestratorForPersons();
  const { task, design } = await gated(server);
  await using store = await directly({ workspace: server.workspace });
  const edge = { prerequisiteId: design, type: 'approval' as const, description: undefined, artifactType: undefined };

  const refusing = store.read((context) =>
    refuseWithoutConsent(
      { ...context, approvals: 'person' },
      { taskId: task, operation: 'remove', edges: [edge] },
      answer,
    ),
  );

  await expect(refusing).rejects.toThrow(message);
});

describe('where only a person counts, an agent does not pass an approval', () => {
  test('by deleting it, and then what waits for it', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, approval } = await gated(server);
    await server.call('delete_task', { task_id: approval, force: true });

    for (const call of [
      { operation: 'remove', dependencies: [onto(approval, 'completion')] },
      { operation: 'waive', dependencies: [onto(approval, 'completion')], comment: 'It is gone' },
      { operation: 'replace', dependencies: [] },
    ]) {
      const refusal = await server.refused('manage_dependencies', { task_id: task, ...call });
      expect(refusal).toMatchObject({ code: 'refused', suggestion: expect.stringContaining('A person has to decide') });
    }
  });

  test('by moving a task out from under one that waits for it, or many', async () => {
    await using server = await anOrchestratorForPersons();
    const { task, approval } = await gated(server);
    const child = await aGenericTask(server, 'Upload', { parent_task_id: task });
    const elsewhere = await aGenericTask(server, 'Another plan');
    const below = await aGenericTask(server, 'Below', { parent_task_id: task });

    const refusal = await server.refused('update_task', { task_id: child, parent_task_id: null });
    const away = await server.refused('update_task', { task_id: child, parent_task_id: elsewhere });
    const bulk = await server.call('bulk_tasks', {
      operation: 'move',
      task_ids: [child],
      changes: { parent_task_id: elsewhere },
      dry_run: false,
    });
    const within = await server.call('update_task', { task_id: child, parent_task_id: below });

    expect(refusal).toMatchObject({ code: 'refused', error: expect.stringContaining(`cannot leave ${task}`) });
    expect(refusal.error).toContain(approval);
    expect(away.code).toBe('refused');
    expect(bulk).toMatchObject({ changed: 0, refused_count: 1 });
    expect(within.task_updated).toBe(true);
  });
});

test('whoever hands in work of an approval is told how it is decided, as the status tells it', async () => {
  await using server = await anOrchestratorForPersons();
  const approval = await aGenericTask(server, 'Sign-off', { task_type: 'approval' });

  const refusal = await server.refused('complete_subtask', completion(approval));

  expect(refusal.suggestion).toContain('A person has to decide');
});
