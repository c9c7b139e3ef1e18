import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { MIGRATIONS } from '../../src/infrastructure/store/migrate.ts';
import { openStore } from '../../src/infrastructure/store/open.ts';

const WORKER = join(import.meta.dirname, 'store-worker.ts');

type Options = Readonly<{ name: string; writes: number; killedAt?: string; onAcknowledged?: (id: string) => void }>;

/** A server in a process of its own, started and ready to open the store. */
async function aServer(folder: string, { name, writes, killedAt, onAcknowledged }: Options) {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(
    process.execPath,
    [WORKER, folder, name, String(writes)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...(killedAt !== undefined && { KILLED_AT: killedAt }) },
    },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stdout });
  const acknowledged: string[] = [];
  const exited = once(child, 'close');
  await once(lines, 'line');
  lines.on('line', (id) => {
    acknowledged.push(id);
    onAcknowledged?.(id);
  });
  return {
    acknowledged,
    go: () => child.stdin.write('go\n'),
    kill: () => child.kill('SIGKILL'),
    async ended() {
      const [code, signal] = await exited;
      return code ?? signal;
    },
  };
}

function aFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mto-processes-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

const opening = (folder: string) => openStore({ path: join(folder, 'store.db'), synchronous: 'full', backups: folder });

/** The tasks in a store, after checking that it is sound and that each has its event. */
async function tasksIn(folder: string): Promise<readonly unknown[]> {
  await (await opening(folder)).close();
  const database = new Sqlite(join(folder, 'store.db'));
  try {
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    const tasks = database.prepare('select id from tasks order by id').pluck().all();
    expect(database.prepare('select task_id from events order by task_id').pluck().all()).toEqual(tasks);
    return tasks;
  } finally {
    database.close();
  }
}

test('eight servers that start at once on nothing make one store, and each can write', async () => {
  const folder = aFolder();
  const servers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => aServer(folder, { name: `server${index}`, writes: 5 })),
  );

  for (const server of servers) server.go();
  const ends = await Promise.all(servers.map((server) => server.ended()));

  expect(ends).toEqual(Array.from({ length: 8 }, () => 0));
  expect(await tasksIn(folder)).toHaveLength(40);
  const database = new Sqlite(join(folder, 'store.db'));
  expect(database.prepare('select count(*) from kysely_migration').pluck().get()).toBe(Object.keys(MIGRATIONS).length);
  expect(database.prepare('select count(*) from store').pluck().get()).toBe(1);
  database.close();
  expect(readdirSync(folder)).toEqual(['store.db']);
});

test('servers that are killed while they write lose nothing that they acknowledged', async () => {
  const folder = aFolder();
  const total = Promise.withResolvers<void>();
  let left = 150;
  const onAcknowledged = () => {
    left--;
    if (left === 0) total.resolve();
  };
  const servers = await Promise.all(
    Array.from({ length: 4 }, (_, index) =>
      aServer(folder, { name: `server${index}`, writes: 1_000_000, onAcknowledged }),
    ),
  );

  for (const server of servers) server.go();
  await total.promise;
  for (const server of servers) server.kill();
  for (const server of servers) expect(await server.ended()).toBe('SIGKILL');

  const stored = new Set(await tasksIn(folder));
  const lost = servers.flatMap(({ acknowledged }) => acknowledged).filter((id) => !stored.has(id));
  expect(lost).toEqual([]);
});

test.for([
  ['begun', 2],
  ['before_commit', 2],
  ['committed', 3],
] as const)(
  'a server killed when its third write has %s leaves %i writes, whole, and the store free',
  async ([killedAt, writes]) => {
    const folder = aFolder();
    const server = await aServer(folder, { name: 'server', writes: 9, killedAt });

    server.go();

    expect(await server.ended()).toBe('SIGKILL');
    expect(server.acknowledged).toEqual(['server_0', 'server_1']);
    expect(await tasksIn(folder)).toHaveLength(writes);
    const store = await opening(folder);
    await store.write(({ events }) => events.append([{ type: 'session.started' }], { sessionId: 's', at: 1 }));
    await store.close();
  },
);

const CONTENT = ['tasks', 'events', 'artifacts', 'notes', 'claims', 'sessions', 'dependencies'];

/** The schema version of a store, what SQLite thinks of it, and how much of everything it holds. */
function stateOf(path: string) {
  const database = new Sqlite(path);
  try {
    const one = (source: string) => database.prepare(source).pluck().get();
    return {
      version: one('pragma user_version'),
      verdict: one('pragma integrity_check'),
      shape: database.prepare('select name, sql from sqlite_schema order by name').all(),
      counts: CONTENT.map((table) => one(`select count(*) from ${table}`)),
    };
  } finally {
    database.close();
  }
}

test.each([...Object.keys(MIGRATIONS).slice(1), 'a-step-to-come'])(
  'a server that is killed in the middle of the migration %s leaves the store as it was, and the next one brings it up',
  async (step) => {
    const folder = aFolder();
    const path = join(folder, 'store.db');
    writeFileSync(path, gunzipSync(readFileSync(join(import.meta.dirname, '../fixtures/stores/0001-initial.db.gz'))));
    const before = stateOf(path);

    const child = spawn(process.execPath, [join(import.meta.dirname, 'migrating-worker.ts'), path, step]);
    const [, signal] = await once(child, 'close');
    const killed = stateOf(path);
    await (await opening(folder)).close();

    expect(signal).toBe('SIGKILL');
    expect(killed).toEqual(before);
    expect(stateOf(path)).toMatchObject({
      version: Object.keys(MIGRATIONS).length,
      verdict: 'ok',
      counts: before.counts,
    });
  },
);
