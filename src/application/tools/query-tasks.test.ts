import Sqlite from 'better-sqlite3';
import { describe, expect, test, vi } from 'vitest';
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
import { tokensOf } from '../../domain/budget.ts';

const idsIn = ({ tasks }: Body): readonly string[] => tasks.map((task: Body) => task.task_id);
const titlesIn = ({ tasks }: Body): readonly string[] => tasks.map((task: Body) => task.attributes.title);
const query = ({ call }: TestOrchestrator, filters: Body, more: Body = {}) => call('query_tasks', { filters, ...more });

describe('query_tasks', () => {
  test('shows of each task what the reference shows', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const plan = await aPlan(server, [
      aSubtask('a'),
      aSubtask('b', ['a'], { priority: 'high', attributes: { team: 'backend' } }),
    ]);

    const reply = await query(server, { parent_task_id: plan.planId, attributes: { team: 'backend' } });

    const at = new Date(clock.now()).toISOString();
    expect(reply).toEqual({
      query_executed: true,
      total_results: 1,
      returned_results: 1,
      tasks: [
        {
          task_id: plan.id('b'),
          task_type: 'specialist_task',
          parent_task_id: plan.planId,
          status: 'pending',
          lifecycle_stage: 'ready',
          attributes: {
            title: 'b',
            description: 'Do b',
            priority: 'high',
            specialist_type: 'implementer',
            team: 'backend',
          },
          dependencies: [plan.id('a')],
          children: [],
          created_at: at,
          updated_at: at,
        },
      ],
      query_metadata: {
        execution_time_ms: 0,
        filters_applied: { parent_task_id: plan.planId, attributes: { team: 'backend' } },
      },
    });
  });

  test('without filters shows all tasks that are not archived, the newest first', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    for (const title of ['old', 'gone', 'new']) {
      clock.advance(1000);
      const task_id = await aGenericTask(server, title);
      if (title === 'gone') await server.call('manage_lifecycle', { task_id, lifecycle_stage: 'archived' });
    }

    expect(titlesIn(await server.call('query_tasks'))).toEqual(['new', 'old']);
    expect(titlesIn(await query(server, { status: 'archived' }))).toEqual(['gone']);
    expect(titlesIn(await query(server, { lifecycle_stage: ['archived', 'draft'] }))).toEqual(['gone']);
  });

  test('takes one value or a list, as text too', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a', { task_type: 'bug' });
    await aGenericTask(server, 'b', { task_type: 'feature' });
    await aGenericTask(server, 'c', { task_type: 'research' });
    const sort = { field: 'title', direction: 'asc' };

    expect(titlesIn(await query(server, { task_type: 'bug' }, { sort }))).toEqual(['a']);
    expect(titlesIn(await query(server, { task_type: ['bug', 'research'] }, { sort }))).toEqual(['a', 'c']);
    expect(titlesIn(await query(server, { task_type: '["bug", "feature"]' }, { sort }))).toEqual(['a', 'b']);
    expect(titlesIn(await server.call('query_tasks', { filters: '{"task_type": "bug"}' }))).toEqual(['a']);
  });

  test('a task whose lease ran out counts as ready, though nothing was written', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const { id, planId } = await aPlan(server, [aSubtask('a'), aSubtask('b')]);
    const { session_id } = await server.call('initialize_session');
    await server.call('execute_subtask', { task_id: id('a'), session_id });
    const stages = async () => ({
      active: idsIn(await query(server, { lifecycle_stage: 'active', parent_task_id: planId })),
      ready: new Set(idsIn(await query(server, { lifecycle_stage: 'ready' }))),
      actionable: new Set(idsIn(await query(server, { actionable: true }))),
      held: idsIn(await query(server, { claimed_by: session_id })),
    });
    const [a, b] = [id('a'), id('b')];

    const before = await stages();
    clock.advance(4 * HOUR);
    const after = await stages();

    expect(before).toEqual({ active: [a], ready: new Set([b]), actionable: new Set([b]), held: [a] });
    expect(after).toEqual({ active: [], ready: new Set([a, b]), actionable: new Set([a, b]), held: [] });
    expect((await query(server, { task_ids: [a] })).tasks[0]).toMatchObject({
      status: 'pending',
      lifecycle_stage: 'ready',
    });
  });

  test('a task in the trash is never found', async () => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');
    await server.call('delete_task', { task_id });

    expect((await server.call('query_tasks')).total_results).toBe(0);
  });

  test('finds by words', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'Draw the invoice');
    await aGenericTask(server, 'Send the reminder');

    expect(titlesIn(await query(server, { search: 'invoice' }))).toEqual(['Draw the invoice']);
    expect(titlesIn(await query(server, { search: 'the -invoice', priority: 'medium' }))).toEqual([
      'Send the reminder',
    ]);
    expect((await query(server, { search: '" OR 1=1 --' })).total_results).toBe(0);
  });

  test('pages go on where the last one ended, while tasks are added and changed', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const wanted: string[] = [];
    for (let turn = 0; turn < 25; turn++) {
      clock.advance(turn % 3);
      wanted.push(await aGenericTask(server, `task ${turn}`));
    }

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await query(server, { task_type: 'feature' }, { limit: 4, ...(cursor && { cursor }) });
      seen.push(...idsIn(page));
      cursor = page.next_cursor;
      clock.advance(1);
      await aGenericTask(server, 'added');
      await server.call('update_task', { task_id: seen[0], title: `seen ${seen.length}` });
    } while (cursor !== undefined);

    expect(seen.toSorted()).toEqual(wanted.toSorted());
  });

  test('what does not fit into the budget comes on the next page', async () => {
    await using server = await anOrchestrator();
    for (let turn = 0; turn < 30; turn++) {
      await aGenericTask(server, `task ${turn}`, { attributes: { title: `task ${turn}`, text: 'word '.repeat(300) } });
    }

    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await server.call('query_tasks', { budget_tokens: 2_000, ...(cursor && { cursor }) });
      expect(tokensOf(page)).toBeLessThanOrEqual(2_000);
      expect(page).toMatchObject({ total_results: 30, returned_results: page.tasks.length });
      if (page.next_cursor) expect(page.truncated.omitted).toBe(30 - seen.length - page.tasks.length);
      seen.push(...idsIn(page));
      cursor = page.next_cursor;
    } while (cursor !== undefined);

    expect(new Set(seen).size).toBe(30);
    expect(seen).toHaveLength(30);
  });

  test.each([1_000, 6_000, 18_000])(
    'a task that is larger than a budget of %d is cut to fit',
    async (budget_tokens) => {
      await using server = await anOrchestrator();
      const attributes = {
        title: '漢'.repeat(500),
        description: '漢'.repeat(7_000),
        text: '漢'.repeat(12_000),
        small: 1,
      };
      await aGenericTask(server, 'a', { attributes });
      const filters = { attributes: { text: { not: '漢'.repeat(2_000) } } };

      for (const more of [{}, { include_hierarchy: true }, { fields: ['description', 'context', 'attributes'] }]) {
        const reply = await query(server, filters, { budget_tokens, ...more });

        expect(reply.returned_results).toBe(1);
        expect(tokensOf(reply)).toBeLessThanOrEqual(budget_tokens);
      }
    },
  );

  test('subtasks are nested below what was found, and do not count as results', async () => {
    await using server = await anOrchestrator();
    const { planId, id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    const inner = await aPlan(server, [aSubtask('c')], { parent_task_id: id('a') });

    const reply = await query(server, { task_ids: planId }, { include_hierarchy: true });

    expect(reply).toMatchObject({ total_results: 1, returned_results: 1 });
    const [top] = reply.tasks;
    expect(top.children).toEqual([id('a'), id('b')]);
    expect(idsIn({ tasks: top.subtasks })).toEqual([id('a'), id('b')]);
    expect(top.subtasks[1]).toMatchObject({ dependencies: [id('a')], children: [] });
    expect(idsIn({ tasks: top.subtasks[0].subtasks })).toEqual([inner.planId]);
    expect(idsIn({ tasks: top.subtasks[0].subtasks[0].subtasks })).toEqual([inner.id('c')]);
  });

  test('of a large hierarchy the upper levels are shown, and what was left out is counted', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(
      server,
      Array.from({ length: 60 }, (_, place) => aSubtask(`subtask ${place} ${'x'.repeat(300)}`)),
    );

    const reply = await query(server, { task_ids: planId }, { include_hierarchy: true, budget_tokens: 2_000 });

    const [top] = reply.tasks;
    expect(tokensOf(reply)).toBeLessThanOrEqual(2_000);
    expect(top.children).toHaveLength(20);
    expect(top.children_omitted).toBe(40);
    expect(top.subtasks.length).toBeGreaterThan(2);
    expect(reply.truncated.omitted).toBe(60 - top.subtasks.length);
  });

  test('shows only the fields that are asked for, and the id', async () => {
    await using server = await anOrchestrator();
    const id = await aGenericTask(server, 'a');

    const reply = await query(server, {}, { fields: ['title', 'actionable', 'version'] });

    expect(reply.tasks).toEqual([{ task_id: id, title: 'a', actionable: true, version: 1 }]);
  });

  test('adds dependencies, artifacts, notes and events in detail', async () => {
    await using server = await anOrchestrator();
    const { id } = await aPlan(server, [aSubtask('a'), aSubtask('b', ['a'])]);
    await server.call('add_note', { task_id: id('a'), text: 'Careful', kind: 'risk' });
    const { artifact_info } = await server.call('complete_subtask', completion(id('a')));
    const include = ['dependencies', 'artifacts', 'notes', 'events'];

    const [a, b] = (await query(server, {}, { include, sort: { field: 'title', direction: 'asc' } })).tasks.slice(1);

    expect(a).toMatchObject({ artifacts: [artifact_info], notes: [{ kind: 'risk', text: 'Careful' }] });
    expect(a.events.at(-1)).toMatchObject({ type: 'task.status_changed' });
    expect(b.dependency_details).toEqual([
      { dependency_task_id: id('a'), dependency_type: 'completion', status: 'satisfied' },
    ]);
  });

  test('the beginning of an id is enough, and the whole one is told', async () => {
    await using server = await anOrchestrator();
    const { planId } = await aPlan(server, [aSubtask('a')]);

    const reply = await query(server, { parent_task_id: planId.slice(0, -3) });

    expect(reply.total_results).toBe(1);
    expect(reply.query_metadata.filters_applied).toEqual({ parent_task_id: planId });
  });
});

