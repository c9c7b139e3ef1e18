import { SqliteError } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { timedOut } from '../../domain/errors.ts';
import { noWaits, retryBusy } from './retry.ts';

const busy = () => new SqliteError('database is locked', 'SQLITE_BUSY_SNAPSHOT');

/** Fails so many times before it succeeds. */
function failing(times: number, error: () => Error) {
  let left = times;
  return () => {
    if (left-- > 0) throw error();
    return 'done';
  };
}

test('an attempt is repeated until the lock is free', async () => {
  expect(await retryBusy(failing(3, busy), { deadlineMs: 10_000 })).toBe('done');
});

test('an error that waiting does not mend comes at once', async () => {
  const attempt = failing(1, () => new SqliteError('disk full', 'SQLITE_FULL'));

  await expect(retryBusy(attempt, { deadlineMs: 10_000 })).rejects.toMatchObject({ code: 'SQLITE_FULL' });
});

test('after the deadline the lock is given up', async () => {
  const attempt = failing(Number.POSITIVE_INFINITY, busy);

  await expect(retryBusy(attempt, { deadlineMs: 5 })).rejects.toMatchObject({ code: 'SQLITE_BUSY_SNAPSHOT' });
});

test('waiting ends when the signal aborts', async () => {
  const abort = new AbortController();
  const attempt = () => {
    abort.abort(new Error('the time is over'));
    throw busy();
  };

  await expect(retryBusy(attempt, { deadlineMs: 10_000, signal: abort.signal })).rejects.toThrow('the time is over');
});

test('whose time runs out while others hold the lock is told that', async () => {
  const abort = new AbortController();
  const attempt = () => {
    abort.abort(timedOut('add_note'));
    throw busy();
  };

  await expect(retryBusy(attempt, { deadlineMs: 10_000, signal: abort.signal })).rejects.toMatchObject({
    code: 'timeout',
    details: {
      action: 'add_note',
      waited_ms: expect.any(Number),
      suggestions: expect.stringContaining('Another process'),
    },
  });
});

test('others run while an attempt waits', async () => {
  let hasRun = false;
  setImmediate(() => {
    hasRun = true;
  });

  await retryBusy(
    () => {
      if (!hasRun) throw busy();
    },
    { deadlineMs: 10_000 },
  );

  expect(hasRun).toBe(true);
});

test('what had to be waited is counted, and nothing where the lock was free', async () => {
  const waits = noWaits();

  await retryBusy(failing(0, busy), { deadlineMs: 10_000, waits });
  const free = { ...waits };
  await retryBusy(failing(3, busy), { deadlineMs: 10_000, waits });

  expect(free).toEqual({ times: 0, longestMs: 0 });
  expect(waits.times).toBe(1);
  expect(waits.longestMs).toBeGreaterThan(1);
});
