import { resolve } from 'node:path';
import { FORMATS } from '../../application/exchange/export.ts';
import type { Command } from './command.ts';
import { callAnywhere, numberIn } from './exchange.ts';
import { aligned, counted, size } from './render.ts';

const FLAGS = {
  task: { value: 'id', what: 'Only this task and all below it.' },
  format: {
    value: FORMATS.join('|'),
    what: 'jsonl is for import; the others are for people.',
    byDefault: 'jsonl',
  },
  'without-artifacts': { what: 'Leaves out the works that tasks recorded.' },
} as const;

/** Named so because `export` is a word of the language. */
export const exporting: Command = {
  operand: '[file]',
  flags: FLAGS,
  notes: `The file is one of lines (x.jsonl), an archive with the artifact files (x.tar.gz) or, without an ending, a folder.
Without one it is an archive in .task_orchestrator/exports. A file that is there already stays as it is.`,

  async run(given, { config, tell }) {
    const task_id = given.text('task');
    const args = {
      format: given.choice('format', FORMATS) ?? 'jsonl',
      include_artifacts: !given.isOn('without-artifacts'),
      ...(task_id !== undefined && { task_id }),
      ...(given.operand !== undefined && { to: resolve(given.operand) }),
    };
    const { assertStore } = await import('../../compose.ts');
    await assertStore(config);
    const report = await callAnywhere({ config, tell, tool: 'orchestrator_export_workflow', args });
    const lost = numberIn(report, 'artifacts_without_file');
    const rows: (readonly [string, string])[] = [
      ['exported', `${String(report.path)}, ${size(numberIn(report, 'bytes'))}`],
      ['holds', heldIn(report)],
      ...(lost > 0 ? [['lost', `${counted(lost, 'artifact')} had no file any more`] as const] : []),
    ];
    return { report, text: aligned(rows), isFine: lost === 0 };
  },
};

const heldIn = (report: Readonly<Record<string, unknown>>) =>
  [
    counted(numberIn(report, 'tasks'), 'task'),
    counted(numberIn(report, 'dependencies'), 'dependency', 'dependencies'),
    counted(numberIn(report, 'artifacts'), 'artifact'),
    counted(numberIn(report, 'notes'), 'note'),
  ].join(', ');
