import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { newTask } from '../../domain/task.ts';
import { type OpenOptions, openStore } from './open.ts';
import type { Faults } from './sql-store.ts';

const aTask = newTask({ id: 'task_a', type: 'custom', title: 'A', sessionId: 's', createdAt: 1 });

function aPlace() {
  const folder = mkdtempSync(join(tmpdir(), 'mto-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'store.db');
  const open = async (options: Partial<OpenOptions> = {}) => {
    const store = await openStore({ path, synchronous: 'normal', backups: join(folder, 'backups'), ...options });
    onTestFinished(() => store.close());
    return store;
  };
  return { path, open };
}

test('a server whose store was restored from a backup stops using it and says why', async () => {
  const { path, open } = aPlace();
  const store = await open();
  new Sqlite(path).exec('update store set generation = generation + 1').close();

  const stopped = { code: 'refused', message: expect.stringMatching(/restored from a backup/) };

  await expect(store.write(({ tasks }) => tasks.insert([aTask]))).rejects.toMatchObject(stopped);
  new Sqlite(path).exec('update store set generation = generation - 1').close();
  await expect(store.read(({ tasks }) => tasks.find('task_a'))).rejects.toMatchObject(stopped);
});

test.for([
  ['deleted', (path: string) => rmSync(path)],
  ['moved away', (path: string) => renameSync(path, `${path}.old`)],
  ['robbed of its log', (path: string) => rmSync(`${path}-wal`)],
] as const)('a server whose store was %s acknowledges no write', async ([, remove]) => {
  const { path, open } = aPlace();
  const store = await open();
  remove(path);

  await expect(store.write(({ tasks }) => tasks.insert([aTask]))).rejects.toMatchObject({
    code: 'refused',
    message: expect.stringContaining('was moved, deleted or replaced'),
  });
});

test('a store that others write to without a pause is told as transient', async () => {
  const { open } = aPlace();
  const [holder, waiting] = [await open(), await open({ busyDeadlineMs: 30 })];
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = holder.write(async () => {
    held.resolve();
    await released.promise;
  });
  await held.promise;

  const write = waiting.write(({ tasks }) => tasks.insert([aTask]));

  await expect(write).rejects.toMatchObject({ code: 'transient', details: { retry_after_ms: expect.any(Number) } });
  released.resolve();
  await holding;
  await waiting.write(({ tasks }) => tasks.insert([aTask]));
});

test('a write that waits for its turn gives up when its signal aborts', async () => {
  const { open } = aPlace();
  const [holder, waiting] = [await open(), await open()];
  const [held, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = holder.write(async () => {
    held.resolve();
    await released.promise;
  });
  await held.promise;
  const abort = new AbortController();

  const write = waiting.write(({ tasks }) => tasks.insert([aTask]), { signal: abort.signal });
  abort.abort(new Error('the time is over'));

  await expect(write).rejects.toThrow('the time is over');
  released.resolve();
  await holding;
});

test('work whose signal has aborted fails at its next query', async () => {
  const { open } = aPlace();
  const store = await open();
  const abort = new AbortController();
  let hasGoneOn = false;

  const write = store.write(
    async ({ tasks }) => {
      abort.abort(new Error('the time is over'));
      await tasks.insert([aTask]);
      hasGoneOn = true;
    },
    { signal: abort.signal },
  );

  await expect(write).rejects.toThrow('the time is over');
  expect(hasGoneOn).toBe(false);
});

test('a query after its transaction has ended is refused, not run outside', async () => {
  const { open } = aPlace();
  const store = await open();

  const leaked = await store.write(async ({ tasks }) => tasks);

  await expect(leaked.insert([aTask])).rejects.toThrow('outside its transaction');
});

test('what a failed write leaves behind does not run in the next one', async () => {
  const { open } = aPlace();
  const store = await open();
  const next = Promise.withResolvers<void>();
  let leftBehind: Promise<unknown> = Promise.resolve();
  const failing = store.write(async ({ tasks }) => {
    leftBehind = next.promise.then(() => tasks.insert([aTask]));
    throw new Error('the rule refuses');
  });
  await expect(failing).rejects.toThrow('the rule refuses');

  await store.write(async () => {
    next.resolve();
    await expect(leftBehind).rejects.toThrow('outside its transaction');
  });

  expect(await store.read(({ tasks }) => tasks.find('task_a'))).toBeUndefined();
});

test.for([
  ['begun', undefined],
  ['before_commit', undefined],
  ['committed', aTask],
] as const)('a write that fails when it has %s leaves what was committed until then', async ([point, expected]) => {
  const { open } = aPlace();
  const faults: Faults = (reached) => {
    if (reached === point) throw new Error(`fails when ${point}`);
  };
  const store = await open({ faults });

  await expect(store.write(({ tasks }) => tasks.insert([aTask]))).rejects.toThrow(`fails when ${point}`);

  expect(await store.read(({ tasks }) => tasks.find('task_a'))).toEqual(expected);
});
