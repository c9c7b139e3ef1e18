import { z } from 'zod';
import { ROLE_NAME } from '../../domain/specialist.ts';

/** After how long without activity a task of each kind counts as stale. */
const STALE_HOURS = {
  researcher: 12,
  documenter: 8,
  reviewer: 6,
  tester: 16,
  debugger: 24,
  implementer: 48,
  architect: 72,
};

export const A_GROUP = { error: 'an object of settings' };

/** A number above 0; its error completes the sentence `<what was given> is not …`, as those of all settings do. */
export const amount = (unit: string, most: number) => {
  const error = `a number of ${unit} above 0 and up to ${most}`;
  return z.number({ error }).positive({ error }).max(most, { error });
};

const Days = amount('days', 36_500);
const Hours = amount('hours', 876_000);

const HOURS_OF_NOBODY = `the hours of a specialist, whose name is like ${ROLE_NAME.source}`;

const Retention = z.strictObject(
  { completed: Days.default(90), failed: Days.default(60), cancelled: Days.default(30) },
  A_GROUP,
);

/** When a server maintains its workspace by itself, and after how long it puts what away. */
export const MaintenanceSettings = z.strictObject(
  {
    schedule: z.string({ error: 'a schedule such as "0 3 * * *"' }).optional(),
    retention_days: Retention.prefault({}),
    trash_days: Days.default(30),
    orphan_file_days: Days.default(7),
    stale_hours: z
      .record(z.string().regex(ROLE_NAME), Hours, {
        error: ({ code }) => (code === 'invalid_key' ? HOURS_OF_NOBODY : 'an object of hours by specialist'),
      })
      .transform((given) => ({ ...STALE_HOURS, ...given }))
      .prefault({}),
    stale_hours_otherwise: Hours.default(24),
  },
  A_GROUP,
);
