import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FOREIGN_TOOLS } from '../../application/exchange/foreign.ts';
import type { Config } from '../../config.ts';
import type { Command } from './command.ts';
import { callAnywhere, numberIn } from './exchange.ts';
import { aligned, counted } from './render.ts';

const WAYS_IN = ['same', 'fresh'] as const;

/** Named so because `import` is a word of the language. */
export const importing: Command = {
  operand: '<file>',
  flags: {
    from: { value: FOREIGN_TOOLS.join('|'), what: 'The tool that the file is from, where it is no export of ours.' },
    into: {
      value: WAYS_IN.join('|'),
      what: 'same keeps ids, so that a repeat adds nothing; fresh makes a copy.',
      byDefault: 'same',
    },
    'dry-run': { what: 'Only tells what would be.' },
  },
  notes: `What is newer here stays as it is, and what was changed in both places is told. Nothing is removed. All of it is
imported, or nothing. Other servers wait meanwhile before they write.`,

  async run(given, { config, tell }) {
    const from_tool = given.choice('from', FOREIGN_TOOLS);
    const args = {
      from: resolve(given.operand ?? ''),
      into: given.choice('into', WAYS_IN) ?? 'same',
      dry_run: given.isOn('dry-run'),
      ...(from_tool !== undefined && { from_tool }),
    };
    const importInto = (into: Config) =>
      callAnywhere({ config: into, tell, tool: 'orchestrator_import_workflow', args });
    const { hasStore } = await import('../../compose.ts');
    const isBesideNothing = given.isOn('dry-run') && !(await hasStore(config));
    const report = await (isBesideNothing ? inPassing(config, importInto) : importInto(config));
    const conflicts = remarksIn(report, 'conflicts');
    const text = [
      aligned(rowsOf(report)),
      ...conflicts.map((said) => `conflict: ${said}`),
      ...remarksIn(report, 'adjusted').map((said) => `adjusted: ${said}`),
      ...remarksIn(report, 'no_longer_in_file').map((said) => `no longer in the file: ${said}`),
      ...remarksIn(report, 'left_out').map((said) => `left out: ${said}`),
      ...omittedIn(report),
      ...(typeof report.next_steps === 'string' ? [report.next_steps] : []),
    ];
    return { report, text: text.join('\n'), isFine: conflicts.length === 0 };
  },
};

/** Works in a store that is gone afterwards: to open one where there is none would make it. */
async function inPassing<T>(config: Config, work: (config: Config) => Promise<T>): Promise<T> {
  const workspace = await mkdtemp(join(await realpath(tmpdir()), 'mcp-task-orchestrator-'));
  try {
    return await work({ ...config, workspace });
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

type Report = Readonly<Record<string, unknown>>;

function rowsOf(report: Report): readonly (readonly [name: string, said: string])[] {
  const [renewed, gone] = [numberIn(report, 'ids_renewed'), numberIn(report.tasks, 'no_longer_in_file')];
  return [
    [report.imported === true ? 'imported' : 'would be', tasksIn(report.tasks)],
    ['with', attachedIn(report)],
    ...(renewed > 0 ? [['renewed', counted(renewed, 'id')] as const] : []),
    ...(gone > 0 ? [['no longer in the file', counted(gone, 'open task')] as const] : []),
  ];
}

const tasksIn = (tasks: unknown) =>
  [
    `${counted(numberIn(tasks, 'added'), 'task')} added`,
    `${numberIn(tasks, 'updated')} updated`,
    `${numberIn(tasks, 'unchanged')} unchanged`,
    `${numberIn(tasks, 'newer_here')} newer here`,
    `${numberIn(tasks, 'conflicts')} in conflict`,
  ].join(', ');

const attachedIn = (report: Report) =>
  [
    counted(numberIn(report, 'dependencies_added'), 'dependency', 'dependencies'),
    counted(numberIn(report, 'artifacts_added'), 'artifact'),
    counted(numberIn(report, 'notes_added'), 'note'),
  ].join(', ');

function remarksIn(report: Report, name: string): readonly string[] {
  const remarks: unknown = report[name];
  return Array.isArray(remarks) ? remarks.map(remarkText) : [];
}

/** `task_1 "Its title" (where the file has it): why`, and below it the fields that differ. */
function remarkText({ task_id, title, place, why, differs }: Report): string {
  const where = typeof place === 'string' ? place : undefined;
  const named = typeof title === 'string' ? `${task_id} "${title}"` : task_id;
  const task = typeof named === 'string' ? `${named}${where === undefined ? '' : ` (${where})`}` : where;
  const fields = Array.isArray(differs) ? differs.map(differenceText) : [];
  return [[task, why].filter((part) => typeof part === 'string').join(': '), ...fields].join('\n');
}

function differenceText({ field, here, in_file, way }: Report): string {
  const said = (value: unknown) => (typeof value === 'string' ? `"${value}"` : 'nothing');
  const isTold = here !== undefined || in_file !== undefined;
  const steps = typeof way === 'string' ? `; way: ${way}` : '';
  return isTold ? `  ${field}: ${said(here)} here, ${said(in_file)} in the file${steps}` : `  ${field}`;
}

/** What the report had no room for. */
function omittedIn({ truncated }: Report): readonly string[] {
  const omitted = numberIn(truncated, 'omitted');
  return omitted === 0 ? [] : [`and ${omitted} more that are not shown: repeat the command once these are settled`];
}
