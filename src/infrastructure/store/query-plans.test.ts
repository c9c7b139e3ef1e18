import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { load } from 'sqlite-vec';
import { expect, onTestFinished, test } from 'vitest';
import type { Repositories } from '../../application/ports.ts';
import type { TaskFilter } from '../../domain/query.ts';
import { readQuery } from '../../domain/search.ts';
import { newTask } from '../../domain/task.ts';
import { migrate } from './migrate.ts';
import type { DB } from './schema.ts';
import { repositoriesOf } from './sql-store.ts';
import { kyselyOn, SqliteConnection } from './sqlite-dialect.ts';

const AT = 1000;
const task = newTask({ id: 'task_a', type: 'custom', title: 'A', sessionId: 'session_a', createdAt: AT });
const edge = {
  taskId: 'task_a',
  prerequisiteId: 'task_b',
  type: 'completion',
  artifactType: undefined,
  description: undefined,
  status: 'pending',
  verdict: undefined,
} as const;
const claim = { id: 'claim_a', taskId: 'task_a', holder: 'session_a', leaseMs: 1, leaseUntil: 2, takenAt: AT };
const process = { id: 'process_a', host: 'host', pid: 1, startedAt: undefined };
const session = { id: 'session_a', agentName: undefined, createdAt: AT, endedAt: undefined, process };
const artifact = {
  id: 'artifact_a',
  taskId: 'task_a',
  type: 'code',
  summary: '',
  outcome: 'complete',
  filePaths: [],
  sessionId: 'session_a',
  createdAt: AT,
  sha256: '',
  bytes: 0,
  characters: 0,
} as const;
const limit = 5;

const ANY_TASK: TaskFilter = { said: {}, stages: ['ready', 'active'], conditions: [], lapsed: [] };
/** Questions that say where to look. What nobody has an index for is answered by reading all tasks. */
const FILTERS: readonly Partial<TaskFilter>[] = [
  {},
  { lapsed: ['task_a'] },
  { ids: ['task_a'] },
  { parents: ['task_a'] },
  { prerequisites: ['task_a'] },
  { search: readQuery('word') },
  { isActionable: true },
  { hasArtifacts: true, conditions: [{ of: { path: ['team'] }, all: [{ is: 'among', values: ['a', 1, true] }] }] },
];
const SORTS = [
  { by: { field: 'created_at' }, descending: true },
  { by: { field: 'priority' }, descending: false },
] as const;
const sought = { wanted: [{ words: ['a'], isPrefix: true }], unwanted: [] };

type Calls<Methods> = { [Method in keyof Methods]: (repository: Methods) => Promise<unknown> };

