import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { timetableOf } from './timetable.ts';

/** The next times after a moment, told in UTC. */
async function timesOf(schedule: string, { after, count }: { after: string; count: number }) {
  const { next } = await timetableOf(schedule);
  const times: string[] = [];
  for (let at = Date.parse(after); times.length < count; ) {
    at = next(at) ?? Number.NaN;
    times.push(new Date(at).toISOString().slice(0, 16));
  }
  return times;
}

/** In Berlin the clocks go from 2:00 to 3:00 on 29 March 2026, and from 3:00 back to 2:00 on 25 October. */
describe('where clocks are changed for the summer', () => {
  beforeEach(() => void vi.stubEnv('TZ', 'Europe/Berlin'));
  afterEach(() => void vi.unstubAllEnvs());

  test('a time goes by the local clock', async () => {
    expect(await timesOf('0 3 * * *', { after: '2026-03-27T12:00Z', count: 3 })).toEqual([
      '2026-03-28T02:00',
      '2026-03-29T01:00',
      '2026-03-30T01:00',
    ]);
  });

  test('a time that is left out in spring comes as soon as the clocks have gone forward', async () => {
    expect(await timesOf('30 2 * * *', { after: '2026-03-28T12:00Z', count: 2 })).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  test('a time that there is twice in autumn comes once', async () => {
    expect(await timesOf('30 2 * * *', { after: '2026-10-24T12:00Z', count: 2 })).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });
});

test('a moment that is due is never the next one after itself', async () => {
  const [due = ''] = await timesOf('0 3 * * *', { after: '2026-01-15T12:00Z', count: 1 });
  const at = Date.parse(`${due}Z`);
  const { next } = await timetableOf('0 3 * * *');

  expect(next(at - 1)).toBe(at);
  expect(next(at)).toBe(at + 24 * 3_600_000);
});
