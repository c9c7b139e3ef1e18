import { join } from 'node:path';
import { idsIn } from '../filled-store.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { planArguments } from '../plans.ts';
import { inTurns, type Sampled, timed, type Variant } from '../sampling.ts';
import { type Arguments, type Connected, connected, durable, ours, reading } from '../servers.ts';
import { median, p99 } from '../statistics.ts';
import { MANY_TASKS } from '../workbench.ts';

const ROUNDS = 30;
/** Calls of each kind in a round. */
const CALLS = 100;
/** Until V8 has compiled what is called often. */
const WARM_UP_ROUNDS = 5;

const TEXT =
  'The export of an invoice that was interrupted goes on with the next one; the interrupted one is sent again first.';

type Kind = Readonly<{ name: string; floor: Floor; aim: number }>;
type Floor = 'durable echo' | 'bare reading';

const KINDS: readonly Kind[] = [
  { name: 'add_note on a held task', floor: 'durable echo', aim: 4 },
  { name: 'add_note without a task', floor: 'durable echo', aim: 4 },
  { name: 'get_task', floor: 'bare reading', aim: 2 },
];

/** One call over stdio by the SDK's client, on an all but empty store and on a large one, each beside echoes. */
export const calls: Measurement = async (bench) => {
  const full = await bench.store(MANY_TASKS);
  await using echo = await connected(await bench.bare());
  await using keeper = await connected(durable(join(await bench.folder(), 'floor.db')));
  const small = await bench.folder();
  await using few = await connected(ours(small));
  await using many = await connected(ours(full.workspace));
  const inMany = full.taskIds.filter((_, index) => index % 45 === 0);
  const [ofFew, ofMany] = [await variantsOn(few, 'empty'), await variantsOn(many, 'full', inMany)];
  await using reader = await connected(reading(join(small, '.task_orchestrator/task_orchestrator.db')));
  const variants: readonly Variant[] = [
    { name: 'echo', batch: () => timed(CALLS, () => echo.call('echo', { text: TEXT })) },
    { name: 'durable echo', batch: () => timed(CALLS, () => keeper.call('echo', { text: TEXT })) },
    { name: 'bare reading', batch: () => timed(CALLS, (turn) => reader.call('get', { task_id: at(ofFew.own, turn) })) },
    ...ofFew.variants,
    ...ofMany.variants,
  ];
  await inTurns(variants, { rounds: WARM_UP_ROUNDS });
  const sampled = await inTurns(variants, { rounds: ROUNDS });
  return KINDS.flatMap((kind) => figuresOf(kind, sampled));
};

const at = (ids: readonly string[], turn: number) => ids[turn % ids.length];

/** The calls on one store; `read` lie all over it, where it holds more than the plan that is made here. */
async function variantsOn({ call }: Connected, store: 'empty' | 'full', read?: readonly string[]) {
  const own = idsIn(await call('orchestrator_plan_task', planArguments(0)));
  const [held = ''] = own;
  await call('orchestrator_execute_subtask', { task_id: held });
  const work: Readonly<Record<string, (turn: number) => readonly [string, Arguments]>> = {
    'add_note on a held task': () => ['orchestrator_add_note', { text: TEXT, task_id: held }],
    'add_note without a task': () => ['orchestrator_add_note', { text: TEXT }],
    get_task: (turn) => ['orchestrator_get_task', { task_id: at(read ?? own, turn) }],
  };
  const variants = Object.entries(work).map(([name, argumentsOf]) => ({
    name: `${name} ${store}`,
    batch: () => timed(CALLS, (turn) => call(...argumentsOf(turn))),
  }));
  return { own, variants };
}

function figuresOf({ name, floor, aim }: Kind, { of, disturbance }: Sampled): readonly Figure[] {
  const [empty, full] = [of(`${name} empty`), of(`${name} full`)];
  const common = { unit: 'ms', disturbance } as const;
  const p50 = { ...common, what: `${name}, p50`, value: median(empty) };
  return [
    { ...p50, against: { what: 'echo', value: median(of('echo')) }, aims: [{ of: 'ratio', atMost: aim }] },
    { ...p50, against: { what: floor, value: median(of(floor)) } },
    {
      ...common,
      what: `${name}, p99`,
      value: p99(empty),
      against: { what: floor, value: p99(of(floor)) },
      aims: floor === 'durable echo' ? [{ of: 'value', atMost: 20 }] : [],
    },
    {
      ...common,
      what: `${name} among 100,000 tasks, p50`,
      value: median(full),
      against: { what: 'in an empty store', value: median(empty) },
      aims: [{ of: 'ratio', atMost: 1.2 }],
    },
  ];
}