/** A call of every method that there is; the type sees to it that none is forgotten. */
const CALLS: { [Name in keyof Repositories]: Calls<Repositories[Name]> } = {
  tasks: {
    insert: (tasks) => tasks.insert([task, { ...task, id: 'task_b' }]),
    find: (tasks) => tasks.find('task_a'),
    findAll: (tasks) => tasks.findAll(['task_a']),
    idsWithPrefix: (tasks) => tasks.idsWithPrefix('task_', limit),
    save: (tasks) => tasks.save(task),
    children: (tasks) => tasks.children('task_a'),
    descendants: (tasks) => tasks.descendants('task_a'),
    roots: (tasks) => tasks.roots({ limit }),
    countRoots: (tasks) => tasks.countRoots({ isOpen: true }),
    openLeaves: (tasks) => tasks.openLeaves({ limit }),
    interrupted: (tasks) => tasks.interrupted(limit),
    tally: (tasks) => tasks.tally(),
  },
  trash: {
    put: (trash) => trash.put(['task_a'], { root: 'task_a', at: AT }),
    findAll: (trash) => trash.findAll(['task_a']),
    deletedWith: (trash) => trash.deletedWith('task_a'),
    rootsUpTo: (trash) => trash.rootsUpTo(AT),
    edgesOnto: (trash) => trash.edgesOnto(['task_a']),
    tellings: (trash) => trash.tellings(['task_a']),
    retell: (trash) => trash.retell([{ seq: 1 }]),
    takeOut: (trash) => trash.takeOut('task_a'),
    purge: (trash) => trash.purge(['task_a']),
  },
  vectors: {
    standing: (vectors) => vectors.standing(),
    begin: (vectors) => vectors.begin('model'),
    take: (vectors) =>
      vectors.take({
        model: 'model',
        from: 0,
        to: 1,
        emptied: ['task_a'],
        placed: [{ kind: 'task', seq: 1, taskId: 'task_a', vector: Float32Array.of(1, 0) }],
      }),
    async nearest(vectors) {
      for (const unwanted of [[], sought.wanted]) await vectors.nearest(Float32Array.of(0, 1), { unwanted, limit });
    },
  },
  search: {
    mark: (search) => search.mark(),
    take: (search) =>
      search.take({
        from: 0,
        to: 1,
        emptied: ['task_a'],
        entries: [{ kind: 'task', seq: 1, taskId: 'task_a', title: 'A', body: ['B'] }],
      }),
    sources: (search) =>
      search.sources({ tasks: ['task_a'], whole: ['task_b'], notes: [1], artifactIds: ['artifact_a'] }),
    sourcesAt: (search) =>
      search.sourcesAt([
        { kind: 'task', seq: 1 },
        { kind: 'note', seq: 1 },
        { kind: 'artifact', seq: 1 },
      ]),
    find: (search) => search.find(sought, { limit }),
    wordsLike: (search) => search.wordsLike('a', limit),
  },
  steps: {
    begin: (steps) => steps.begin(),
    takeBack: (steps) => steps.takeBack(),
    keep: (steps) => steps.begin().then(() => steps.keep()),
  },
  standings: {
    of: (standings) => standings.of(['task_a']),
    async add(standings) {
      for (const since of [undefined, AT, null]) await standings.add(['task_a'], { children: 1, unmet: 2 }, since);
    },
    addGateBelow: (standings) => standings.addGateBelow('task_a', 1),
    addWaiter: (standings) => standings.addWaiter('task_a', 1),
    offer: (standings) => standings.offer(['task_a'], AT),
    withdraw: (standings) => standings.withdraw(['task_a']),
  },
  offers: {
    async first(offers) {
      for (const specialist of [undefined, 'tester'])
        for (const within of [undefined, 'task_a']) await offers.first(AT, { specialist, within });
    },
    list: (offers) => offers.list(AT, { limit }),
    count: (offers) => offers.count(),
  },
  queries: {
    async page(queries) {
      for (const filter of FILTERS)
        for (const sort of SORTS) await queries.page({ filter: { ...ANY_TASK, ...filter }, sort, limit });
    },
    async count(queries) {
      for (const filter of FILTERS) await queries.count({ ...ANY_TASK, ...filter });
    },
    ids: (queries) => queries.ids(ANY_TASK, limit),
    childIds: (queries) => queries.childIds(['task_a'], limit),
    below: (queries) => queries.below(['task_a'], limit),
    isUpkeepDue: (queries) => queries.isUpkeepDue(AT),
    keepUp: (queries) => queries.keepUp(AT),
  },
  dependencies: {
    insert: (dependencies) => dependencies.insert([edge], AT),
    of: (dependencies) => dependencies.of(['task_a']),
    onto: (dependencies) => dependencies.onto(['task_a']),
    save: (dependencies) => dependencies.save([edge], AT),
    judge: (dependencies) => dependencies.judge(edge, { taskIds: ['task_a'], at: AT }),
    remove: (dependencies) => dependencies.remove([edge]),
  },
  claims: {
    take: (claims) => claims.take(claim),
    of: (claims) => claims.of('task_a'),
    async list(claims) {
      for (const filter of [{}, { holder: 'session_a' }, { taskIds: ['task_a'] }]) await claims.list(filter);
    },
    find: (claims) => claims.find('claim_a'),
    renew: (claims) => claims.renew(claim),
    end: (claims) => claims.end('task_a'),
  },
  sessions: {
    insert: (sessions) => sessions.insert(session),
    find: (sessions) => sessions.find('session_a'),
    name: (sessions) => sessions.name('session_a', 'Ada'),
    attach: (sessions) => sessions.attach('session_a', process),
    unended: (sessions) => sessions.unended(limit),
    tasksOf: (sessions) => sessions.tasksOf('session_a', limit),
    endAllOf: (sessions) => sessions.endAllOf(process, AT),
  },
  artifacts: {
    insert: (artifacts) => artifacts.insert(artifact),
    find: (artifacts) => artifacts.find('artifact_a'),
    idsWithPrefix: (artifacts) => artifacts.idsWithPrefix('artifact_', limit),
    of: (artifacts) => artifacts.of(['task_a']),
    known: (artifacts) => artifacts.known(['artifact_a']),
    typesHandedOn: (artifacts) => artifacts.typesHandedOn('task_a'),
  },
  givenUp: {
    put: (givenUp) => givenUp.put(['task_a'], AT),
    takeOut: (givenUp) => givenUp.takeOut('task_a'),
    among: (givenUp) => givenUp.among(['artifact_a']),
    purgeUpTo: (givenUp) => givenUp.purgeUpTo(AT),
  },
  notes: {
    insert: (notes) => notes.insert({ taskId: 'task_a', kind: 'risk', text: '', sessionId: 'session_a', at: AT }),
    of: (notes) => notes.of(['task_a']),
    ofWorkspace: (notes) => notes.ofWorkspace(limit),
  },
  events: {
    async append(events) {
      const event = { type: 'task.created', taskId: 'task_a' } as const;
      for (const some of [[event], Array.from({ length: 30 }, () => event)])
        await events.append(some, { sessionId: 'session_a', at: AT });
    },
    latest: (events) => events.latest(),
    after: (events) => events.after(0, limit),
    of: (events) => events.of('task_a', limit),
    latestOf: (events) => events.latestOf(['task_a']),
  },
  replies: {
    keep: (replies) => replies.keep({ scope: 's', key: 'k', argumentsHash: '', reply: {}, at: AT }),
    find: (replies) => replies.find('s', 'k'),
    forgetBefore: (replies) => replies.forgetBefore(AT),
  },
  syntheses: {
    keep: (syntheses) => syntheses.keep({ taskId: 'task_a', artifactId: 'artifact_a', reply: {}, at: AT }),
    find: (syntheses) => syntheses.find('task_a'),
  },
  identities: {
    reserve: (identities) => identities.reserve(['task_aaaaaaaa']),
  },
  maintenance: {
    begin: (maintenance) =>
      maintenance.begin({ id: 'maint_a', action: 'scan_cleanup', sessionId: 'session_a', startedAt: AT }, process),
    running: (maintenance) => maintenance.running(),
    renew: (maintenance) => maintenance.renew('maint_a', AT),
    end: (maintenance) => maintenance.end('maint_a'),
    latest: (maintenance) => maintenance.latest(),
    tasksAfter: (maintenance) => maintenance.tasksAfter(0, limit),
    openIds: (maintenance) => maintenance.openIds(),
    idsBelow: (maintenance) => maintenance.idsBelow('task_a'),
  },
  exchange: {
    known: (exchange) => exchange.known(['task_a']),
    taken: (exchange) => exchange.taken(['task_a']),
    ownersOf: (exchange) => exchange.ownersOf(['artifact_a']),
    replace: (exchange) => exchange.replace(task, 1),
    broughtFrom: (exchange) => exchange.broughtFrom('there#', { after: 0, limit }),
    openUnderEnded: (exchange) => exchange.openUnderEnded(['task_a']),
    activeUnheld: (exchange) => exchange.activeUnheld(['task_a']),
    restage: (exchange) => exchange.restage(['task_a'], 'ready'),
  },
  audit: {
    below: (audit) => audit.below(['task_a']),
    above: (audit) => audit.above(['task_a']),
    waiting: (audit) => audit.waiting(['task_a']),
    prerequisites: (audit) => audit.prerequisites(['task_a']),
    links: (audit) => audit.links(['task_a']),
    correct: (audit) => audit.correct([task]),
    dependents: (audit) => audit.dependents('', limit),
    lostOwners: (audit) => audit.lostOwners('', limit),
    eventGaps: (audit) => audit.eventGaps(0, limit),
    integrity: (audit) => audit.integrity(),
  },
  order: {
    waitsFor: (order) => order.waitsFor(['task_a', '^task_a']),
    awaitedBy: (order) => order.awaitedBy(['task_a', '^task_a']),
  },
  analysis: {
    async work(analysis) {
      for (const within of [undefined, 'task_a']) await analysis.work({ within, includeEnded: true, limit });
    },
    eventFrom: (analysis) => analysis.eventFrom(AT),
    completedBy: (analysis) => analysis.completedBy(1, 2),
    createdBy: (analysis) => analysis.createdBy(1, 2),
    leavesOf: (analysis) => analysis.leavesOf('task_a'),
  },
  calls: {
    add: (calls) => calls.add([{ day: '2026-01-01', tool: 'tool', outcome: 'answered', bucket: 1, count: 1 }]),
    between: (calls) => calls.between('2026-01-01', '2026-01-02'),
    forgetBefore: (calls) => calls.forgetBefore('2026-01-01'),
  },
  roster: {
    page: (roster) => roster.page({ hasEnded: true, after: undefined, limit }),
    count: (roster) => roster.count(),
    workOf: (roster) => roster.workOf(['session_a']),
  },
  checkup: {
    schemaVersion: (checkup) => checkup.schemaVersion(),
    quickCheck: (checkup) => checkup.quickCheck(1_000_000),
    rewrite: (checkup) => checkup.rewrite(),
    lastEventAt: (checkup) => checkup.lastEventAt(),
    longestOnOffer: (checkup) => checkup.longestOnOffer(),
    someArtifacts: (checkup) => checkup.someArtifacts(limit),
  },
  savedTemplates: {
    find: (saved) => saved.find('a'),
    ids: (saved) => saved.ids(),
    versions: (saved) => saved.versions('a'),
    save: (saved) => saved.save({ id: 'a', version: 1, content: '', savedAt: AT, savedBy: 'session_a' }),
    remove: (saved) => saved.remove('a', AT),
  },
};

