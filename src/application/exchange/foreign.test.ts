import { expect, test } from 'vitest';
import { aServer, countTasks, findings, linesOf, put } from '../../../test/exchange.ts';
import { aClock, type Body, completion, type TestOrchestrator } from '../../../test/harness.ts';

async function bringList(server: TestOrchestrator, tasks: readonly Body[], more: Body = {}): Promise<Body> {
  await put(server, 'tasks.json', JSON.stringify({ tasks, ...more }));
  return server.call('import_workflow', { from: 'tasks.json', from_tool: 'task-master' });
}

async function tasksOf(server: TestOrchestrator): Promise<Readonly<Record<string, Body>>> {
  const lines = await linesOf(server);
  const tasks = lines.filter(({ kind }) => kind === 'task');
  return Object.fromEntries(tasks.map((task) => [String(task.attributes.imported_from).split('/').at(-1), task]));
}

const aTask = (id: number, more: Body = {}) => ({ id, title: `Task ${id}`, status: 'pending', ...more });

test('what was renamed, moved on and added there comes along; what was removed there stays', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  await bringList(server, [aTask(1), aTask(2), aTask(3)]);
  clock.advance(1000);

  const reply = await bringList(server, [
    aTask(1, { title: 'Another name' }),
    aTask(2, { status: 'done' }),
    aTask(4, { dependencies: [2, 1] }),
  ]);

  expect(reply).toMatchObject({ tasks: { added: 1, updated: 2, conflicts: 0 }, dependencies_added: 2 });
  const tasks = await tasksOf(server);
  expect(Object.keys(tasks).toSorted()).toEqual(['1', '2', '3', '4']);
  expect(tasks[1]).toMatchObject({ title: 'Another name' });
  expect(tasks[2]).toMatchObject({ lifecycle_stage: 'completed' });
  expect(await findings(server)).toEqual([]);
});

test('work that was done here stays done, whatever else comes from there', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const family = (second: Body) => [
    aTask(1, { subtasks: [aTask(1), aTask(2, { ...second, dependencies: [1] })] }),
    aTask(2, { dependencies: [1] }),
  ];
  await bringList(server, family({}));
  const { '1.1': first } = await tasksOf(server);
  clock.advance(1000);
  await server.call('complete_subtask', completion(first?.task_id));
  clock.advance(1000);

  const same = await bringList(server, family({}));
  const changed = await bringList(server, family({ title: 'Said better' }));

  expect(same.tasks).toMatchObject({ updated: 0, unchanged: 4, conflicts: 0 });
  expect(changed.tasks).toMatchObject({ updated: 1, unchanged: 3, conflicts: 0 });
  const tasks = await tasksOf(server);
  expect(tasks['1.1']).toMatchObject({ lifecycle_stage: 'completed' });
  expect(tasks['1.2']).toMatchObject({ title: 'Said better', lifecycle_stage: 'ready' });
  expect(tasks[1]).toMatchObject({ lifecycle_stage: 'active' });
  expect(await findings(server)).toEqual([]);
});

test('a parent follows its subtasks, wherever each of them was done, and is no conflict by itself', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const family = (...stages: readonly string[]) => [
    aTask(1, { subtasks: stages.map((status, index) => aTask(index + 1, { status })) }),
  ];
  await bringList(server, family('pending', 'pending', 'pending'));
  const { '1.1': first } = await tasksOf(server);
  clock.advance(1000);
  await server.call('complete_subtask', completion(first?.task_id));
  clock.advance(1000);

  const one = await bringList(server, family('pending', 'done', 'pending'));
  clock.advance(1000);
  const all = await bringList(server, family('pending', 'done', 'done'));

  expect([one, all].map(({ tasks }) => tasks)).toMatchObject([
    { updated: 1, conflicts: 0 },
    { updated: 1, conflicts: 0 },
  ]);
  const { '1': parent } = await tasksOf(server);
  expect(parent).toMatchObject({ lifecycle_stage: 'review' });
  expect(all.adjusted).toEqual([
    {
      task_id: parent?.task_id,
      title: 'Task 1',
      place: 'task-master:tasks.json#master/1',
      why: 'it became review, for all its subtasks have ended',
    },
  ]);
  expect(await findings(server)).toEqual([]);
});

test('a parent that nobody touched here begins, and is up for review, with its subtasks there', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const bring = async (...stages: readonly string[]) => {
    clock.advance(1000);
    await bringList(server, [aTask(1, { subtasks: stages.map((status, index) => aTask(index + 1, { status })) })]);
    return (await tasksOf(server))['1']?.lifecycle_stage;
  };

  const stages = [await bring('pending', 'pending'), await bring('done', 'pending'), await bring('done', 'done')];

  expect(stages).toEqual(['ready', 'active', 'review']);
  expect(JSON.stringify(await server.call('next_task', { claim: false }))).toContain('synthesi');
  expect(await findings(server)).toEqual([]);
});

