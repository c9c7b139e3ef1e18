import { readFileSync } from 'node:fs';
import { fill } from '../filled-store.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { calm, type Disturbance, observed } from '../sampling.ts';
import { type Connected, connected, ours, textIn } from '../servers.ts';
import { p99 } from '../statistics.ts';

const SERVERS = 4;
const TASKS = 100_000;
const OPEN_PLANS = 1_000;
/** Ten tasks each, to be archived. */
const OLD_PLANS = 2_000;
/** Longer than any of it may take. */
const TIMEOUT_SECONDS = '3600';

const MAINTAIN = 'orchestrator_maintenance_coordinator';
const CLEANUP = { action: 'scan_cleanup', scope: 'full_project', validation_level: 'comprehensive' };
const AUDIT = { action: 'validate_structure', scope: 'full_project', validation_level: 'full_audit' };

/** A cleanup that archives much while four servers work, beside the same servers left alone; then a full audit of the same store. */
export const upkeep: Measurement = async (bench) => {
  const workspace = await bench.folder();
  await fill(workspace, { tasks: TASKS, openPlans: OPEN_PLANS, oldPlans: OLD_PLANS, withFiles: true });
  return [...(await cleanup(workspace)), ...(await audit(workspace))];
};

async function cleanup(workspace: string): Promise<readonly Figure[]> {
  await using stack = new AsyncDisposableStack();
  const maintainer = stack.use(await connected(ours(workspace, '--timeout', TIMEOUT_SECONDS)));
  const servers: Connected[] = [];
  for (let turn = 0; turn < SERVERS; turn++) servers.push(stack.use(await connected(ours(workspace))));
  for (const { call } of servers) await call('orchestrator_initialize_session');
  await calm();
  const { result, others } = await observed(async () => {
    const began = performance.now();
    const during = await working(servers, archiving(maintainer));
    const ms = performance.now() - began;
    const alone = await working(servers, new Promise((resolve) => setTimeout(resolve, ms)));
    return { during, alone, ms };
  });
  const disturbance: Disturbance = { rounds: 1, taken: 1, others };
  const { during, alone, ms } = result;
  const against = (value: number) => ({ what: 'the same without a cleanup', value });
  return [
    {
      what: `p99 of calls of ${SERVERS} servers that work during a cleanup of ${said(TASKS)} tasks`,
      value: p99(during),
      unit: 'ms',
      against: against(p99(alone)),
      aims: [{ of: 'value', atMost: 50 }],
      disturbance,
    },
    {
      what: `longest call of ${SERVERS} servers that work during this cleanup`,
      value: Math.max(...during),
      unit: 'ms',
      against: against(Math.max(...alone)),
      disturbance,
    },
    { what: `this cleanup, which archives ${said(OLD_PLANS * 10)} of them`, value: ms, unit: 'ms', disturbance },
  ];
}

const said = (count: number) => count.toLocaleString('en');

async function archiving({ call }: Connected): Promise<void> {
  const { scan_results } = await call(MAINTAIN, CLEANUP);
  const archived = Object.entries(Object(scan_results)).find(([name]) => name === 'actions')?.[1];
  if (archived !== OLD_PLANS * 10) throw new Error(`The cleanup archived ${archived}`);
}

/** The milliseconds of each call of all servers until something has ended: each takes a task, notes how it goes, and hands in its work. */
async function working(servers: readonly Connected[], meanwhile: Promise<unknown>): Promise<readonly number[]> {
  let isOver = false;
  const over = meanwhile.finally(() => {
    isOver = true;
  });
  const times = await Promise.all(
    servers.map(async ({ call }) => {
      const own: number[] = [];
      const timed: Connected['call'] = async (name, args) => {
        const began = performance.now();
        const reply = await call(name, args);
        own.push(performance.now() - began);
        return reply;
      };
      while (!isOver) await workOnce(timed);
      return own;
    }),
  );
  await over;
  return times.flat();
}

async function workOnce(call: Connected['call']): Promise<void> {
  const task_id = textIn(await call('orchestrator_next_task'), 'task_id');
  await call('orchestrator_add_note', { task_id, text: 'It goes on where it stopped; the amounts are in cents.' });
  const work = { summary: 'Done as designed', detailed_work: '# Work\n\nAll of it.\n', next_action: 'complete' };
  await call('orchestrator_complete_subtask', { task_id, ...work });
}

async function audit(workspace: string): Promise<readonly Figure[]> {
  await using auditor = await connected(ours(workspace, '--timeout', TIMEOUT_SECONDS));
  await calm();
  const { result: ms, others } = await observed(async () => {
    const began = performance.now();
    const { summary } = await auditor.call(MAINTAIN, AUDIT);
    const [, findings] = Object.entries(Object(summary)).find(([name]) => name === 'findings') ?? [];
    if (findings !== 0) throw new Error(`A store in which nothing is wrong has findings: ${JSON.stringify(summary)}`);
    return performance.now() - began;
  });
  const disturbance: Disturbance = { rounds: 1, taken: 1, others };
  const what = `a full audit of ${said(TASKS)} tasks and 10,000 artifacts`;
  const time: Figure = { what, value: ms, unit: 'ms', aims: [{ of: 'value', atMost: 10_000 }], disturbance };
  if (process.platform !== 'linux') return [time];
  const memory: Figure = {
    what: `most resident memory of the server that made it`,
    value: mostResidentMegabytes(auditor.pid),
    unit: 'MB',
    aims: [{ of: 'value', atMost: 200 }],
  };
  return [time, memory];
}

const mostResidentMegabytes = (pid: number) =>
  Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
