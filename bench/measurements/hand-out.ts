import type { Figure, Measurement } from '../measurement.ts';
import { PLAN_SIZE, planArguments, SUBTASKS_PER_PLAN } from '../plans.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { type Connected, connected, ours, textIn } from '../servers.ts';
import { median, p99 } from '../statistics.ts';
import { MANY_TASKS } from '../workbench.ts';

const ROUNDS = 20;

const WORK = { summary: 'Done as designed', detailed_work: '# Work\n\nAll of it.\n', next_action: 'complete' };

/** Taking a task and handing it in, where hardly any others are and among many. */
export const handOut: Measurement = async (bench) => {
  const full = await bench.store(MANY_TASKS);
  await using few = await connected(ours(await bench.folder()));
  await using many = await connected(ours(full.workspace));
  const variants: readonly Variant[] = [
    { name: 'empty', batch: () => cycles(few) },
    { name: 'full', batch: () => cycles(many) },
  ];
  await inTurns(variants, { rounds: 3 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  const figure = (what: string, typical: (times: readonly number[]) => number): Figure => ({
    what: `next_task and complete_subtask among ${MANY_TASKS.toLocaleString('en')} tasks, ${what}`,
    value: typical(of('full')),
    unit: 'ms',
    against: { what: `among ${PLAN_SIZE}`, value: typical(of('empty')) },
    disturbance,
  });
  return [figure('p50', median), figure('p99', p99)];
};

/** Plans anew, so that there is always work, and works off as much; only the work is timed. */
async function cycles({ call }: Connected): Promise<readonly number[]> {
  await call('orchestrator_plan_task', planArguments(0));
  return timed(SUBTASKS_PER_PLAN, async () => {
    const task_id = textIn(await call('orchestrator_next_task'), 'task_id');
    await call('orchestrator_complete_subtask', { task_id, ...WORK });
  });
}