/** Walks that are asked for: what is counted, the beginning of an index that holds no more than the answer, claims, tables of one row, and what is no table. */
const ALLOWED = [
  /^SCAN (below|above|offered|stretch|asked|wanted|json_each|\(subquery-\d+\)|\d+ CONSTANT ROWS?|CONSTANT ROW)( |$)/,
  /^SCAN tasks USING (COVERING )?INDEX (offers_by_age|tasks_interrupted)$/,
  // Tasks that a question names, or finds by words; those whose claim has ended; all that are on offer.
  /^SCAN (named|hit|edge|claim|lapsed|matching)( |$)/,
  /^SCAN task USING (COVERING )?INDEX offers_by_age$/,
  /^SCAN (attribute_indexes|store)$/,
  /^SCAN sessions USING INDEX sessions_unended$/,
  /^SCAN (run|sqlite_sequence)$/,
  // Purging looks for the replies that name what is purged; nothing says which do.
  /^SCAN replies$/,
  /^SCAN tasks USING (COVERING )?INDEX tasks_deleted_first$/,
  /^SCAN sessions USING (COVERING )?INDEX (sessions_by_age|sessions_unended)$/,
  /^SCAN claims( USING INDEX claims_by_holder)?$/,
  /^SCAN templates USING INDEX templates_kept$/,
  /^SCAN search_(mark|model)$/,
  // To forget all vectors.
  /^SCAN search_vectors$/,
  // A lookup in the full-text index, by words or by number, and a range of its words.
  /^SCAN search_index VIRTUAL TABLE INDEX \d+:(M|=)/,
  /^SCAN search_words VIRTUAL TABLE INDEX [1-9]\d*:$/,
];

