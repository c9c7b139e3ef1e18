import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { compose } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import type { Figure, Measurement } from '../measurement.ts';
import type { LargeStore } from '../million-store.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { median } from '../statistics.ts';
import { A_MILLION, A_THOUSAND } from '../workbench.ts';

const ROUNDS = 20;
const CALLS = 10;
type Arguments = Readonly<Record<string, unknown>>;
type Server = Awaited<ReturnType<typeof inProcess>>;

const inComponent = { status: 'pending', attributes: { component: 'c17' } };
const inTeam = { status: 'pending', attributes: { team: 't3' } };
const QUESTIONS: readonly Readonly<{ what: string; args: Arguments; atMost?: number }>[] = [
  { what: 'by status and an attribute', args: { filters: inComponent }, atMost: 2 },
  {
    what: 'by status and an attribute, the most urgent first',
    // Here all that match are sorted: an index holds one order, that of creation.
    args: { filters: inComponent, sort: { field: 'priority' } },
  },
  { what: 'by status and an attribute of many', args: { filters: inTeam }, atMost: 50 },
  { what: 'of all', args: {}, atMost: 50 },
];
/** Each is asked for once without an index. */
const ATTRIBUTES = ['component', 'team', 'sprint', 'points'] as const;

/** Questions among a million tasks, and what it costs to write among them. */
export const query: Measurement = async (bench) => {
  const [large, small] = [await bench.large(A_MILLION), await bench.large(A_THOUSAND)];
  await using server = await inProcess(large);
  await using fewer = await inProcess(small);
  const plain = await writing(server, fewer, 'without indexes made by questions');
  const first = await firstQuestions(server, large);
  return [...(await questions(server, large)), first, ...plain, ...(await writing(server, fewer, 'with four of them'))];
};

async function inProcess({ workspace, sessionId }: LargeStore) {
  const argv = ['--workspace', workspace, '--log-level', 'silent'];
  const invocation = await readConfig({ argv, env: {}, home: workspace });
  if (invocation.command !== 'serve') throw new Error('These flags serve');
  const server = compose(invocation.config);
  return {
    call: (tool: string, args: Arguments) =>
      server.orchestrator.call(`orchestrator_${tool}`, { session_id: sessionId, ...args }),
    read: server.orchestrator.read.bind(server.orchestrator),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

const among = (tasks: number) => `among ${tasks.toLocaleString('en')} tasks`;

/** Each attribute once; the next one when the index that the reply left behind is made. */
async function firstQuestions({ call }: Server, { path, tasks }: LargeStore): Promise<Figure> {
  const database = new Sqlite(path, { readonly: true });
  const made = database.prepare<[string], unknown>('select 1 from attribute_indexes where subject = ?');
  const times: number[] = [];
  for (const name of ATTRIBUTES) {
    const filters = { attributes: { [name]: 'c17' } };
    times.push(...(await timed(1, () => call('query_tasks', { filters }))));
    while (made.get(`$."${name}"`) === undefined) await sleep(20);
  }
  database.close();
  return {
    what: `query_tasks by an attribute that nobody has asked for ${among(tasks)}, the slowest of ${times.length}`,
    value: Math.max(...times),
    unit: 'ms',
    aims: [{ of: 'value', atMost: 1_000 }],
  };
}

async function questions({ call, read }: Server, { tasks, treeId, waiting }: LargeStore): Promise<readonly Figure[]> {
  const totals = new Map<string, unknown>();
  const variants: readonly Variant[] = [
    ...QUESTIONS.map(({ what, args }) => ({
      name: what,
      batch: () => timed(CALLS, async () => totals.set(what, (await call('query_tasks', args)).total_results)),
    })),
    { name: 'next_task', batch: () => timed(CALLS, () => call('next_task', { claim: false })) },
    { name: 'tree', batch: () => timed(CALLS, () => read((context) => context.tasks.descendants(treeId))) },
  ];
  await inTurns(variants, { rounds: 3 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  const figure = (name: string, what: string, atMost?: number): Figure => ({
    what: `${what} ${among(tasks)}, p50`,
    value: median(of(name)),
    unit: 'ms',
    aims: atMost === undefined ? [] : [{ of: 'value', atMost }],
    disturbance,
  });
  return [
    ...QUESTIONS.map(({ what, atMost }) =>
      figure(what, `query_tasks ${what} (${Number(totals.get(what)).toLocaleString('en')} found)`, atMost),
    ),
    figure('next_task', `next_task with ${waiting.toLocaleString('en')} that wait`, 3),
    figure('tree', 'what lies below a task with 1,110 below it', 5),
  ];
}

/** Creating, looking at and changing a task among very many, and among few. */
async function writing(server: Server, fewer: Server, how: string): Promise<readonly Figure[]> {
  const sides = [
    { side: 'many', ...server },
    { side: 'few', ...fewer },
  ];
  const attributes = { title: 'Carry over the settings', team: 't1', component: 'c1', sprint: 1, points: 1 };
  const variants: readonly Variant[] = sides.flatMap(({ side, call }) => {
    const made: string[] = [];
    const create = async () => {
      made.push(String((await call('create_generic_task', { task_type: 'feature', attributes })).task_id));
    };
    const some = (turn: number) => made[turn % made.length];
    return [
      { name: `create_generic_task ${side}`, batch: () => timed(CALLS, create) },
      { name: `get_task ${side}`, batch: () => timed(CALLS, (turn) => call('get_task', { task_id: some(turn) })) },
      {
        name: `update_task ${side}`,
        batch: () =>
          timed(CALLS, (turn) => call('update_task', { task_id: some(turn), attributes: { points: made.length } })),
      },
    ];
  });
  // In their order, for what is looked at has to be there.
  for (const { batch } of variants) await batch();
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  return ['create_generic_task', 'get_task', 'update_task'].map((tool) => ({
    what: `${tool} ${among(A_MILLION)}, ${how}, p50`,
    value: median(of(`${tool} many`)),
    unit: 'ms',
    against: { what: among(A_THOUSAND), value: median(of(`${tool} few`)) },
    aims: how.startsWith('without') ? [{ of: 'ratio', atMost: 1.3 }] : [],
    disturbance,
  }));
}
