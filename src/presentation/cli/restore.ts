import type { Restored } from '../../application/safekeeping/backups.ts';
import { ConfigError } from '../../config.ts';
import type { Command, Outcome } from './command.ts';
import { aligned, counted } from './render.ts';

export const restore: Command = {
  operand: '<backup>',
  flags: {
    yes: { what: 'Does it without asking.' },
    files: { what: 'Puts back only the files of artifacts that are gone or altered; no server is disturbed.' },
    'from-other': { what: 'Also restores a backup of another store.' },
  },
  notes: `The backup is checked first. What it replaces is kept as a backup of its own. Servers that are using the store stop
using it and say so; restart them. A backup is named by its path, or by its name in .task_orchestrator/backups.`,

  async run(given, { config, ask, tell }) {
    const from = given.operand ?? '';
    const { safekeeping } = await import('../../compose.ts');
    const { backups, workspace } = await safekeeping(config);
    if (given.isOn('files')) return filesAlone(await backups.putBackFiles(from), from);
    if (!given.isOn('yes')) {
      const { counts, path } = await backups.verify(from);
      if (ask === undefined) throw new ConfigError(`Nobody can be asked here: repeat with --yes to restore ${from}`);
      const isWanted = await ask(
        `Put ${path} (${counted(counts.tasks, 'task')}) in the place of the store of ${workspace}?`,
      );
      if (!isWanted) return { report: { restored: false }, text: 'Nothing was changed.', isFine: false };
    }
    tell(`Restoring ${from} …`);
    const {
      kept,
      generation,
      counts,
      artifacts,
      from: path,
    } = await backups.restore(from, {
      isOther: given.isOn('from-other'),
    });
    const report = {
      restored: true,
      from: path,
      ...(kept !== undefined && { kept_as: kept }),
      generation,
      counts,
      artifacts_put_back: artifacts.putBack,
      artifacts_missing: artifacts.missing,
    };
    const rows: (readonly [string, string])[] = [
      ['restored', path],
      ['holds', counted(counts.tasks, 'task')],
      [
        'artifacts',
        `${artifacts.putBack} put back${artifacts.missing > 0 ? `, ${artifacts.missing} in neither place` : ''}`,
      ],
      ['replaced', kept ?? 'nothing: there was no store'],
      ['next', 'restart the servers that were using it'],
    ];
    return { report, text: aligned(rows), isFine: artifacts.missing === 0 };
  },
};

function filesAlone({ putBack, missing }: Restored['artifacts'], from: string): Outcome {
  const report = { restored: false, from, artifacts_put_back: putBack, artifacts_missing: missing };
  const rest = missing > 0 ? `, ${missing} in neither place` : '';
  return { report, text: aligned([['artifacts', `${putBack} put back${rest}`]]), isFine: missing === 0 };
}
