import type { Timetable } from '../application/maintenance/schedule.ts';

/** Reads a schedule in the notation of cron, in local time; a field of seconds may come first. Loaded only where there is one. */
export async function timetableOf(schedule: string): Promise<Timetable> {
  const { Cron } = await import('croner');
  const cron = new Cron(schedule, { paused: true, mode: '5-or-6-parts' });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

/** What is wrong with a schedule, if anything is. */
export async function whyNoTimetable(schedule: string): Promise<string | undefined> {
  try {
    const { next } = await timetableOf(schedule);
    return next(Date.now()) === undefined ? 'it never comes due' : undefined;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error);
  }
}
