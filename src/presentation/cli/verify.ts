import type { Command } from './command.ts';
import { verdictText, verdictView } from './verdict.ts';

export const verify: Command = {
  operand: '[backup]',
  flags: {},
  notes: `Without a backup the store itself is checked, which servers may be using. Nothing is changed.
A backup is named by its path, or by its name in .task_orchestrator/backups.`,

  async run({ operand }, { config }) {
    const { safekeeping } = await import('../../compose.ts');
    const { backups } = await safekeeping(config);
    const verdict = await backups.verify(operand);
    const isFine = verdict.problems.length === 0;
    return {
      report: { path: verdict.path, is_whole: isFine, ...verdictView(verdict) },
      text: verdictText(verdict),
      isFine,
    };
  },
};