describe('query_tasks refuses', () => {
  const REFUSED: readonly (readonly [what: string, args: Body, refusal: Body])[] = [
    ['an unknown filter', { filters: { statuss: 'active' } }, { parameter: 'filters.statuss', did_you_mean: 'status' }],
    ['a filter beside filters', { status: 'active' }, { suggestion: 'Repeat with it inside filters' }],
    ['an unknown status', { filters: { status: 'actve' } }, { parameter: 'filters.status', did_you_mean: 'active' }],
    [
      'a stage as a status',
      { filters: { status: 'ready' } },
      { parameter: 'filters.status', suggestion: 'Repeat with filters.lifecycle_stage: ready' },
    ],
    [
      'a status as a stage, in a list',
      { filters: { lifecycle_stage: ['draft', 'pending'] } },
      { parameter: 'filters.lifecycle_stage', suggestion: 'Repeat with filters.status: pending' },
    ],
    ['an unknown status in a list', { filters: { status: ['active', 'done'] } }, { parameter: 'filters.status[1]' }],
    ['an unknown stage', { filters: { lifecycle_stage: 'redy' } }, { did_you_mean: 'ready' }],
    ['an unknown priority', { filters: { priority: 'urgent' } }, { parameter: 'filters.priority' }],
    ['an unknown specialist', { filters: { specialist_type: 'testr' } }, { did_you_mean: 'tester' }],
    ['an unknown session', { filters: { claimed_by: 'session_nobody00' } }, { code: 'not_found' }],
    ['an empty list', { filters: { status: [] } }, { parameter: 'filters.status' }],
    ['a status and a stage that exclude each other', { filters: { status: 'active', lifecycle_stage: 'draft' } }, {}],
    ['a text for a boolean', { filters: { actionable: 'perhaps' } }, { parameter: 'filters.actionable' }],
    ['a number for a type', { filters: { task_type: 5 } }, { parameter: 'filters.task_type' }],
    ['a date that is none', { filters: { created_after: 'yesterday' } }, { parameter: 'filters.created_after' }],
    ['a day that is not', { filters: { due_before: '2026-02-30' } }, { parameter: 'filters.due_before' }],
    ['a reversed range', { filters: { created_after: '2026-02-01', created_before: '2026-01-01' } }, {}],
    ['a reversed range of updates', { filters: { updated_after: '2026-02-01', updated_before: '2026-01-01' } }, {}],
    ['a parent that does not exist', { filters: { parent_task_id: 'task_00000000' } }, { code: 'not_found' }],
    ['a prerequisite that does not exist', { filters: { depends_on: ['task_00000000'] } }, { code: 'not_found' }],
    ['ids that do not exist', { filters: { task_ids: ['task_00000000'] } }, { code: 'not_found' }],
    ['a search for nothing', { filters: { search: '…' } }, {}],
    ['a negative limit', { limit: -1 }, { parameter: 'limit' }],
    ['a limit of none', { limit: 0 }, { parameter: 'limit' }],
    ['a limit that is too large', { limit: 1_001 }, { parameter: 'limit' }],
    ['an unknown field to sort by', { sort: { field: 'created' } }, { parameter: 'sort.field' }],
    ['a misspelt field to sort by', { sort: { field: 'craeted_at' } }, { did_you_mean: 'created_at' }],
    ['an unknown direction', { sort: { field: 'title', direction: 'down' } }, { parameter: 'sort.direction' }],
    ['an unknown field', { fields: ['titel'] }, { parameter: 'fields[0]', did_you_mean: 'title' }],
    ['no fields', { fields: [] }, { parameter: 'fields' }],
    ['an unknown part', { include: ['artefacts'] }, { did_you_mean: 'artifacts' }],
    ['a cursor that is none', { cursor: 'page 2' }, { parameter: 'cursor' }],
    ['an unknown operator', { filters: { attributes: { points: { gtt: 1 } } } }, { did_you_mean: 'gt' }],
    ['no operator', { filters: { attributes: { points: {} } } }, { parameter: 'filters.attributes.points' }],
    [
      'what lies inside as an object',
      { filters: { attributes: { team: { name: 'a' } } } },
      { suggestion: expect.stringContaining('team.name') },
    ],
    ['reversed bounds', { filters: { attributes: { points: { gt: 5, lt: 3 } } } }, {}],
    ['reversed bounds of a priority', { filters: { attributes: { priority: { gte: 'high', lte: 'low' } } } }, {}],
    ['bounds of two types', { filters: { attributes: { points: { gt: 1, lt: 'b' } } } }, {}],
    ['more than a boolean', { filters: { attributes: { points: { gt: true } } } }, {}],
    ['an operand that is no list', { filters: { attributes: { points: { in: 3 } } } }, {}],
    ['an empty list of values', { filters: { attributes: { points: [] } } }, {}],
    ['an attribute that is a field', { filters: { attributes: { status: 'active' } } }, {}],
    ['a priority that is none', { filters: { attributes: { priority: 'urgent' } } }, {}],
    ['a due date that is none', { filters: { attributes: { due_date: { lt: 'soon' } } } }, {}],
    ['a path that is none', { filters: { attributes: { 'a..b': 1 } } }, {}],
    ['a part of a date', { filters: { attributes: { due_date: { contains: '2026' } } } }, {}],
    ['an unknown parameter', { where: {} }, { parameter: 'where' }],
  ];

  test.each(REFUSED)('%s', async (_, args, refusal) => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a');

    const body = await server.refused('query_tasks', args);

    expect(body).toMatchObject({ code: 'invalid', suggestion: expect.stringMatching(/./), ...refusal });
  });

  test('an id that is one slip away, telling which was meant', async () => {
    await using server = await anOrchestrator();
    const id = await aGenericTask(server, 'a');
    const wrong = id.slice(0, -1) + (id.endsWith('x') ? 'y' : 'x');

    expect(await server.refused('query_tasks', { filters: { parent_task_id: wrong } })).toMatchObject({
      error: `Task not found: ${wrong}`,
      did_you_mean: [id],
    });
  });

  test('a cursor of another query, and one of another store', async () => {
    await using server = await anOrchestrator();
    await using other = await anOrchestrator();
    for (const title of ['a', 'b']) await aGenericTask(server, title);
    const { next_cursor: cursor } = await query(server, {}, { limit: 1 });

    for (const args of [{ filters: { status: 'pending' } }, { sort: { field: 'title' } }]) {
      expect(await server.refused('query_tasks', { ...args, cursor })).toMatchObject({ parameter: 'cursor' });
    }
    expect(await other.refused('query_tasks', { cursor })).toMatchObject({ parameter: 'cursor' });
    expect((await server.call('query_tasks', { cursor })).returned_results).toBe(1);
  });
});

