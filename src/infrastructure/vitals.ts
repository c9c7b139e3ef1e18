import { lstat, statfs } from 'node:fs/promises';
import { uptime } from 'node:os';
import { dirname } from 'node:path';
import type { Vitals } from '../application/checkup/vitals.ts';
import { ifThere } from './file-errors.ts';
import type { Waits } from './store/retry.ts';

/** A clock that nobody sets and that goes on while the machine sleeps: the other one stands still then on Linux. */
const steadyMs = () => (process.platform === 'linux' ? uptime() * 1000 : performance.now());

/** The times that this process began at. */
const BEGAN = { wall: Date.now(), steady: steadyMs() };

/** Measures the store whose database lies at `path`. */
export const vitals = (path: string, waits: Waits): Vitals => ({
  stopwatch: () => performance.now(),
  async measure() {
    return {
      databaseBytes: await bytesOf(path),
      walBytes: await bytesOf(`${path}-wal`),
      freeBytes: await freeBytes(dirname(path)),
      retries: waits.times,
      longestWaitMs: waits.longestMs,
      clockShiftMs: Math.round(Date.now() - BEGAN.wall - (steadyMs() - BEGAN.steady)),
    };
  },
});

const bytesOf = async (file: string) => (await ifThere(lstat(file)))?.size ?? 0;

const freeBytes = (folder: string) =>
  statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => undefined,
  );