test('what was recorded anew there is an artifact beside the first one, once', async () => {
  await using server = await aServer();
  const bring = async (summary: string) => {
    const task = { id: 'a', name: 'Choose', status: 'completed', createdAt: '2025-05-01T09:00:00Z', summary };
    await put(server, 'shrimp.json', JSON.stringify({ tasks: [task] }));
    return server.call('import_workflow', { from: 'shrimp.json', from_tool: 'shrimp' });
  };

  const first = await bring('One queue');
  const second = await bring('Two queues');
  const again = await bring('Two queues');

  expect([first, second, again].map(({ artifacts_added }) => artifacts_added)).toEqual([1, 1, 0]);
  const works = (await linesOf(server)).filter(({ kind }) => kind === 'artifact');
  expect(works.map(({ summary }) => summary).toSorted()).toEqual(['One queue', 'Two queues']);
});

test('what is too long or too much for a task is cut or left out, and told', async () => {
  await using server = await aServer();
  const metadata = { notes: 'n'.repeat(70_000) };

  const reply = await bringList(server, [
    aTask(1, { title: 'T'.repeat(600), details: 'd'.repeat(100_001), effort: 'e'.repeat(101), metadata }),
    aTask(2, { testStrategy: Array.from({ length: 1_200 }, (_, index) => `- ${index}`).join('\n') }),
    aTask(3, { details: 'a\u0000b\ud800', metadata: JSON.parse('{"a":"\\u0000","__proto__":{"b":1}}') }),
  ]);

  expect(reply.tasks).toMatchObject({ added: 3 });
  expect(reply.left_out.map(({ why }: Body) => why)).toEqual([
    'master/1 has a title of 600 characters; 500 were kept',
    'master/1 has a context of 100001 characters; 100000 were kept',
    'master/1 has a effort of 101 characters; 100 were kept',
    expect.stringMatching(/^master\/1: attributes has \d+ bytes of JSON.*its attributes tag, metadata were left out$/),
  ]);
  const tasks = await tasksOf(server);
  expect(tasks[2]?.acceptance_criteria).toHaveLength(1_000);
  expect(tasks[2]?.acceptance_criteria.at(-1)).toContain('1199');
  expect(tasks[3]).toMatchObject({ context: 'a\uFFFDb\uFFFD', attributes: { metadata: { a: '\uFFFD' } } });
});

test('circles by the thousand are opened in one go', async () => {
  await using server = await aServer();
  const tasks = Array.from({ length: 2_000 }, (_, index) =>
    aTask(index + 1, { dependencies: [index % 2 === 0 ? index + 2 : index] }),
  );

  const reply = await bringList(server, tasks);

  expect(reply).toMatchObject({ tasks: { added: 2_000 }, dependencies_added: 1_000 });
  expect(await findings(server)).toEqual([]);
});

test('a conflict says what differs, and ends when both sides are made equal', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const bring = async (more: Body) => {
    clock.advance(1000);
    return bringList(server, [aTask(1, more)]);
  };
  await bring({});
  const { '1': task } = await tasksOf(server);
  clock.advance(1000);
  await server.call('update_task', { task_id: task?.task_id, attributes: { title: 'Here' }, priority: 'high' });

  const apart = await bring({ title: 'There', details: 'More' });
  await server.call('update_task', { task_id: task?.task_id, attributes: { title: 'There' }, context: 'More\n' });
  const equal = await bring({ title: 'There', details: 'More' });
  const again = await bring({ title: 'There', details: 'More' });
  const later = await bring({ title: 'There, later', details: 'More' });

  expect(apart.tasks).toMatchObject({ conflicts: 1 });
  expect(apart.conflicts).toEqual([
    {
      task_id: task?.task_id,
      title: 'There',
      place: 'task-master:tasks.json#master/1',
      why: 'it was changed both here and in the file',
      differs: [
        { field: 'title', here: 'Here', in_file: 'There' },
        { field: 'context', in_file: 'More' },
      ],
    },
  ]);
  for (const reply of [equal, again]) expect(reply.tasks).toMatchObject({ updated: 0, unchanged: 1, conflicts: 0 });
  expect(later).toMatchObject({ tasks: { updated: 1, conflicts: 0 } });
  expect((await tasksOf(server))['1']).toMatchObject({ title: 'There, later' });
});

test('what was changed here and changed back is not changed here', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  const bring = (title: string) => bringList(server, [aTask(1, { title, details: 'Said', priority: 'high' })]);
  await bring('First');
  const { '1': task } = await tasksOf(server);
  const { task_id } = task ?? {};
  const change = async (name: string, more: Body) => {
    clock.advance(1000);
    await server.call(name, { task_id, ...more });
  };
  await change('update_task', { attributes: { title: 'Mine' } });
  await change('update_task', { attributes: { title: 'First' } });
  await change('manage_lifecycle', { lifecycle_stage: 'blocked', notes: 'Waits' });
  const blocked = await bring('Second');
  await change('manage_lifecycle', { lifecycle_stage: 'ready' });

  const reply = await bring('Second');
  const again = await bring('Third');

  expect(blocked.conflicts).toMatchObject([
    { differs: [{ field: 'lifecycle_stage', way: 'ready' }, { field: 'title' }] },
  ]);
  for (const { tasks } of [reply, again]) expect(tasks).toMatchObject({ updated: 1, conflicts: 0 });
  expect((await tasksOf(server))['1']).toMatchObject({ title: 'Third', lifecycle_stage: 'ready' });
});

