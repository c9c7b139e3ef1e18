import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Sqlite from 'better-sqlite3';
import { DATABASE_FILE, STORE_FOLDER } from '../../src/infrastructure/workspace.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { calm, type Disturbance, observed } from '../sampling.ts';
import { type Connected, connected, ours } from '../servers.ts';
import { mean, p99, sum } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const SERVERS = 8;
const SECONDS = 5;
const RUNS = 3;

/** Of each writer the milliseconds of each of its writes. */
type Written = readonly (readonly number[])[];
type Run = Readonly<{ ours: Written; lost: number; floor: Written; others: number | undefined }>;

/** Eight servers that write to one store without a pause, beside eight processes that do so with the driver alone. */
export const writers: Measurement = async (bench) => {
  const runs: Run[] = [];
  for (let turn = 0; turn < RUNS; turn++) {
    await calm();
    const floor = await alone(join(await bench.folder(), 'floor.db'));
    await calm();
    const { result, others } = await observed(() => saturated(bench));
    runs.push({ ...result, floor, others });
  }
  const [run] = runs.toSorted((a, b) => (a.others ?? 0) - (b.others ?? 0));
  return run === undefined ? [] : figuresOf(run, { rounds: 1, taken: RUNS, others: run.others });
};

async function saturated(bench: Workbench): Promise<Pick<Run, 'ours' | 'lost'>> {
  await using stack = new AsyncDisposableStack();
  const workspace = await bench.folder();
  const servers: Connected[] = [];
  for (let turn = 0; turn < SERVERS; turn++) servers.push(stack.use(await connected(ours(workspace))));
  for (const { call } of servers) await call('orchestrator_initialize_session');
  const end = performance.now() + SECONDS * 1000;
  const times = await Promise.all(servers.map((server) => writeUntil(end, server)));
  return { ours: times, lost: sum(times.map(({ length }) => length)) - notesIn(workspace) };
}

async function writeUntil(end: number, { call }: Connected): Promise<readonly number[]> {
  const times: number[] = [];
  for (let began = performance.now(); began < end; began = performance.now()) {
    await call('orchestrator_add_note', { text: `The write number ${times.length} of one of several servers` });
    times.push(performance.now() - began);
  }
  return times;
}

function notesIn(workspace: string): number {
  const database = new Sqlite(join(workspace, STORE_FOLDER, DATABASE_FILE), { readonly: true });
  const count = database.prepare('select count(*) from notes').pluck().get();
  database.close();
  return Number(count);
}

/** The floor: the same rows, written by processes that do nothing else. */
async function alone(path: string): Promise<Written> {
  const script = join(import.meta.dirname, '../raw-writer.ts');
  const run = () => promisify(execFile)(process.execPath, [script, path, String(SECONDS)], { maxBuffer: 2 ** 26 });
  const outputs = await Promise.all(Array.from({ length: SERVERS }, run));
  return outputs.map(({ stdout }): readonly number[] => JSON.parse(stdout));
}

const rate = (written: Written) => sum(written.map(({ length }) => length)) / SECONDS;
const slowest = (written: Written) => Math.min(...written.map(({ length }) => length));

function figuresOf({ ours: own, lost, floor }: Run, disturbance: Disturbance): readonly Figure[] {
  const against = (value: number) => ({ what: 'better-sqlite3 alone', value });
  const common = { disturbance } as const;
  return [
    {
      ...common,
      what: '8 servers on one store, all together',
      value: rate(own),
      unit: 'writes/s',
      against: against(rate(floor)),
      aims: [{ of: 'value', atLeast: 600 }],
    },
    {
      ...common,
      what: '8 servers on one store, p99',
      value: p99(own.flat()),
      unit: 'ms',
      against: against(p99(floor.flat())),
      aims: [{ of: 'value', atMost: 150 }],
    },
    {
      ...common,
      what: '8 servers on one store, longest wait',
      value: Math.max(...own.flat()),
      unit: 'ms',
      against: against(Math.max(...floor.flat())),
    },
    {
      ...common,
      what: '8 servers on one store, the slowest',
      value: slowest(own),
      unit: 'writes',
      against: { what: 'their mean', value: mean(own.map(({ length }) => length)) },
      aims: [{ of: 'ratio', atLeast: 1 / 3 }],
    },
    {
      ...common,
      what: '8 servers on one store, acknowledged and lost',
      value: lost,
      unit: 'writes',
      aims: [{ of: 'value', atMost: 0 }],
    },
  ];
}
