import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStore } from '../../src/infrastructure/store/open.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../../src/infrastructure/workspace.ts';
import { MAIN } from '../../test/stdio-client.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { calm, type Disturbance, observed } from '../sampling.ts';
import { type Connected, connected, ours } from '../servers.ts';
import { p99 } from '../statistics.ts';
import type { Workbench } from '../workbench.ts';

const SERVERS = 4;
const RUNS = 3;
/** Rows that make 500 MB together. */
const ROWS = 10_000;
const ROW_BYTES = 50_000;

type Run = Readonly<{
  during: readonly number[];
  before: readonly number[];
  seconds: number;
  others: number | undefined;
}>;

/** A backup of a large store while four servers write to it without a pause, beside the same servers left alone. */
export const backup: Measurement = async (bench) => {
  const workspace = await largeStore(bench);
  const runs: Run[] = [];
  for (let turn = 0; turn < RUNS; turn++) {
    await calm();
    const to = join(await bench.folder(), 'copy');
    const { result, others } = await observed(() => once(workspace, to));
    runs.push({ ...result, others });
  }
  const [run] = runs.toSorted((a, b) => (a.others ?? 0) - (b.others ?? 0));
  return run === undefined ? [] : figuresOf(run, { rounds: 1, taken: RUNS, others: run.others });
};

async function largeStore(bench: Workbench): Promise<string> {
  const workspace = await bench.folder();
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const store = await openStore({ path, backups: join(folder, 'backups'), synchronous: 'normal' });
  const reply = 'x'.repeat(ROW_BYTES);
  for (let first = 0; first < ROWS; first += 500) {
    await store.write(async ({ replies }) => {
      for (let row = first; row < first + 500; row++)
        await replies.keep({ scope: 'bench', key: String(row), argumentsHash: '', reply, at: Date.now() });
    });
  }
  await store.close();
  return workspace;
}

async function once(workspace: string, to: string): Promise<Omit<Run, 'others'>> {
  await using stack = new AsyncDisposableStack();
  const servers: Connected[] = [];
  for (let turn = 0; turn < SERVERS; turn++) servers.push(stack.use(await connected(ours(workspace))));
  for (const { call } of servers) await call('orchestrator_initialize_session');
  const copying = async () => {
    const args = [MAIN, 'backup', '--workspace', workspace, '--to', to];
    await promisify(execFile)(process.execPath, args);
  };
  const began = performance.now();
  const during = await writing(servers, copying());
  const seconds = (performance.now() - began) / 1000;
  const before = await writing(servers, new Promise((resolve) => setTimeout(resolve, seconds * 1000)));
  return { during, before, seconds };
}

/** The milliseconds of each write of all servers until something has ended. */
async function writing(servers: readonly Connected[], meanwhile: Promise<unknown>): Promise<readonly number[]> {
  let isOver = false;
  const over = meanwhile.finally(() => {
    isOver = true;
  });
  const times = await Promise.all(
    servers.map(async ({ call }) => {
      const own: number[] = [];
      while (!isOver) {
        const began = performance.now();
        await call('orchestrator_add_note', { text: `The write number ${own.length} of one of several servers` });
        own.push(performance.now() - began);
      }
      return own;
    }),
  );
  await over;
  return times.flat();
}

function figuresOf({ during, before, seconds }: Run, disturbance: Disturbance): readonly Figure[] {
  const against = (value: number) => ({ what: 'the same without a backup', value });
  return [
    {
      what: 'longest wait of 4 servers that write during a backup of 500 MB',
      value: Math.max(...during),
      unit: 'ms',
      against: against(Math.max(...before)),
      aims: [{ of: 'value', atMost: 100 }],
      disturbance,
    },
    {
      what: 'p99 of 4 servers that write during a backup of 500 MB',
      value: p99(during),
      unit: 'ms',
      against: against(p99(before)),
      disturbance,
    },
    { what: 'a backup of 500 MB while 4 servers write', value: seconds * 1000, unit: 'ms', disturbance },
  ];
}
