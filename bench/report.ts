import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { type Aim, type Figure, isMet, ratioOf } from './measurement.ts';

const RESULTS = join(import.meta.dirname, 'results');

/** Shows the figures as a table. */
export function show(figures: readonly Figure[]): void {
  const rows = figures.map((figure) => {
    const { what, value, unit, against, aims = [] } = figure;
    const ratio = ratioOf(figure);
    return [
      what,
      `${shown(value)} ${unit}`,
      against === undefined ? '' : `${shown(against.value)} (${against.what})`,
      ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
      aims.map(asText).join(', '),
      aims.length === 0 ? '' : aims.every((aim) => isMet(figure, aim)) ? 'yes' : 'NO',
      certainty(figure),
    ];
  });
  const head = ['what', 'figure', 'against', 'ratio', 'aim', 'met', 'rounds'];
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n'));
}

const shown = (value: number) =>
  Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

function asText(aim: Aim): string {
  const unit = aim.of === 'ratio' ? ' ×' : '';
  return 'atMost' in aim ? `≤ ${shown(aim.atMost)}${unit}` : `≥ ${shown(aim.atLeast)}${unit}`;
}

/** How many rounds count, of how many, and how much others used the machine in them at most. */
function certainty({ disturbance }: Figure): string {
  if (disturbance === undefined) return '';
  const { rounds, taken, others } = disturbance;
  const used = others === undefined ? 'others unknown' : `others ≤ ${Math.round(others * 100)} %`;
  return `${rounds} of ${taken}, ${used}`;
}

/** Keeps the figures: each as a line of the history, and those of a whole run together, as the latest. */
export async function keep(figures: readonly Figure[], { isWhole }: { isWhole: boolean }): Promise<void> {
  const run = { date: new Date().toISOString(), commit: commit(), machine: machine() };
  const withRatios = figures.map((figure) => ({ ...figure, ratio: ratioOf(figure) }));
  await mkdir(RESULTS, { recursive: true });
  const latest = `${JSON.stringify({ ...run, figures: withRatios }, null, 2)}\n`;
  if (isWhole) await writeFile(join(RESULTS, 'latest.json'), latest);
  const lines = withRatios.map((figure) => `${JSON.stringify({ ...run, ...figure })}\n`);
  await appendFile(join(RESULTS, 'history.jsonl'), lines.join(''));
}

const machine = () => ({ cores: availableParallelism(), cpu: cpus()[0]?.model ?? 'unknown', node: process.version });

/** The commit that was measured, marked where files differ from it. */
function commit(): string {
  const git = (...args: readonly string[]) =>
    execFileSync('git', args, {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--', '../src', '../scripts') === '' ? '' : ' and changes'}`;
  } catch {
    return 'none';
  }
}
