import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readFilters } from '../src/application/filters.ts';
import type { Context } from '../src/application/tool.ts';
import { STAGES, STATUSES } from '../src/domain/lifecycle.ts';
import { type Sort, subjectOf, type TaskFilter } from '../src/domain/query.ts';
import { PRIORITIES, type Task } from '../src/domain/task.ts';
import { type Directly, directly } from './directly.ts';
import { aClock } from './harness.ts';
import { type Known, matching, sorted } from './query-oracle.ts';
import { aClaim, anArtifact, anEdge, aProcess, aSession, aTask, idsOf } from './store-contract/given.ts';

const START = Date.UTC(2026, 0, 1);
const DAY = 24 * 3_600_000;
const iso = (at: number) => new Date(at).toISOString();
const SESSIONS = ['session_00000001', 'session_00000002'];

/** Small worlds, so that questions meet something: few values, many of them alike. */
const aScalar = fc.constantFrom<unknown>(
  0,
  1,
  2,
  -1,
  1.5,
  true,
  false,
  '0',
  '1',
  'true',
  'a',
  'ab',
  'é',
  '😀',
  "o'clock",
);
const aValue = fc.oneof(
  { weight: 4, arbitrary: aScalar },
  fc.array(aScalar, { maxLength: 3 }),
  fc.constant(null),
  fc.constantFrom({ name: 'a' }, { name: 1, deep: { 'x.y': true } }, {}),
);
const NAMES = ['team', 'a b', 'x.y', 'q"uote', '[0]', 'ключ', '$', 'constructor', 'name'];
const attributes = fc
  .tuple(fc.dictionary(fc.constantFrom(...NAMES), aValue, { maxKeys: 3 }), aValue)
  .map(([some, team]) => ({ team, ...some }));
const aPath = fc.constantFrom(
  'team',
  'team',
  'team',
  'team',
  'a b',
  '"x.y"',
  'q"uote',
  '[0]',
  'ключ',
  '$',
  'constructor',
  'team.name',
  'team.deep."x.y"',
);
const anOwnName = fc.constantFrom('title', 'priority', 'due_date', 'estimated_effort', 'specialist_type');

const DUE = ['2026-01-01', '2026-01-02', '2026-01-02T12:00:00+14:00', '2026-01-01T00:00:00.001Z'];
const TYPES = ['feature', 'bug', 'approval'];
const SPECIALISTS = ['tester', 'architect'];
const TITLES = ['Alpha', 'alpha', 'beta', 'Über', '😀'];

