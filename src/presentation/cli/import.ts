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
    const rows: (readonly [string, string])[] = [
      [report.imported === true ? 'imported' : 'would be', tasksIn(report.tasks)],
      ['with', attachedIn(report)],
      ...(numberIn(report, 'ids_renewed') > 0
        ? [['renewed', counted(numberIn(report, 'ids_renewed'), 'id')] as const]
        : []),
    ];
    const remarks = [
      ...conflicts.map((line) => `conflict: ${line}`),
      ...remarksIn(report, 'adjusted').map((line) => `adjusted: ${line}`),
      ...remarksIn(report, 'left_out').map((line) => `left out: ${line}`),
    ];
    return { report, text: [aligned(rows), ...remarks].join('\n'), isFine: conflicts.length === 0 };
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

const tasksIn = (tasks: unknown) =>
  [
    `${counted(numberIn(tasks, 'added'), 'task')} added`,
    `${numberIn(tasks, 'updated')} updated`,
    `${numberIn(tasks, 'unchanged')} unchanged`,
    `${numberIn(tasks, 'newer_here')} newer here`,
    `${numberIn(tasks, 'conflicts')} in conflict`,
  ].join(', ');

const attachedIn = (report: Readonly<Record<string, unknown>>) =>
  [
    counted(numberIn(report, 'dependencies_added'), 'dependency', 'dependencies'),
    counted(numberIn(report, 'artifacts_added'), 'artifact'),
    counted(numberIn(report, 'notes_added'), 'note'),
  ].join(', ');

function remarksIn(report: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const remarks: unknown = report[name];
  if (!Array.isArray(remarks)) return [];
  return remarks.map((remark: Readonly<Record<string, unknown>>) =>
    [remark.task_id, remark.place, remark.why].filter((part) => typeof part === 'string').join(', '),
  );
}
