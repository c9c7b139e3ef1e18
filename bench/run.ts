import '../scripts/node-version.ts';
import type { Figure, Measurement } from './measurement.ts';
import { backup } from './measurements/backup.ts';
import { bulk } from './measurements/bulk.ts';
import { calls } from './measurements/calls.ts';
import { exchange } from './measurements/exchange.ts';
import { graph } from './measurements/graph.ts';
import { handOut } from './measurements/hand-out.ts';
import { memory } from './measurements/memory.ts';
import { overview } from './measurements/overview.ts';
import { query } from './measurements/query.ts';
import { search } from './measurements/search.ts';
import { sizes } from './measurements/sizes.ts';
import { start } from './measurements/start.ts';
import { templates } from './measurements/templates.ts';
import { upkeep } from './measurements/upkeep.ts';
import { writers } from './measurements/writers.ts';
import { keep, show } from './report.ts';
import { Workbench } from './workbench.ts';

/**
 * Measures `dist/` and shows what comes of it beside its aims: `npm run bench`, or with the names of some measurements
 * `npm run bench -- start memory`. The figures are kept in `bench/results/`.
 */
const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  start,
  // Before the others leave tasks in the large store that were begun and not finished, for beginning a session tells of them.
  overview,
  calls,
  memory,
  writers,
  sizes,
  'hand-out': handOut,
  templates,
  graph,
  backup,
  upkeep,
  query,
  search,
  bulk,
  exchange,
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(MEASUREMENTS, name));
if (unknown === undefined) {
  await measure(asked);
} else {
  console.error(`There is no measurement ${unknown}; there are ${Object.keys(MEASUREMENTS).join(', ')}.`);
  process.exitCode = 1;
}

async function measure(names: readonly string[]): Promise<void> {
  await using bench = new Workbench();
  const figures: Figure[] = [];
  for (const [name, measurement] of Object.entries(MEASUREMENTS)) {
    if (names.length > 0 && !names.includes(name)) continue;
    console.error(`measuring ${name} …`);
    figures.push(...(await measurement(bench)));
  }
  show(figures);
  await keep(figures, { isWhole: names.length === 0 });
}
