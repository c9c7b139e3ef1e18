import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { type Connected, connected, ours, textIn } from '../servers.ts';
import { median } from '../statistics.ts';

const MANY = 10_000;
const FEWER = 1_000;
/** Most subtasks of a plan. */
const PLANNED = 500;
const ROUNDS = 5;

/** Changing many tasks in one call, and completing a task that as many wait for. */
export const bulk: Measurement = async (bench) => {
  await using server = await connected(ours(await bench.folder()));
  const many = await gateOf(server, MANY);
  const fewer = await gateOf(server, FEWER);
  const variants: readonly Variant[] = [
    { name: 'update many', batch: () => timed(1, () => update(server, many)) },
    { name: 'update fewer', batch: () => timed(1, () => update(server, fewer)) },
    { name: 'complete many', batch: () => completed(server, many) },
    { name: 'complete fewer', batch: () => completed(server, fewer) },
  ];
  await inTurns(variants, { rounds: 1 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  const figure = (what: string, name: string, atMost: number): Figure => ({
    what,
    value: median(of(`${name} many`)),
    unit: 'ms',
    against: { what: `ten times that of ${FEWER.toLocaleString('en')}`, value: 10 * median(of(`${name} fewer`)) },
    aims: [{ of: 'value', atMost }],
    disturbance,
  });
  return [
    figure(`bulk_tasks that updates ${MANY.toLocaleString('en')}, p50`, 'update', 1_500),
    figure(`complete_subtask of what ${MANY.toLocaleString('en')} wait for, p50`, 'complete', 250),
  ];
};

/** A task that so many wait for. */
async function gateOf({ call }: Connected, count: number): Promise<string> {
  const gate = textIn(
    await call('orchestrator_create_generic_task', {
      task_type: 'milestone',
      stage: 'ready',
      attributes: { title: `What ${count} wait for` },
    }),
    'task_id',
  );
  for (let planned = 0; planned < count; planned += PLANNED) {
    const subtasks = Array.from({ length: PLANNED }, (_, place) => ({
      title: `Step ${place}`,
      description: 'A step that cannot begin before what everybody waits for is done.',
      specialist_type: 'implementer',
      dependencies: [gate],
    }));
    await call('orchestrator_plan_task', { description: 'A part of much', subtasks_json: JSON.stringify(subtasks) });
  }
  return gate;
}

let updates = 0;

/** Each time to another value, so that each task changes. */
function update({ call }: Connected, gate: string) {
  updates += 1;
  const changes = { priority: updates % 2 === 0 ? 'high' : 'low', attributes: { round: updates } };
  const filters = { depends_on: gate };
  return call('orchestrator_bulk_tasks', { operation: 'update', changes, filters, dry_run: false });
}

/** Completes it, which is timed, and reopens it. */
async function completed({ call }: Connected, task_id: string): Promise<readonly number[]> {
  const work = { task_id, summary: 'Done', detailed_work: 'All of it', next_action: 'complete' };
  const times = await timed(1, () => call('orchestrator_complete_subtask', work));
  await call('orchestrator_manage_lifecycle', { task_id, lifecycle_stage: 'ready' });
  return times;
}
