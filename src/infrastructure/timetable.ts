import type { Timetable } from '../application/maintenance/schedule.ts';

/** Reads a schedule in the notation of cron, in local time; a field of seconds may come first. Loaded only where there is one. */
export async function timetableOf(schedule: string): Promise<Timetable> {
  const { Cron } = await import('croner');
  const cron = new Cron(schedule, { paused: true, mode: '5-or-6-parts' });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

const PARTS = 'minute, hour, day of the month, month, day of the week';
/** The name of a time of day that is common enough to have one: `@daily`. */
const NICKNAME = /^@\w+$/;

/** What is wrong with a schedule, if anything is. */
export async function whyNoTimetable(schedule: string): Promise<string | undefined> {
  const pattern = schedule.trim();
  const parts = pattern.split(/\s+/).filter(Boolean);
  // Of these the notation's own words say that there may be seven, and it takes a date for one.
  if (parts.length !== 5 && parts.length !== 6 && !NICKNAME.test(pattern))
    return `it needs five parts (${PARTS}) and has ${parts.length}`;
  try {
    const { next } = await timetableOf(schedule);
    return next(Date.now()) === undefined ? 'it never comes due' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
  }
}
