import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import type { Repositories } from '../../application/ports.ts';
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
  standings: {
    of: (standings) => standings.of(['task_a']),
    add: (standings) => standings.add(['task_a'], { children: 1, unmet: 2 }),
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
  dependencies: {
    insert: (dependencies) => dependencies.insert([edge], AT),
    of: (dependencies) => dependencies.of(['task_a']),
    onto: (dependencies) => dependencies.onto('task_a'),
    save: (dependencies) => dependencies.save([edge], AT),
    remove: (dependencies) => dependencies.remove([edge]),
    waitsFor: (dependencies) => dependencies.waitsFor(['task_a']),
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
  notes: {
    insert: (notes) => notes.insert({ taskId: 'task_a', kind: 'risk', text: '', sessionId: 'session_a', at: AT }),
    of: (notes) => notes.of(['task_a']),
    ofWorkspace: (notes) => notes.ofWorkspace(limit),
  },
  events: {
    append: (events) => events.append([{ type: 'task.created', taskId: 'task_a' }], { sessionId: 'session_a', at: AT }),
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
  audit: {
    below: (audit) => audit.below(['task_a']),
    above: (audit) => audit.above(['task_a']),
    waiting: (audit) => audit.waiting(['task_a']),
    prerequisites: (audit) => audit.prerequisites(['task_a']),
    links: (audit) => audit.links(['task_a']),
    correct: (audit) => audit.correct([task]),
    dependents: (audit) => audit.dependents('', limit),
    eventGaps: (audit) => audit.eventGaps(0, limit),
    integrity: (audit) => audit.integrity(),
  },
};

/** Walks that are asked for: what is counted, the beginning of an index that holds no more than the answer, claims, tables of one row, and what is no table. */
const ALLOWED = [
  /^SCAN (below|above|offered|stretch|asked|wanted|json_each|\(subquery-\d+\)|\d+ CONSTANT ROWS?|CONSTANT ROW)( |$)/,
  /^SCAN tasks USING (COVERING )?INDEX (offers_by_age|tasks_interrupted)$/,
  /^SCAN sessions USING INDEX sessions_unended$/,
  /^SCAN (run|sqlite_sequence)$/,
  /^SCAN claims( USING INDEX claims_by_holder)?$/,
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
