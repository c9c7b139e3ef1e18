import { z } from 'zod';
import { ROLE_NAME } from '../../domain/specialist.ts';

/** After how long maintenance puts what away, unless the user's file says otherwise. */
export const THRESHOLDS = {
  retention_days: { completed: 90, failed: 60, cancelled: 30 },
  trash_days: 30,
  orphan_file_days: 7,
  /** After how long without activity a task of each kind counts as stale. */
  stale_hours: {
    researcher: 12,
    documenter: 8,
    reviewer: 6,
    tester: 16,
    debugger: 24,
    implementer: 48,
    architect: 72,
  },
  stale_hours_otherwise: 24,
};

export const A_GROUP = { error: 'an object of settings' };

/** A number above 0; its error completes the sentence `<what was given> is not …`, as those of all settings do. */
export const amount = (unit: string, most: number) => {
  const error = `a number of ${unit} above 0 and up to ${most}`;
  return z.number({ error }).positive({ error }).max(most, { error });
};

const HOURS_OF_NOBODY = `the hours of a specialist, whose name is like ${ROLE_NAME.source}`;

/** When a server maintains its workspace by itself, and the thresholds that its user has changed. */
export function maintenanceSettings() {
  const days = amount('days', 36_500).exactOptional();
  const hours = amount('hours', 876_000);
  const retentionDays = z.strictObject({ completed: days, failed: days, cancelled: days }, A_GROUP);
  const staleHours = z.record(z.string().regex(ROLE_NAME), hours, {
    error: ({ code }) => (code === 'invalid_key' ? HOURS_OF_NOBODY : 'an object of hours by specialist'),
  });
  return z.strictObject(
    {
      schedule: z.string({ error: 'a schedule such as "0 3 * * *"' }).exactOptional(),
      retention_days: retentionDays.transform((given) => ({ ...THRESHOLDS.retention_days, ...given })).exactOptional(),
      trash_days: days,
      orphan_file_days: days,
      stale_hours: staleHours.transform((given) => ({ ...THRESHOLDS.stale_hours, ...given })).exactOptional(),
      stale_hours_otherwise: hours.exactOptional(),
    },
    A_GROUP,
  );
}