describe('an attribute that is asked for often', () => {
  const DAY = 24 * HOUR;
  const aDatabase = ({ workspace }: TestOrchestrator) =>
    new Sqlite(`${workspace}/.task_orchestrator/task_orchestrator.db`);
  const made = (database: Sqlite.Database) =>
    database.prepare<[], { subject: string; name: string }>('select subject, name from attribute_indexes').all();

  /** A store with 5,001 tasks, the last of them with a number as if there had been `size`. */
  async function aLargeStore(server: TestOrchestrator, { size }: { size: number }): Promise<Sqlite.Database> {
    await aGenericTask(server, 'a', { attributes: { title: 'a', team: 'backend' } });
    const database = aDatabase(server);
    const columns =
      'stage, priority, version, children, open_children, completed_children, leaves, completed_leaves, unmet, failed, gates_above, waiters, created_at, updated_at, type, session_id, title, acceptance_criteria, attributes';
    database.exec(`with recursive number (value) as (select 1 union all select value + 1 from number where value < 5000)
      insert into tasks (id, ${columns}) select 'task_' || printf('%08d', value), ${columns} from number, tasks where seq = 1`);
    database.prepare('update tasks set seq = ? where seq = 5001').run(size);
    return database;
  }

  test('gets an index of its own after the reply, which the next question uses', async () => {
    await using server = await anOrchestrator();
    const database = await aLargeStore(server, { size: 1_000_000 });

    const first = await query(server, { attributes: { team: 'backend' } }, { limit: 1 });
    await vi.waitUntil(() => made(database).length > 0);
    const second = await query(server, { attributes: { team: 'backend' } }, { limit: 1 });

    const [index] = made(database);
    database.prepare('update tasks set attributes = ? where seq = 7').run('{"team":"frontend"}');
    const third = await query(server, { attributes: { team: 'backend' } }, { limit: 1 });
    expect(index?.subject).toBe('$."team"');
    expect([first, second, third].map(({ total_results }) => total_results)).toEqual([5_001, 5_001, 5_000]);
    database.close();
  });

  test('is not indexed where all tasks are read in no time', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a', { attributes: { title: 'a', team: 'backend' } });
    const database = aDatabase(server);
    database.exec('update tasks set seq = 4999');

    for (let turn = 0; turn < 60; turn++) await query(server, { attributes: { team: 'backend' } });

    expect(made(database)).toEqual([]);
    database.close();
  });

  test('loses its index when nobody has asked for it for 30 days', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const database = await aLargeStore(server, { size: 1_000_000 });
    for (const name of ['team', 'other']) {
      await query(server, { attributes: { [name]: 'backend' } }, { limit: 1 });
      await vi.waitUntil(() => made(database).some(({ subject }) => subject.includes(name)));
    }

    clock.advance(20 * DAY);
    await query(server, { attributes: { team: 'backend' } }, { limit: 1 });
    await vi.waitUntil(
      () => database.prepare('select max(last_used_at) from attribute_indexes').pluck().get() === clock.now(),
    );
    clock.advance(11 * DAY);
    await query(server, { attributes: { team: 'backend' } }, { limit: 1 });
    await vi.waitUntil(() => made(database).length === 1);

    expect(made(database).map(({ subject }) => subject)).toEqual(['$."team"']);
    expect(
      database.prepare("select count(*) from sqlite_schema where type = 'index' and name like 'asked_%'").pluck().get(),
    ).toBe(1);
    database.close();
  });

  test('takes the place of the one that was unused the longest where there are sixteen', async () => {
    const clock = aClock();
    await using server = await anOrchestrator({ clock: clock.now });
    const database = await aLargeStore(server, { size: 1_000_000 });

    for (let turn = 0; turn < 17; turn++) {
      clock.advance(HOUR);
      await query(server, { attributes: { [`name${turn}`]: 1 } }, { limit: 1 });
      await vi.waitUntil(() => made(database).some(({ subject }) => subject === `$."name${turn}"`));
    }

    const subjects = made(database).map(({ subject }) => subject);
    expect(subjects).toHaveLength(16);
    expect(subjects).not.toContain('$."name0"');
    database.close();
  });
});

test('a long list of what is accepted is told once', async () => {
  await using server = await anOrchestrator();

  const long = await server.refused('query_tasks', { fields: ['titel'] });
  const short = await server.refused('query_tasks', { sort: { field: 'title', direction: 'up' } });

  expect(long).toMatchObject({
    error: expect.stringMatching(/^fields\[0\] must be one of the \d+ values that are accepted$/),
    accepted: expect.stringContaining('lifecycle_stage'),
  });
  expect(short).toMatchObject({ error: 'sort.direction must be one of asc, desc', accepted: 'one of asc, desc' });
});
