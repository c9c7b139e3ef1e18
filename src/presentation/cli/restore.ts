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
    return told(await backups.restore(from, { isOther: given.isOn('from-other') }));
  },
};

function told({ from, kept, generation, counts, artifacts, lostReferences }: Restored): Outcome {
  const report = {
    restored: true,
    from,
    ...(kept !== undefined && { kept_as: kept }),
    generation,
    counts,
    artifacts_put_back: artifacts.putBack,
    artifacts_missing: artifacts.missing,
    lost_references: lostReferences,
  };
  const rows: (readonly [string, string])[] = [
    ['restored', from],
    ['holds', counted(counts.tasks, 'task')],
    ['artifacts', putBackOf(artifacts)],
    ...lostReferences.map((description) => ['lost', description] as const),
    ['replaced', kept === undefined ? 'nothing: there was no store' : `kept as ${kept}`],
    ['next', 'restart the servers that were using it'],
  ];
  return { report, text: aligned(rows), isFine: artifacts.missing === 0 && lostReferences.length === 0 };
}

function filesAlone(artifacts: Restored['artifacts'], from: string): Outcome {
  const { putBack, missing } = artifacts;
  const report = { restored: false, from, artifacts_put_back: putBack, artifacts_missing: missing };
  return { report, text: aligned([['artifacts', putBackOf(artifacts)]]), isFine: missing === 0 };
}

const putBackOf = ({ putBack, missing }: Restored['artifacts']) =>
  `${putBack} put back${missing > 0 ? `, ${missing} neither here nor in the backup` : ''}`;
