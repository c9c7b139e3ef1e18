import type { Check } from '../../domain/checkup.ts';
import type { Command } from './command.ts';
import { aligned } from './render.ts';

/** What the tool answers. */
type Told = Readonly<{ check: string; state: Check['state']; finding: string; next_step?: string }>;

const MARKS = { good: 'ok', concern: 'look', bad: 'BAD', not_checked: '-' } as const satisfies Record<
  Check['state'],
  string
>;

export const health: Command = {
  flags: {},
  notes: `Measures what orchestrator_health_check measures. A write is made that leaves everything as it was.`,

  async run(_, { config }) {
    const { assertOfToday, compose } = await import('../../compose.ts');
    await assertOfToday(config);
    await using server = compose({ ...config, logLevel: 'silent' });
    const report = await server.orchestrator.call('orchestrator_health_check', {});
    const checks: readonly Told[] = Array.isArray(report.checks) ? report.checks : [];
    const lines = checks.flatMap(({ check, state, finding, next_step }): (readonly [string, string])[] => [
      [`${MARKS[state].padEnd(4)}  ${check}`, finding],
      ...(next_step === undefined ? [] : [['', `→ ${next_step}`] as const]),
    ]);
    return { report, text: aligned(lines), isFine: report.health === 'good' };
  },
};