test('a time that is none is told once, and no task is born after it was changed', async () => {
  await using server = await aServer();
  const task = {
    id: 'a',
    name: 'A',
    status: 'completed',
    createdAt: 'nonsense',
    updatedAt: '2025-05-02T00:00:00Z',
    completedAt: 'bad date',
    summary: 'Done',
  };
  await put(server, 'shrimp.json', JSON.stringify({ tasks: [task] }));

  const reply = await server.call('import_workflow', { from: 'shrimp.json', from_tool: 'shrimp' });

  expect(reply.left_out.map(({ why }: Body) => why)).toEqual([
    'a has the time nonsense, which is none; it was left out',
    'a has the time bad date, which is none; it was left out',
  ]);
  const found = (await linesOf(server)).find(({ kind }) => kind === 'task');
  const at = '2025-05-02T00:00:00.000Z';
  expect(found).toMatchObject({ created_at: at, updated_at: at, completed_at: at });
});

test('what was done on both sides is no conflict, though it was archived here; what was cancelled on one of them is', async () => {
  const clock = aClock();
  await using server = await aServer({ clock: clock.now });
  await bringList(server, [aTask(1), aTask(2), aTask(3)]);
  const ids = Object.values(await tasksOf(server)).map(({ task_id }) => task_id);
  clock.advance(1000);
  for (const task_id of ids) await server.call('complete_subtask', completion(task_id));
  await server.call('manage_lifecycle', { task_id: ids[1], lifecycle_stage: 'archived' });
  clock.advance(1000);

  const done = ['done', 'done', 'cancelled'].map((status, index) => aTask(index + 1, { status }));
  const reply = await bringList(server, done);

  expect(reply.tasks).toMatchObject({ updated: 0, unchanged: 2, conflicts: 1 });
  const way = 'ready, then cancelled';
  const differs = [{ field: 'lifecycle_stage', here: 'completed', in_file: 'cancelled', way }];
  expect(reply.conflicts).toMatchObject([{ task_id: ids[2], differs }]);
  expect(await findings(server)).toEqual([]);
});

test('open tasks that are in the file no more are named, and stay', async () => {
  await using server = await aServer();
  const bring = async (path: string, text: string, more: Body = {}) => {
    await put(server, path, text);
    return server.call('import_workflow', { from: path, from_tool: 'checklist', ...more });
  };
  await bring('todo.md', '# Shop\n- [ ] Buy milk\n- [x] Buy bread\n- [ ] Buy tea\n');
  await bring('other.md', '- [ ] Buy milk\n');

  const tried = await bring('todo.md', '# Shop\n- [ ] Buy milk, two\n- [ ] Buy tea\n', { dry_run: true });
  const copied = await bring('todo.md', '# Shop\n- [ ] Buy milk, two\n- [ ] Buy tea\n', {
    into: 'fresh',
    dry_run: true,
  });
  const reply = await bring('todo.md', '# Shop\n- [ ] Buy milk, two\n- [ ] Buy tea\n');
  const same = await bring('other.md', '- [ ] Buy milk\n');

  expect(reply.tasks).toMatchObject({ added: 1, unchanged: 2, no_longer_in_file: 1 });
  expect(reply.no_longer_in_file).toEqual([
    {
      task_id: expect.any(String),
      title: 'Buy milk',
      place: 'checklist:todo.md#Shop / Buy milk',
      why: 'it is ready here',
    },
  ]);
  expect(reply.next_steps).toMatch(/orchestrator_cancel_task/);
  expect(tried.no_longer_in_file).toEqual(reply.no_longer_in_file);
  for (const { no_longer_in_file, next_steps } of [copied, same])
    expect([no_longer_in_file, next_steps]).toEqual([undefined, undefined]);
  expect(await countTasks(server)).toBe(6);
});

test('a list that was emptied is told within the budget of a reply', async () => {
  await using server = await aServer();
  const many = Array.from({ length: 2500 }, (_, index) => aTask(index));
  await bringList(server, many);

  const reply = await bringList(server, [aTask(0)]);

  expect(reply.tasks).toMatchObject({ unchanged: 1, no_longer_in_file: 2499 });
  expect(JSON.stringify(reply).length).toBeLessThan(18_000);
  expect(reply.truncated.omitted).toBe(2499 - reply.no_longer_in_file.length);
});
