import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAIN } from '../../test/stdio-client.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { MANY_TASKS } from '../workbench.ts';

const MOST_MS = 15_000;
const MOST_MB = 200;
const LOOKED_EVERY_MS = 20;

type Run = Readonly<{ ms: number; peakMegabytes: number }>;

/** A store of 100,000 tasks that leaves a workspace and comes into an empty one, by command, its works left behind: the store has no files of them. */
export const exchange: Measurement = async (bench) => {
  const { workspace } = await bench.store(MANY_TASKS);
  const file = join(await bench.folder(), 'all.jsonl');
  const out = await runOf(workspace, 'export', file, '--without-artifacts');
  const empty = await bench.folder();
  const into = await runOf(empty, 'import', file);
  const again = await runOf(empty, 'import', file);
  return [
    ...figures('export of 100,000 tasks', out),
    ...figures('import of 100,000 tasks', into),
    ...figures('import of the same once more', again),
  ];
};

const figures = (what: string, { ms, peakMegabytes }: Run): readonly Figure[] => [
  { what, value: ms, unit: 'ms', aims: [{ of: 'value', atMost: MOST_MS }] },
  ...(Number.isNaN(peakMegabytes)
    ? []
    : [
        {
          what: `${what}, most resident memory`,
          value: peakMegabytes,
          unit: 'MB',
          aims: [{ of: 'value', atMost: MOST_MB }],
        } as const,
      ]),
];

/** Runs a command from its start to its end. */
async function runOf(workspace: string, ...args: readonly string[]): Promise<Run> {
  const began = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args, '--workspace', workspace], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let peakMegabytes = Number.NaN;
  const timer = setInterval(() => {
    peakMegabytes = peakOf(child.pid ?? 0) ?? peakMegabytes;
  }, LOOKED_EVERY_MS);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}`);
  return { ms: performance.now() - began, peakMegabytes };
}

/** What Linux remembers as the most that a process ever had resident; undefined elsewhere. */
function peakOf(pid: number): number | undefined {
  try {
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}
