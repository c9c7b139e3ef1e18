import { describe, expect, test } from 'vitest';
import { shapeOf } from '../src/application/schema.ts';
import { TOOLS } from '../src/application/tools.generated.ts';
import { errorBody } from '../src/presentation/errors.ts';
import { aGenericTask, anOrchestrator, type Body, type TestOrchestrator } from './harness.ts';

/** Input that programs of this kind are known to choke on, through every tool that takes it. */

const parsed = (text: string): Body => JSON.parse(text);

/** Every way by which attributes come in, and what they are asked for by. */
const WAYS: Readonly<Record<string, (task_id: string, attributes: unknown) => readonly [tool: string, args: Body]>> = {
  create: (_, attributes) => [
    'create_generic_task',
    { task_type: 'bug', attributes: { ...Object.assign(Object.create(null), attributes), title: 'new' } },
  ],
  update: (task_id, attributes) => ['update_task', { task_id, attributes }],
  'update of many': (task_id, attributes) => [
    'bulk_tasks',
    { operation: 'update', task_ids: [task_id], changes: { attributes } },
  ],
  query: (_, attributes) => ['query_tasks', { filters: { attributes } }],
};

describe('attributes that no store keeps are refused as such, whichever way they come', () => {
  const REFUSED: readonly (readonly [what: string, attributes: unknown])[] = [
    ['65 KiB', { a: 'x'.repeat(65 * 1024) }],
    ['10,000 keys', Object.fromEntries(Array.from({ length: 10_000 }, (_, key) => [`k${key}`, key]))],
    ['200 levels', parsed(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`)],
    ['__proto__', parsed('{"a":{"__proto__":{"stolen":true}}}')],
    ['a NUL in a text', { a: 'x\0y' }],
    ['a NUL in a name', { 'x\0y': 1 }],
    ['a lone surrogate in a text', { a: ['\ud800'] }],
    ['a lone surrogate in a name', { '\udc00': 1 }],
  ];

  test.each(REFUSED)('%s', async (_, attributes) => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');

    for (const way of Object.values(WAYS)) {
      const [tool, args] = way(task_id, attributes);
      const refusal = await server.refused(tool, args);
      expect([tool, refusal.code, refusal.parameter]).toEqual([
        tool,
        'invalid',
        expect.stringMatching(/attributes|changes|filters/),
      ]);
    }
    expect(Reflect.get({}, 'stolen')).toBeUndefined();
    expect(await server.call('query_tasks')).toMatchObject({ total_results: 1 });
    expect((await server.call('get_task', { task_id })).attributes).toEqual({});
  });
});

describe('a title', () => {
  test.each([
    ['nothing', ''],
    ['spaces of every width', ' \t\u00a0\u3000\u2003'],
    ['lines', '\n\r\n'],
    ['marks without a width', '\u200b\u2060\ufeff'],
    ['marks of direction', '\u202e\u2066\u200f'],
  ])('of %s is blank, and refused wherever a task gets one', async (_, title) => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, 'a');
    const subtasks_json = JSON.stringify([{ title, description: 'd', specialist_type: 'tester' }]);

    const calls: readonly (readonly [string, Body])[] = [
      ['create_generic_task', { task_type: 'bug', attributes: { title } }],
      ['update_task', { task_id, title }],
      ['update_task', { task_id, attributes: { title } }],
      ['bulk_tasks', { operation: 'update', task_ids: [task_id], changes: { title } }],
      ['plan_task', { description: 'A goal', subtasks_json }],
    ];
    for (const [tool, args] of calls) {
      expect(await server.refused(tool, args)).toMatchObject({
        code: 'invalid',
        error: expect.stringContaining('title'),
      });
    }
    expect(await server.call('query_tasks')).toMatchObject({ total_results: 1 });
  });

  test.each([
    'שלום עולם',
    '🚀👩‍👩‍👧‍👦',
    '𝕏',
    'مرحبا\u200f!',
    'Z͑ͫ̓ͪ̂a',
    '<b>&amp;"\'',
    '"; drop table tasks; --',
    '{{ title }}',
  ])('is kept as it was given, found by its words, and shown whole: %s', async (title) => {
    await using server = await anOrchestrator();
    const task_id = await aGenericTask(server, title);

    const shown = await server.call('get_task', { task_id });
    const filtered = await server.call('query_tasks', { filters: { attributes: { title } } });
    const listed = await server.call('get_status');

    expect(shown.title).toBe(title);
    expect(filtered.tasks.map((task: Body) => task.attributes.title)).toEqual([title]);
    expect(listed.ungrouped[0].title).toBe(title);
  });
});

describe('text that looks like an expression is text', () => {
  const EXPRESSIONS = [
    `a' or 1=1 --`,
    `a") or 1=1 --`,
    '%',
    '_',
    '*',
    'title:a OR NEAR(a b)',
    '$.title',
    '$[0]',
    '?1',
    ':name',
    '1; drop table tasks',
  ];

  test.each(EXPRESSIONS)('as the value, a part of the value, and the name of an attribute: %s', async (text) => {
    await using server = await anOrchestrator();
    const name = `"${text.replaceAll('"', '')}"`;
    const task_id = await aGenericTask(server, 'the one', {
      attributes: { title: 'the one', note: `x ${text} y`, [text]: text },
    });
    await aGenericTask(server, 'another', { attributes: { title: 'another', note: 'x y', plain: 'x' } });
    const idsBy = async (attributes: Body) =>
      (await server.call('query_tasks', { filters: { attributes } })).tasks.map((task: Body) => task.task_id);

    expect(await idsBy({ note: `x ${text} y` })).toEqual([task_id]);
    expect(await idsBy({ note: { contains: text } })).toEqual([task_id]);
    expect(await idsBy({ note: { in: [text, "'"] } })).toEqual([]);
    if (!text.includes('"')) expect(await idsBy({ [name]: { exists: true } })).toEqual([task_id]);
    const sorted = await server.call('query_tasks', { sort: { field: `attributes.${name}`, direction: 'asc' } });
    expect(sorted.total_results).toBe(2);
  });

  test.each(EXPRESSIONS)('as an id, a type, a session, a cursor and a template it is refused: %s', async (text) => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a');
    const calls: readonly (readonly [string, Body])[] = [
      ['get_task', { task_id: text }],
      ['delete_task', { task_id: text }],
      ['restore_task', { task_id: text }],
      ['analyze_dependencies', { task_id: text }],
      ['get_status', { task_id: text }],
      ['query_tasks', { filters: { task_ids: [text] } }],
      ['query_tasks', { filters: { depends_on: text } }],
      ['query_tasks', { filters: { claimed_by: text } }],
      ['query_tasks', { filters: { task_type: text } }],
      ['query_tasks', { filters: { template_id: text } }],
      ['query_tasks', { cursor: text }],
      ['query_tasks', { sort: { field: text, direction: 'asc' } }],
      ['list_sessions', { cursor: text }],
      ['create_from_template', { template_id: text, parameters: {} }],
    ];

    for (const [tool, args] of calls) {
      expect([tool, args, (await server.refused(tool, args)).code]).toEqual([
        tool,
        args,
        expect.stringMatching(/^(invalid|not_found)$/),
      ]);
    }
    expect(await server.call('query_tasks')).toMatchObject({ total_results: 1 });
  });
});

describe('what belongs to another workspace', () => {
  /** Two stores with a task each, and what the first one gave. */
  async function neighbours(server: TestOrchestrator, neighbour: TestOrchestrator) {
    const ours = await aGenericTask(server, 'ours');
    for (const title of ['theirs', 'theirs too']) await aGenericTask(neighbour, title);
    const { tasks, next_cursor } = await neighbour.call('query_tasks', { limit: 1 });
    return { ours, theirs: String(tasks[0].task_id), cursor: next_cursor };
  }

  test('is not found by its id, in whatever place it stands', async () => {
    await using server = await anOrchestrator();
    await using neighbour = await anOrchestrator();
    const { ours, theirs, cursor } = await neighbours(server, neighbour);
    const edge = { dependency_task_id: theirs };

    const calls: readonly (readonly [string, Body])[] = [
      ['get_task', { task_id: theirs }],
      ['update_task', { task_id: theirs, title: 'mine' }],
      ['update_task', { task_id: ours, parent_task_id: theirs }],
      ['delete_task', { task_id: theirs }],
      ['restore_task', { task_id: theirs }],
      ['cancel_task', { task_id: theirs }],
      ['manage_dependencies', { task_id: ours, operation: 'add', dependencies: [edge] }],
      ['create_generic_task', { task_type: 'bug', attributes: { title: 'x' }, dependencies: [edge] }],
      ['create_generic_task', { task_type: 'bug', attributes: { title: 'x' }, parent_task_id: theirs }],
      ['query_tasks', { filters: { parent_task_id: theirs } }],
      ['analyze_dependencies', { task_id: theirs }],
      ['bulk_tasks', { operation: 'cancel', task_ids: [ours, theirs], atomic: true }],
    ];
    for (const [tool, args] of calls) {
      expect([tool, JSON.stringify(await server.refused(tool, args))]).toEqual([tool, expect.stringContaining(theirs)]);
    }
    expect(await server.refused('query_tasks', { cursor })).toMatchObject({ parameter: 'cursor' });
    expect(await server.call('get_task', { task_id: ours })).toMatchObject({ lifecycle_stage: 'ready', version: 1 });
    expect(await neighbour.call('get_task', { task_id: theirs })).toMatchObject({ version: 1 });
  });
});

describe('a question', () => {
  test('that compares more often than is accepted is refused with how often, and none fails', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a');
    const asked = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, key) => [`k${key}`, { not: { gt: key } }]));

    expect(await server.call('query_tasks', { filters: { attributes: asked(50) } })).toMatchObject({
      total_results: 1,
    });
    expect(await server.refused('query_tasks', { filters: { attributes: asked(51) } })).toMatchObject({
      code: 'invalid',
      parameter: 'filters.attributes',
      error: expect.stringContaining('102'),
    });
    let nested: unknown = 1;
    for (let level = 0; level < 90; level += 1) nested = { not: nested };
    expect(await server.call('query_tasks', { filters: { attributes: { k: nested } } })).toMatchObject({
      total_results: 0,
    });
  });

  test('whose filters are too long to repeat is answered, and says that they were applied', async () => {
    await using server = await anOrchestrator();
    await aGenericTask(server, 'a', { attributes: { title: 'a', kind: 'b' } });
    const kind = Array.from({ length: 900 }, (_, value) => `${value} ${'x'.repeat(50)}`);

    const reply = await server.call('query_tasks', { filters: { attributes: { kind: { not: { in: kind } } } } });

    expect(reply).toMatchObject({ total_results: 1, query_metadata: { filters_applied: {} } });
    expect(reply.truncated).toMatchObject({ omitted: 1, how_to_get_more: expect.stringContaining('filters') });
  });
});

