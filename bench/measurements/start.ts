import type { Measurement } from '../measurement.ts';
import { inTurns } from '../sampling.ts';
import { ours, type Program, started } from '../servers.ts';
import { median, quantile } from '../statistics.ts';

const WARM_UPS = 3;
const SPAWNS = 25;

/** From starting the process to the whole reply to `tools/list`. */
export const start: Measurement = async (bench) => {
  const programs = { ours: ours(await bench.folder()), bare: await bench.bare() };
  for (let turn = 0; turn < WARM_UPS; turn++) {
    for (const program of Object.values(programs)) await untilListed(program);
  }
  const variants = Object.entries(programs).map(([name, program]) => ({
    name,
    batch: async () => [await untilListed(program)],
  }));
  const { of, disturbance } = await inTurns(variants, { rounds: SPAWNS });
  const against = (value: number) => ({ what: "the SDK's bare server", value });
  return [
    {
      what: 'start to tools/list, median',
      value: median(of('ours')),
      unit: 'ms',
      against: against(median(of('bare'))),
      aims: [{ of: 'ratio', atMost: 1.25 }],
      disturbance,
    },
    {
      what: 'start to tools/list, 90 of 100',
      value: quantile(of('ours'), 0.9),
      unit: 'ms',
      against: against(quantile(of('bare'), 0.9)),
      disturbance,
    },
  ];
};

async function untilListed(program: Program): Promise<number> {
  const began = performance.now();
  const server = started(program);
  await server.rpc.initialize();
  await server.rpc.request('tools/list');
  const elapsed = performance.now() - began;
  await server.end();
  return elapsed;
}
