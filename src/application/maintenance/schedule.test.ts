import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { conflict } from '../../domain/errors.ts';
import { timetableOf } from '../../infrastructure/timetable.ts';
import { Schedule } from './schedule.ts';

const HOUR = 3_600_000;
/** A winter's evening in local time, which is what schedules are told in. */
const EVENING = new Date(2026, 0, 15, 21, 30).getTime();
const THREE = new Date(2026, 0, 16, 3).getTime();

beforeEach(() => void vi.useFakeTimers({ now: EVENING }));
afterEach(() => void vi.useRealTimers());

type Making = (dueAt: number, signal: AbortSignal) => Promise<void>;

async function aSchedule(pattern: string, make: Making = async () => {}) {
  const made: number[] = [];
  const told: string[] = [];
  const tell = (_: unknown, message: string) => void told.push(message);
  const schedule = new Schedule({
    timetable: await timetableOf(pattern),
    clock: Date.now,
    log: { info: tell, warn: tell },
    async make(dueAt, signal) {
      made.push(dueAt);
      await make(dueAt, signal);
    },
  });
  return { schedule, made, told };
}

describe('a schedule', () => {
  test('makes what is due at its time, each time, and nothing before', async () => {
    const { made } = await aSchedule('0 3 * * *');

    await vi.advanceTimersByTimeAsync(5 * HOUR);
    expect(made).toEqual([]);

    await vi.advanceTimersByTimeAsync(48 * HOUR);
    expect(made).toEqual([THREE, THREE + 24 * HOUR]);
  });

  test('does not make up what was due while the machine slept', async () => {
    const { made, told } = await aSchedule('0 3 * * *');

    vi.setSystemTime(THREE + 5 * HOUR);
    await vi.advanceTimersByTimeAsync(23 * HOUR);

    expect(told).toContain('a scheduled maintenance was missed');
    expect(made).toEqual([THREE + 24 * HOUR]);
  });

  test('goes by the clock as it was set, forwards or back', async () => {
    const { made } = await aSchedule('0 3 * * *');

    vi.setSystemTime(THREE - 60_000);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(made).toEqual([THREE]);

    vi.setSystemTime(EVENING - 24 * HOUR);
    await vi.advanceTimersByTimeAsync(6 * HOUR);
    expect(made).toEqual([THREE, THREE - 24 * HOUR]);
  });

  test('leaves out what comes due while the last is still being made', async () => {
    const { made } = await aSchedule('* * * * *', () => new Promise((resolve) => setTimeout(resolve, 150_000)));

    await vi.advanceTimersByTimeAsync(5 * 60_000);

    expect(made.map((at) => (at - EVENING) / 60_000)).toEqual([1, 4]);
  });

  test('goes on after a failure and after it was left to another server', async () => {
    const failures = [new Error('the disk is gone'), conflict('It has been begun already')];
    const { made, told } = await aSchedule('* * * * *', async () => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
    });

    await vi.advanceTimersByTimeAsync(3 * 60_000);

    expect(made).toHaveLength(3);
    expect(told).toEqual(['a scheduled maintenance failed', 'left to another']);
  });

  test('breaks off what is being made when it is closed, waits for that, and makes nothing more', async () => {
    let isOver = false;
    const { schedule, made } = await aSchedule('* * * * *', async (_, signal) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      isOver = true;
    });
    await vi.advanceTimersByTimeAsync(60_000);

    await schedule.close();
    await vi.advanceTimersByTimeAsync(10 * 60_000);

    expect(isOver).toBe(true);
    expect(made).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
