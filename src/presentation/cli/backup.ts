import { constants, setPriority } from 'node:os';
import { backUp, isSound, type Verdict } from '../../application/safekeeping/backups.ts';
import type { Command } from './command.ts';
import { aligned, counted, size } from './render.ts';
import { problemLines, verdictView } from './verdict.ts';

const KEEP = 10;
const KEEP_DAYS = 7;

export const backup: Command = {
  flags: {
    to: { value: 'folder', what: 'Where it is made instead; such a backup is never removed.' },
    keep: { value: 'count', what: 'So many of the latest stay, however old.', byDefault: String(KEEP) },
    'keep-days': { value: 'days', what: 'All that are younger stay, however many.', byDefault: String(KEEP_DAYS) },
  },
  notes: `A backup is a folder in .task_orchestrator/backups with the database and the artifact files. It is checked before
it takes its place. The latest that is whole is always kept.`,

  async run(given, { config }) {
    stepBack();
    const to = given.text('to');
    const keep = given.count('keep', { byDefault: KEEP, least: 1 });
    const keepDays = given.count('keep-days', { byDefault: KEEP_DAYS, least: 0 });
    const { safekeeping } = await import('../../compose.ts');
    const { backups } = await safekeeping(config);
    const { path, backup, verdict, removed } = await backUp(backups, { to, keep, keepDays, at: Date.now() });
    const { tasks } = verdict.counts;
    const report = {
      backup: path,
      bytes: backup.bytes,
      ...verdictView(verdict),
      removed,
    };
    const rows: (readonly [string, string])[] = [
      ['backup', path],
      ['holds', `${counted(tasks, 'task')}, ${counted(backup.artifacts, 'artifact')}, ${size(backup.bytes)}`],
      ['checked', foundIn(verdict)],
      ...(removed.length > 0 ? [['removed', removed.join(', ')] as const] : []),
    ];
    return {
      report,
      text: [aligned(rows), ...problemLines(verdict)].join('\n'),
      isFine: verdict.problems.length === 0,
    };
  },
};

/** A copy is as good as what was copied. */
function foundIn(verdict: Verdict): string {
  if (!isSound(verdict)) return 'the store itself is damaged, and so is its copy';
  const { altered, missing } = verdict.artifacts;
  const lacking = [...(altered > 0 ? [`${altered} altered`] : []), ...(missing > 0 ? [`${missing} missing`] : [])];
  return lacking.length === 0 ? 'whole' : `database whole; of the artifacts ${lacking.join(', ')}, as in the store`;
}

/** Whoever works in the store comes before its copy. */
function stepBack(): void {
  try {
    setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Where that is not permitted it is made all the same.
  }
}