const someTasks = fc.array(
  fc.record({
    stage: fc.constantFrom(...STAGES),
    type: fc.constantFrom(...TYPES),
    specialist: fc.option(fc.constantFrom(...SPECIALISTS), { nil: undefined }),
    priority: fc.constantFrom(...PRIORITIES),
    title: fc.constantFrom(...TITLES),
    effort: fc.option(fc.constantFrom('low', 'high'), { nil: undefined }),
    dueDate: fc.option(fc.constantFrom(...DUE), { nil: undefined }),
    templateId: fc.option(fc.constantFrom('one', 'two'), { nil: undefined }),
    createdDay: fc.nat(3),
    updatedDay: fc.nat(3),
    started: fc.option(fc.nat(3), { nil: undefined }),
    attributes,
    parent: fc.option(fc.nat(20), { nil: undefined }),
    prerequisite: fc.option(fc.nat(20), { nil: undefined }),
    hasArtifact: fc.boolean(),
    claim: fc.constantFrom('none', 'none', 'live', 'ended'),
    holder: fc.constantFrom(...SESSIONS),
    isHeldBack: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);
type Drawn = typeof someTasks extends fc.Arbitrary<infer Tasks> ? Tasks : never;

const idOf = (place: number) => `task_${String((place * 7919 + 13) % 100_000).padStart(8, '0')}`;

function world(drawn: Drawn): Readonly<{ tasks: readonly Task[]; known: Known }> {
  const parents = drawn.map(({ parent }, place) => (parent !== undefined && parent < place ? parent : undefined));
  const hasChild = new Set(parents);
  const tasks = drawn.map((one, place): Task => {
    const parent = parents[place];
    const isFree = one.stage === 'ready' && !one.isHeldBack && !hasChild.has(place) && one.type !== 'approval';
    return aTask({
      ...one,
      id: idOf(place),
      parentId: parent === undefined ? undefined : idOf(parent),
      createdAt: START + one.createdDay * DAY,
      updatedAt: START + one.updatedDay * DAY,
      startedAt: one.started === undefined ? undefined : START + one.started * DAY,
      standing: {
        children: hasChild.has(place) ? 1 : 0,
        unmet: one.isHeldBack ? 1 : 0,
        actionableSince: isFree ? START : undefined,
      },
    });
  });
  const at = (wanted: (one: Drawn[number]) => boolean) => drawn.flatMap((one, place) => (wanted(one) ? [place] : []));
  return {
    tasks,
    known: {
      holders: new Map(at(({ claim }) => claim === 'live').map((place) => [idOf(place), drawn[place]?.holder ?? ''])),
      lapsed: new Set(at(({ claim }) => claim === 'ended').map(idOf)),
      prerequisites: new Map(
        drawn.flatMap(({ prerequisite }, place) =>
          prerequisite !== undefined && prerequisite < place ? [[idOf(place), [idOf(prerequisite)]] as const] : [],
        ),
      ),
      withArtifacts: new Set(at(({ hasArtifact }) => hasArtifact).map(idOf)),
    },
  };
}

async function fill({ write }: Directly, { tasks, known }: ReturnType<typeof world>, now: number): Promise<void> {
  const edges = [...known.prerequisites].flatMap(([taskId, ids]) =>
    ids.map((prerequisiteId) => anEdge({ taskId, prerequisiteId })),
  );
  const claims = idsOf(tasks).flatMap((taskId) => {
    const holder = known.holders.get(taskId);
    if (holder === undefined && !known.lapsed.has(taskId)) return [];
    const leaseUntil = holder === undefined ? now - 1 : now + DAY;
    return [aClaim({ id: taskId.replace('task', 'claim'), taskId, holder: holder ?? '', leaseUntil })];
  });
  await write(async (context) => {
    await context.tasks.insert(tasks);
    await context.dependencies.insert(edges, START);
    for (const taskId of known.withArtifacts) {
      await context.artifacts.insert(anArtifact({ id: taskId.replace('task', 'artifact'), taskId }));
    }
    for (const claim of claims) await context.claims.take(claim);
  });
}

const oneOrMore = <T>(values: readonly T[]) =>
  fc.oneof(fc.constantFrom(...values), fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 }));
const anOperand = (scalar: fc.Arbitrary<unknown>, bound: fc.Arbitrary<unknown>, part: fc.Arbitrary<unknown>) =>
  fc.oneof(
    scalar,
    fc.constant(null),
    fc.array(scalar, { minLength: 1, maxLength: 3 }),
    fc.record({ gt: bound }),
    fc.record({ gte: bound }),
    fc.record({ lt: bound }),
    fc.record({ lte: bound }),
    fc.record({ in: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ contains: part }),
    fc.record({ exists: fc.boolean() }),
    fc.record({
      not: fc.oneof(scalar, fc.constant(null), fc.record({ gt: bound }), fc.array(scalar, { minLength: 1 })),
    }),
    fc.record({ exists: fc.constant(true), not: scalar }),
  );
const freely = anOperand(
  aScalar,
  aScalar.filter((value) => typeof value !== 'boolean'),
  aScalar,
);
const OWN_OPERANDS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  title: anOperand(fc.constantFrom(...TITLES), fc.constantFrom(...TITLES), fc.constantFrom('a', 'lph', '😀')),
  priority: anOperand(fc.constantFrom(...PRIORITIES), fc.constantFrom(...PRIORITIES), fc.constant('')).filter(
    hasNoPart,
  ),
  due_date: anOperand(fc.constantFrom(...DUE), fc.constantFrom(...DUE), fc.constant('')).filter(hasNoPart),
  estimated_effort: anOperand(fc.constantFrom('low', 'high'), fc.constantFrom('low', 'high'), fc.constant('o')),
  specialist_type: anOperand(fc.constantFrom(...SPECIALISTS), fc.constantFrom(...SPECIALISTS), fc.constant('e')),
};
function hasNoPart(operand: unknown): boolean {
  return typeof operand !== 'object' || operand === null || !('contains' in operand);
}
const someAttributes = fc.oneof(
  { weight: 3, arbitrary: fc.dictionary(aPath, freely, { minKeys: 1, maxKeys: 2 }) },
  anOwnName.chain((name) => fc.record({ [name]: OWN_OPERANDS[name] ?? fc.constant(null) })),
);
const aDay = fc.nat(3).map((day) => iso(START + day * DAY));

