import type { FilledStore } from '../filled-store.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { type Arguments, connected, ours } from '../servers.ts';
import { median } from '../statistics.ts';
import { FEWER_TASKS, MANY_TASKS } from '../workbench.ts';

const ROUNDS = 20;
const CALLS = 5;

type Look = Readonly<{ what: string; tool: string; argumentsIn(store: FilledStore): Arguments }>;

/** Agents pass their session on every call, so the status is mostly asked for with one. */
const LOOKS: readonly Look[] = [
  { what: 'get_status', tool: 'get_status', argumentsIn: () => ({}) },
  {
    what: 'get_status of a session with 1,000 plans',
    tool: 'get_status',
    argumentsIn: ({ sessionId }) => ({ session_id: sessionId }),
  },
  { what: 'initialize_session', tool: 'initialize_session', argumentsIn: () => ({}) },
];

/** What looks over the whole store. Both stores have as many open plans; the larger one has more that have ended. */
export const overview: Measurement = async (bench) => {
  const [large, small] = [await bench.store(MANY_TASKS), await bench.store(FEWER_TASKS)];
  await using many = await connected(ours(large.workspace));
  await using fewer = await connected(ours(small.workspace));
  const sides = [
    { name: 'many', server: many, store: large },
    { name: 'fewer', server: fewer, store: small },
  ];
  const variants: readonly Variant[] = LOOKS.flatMap(({ what, tool, argumentsIn }) =>
    sides.map(({ name, server, store }) => ({
      name: `${what} ${name}`,
      batch: () => timed(CALLS, () => server.call(`orchestrator_${tool}`, argumentsIn(store))),
    })),
  );
  await inTurns(variants, { rounds: 3 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  return LOOKS.map(
    ({ what }): Figure => ({
      what: `${what} among ${MANY_TASKS.toLocaleString('en')} tasks, p50`,
      value: median(of(`${what} many`)),
      unit: 'ms',
      against: { what: `among ${FEWER_TASKS.toLocaleString('en')}`, value: median(of(`${what} fewer`)) },
      disturbance,
    }),
  );
};
