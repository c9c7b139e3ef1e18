import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { connected, ours } from '../servers.ts';
import { median } from '../statistics.ts';
import { FEWER_TASKS, MANY_TASKS } from '../workbench.ts';

const ROUNDS = 20;
const CALLS = 5;
const TOOLS = ['get_status', 'initialize_session'] as const;

/** What looks over the whole store. Both stores have as many open plans; the larger one has more that have ended. */
export const overview: Measurement = async (bench) => {
  const [large, small] = [await bench.store(MANY_TASKS), await bench.store(FEWER_TASKS)];
  await using many = await connected(ours(large.workspace));
  await using fewer = await connected(ours(small.workspace));
  const servers = { many, fewer };
  const variants: readonly Variant[] = TOOLS.flatMap((tool) =>
    Object.entries(servers).map(([name, { call }]) => ({
      name: `${tool} ${name}`,
      batch: () => timed(CALLS, () => call(`orchestrator_${tool}`)),
    })),
  );
  await inTurns(variants, { rounds: 3 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  return TOOLS.map(
    (tool): Figure => ({
      what: `${tool} among ${MANY_TASKS.toLocaleString('en')} tasks, p50`,
      value: median(of(`${tool} many`)),
      unit: 'ms',
      against: { what: `among ${FEWER_TASKS.toLocaleString('en')}`, value: median(of(`${tool} fewer`)) },
      disturbance,
    }),
  );
};
