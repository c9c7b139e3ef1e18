import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { type Connected, connected, ours } from '../servers.ts';
import { median, p99 } from '../statistics.ts';

const ROUNDS = 10;
const CALLS = 3;
/** 25 tasks for each of 20 modules. */
const MODULES = Array.from({ length: 20 }, (_, index) => `module ${index}`);
const STEPS = 24;
const TASKS = MODULES.length * (STEPS + 1);

/** Each module is a parent with a chain of steps; all texts hold placeholders. */
const NESTED = [
  'id: nested',
  'parameters: { name: { type: string }, modules: { type: array, items: string } }',
  'root: { title: "Build {{ name }}" }',
  'tasks:',
  '  - key: module',
  '    for_each: modules',
  '    title: "Build {{ item }} of {{ name }}"',
  '    children:',
  ...Array.from({ length: STEPS }, (_, step) => {
    const after = step === 0 ? '' : `, depends_on: [step_${step - 1}]`;
    const texts = `title: "Step ${step} of {{ item }}", description: "Take step ${step} of {{ item }} for {{ name }}"`;
    return `      - { key: step_${step}, ${texts}, specialist_type: implementer, acceptance_criteria: ["{{ item }} works"]${after} }`;
  }),
].join('\n');

/** As many tasks, each written out, one after the other. */
const WRITTEN_OUT = [
  'id: written_out',
  'root: { title: Build it }',
  'tasks:',
  ...Array.from({ length: TASKS }, (_, task) => {
    const after = task === 0 ? '' : `, depends_on: [task_${task - 1}]`;
    return `  - { key: task_${task}, title: "Task ${task}", description: "Do task ${task}", specialist_type: implementer${after} }`;
  }),
].join('\n');

const PLAN = {
  description: 'Build it',
  subtasks_json: JSON.stringify(
    Array.from({ length: TASKS }, (_, task) => ({
      title: `Task ${task}`,
      description: `Do task ${task}`,
      specialist_type: 'implementer',
      dependencies: task === 0 ? [] : [`Task ${task - 1}`],
    })),
  ),
};

/** Making as many tasks as a template may make, beside planning as many, and without keeping them. */
export const templates: Measurement = async (bench) => {
  await using server = await connected(ours(await bench.folder()));
  for (const content of [NESTED, WRITTEN_OUT]) await server.call('orchestrator_save_template', { content });
  const variants = variantsOn(server);
  await inTurns(variants, { rounds: 2 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  const figure = (name: string, aims: Figure['aims'] = []): Figure => ({
    what: `${name}, p50`,
    value: median(of(name)),
    unit: 'ms',
    against: { what: 'plan_task of as many', value: median(of('plan_task')) },
    aims,
    disturbance,
  });
  return [
    figure(NAMES.nested, [{ of: 'value', atMost: 60 }]),
    figure(NAMES.written_out, [{ of: 'value', atMost: 60 }]),
    figure(NAMES.dry),
    { what: `${NAMES.nested}, p99`, value: p99(of(NAMES.nested)), unit: 'ms', disturbance },
  ];
};

const NAMES = {
  nested: `create_from_template of ${TASKS} tasks by for_each`,
  written_out: `create_from_template of ${TASKS} tasks written out`,
  dry: `create_from_template of ${TASKS} tasks, dry run`,
} as const;

function variantsOn({ call }: Connected): readonly Variant[] {
  const nested = { template_id: 'nested', parameters: { name: 'it', modules: MODULES } };
  const work: Readonly<Record<string, () => Promise<unknown>>> = {
    [NAMES.nested]: () => call('orchestrator_create_from_template', nested),
    [NAMES.written_out]: () =>
      call('orchestrator_create_from_template', { template_id: 'written_out', parameters: {} }),
    [NAMES.dry]: () => call('orchestrator_create_from_template', { ...nested, dry_run: true }),
    plan_task: () => call('orchestrator_plan_task', PLAN),
  };
  return Object.entries(work).map(([name, one]) => ({ name, batch: () => timed(CALLS, one) }));
}
