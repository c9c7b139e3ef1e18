import { closeSync, fdatasyncSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { transient } from '../../domain/errors.ts';
import { RETRIES } from '../../domain/retries.ts';
import { retryBusy } from './retry.ts';
import { shownName, translated } from './sqlite-errors.ts';

/** Pages of a step: a megabyte, after which others are let through. */
const PAGES_PER_STEP = 256;
/**
 * Steps after which the copy is flushed. Left to the end, one flush of 500 MB holds up every commit that goes to the
 * same disk meanwhile; of these nobody notices any (the longest
 * wait of four writers: 58 ms beside 57 without a backup; with 8 MB at once 77 ms).
 */
const STEPS_PER_FLUSH = 2;
const { leastPauseMs, mostPauseMs, deadlineMs } = RETRIES.copy;

type Way = Readonly<{ from: string; to: string }>;

/**
 * Copies the database of a store as it is at one moment, while others go on writing: without a snapshot of its own a
 * copy would begin anew at each of their commits. What comes of it is one file that needs no others beside it.
 */
export async function copyDatabase({ from, to }: Way): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  try {
    const source = new Sqlite(from, { readonly: true, fileMustExist: true });
    try {
      await retryBusy(() => takeSnapshot(source), { deadlineMs });
      await copyInSteps(source, to);
    } finally {
      source.close();
    }
    const copy = new Sqlite(to, { fileMustExist: true });
    try {
      copy.pragma('journal_mode = delete');
    } finally {
      copy.close();
    }
  } catch (error) {
    throw translated(error, shownName(from));
  }
}

function takeSnapshot(source: Database): void {
  if (source.inTransaction) source.exec('rollback');
  source.exec('begin');
  source.prepare('select 1 from sqlite_schema limit 1').get();
}

async function copyInSteps(source: Database, to: string): Promise<void> {
  let steps = 0;
  let file: number | undefined;
  const progress = () => {
    file ??= openSync(to, 'r+');
    steps += 1;
    if (steps % STEPS_PER_FLUSH === 0) fdatasyncSync(file);
    return PAGES_PER_STEP;
  };
  try {
    await source.backup(to, { progress });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

type Replacement = Way &
  Readonly<{
    /** Done while nobody can write to the store any more: what it reads there is what is replaced. May still write to `from`. */
    meanwhile: (source: Database) => Promise<void>;
  }>;

/**
 * Writes a database over the one that others have open, in one transaction of SQLite: they see either the one or the
 * other. Nothing is changed when `meanwhile` fails.
 */
export async function replaceDatabase({ from, to, meanwhile }: Replacement): Promise<void> {
  const { default: Sqlite } = await import('better-sqlite3');
  try {
    const source = new Sqlite(from, { fileMustExist: true });
    try {
      const began = performance.now();
      while (!(await writtenOver(source, to, meanwhile))) {
        if (performance.now() - began > deadlineMs) throw stayedBusy(to);
        await sleep(leastPauseMs + Math.random() * (mostPauseMs - leastPauseMs));
      }
    } finally {
      source.close();
    }
  } catch (error) {
    throw translated(error, shownName(to));
  }
}

/** False where somebody else was writing, so that nothing was begun. */
async function writtenOver(source: Database, to: string, meanwhile: Replacement['meanwhile']): Promise<boolean> {
  let state: 'waiting' | 'ready' | Readonly<{ failure: unknown }> = 'waiting';
  let isBegun = false;
  const begin = () => {
    isBegun = true;
    meanwhile(source).then(
      () => {
        state = 'ready';
      },
      (failure: unknown) => {
        state = { failure };
      },
    );
  };
  // The first step takes the lock and copies nothing; the lock is kept until all is copied.
  const { totalPages } = await source.backup(to, {
    progress() {
      if (!isBegun) begin();
      if (typeof state === 'object') throw state.failure;
      return state === 'ready' ? PAGES_PER_STEP * STEPS_PER_FLUSH : 0;
    },
  });
  // What the driver calls done is a copy of no pages where the lock was not free.
  return totalPages > 0;
}

const stayedBusy = (path: string) =>
  transient(`The store ${shownName(path)} is busy: other servers have been writing without a pause`, {
    suggestion: 'Repeat the command in a moment',
  });