const filters = (known: readonly string[]) =>
  fc.record(
    {
      task_type: oneOrMore(TYPES),
      status: oneOrMore(STATUSES),
      lifecycle_stage: oneOrMore(STAGES),
      parent_task_id: oneOrMore<string | null>([null, ...known]),
      template_id: oneOrMore(['one', 'two']),
      task_ids: oneOrMore(known),
      specialist_type: oneOrMore(SPECIALISTS),
      priority: oneOrMore(PRIORITIES),
      actionable: fc.boolean(),
      claimed_by: oneOrMore(SESSIONS),
      due_before: fc.constantFrom(...DUE),
      created_after: aDay,
      updated_before: aDay,
      depends_on: oneOrMore(known),
      has_artifacts: fc.boolean(),
      attributes: someAttributes,
    },
    { requiredKeys: [] },
  );
/** Few at once, or nothing would ever match. What lies in the attributes is asked for most. */
const someFilters = (known: readonly string[]) =>
  fc.oneof(
    filters(known).chain((all) =>
      fc
        .shuffledSubarray(Object.entries(all), { maxLength: Math.min(3, Object.keys(all).length) })
        .map((few) => Object.fromEntries(few)),
    ),
    fc.record({ attributes: someAttributes, status: oneOrMore(STATUSES) }, { requiredKeys: ['attributes'] }),
  );

const aSort = fc.record({
  field: fc.constantFrom(
    'created_at',
    'created_at',
    'updated_at',
    'started_at',
    'priority',
    'title',
    'status',
    'lifecycle_stage',
    'task_type',
    'specialist_type',
    'due_date',
    'task_id',
    'attributes.team',
    'attributes.team.name',
  ),
  direction: fc.constantFrom('asc' as const, 'desc' as const),
});

/** The question as the store is asked it; undefined where the filters exclude each other. */
async function asked(context: Context, wire: Readonly<Record<string, unknown>>): Promise<TaskFilter | undefined> {
  return readFilters(context, wire).catch((error: unknown) => {
    if (String(error).includes('exclude each other')) return undefined;
    throw error;
  });
}

function sortOf({ field, direction }: Readonly<{ field: string; direction: string }>): Sort {
  const by = subjectOf(field);
  if (by === undefined) throw new Error(`${field} is no field`);
  return { by, descending: direction === 'desc' };
}

async function everyPage(context: Context, question: { filter: TaskFilter; sort: Sort; limit: number }) {
  const shown: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await context.queries.page({ ...question, ...(cursor !== undefined && { cursor }) });
    shown.push(...idsOf(page.tasks));
    cursor = page.hasMore ? page.cursorAfter(page.tasks.length - 1) : undefined;
  } while (cursor !== undefined);
  return shown;
}

async function aStore() {
  const workspace = await mkdtemp(join(tmpdir(), 'mto-queries-'));
  const clock = aClock(START + 10 * DAY);
  const store = await directly({ workspace, clock: clock.now });
  onTestFinished(async () => {
    await store[Symbol.asyncDispose]();
    await rm(workspace, { recursive: true });
  });
  await store.write(async ({ sessions }) => {
    for (const id of SESSIONS) {
      await sessions.insert(aSession({ id }));
      await sessions.attach(id, aProcess('process_elsewhere'));
    }
  });
  const database = new Sqlite(join(workspace, '.task_orchestrator', 'task_orchestrator.db'));
  onTestFinished(() => {
    database.close();
  });
  return { store, clock, database };
}

/** Takes all tasks away, or all whose ids begin otherwise. */
function emptied(database: Sqlite.Database, kept = ' '): void {
  database.pragma('foreign_keys = off');
  for (const table of ['claims', 'artifacts', 'dependencies']) database.exec(`delete from ${table}`);
  database.prepare("delete from tasks where id not like ? || '%'").run(kept);
}

type Setting = Readonly<{ hasIndexes: boolean; hasCrowd: boolean; runs: number }>;

/** Among few tasks others ways lead to an answer than among many. */
const SETTINGS: readonly (readonly [string, Setting])[] = [
  ['among few tasks', { hasIndexes: false, hasCrowd: false, runs: 60 }],
  ['among few tasks with indexes that were made for it', { hasIndexes: true, hasCrowd: false, runs: 60 }],
  ['among many tasks', { hasIndexes: false, hasCrowd: true, runs: 3 }],
  ['among many tasks with indexes that were made for it', { hasIndexes: true, hasCrowd: true, runs: 3 }],
];