test('no query reads a whole table', async () => {
  const queries = await queriesOf(CALLS);

  const walks = queries.flatMap(({ sql, plan }) =>
    plan
      .filter((step) => /^SCAN/.test(step) && !ALLOWED.some((allowed) => allowed.test(step)))
      .map((step) => ({ step, sql })),
  );

  expect(walks).toEqual([]);
});

async function queriesOf(calls: typeof CALLS) {
  const folder = mkdtempSync(join(tmpdir(), 'mto-plans-'));
  const path = join(folder, 'store.db');
  const database = new Sqlite(path);
  load(database);
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  const connection = new SqliteConnection(database, { busyDeadlineMs: 0 });
  const db = kyselyOn<DB>(connection);
  await migrate({ db, database, openAgain: () => new Sqlite(path), path, backups: folder });
  const texts = new Set<string>();
  const execute = connection.executeQuery.bind(connection);
  connection.executeQuery = (query) => {
    texts.add(query.sql);
    return execute(query);
  };
  await connection.begin('write');
  for (const run of everyCall(repositoriesOf(db), calls)) await run();
  await connection.commit();
  const plan = (sql: string) =>
    database
      .prepare<unknown[], { detail: string }>(`explain query plan ${sql}`)
      .all(...Array.from({ length: sql.split('?').length - 1 }, () => null));
  return [...texts].map((sql) => ({ sql, plan: plan(sql).map(({ detail }) => detail) }));
}

function everyCall<Methods extends object>(
  repositories: Methods,
  calls: { [Name in keyof Methods]: Calls<Methods[Name]> },
) {
  const runs: (() => Promise<unknown>)[] = [];
  for (const name in repositories)
    for (const method in calls[name]) runs.push(() => calls[name][method](repositories[name]));
  return runs;
}
