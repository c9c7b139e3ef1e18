import { join } from 'node:path';
import { wayFrom } from '../../src/application/circles.ts';
import type { Repositories } from '../../src/application/ports.ts';
import { compose } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { newTask } from '../../src/domain/task.ts';
import { beginOf, endOf } from '../../src/domain/way.ts';
import { openStore } from '../../src/infrastructure/store/open.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../../src/infrastructure/workspace.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { median, p99 } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const EDGES = 100_000;
const BATCH = 1_000;
const ROUNDS = 10;
const CALLS = 20;
const ANALYSES = 3;

type Edge = Readonly<{ task: number; prerequisite: number }>;

/** A graph of so many edges, and between which of its tasks edges are asked for; `parentOf` makes plans of ten of them. */
type Shape = Readonly<{
  what: string;
  tasks: number;
  parentOf(task: number): number | undefined;
  edges(random: () => number): Generator<Edge>;
  asked(random: () => number): Edge;
  aims: Figure['aims'];
}>;

const between = (random: () => number, least: number, end: number) => least + Math.floor(random() * (end - least));

/** The first of ten tasks is the plan of the others; each of these waits for the one before, and one in each plan for another plan. */
const PLANS: Shape = {
  what: 'plans of nine steps, each plan waiting for two others',
  tasks: EDGES,
  parentOf: (task) => (task % 10 === 0 ? undefined : task - (task % 10)),
  *edges(random) {
    for (let plan = 0; plan < EDGES; plan += 10) {
      for (let step = 2; step < 10; step++) yield { task: plan + step, prerequisite: plan + step - 1 };
      if (plan < 20) continue;
      for (const side of [0, plan / 2]) {
        const other = between(random, side, side + plan / 2);
        yield { task: plan, prerequisite: other - (other % 10) };
      }
    }
  },
  asked(random) {
    const task = between(random, EDGES / 2, EDGES);
    return { task, prerequisite: between(random, 0, EDGES / 2) };
  },
  aims: [{ of: 'value', atMost: 5 }],
};

/** As deep as a graph of that size can be. */
const CHAIN: Shape = {
  what: 'one chain, a new task behind its end',
  tasks: EDGES,
  parentOf: () => undefined,
  *edges() {
    for (let task = 1; task < EDGES - 1; task++) yield { task, prerequisite: task - 1 };
  },
  asked: () => ({ task: EDGES - 1, prerequisite: EDGES - 2 }),
  aims: [{ of: 'value', atMost: 5 }],
};

/** Every task waits for two of all those before it, so that half of the graph lies before and behind each. */
const TANGLE: Shape = {
  what: 'a tangle in which each waits for two of all before it',
  tasks: EDGES / 2,
  parentOf: () => undefined,
  *edges(random) {
    for (let task = 2; task < EDGES / 2; task++) {
      const middle = Math.floor(task / 2);
      yield { task, prerequisite: between(random, 0, middle) };
      yield { task, prerequisite: between(random, middle, task) };
    }
  },
  asked: (random) => ({ task: between(random, EDGES / 4, EDGES / 2), prerequisite: between(random, 0, EDGES / 4) }),
  aims: [],
};

/** Looking for a circle when an edge is added to a graph of 100,000, and analysing such a graph, in process. */
export const graph: Measurement = async (bench) => {
  const figures: Figure[] = [];
  for (const shape of [PLANS, CHAIN, TANGLE]) figures.push(...(await measured(bench, shape)));
  return figures;
};

async function measured(bench: Workbench, shape: Shape): Promise<readonly Figure[]> {
  const workspace = await bench.folder();
  await fillWith(workspace, shape);
  const argv = ['--workspace', workspace, '--log-level', 'silent', '--timeout', '600'];
  const invocation = await readConfig({ argv, env: {}, home: workspace });
  if (invocation.command !== 'serve') throw new Error('These flags serve');
  await using server = compose(invocation.config);
  const random = seeded();
  const check: Variant = {
    name: 'check',
    batch: () =>
      timed(CALLS, () => {
        const { task, prerequisite } = shape.asked(random);
        return server.orchestrator.read((context) => wayFrom(context, endOf(id(prerequisite)), beginOf(id(task))));
      }),
  };
  const analysis: Variant = {
    name: 'analysis',
    batch: () => timed(1, () => server.orchestrator.call('orchestrator_analyze_dependencies', {})),
  };
  await check.batch();
  const { of, disturbance } = await inTurns([check], { rounds: ROUNDS });
  const analysed = await inTurns([analysis], { rounds: ANALYSES });
  const common = { unit: 'ms', disturbance } as const;
  return [
    {
      ...common,
      what: `circle check of an edge added to 100,000: ${shape.what}, p50`,
      value: median(of('check')),
      ...(shape.aims !== undefined && { aims: shape.aims }),
    },
    { ...common, what: `the same, p99`, value: p99(of('check')) },
    {
      what: `analyze_dependencies of all of it: ${shape.what}, p50`,
      value: median(analysed.of('analysis')),
      unit: 'ms',
      disturbance: analysed.disturbance,
    },
  ];
}

const id = (number: number) => `task_${number.toString().padStart(8, '0')}`;

/** Straight by the repositories, with the counters that an analysis reads. */
async function fillWith(workspace: string, shape: Shape): Promise<void> {
  const folder = await prepareStoreFolder(workspace);
  const store = await openStore({
    path: join(folder, DATABASE_FILE),
    backups: join(folder, 'backups'),
    synchronous: 'normal',
  });
  for (let first = 0; first < shape.tasks; first += BATCH) {
    await store.write((repositories) => insertTasks(repositories, { shape, first }));
  }
  const edges = [...shape.edges(seeded())];
  for (let first = 0; first < edges.length; first += BATCH) {
    await store.write(({ dependencies }) => dependencies.insert(edges.slice(first, first + BATCH).map(edgeOf), 0));
  }
  await store.close();
}

type Part = Readonly<{ shape: Shape; first: number }>;

function insertTasks({ tasks }: Repositories, { shape, first }: Part): Promise<void> {
  const numbers = Array.from({ length: Math.min(BATCH, shape.tasks - first) }, (_, index) => first + index);
  const isParent = (number: number) => shape.parentOf(number + 1) === number;
  return tasks.insert(
    numbers.map((number) => {
      const parent = shape.parentOf(number);
      const task = newTask({
        id: id(number),
        type: 'custom',
        title: `Task number ${number}`,
        sessionId: 'session_00000000',
        createdAt: number,
        parentId: parent === undefined ? undefined : id(parent),
        description: 'Let the export of an invoice that was interrupted go on with the next one.',
      });
      const children = isParent(number) ? 9 : 0;
      return { ...task, standing: { ...task.standing, children, openChildren: children, leaves: children } };
    }),
  );
}

const edgeOf = ({ task, prerequisite }: Edge) => ({
  taskId: id(task),
  prerequisiteId: id(prerequisite),
  type: 'completion' as const,
  artifactType: undefined,
  description: undefined,
  status: 'pending' as const,
  verdict: undefined,
});

/** Numbers from 0 to 1 that are the same at every run. */
function seeded(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
