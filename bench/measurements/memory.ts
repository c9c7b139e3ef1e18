import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RawServer } from '../../test/stdio-client.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { ours, type Program, started } from '../servers.ts';
import { median } from '../statistics.ts';

const SPAWNS = 5;
const MOST_MB = 85;
const MANY_CALLS = 2_000;

type Call = Readonly<{ name: string; arguments: Readonly<Record<string, unknown>> }>;
type Calls = Readonly<{ first: Call; next: Call }>;
type Use = Readonly<{ listed: number; called: number; worked: number }>;

const TEXT = 'The export of an invoice that was interrupted goes on with the next one.';
const OURS: Calls = {
  first: { name: 'orchestrator_initialize_session', arguments: {} },
  next: { name: 'orchestrator_add_note', arguments: { text: TEXT } },
};
const ECHO: Call = { name: 'echo', arguments: { text: TEXT } };

/** What a server keeps resident when nobody calls it: once it has listed its tools, after a call, after many. */
export const memory: Measurement = async (bench) => {
  if (process.platform !== 'linux') return [];
  const bare = await bench.bare();
  const uses: { ours: Use[]; bare: Use[] } = { ours: [], bare: [] };
  for (let turn = 0; turn < SPAWNS; turn++) {
    uses.ours.push(await useOf(ours(await bench.folder()), OURS));
    uses.bare.push(await useOf(bare, { first: ECHO, next: ECHO }));
  }
  const figure = (when: string, of: (use: Use) => number): Figure => ({
    what: `resident memory ${when}`,
    value: median(uses.ours.map(of)),
    unit: 'MB',
    against: { what: "the SDK's bare server", value: median(uses.bare.map(of)) },
  });
  const aims = [{ of: 'value', atMost: MOST_MB }] as const;
  return [
    { ...figure('after tools/list', ({ listed }) => listed), aims },
    { ...figure('after a first call', ({ called }) => called), aims },
    figure(`after ${MANY_CALLS.toLocaleString('en')} calls`, ({ worked }) => worked),
  ];
};

async function useOf(program: Program, { first, next }: Calls): Promise<Use> {
  await using server = started(program);
  await server.rpc.initialize();
  await server.rpc.request('tools/list');
  const listed = await settledUse(server);
  await server.rpc.request('tools/call', first);
  const called = await settledUse(server);
  for (let turn = 0; turn < MANY_CALLS; turn++) await server.rpc.request('tools/call', next);
  return { listed, called, worked: await settledUse(server) };
}

/** Megabytes resident, once they have stopped changing. */
async function settledUse({ pid }: RawServer): Promise<number> {
  let before = Number.NaN;
  for (;;) {
    await sleep(500);
    const now = residentMegabytes(pid);
    if (Math.abs(now - before) < 0.2) return now;
    before = now;
  }
}

const residentMegabytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
