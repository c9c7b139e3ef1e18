import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { CallOptions } from '../src/application/orchestrator.ts';
import { TOOLS } from '../src/application/tools.generated.ts';
import { compose, type Replaced } from '../src/compose.ts';
import { type Config, readConfig } from '../src/config.ts';
import { OrchestratorError } from '../src/domain/errors.ts';
import { errorBody } from '../src/presentation/errors.ts';

/** A whole orchestrator on a real store in a folder of its own; only time and ids can be replaced. */
export type Given = Replaced & Readonly<{ workspace?: string; config?: Partial<Config> }>;

export async function anOrchestrator({ workspace, config, ...replaced }: Given = {}) {
  const folder = workspace ?? (await mkdtemp(join(tmpdir(), 'orchestrator-')));
  const defaults = await readConfig({ argv: ['--workspace', folder, '--log-level', 'silent'], env: {}, home: folder });
  if (defaults.command !== 'serve') throw new Error('these flags serve');
  const server = compose({ ...defaults.config, ...config }, replaced);
  return {
    workspace: folder,
    orchestrator: server.orchestrator,
    /** Calls a tool as a client would see it, and checks the reply against the tool's output schema. */
    call: (name: string, args: Arguments = {}, options?: CallOptions) =>
      answered(server.orchestrator, name, args, options),
    /** Calls a tool that is expected to refuse; returns the body of the refusal. */
    refused: (name: string, args: Arguments = {}) => refusal(server.orchestrator, name, args),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      if (workspace === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
export type TestOrchestrator = Awaited<ReturnType<typeof anOrchestrator>>;

type Arguments = Readonly<Record<string, unknown>>;
type Server = ReturnType<typeof compose>['orchestrator'];

/** Replies are read by tests field by field; what is not there reads as undefined. */
// biome-ignore lint/suspicious/noExplicitAny: a test that reads a wrong field fails by itself
export type Body = Record<string, any>;

const fullName = (name: string) => (name.startsWith('orchestrator_') ? name : `orchestrator_${name}`);

async function answered(orchestrator: Server, name: string, args: Arguments, options?: CallOptions): Promise<Body> {
  const reply: Body = JSON.parse(JSON.stringify(await orchestrator.call(fullName(name), args, options)));
  const tool = Object.entries(TOOLS).find(([known]) => known === fullName(name));
  if (tool !== undefined) z.parse((await tool[1]()).default.output, reply);
  return reply;
}

async function refusal(orchestrator: Server, name: string, args: Arguments): Promise<Body> {
  try {
    const reply = await orchestrator.call(fullName(name), args);
    throw new Error(`${name} was not refused: ${JSON.stringify(reply).slice(0, 300)}`);
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    return JSON.parse(JSON.stringify(errorBody(error)));
  }
}

/** A subtask of a plan that states only what matters to the test. */
export const aSubtask = (title: string, dependencies: readonly string[] = [], more: Arguments = {}) => ({
  title,
  description: `Do ${title}`,
  specialist_type: 'implementer',
  dependencies,
  ...more,
});

/** Plans subtasks and gives the ids by title. */
export async function aPlan(
  { call }: Pick<TestOrchestrator, 'call'>,
  subtasks: readonly Arguments[],
  more: Arguments = {},
) {
  const reply = await call('plan_task', { description: 'A goal', subtasks_json: JSON.stringify(subtasks), ...more });
  const ids = new Map<string, string>(reply.subtasks.map((one: Body) => [one.title, one.task_id]));
  return {
    reply,
    planId: String(reply.parent_task_id),
    id: (title: string) => ids.get(title) ?? `no subtask ${title}`,
  };
}

/** Creates a task that is ready unless it says otherwise, and gives its id. */
export async function aGenericTask({ call }: Pick<TestOrchestrator, 'call'>, title: string, more: Arguments = {}) {
  const task = { task_type: 'feature', stage: 'ready', attributes: { title }, ...more };
  return String((await call('create_generic_task', task)).task_id);
}

/** Hands in a subtask's work. */
export const completion = (task_id: string, more: Arguments = {}) => ({
  task_id,
  summary: 'Done',
  detailed_work: 'All of it',
  next_action: 'complete',
  ...more,
});

/** A clock that only goes on when it is told to. */
export function aClock(start = Date.UTC(2026, 0, 1)) {
  let now = start;
  return { now: () => now, advance: (ms: number) => (now += ms) };
}

export const HOUR = 3_600_000;