describe.each(SETTINGS)('a question %s', (_, { hasIndexes, hasCrowd, runs }) => {
  test('is answered as if each task had been looked at, page by page', { timeout: 120_000 }, async () => {
    const { store, clock, database } = await aStore();
    if (hasIndexes) await makeIndexes(store, database, clock.now());
    emptied(database);
    if (hasCrowd) await store.write(({ tasks }) => tasks.insert(CROWD));
    const crowd = hasCrowd ? CROWD : [];

    await fc.assert(
      fc.asyncProperty(aWorldWithQuestions, async ([drawn, questions]) => {
        emptied(database, CROWD_PREFIX);
        const { tasks, known } = world(drawn);
        await fill(store, { tasks, known }, clock.now());
        for (const [wire, order, size] of questions) {
          const limit = hasCrowd ? size * 150 : size;
          await store.read((context) => compare(context, { tasks: [...crowd, ...tasks], known }, [wire, order, limit]));
        }
      }),
      { numRuns: runs },
    );
  });
});

const CROWD_PREFIX = 'custom_';
/** More tasks than are looked through in passing, and among them some that questions mean. */
const CROWD: readonly Task[] = Array.from({ length: 5_100 }, (_, place) =>
  aTask({
    id: `${CROWD_PREFIX}${String(place).padStart(8, '0')}`,
    stage: place % 50 === 0 ? 'completed' : 'ready',
    priority: PRIORITIES[place % 4] ?? 'low',
    title: TITLES[place % TITLES.length] ?? '',
    createdAt: START + (place % 7) * DAY,
    updatedAt: START + (place % 11) * DAY,
    attributes: place % 3 === 0 ? {} : { team: [0, 1, 'a', 'ab', true, { name: 'a' }, null][place % 7] },
    type: TYPES[place % 17] ?? 'custom',
  }),
);

const aWorldWithQuestions = someTasks.chain((drawn) => {
  const ids = drawn.map((_, place) => idOf(place));
  const question = fc.tuple(someFilters(ids), aSort, fc.integer({ min: 1, max: 7 }));
  return fc.tuple(fc.constant(drawn), fc.array(question, { minLength: 8, maxLength: 8 }));
});

type Question = readonly [
  wire: Readonly<Record<string, unknown>>,
  order: Readonly<{ field: string; direction: 'asc' | 'desc' }>,
  limit: number,
];

/** Holds what the store finds against what looking at each task finds. */
async function compare(context: Context, { tasks, known }: ReturnType<typeof world>, [wire, order, limit]: Question) {
  const filter = await asked(context, wire);
  if (filter === undefined) return;
  const expected = matching(tasks, wire, known);
  const question = { filter, sort: sortOf(order), limit };

  const { total } = await context.queries.page(question);
  const found = await everyPage(context, question);
  const ids = await context.queries.ids(filter, 1000);

  const said = JSON.stringify({ wire, order });
  expect(found, said).toEqual(idsOf(sorted(expected, order, known)));
  expect([total, await context.queries.count(filter)], said).toEqual([expected.length, expected.length]);
  const earliest = sorted(expected, { field: 'created_at', direction: 'asc' }, known).slice(0, 1000);
  const asInserted = tasks.filter((task) => earliest.includes(task));
  expect(ids, said).toEqual(idsOf(asInserted.toSorted((a, b) => a.createdAt - b.createdAt)));
}

/** So many tasks that asking makes indexes, the last of them with a number as if there had been a million. */
async function makeIndexes({ write, read }: Directly, database: Sqlite.Database, at: number): Promise<void> {
  await write(({ tasks }) => tasks.insert(Array.from({ length: 5_001 }, (_, place) => aTask({ id: idOf(place) }))));
  database.exec('update tasks set seq = 1000000 where seq = 5001');
  const questions = [
    ...['team', 'a b', '"x.y"', 'q"uote', 'ключ', 'team.name'].map((name) => ({ attributes: { [name]: 'a' } })),
    { task_type: 'bug' },
    { specialist_type: 'tester' },
  ];
  for (const wire of questions) {
    await read(async (context) => context.queries.count(await readFilters(context, wire)));
    await write(({ queries }) => queries.keepUp(at));
  }
  for (const field of ['updated_at', 'priority'] as const) {
    const sort = { by: { field }, descending: true };
    await read(async (context) => context.queries.page({ filter: await readFilters(context, {}), sort, limit: 1 }));
    await write(({ queries }) => queries.keepUp(at));
  }
  expect(database.prepare('select count(*) from attribute_indexes').pluck().get()).toBe(10);
}
