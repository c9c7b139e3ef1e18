import { type Diagnosis, FIXES, type Fix, fixesFor, isIll } from '../../application/doctor/diagnosis.ts';
import { inShell } from '../../domain/shell.ts';
import type { Command, Surroundings } from './command.ts';
import { aligned, counted } from './render.ts';

const MARKS = { fine: 'ok', note: 'note', ill: 'ILL' } as const satisfies Record<Diagnosis['state'], string>;

export const doctor: Command = {
  flags: { fix: { what: 'Mends what can be mended without the loss of work, after a backup.' } },
  notes: `Says what is wrong, and for each the one thing that mends it. Without --fix it only reads. It works while servers use the
store, and on a store that is damaged. What is damaged is not repaired but restored: the finding names the backup.`,
  toleratesBadSettings: true,

  async run(given, surroundings) {
    const { doctor: doctorOf, safekeeping } = await import('../../compose.ts');
    const { config, tell } = surroundings;
    const workspace = given.text('workspace');
    const practice = await doctorOf(config);
    const examined = async () =>
      [settingsOf(surroundings), ...(await practice.examine())].map((one) => asCalled(one, workspace));
    const before = await examined();
    const fixes = fixesFor(before);
    const isFixing = given.isOn('fix');
    if (!isFixing || fixes.length === 0) return outcome(before, { isFixing, fixed: [], backup: undefined });

    tell(['This will be done, after a backup:', ...fixes.map((fix) => planned(fix, before))].join('\n'));
    const { path } = await (await safekeeping(config)).backups.make({ kind: 'before_repair' });
    for (const fix of fixes) await practice.fix(fix);
    return outcome(await examined(), { isFixing, fixed: fixes, backup: path });
  },
};

function settingsOf({ mistake }: Surroundings): Diagnosis {
  if (mistake === undefined) return { about: 'settings', state: 'fine', finding: 'all understood' };
  return { about: 'settings', state: 'ill', finding: mistake, mend: 'Correct that setting' };
}

/** What will be done, and about what: afterwards it is no longer found. */
function planned(fix: Fix, before: readonly Diagnosis[]): string {
  const found = before.filter((one) => one.fix === fix).map(({ finding }) => `\n  ${finding}`);
  return `- ${FIXES[fix]}:${found.join('')}`;
}

/** What is named to be run means the store that was examined, from wherever it was. */
function asCalled(diagnosis: Diagnosis, workspace: string | undefined): Diagnosis {
  const { mend } = diagnosis;
  if (workspace === undefined || mend?.startsWith('mcp-task-orchestrator ') !== true || mend.includes('--workspace'))
    return diagnosis;
  return { ...diagnosis, mend: `${mend} --workspace ${inShell(workspace)}` };
}

type Done = Readonly<{ isFixing: boolean; fixed: readonly Fix[]; backup: string | undefined }>;

function outcome(diagnoses: readonly Diagnosis[], { isFixing, fixed, backup }: Done) {
  const ill = diagnoses.filter(isIll);
  const lines = diagnoses.flatMap(({ about, state, finding, mend }): (readonly [string, string])[] => [
    [`${MARKS[state].padEnd(4)}  ${about}`, finding],
    ...(mend === undefined || state === 'fine' ? [] : [['', `→ ${mend}`] as const]),
  ]);
  const report = {
    is_well: ill.length === 0,
    findings: diagnoses.map(({ about, state, finding, mend }) => ({ about, state, finding, ...(mend && { mend }) })),
    fixed,
    ...(backup !== undefined && { backup }),
  };
  const isInVain = isFixing && fixesFor(ill).length === 0;
  const toMend = `${counted(ill.length, 'thing')} to mend.${isInVain ? ' Nothing of this can be mended by --fix.' : ''}`;
  const summary = ill.length === 0 ? 'Nothing is wrong.' : toMend;
  const done = fixed.map((fix) => `done: ${FIXES[fix]}`);
  const text = [...done, ...(backup === undefined ? [] : [`backup: ${backup}`]), aligned(lines), summary].join('\n');
  return { report, text, isFine: ill.length === 0 };
}