test('no refusal of any tool repeats more than a little of what it was given', async () => {
  await using server = await anOrchestrator();
  const task_id = await aGenericTask(server, 'a');
  const huge = 'x'.repeat(100_000);
  const named = { [huge]: 1 };
  const needed: Body = { task_id, parent_task_id: task_id, operation: 'add', action: 'scan_cleanup', query: 'a' };

  for (const [name, load] of Object.entries(TOOLS)) {
    const fields = shapeOf((await load()).default.input);
    const required = Object.keys(fields).filter((key) => key in needed);
    const base = Object.fromEntries(required.map((key) => [key, needed[key]]));
    const fitting = [...Object.keys(fields), 'session_id', 'claim_id', 'idempotency_key', 'unknown'].flatMap(
      (field) => [{ [field]: huge }, { [field]: named }, { [field]: { attributes: named } }],
    );
    for (const args of [...fitting, named]) {
      const outcome = await server.orchestrator.call(name, { ...base, ...args }).catch(errorBody);
      const isRefused = typeof outcome === 'object' && outcome !== null && 'code' in outcome;
      const isLong = isRefused && JSON.stringify(outcome).length > 20_000;
      expect([name, Object.keys(args)[0]?.slice(0, 40), isLong]).toEqual([name, expect.anything(), false]);
    }
  }
});

test('two values for one field are refused, for none of them is the one that is meant', async () => {
  await using server = await anOrchestrator();
  const task_id = await aGenericTask(server, 'a');
  const changes = { title: 'b', attributes: { title: 'c' } };

  const one = await server.refused('update_task', { task_id, ...changes });
  const many = await server.refused('bulk_tasks', { operation: 'update', task_ids: [task_id], changes });

  for (const refusal of [one, many]) expect(refusal).toMatchObject({ code: 'invalid', parameter: 'attributes.title' });
  expect((await server.call('get_task', { task_id })).title).toBe('a');
  const alike = { task_id, title: 'b', attributes: { title: 'b' } };
  expect(await server.call('update_task', alike)).toMatchObject({ changed_fields: ['title'], title: 'b' });
});
