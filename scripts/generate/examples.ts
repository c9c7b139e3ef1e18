import { realpath } from 'node:fs/promises';
import type { Vitals } from '../../src/application/checkup/vitals.ts';
import type { ToolExample } from '../../src/application/tool.ts';
import { OrchestratorError } from '../../src/domain/errors.ts';
import { aClock, anOrchestrator } from '../../test/harness.ts';
import type { ShownCall } from './pages.ts';
import type { RegisteredTool } from './registry.ts';

/**
 * The plan that examples are run against. Its ids are pinned, so that an example can name them: the plan, its four
 * subtasks in their order, and the artifact that holds the design.
 */
const PLAN_IDS = ['abc12300', 'def45600', 'ghi78900', 'jkl01200', 'mno34500'];
const ARTIFACT_ID = 'xyz78900';
const DESIGN = 'architect_def45600';

const SUBTASKS = [
  { title: 'Design scraper architecture', description: 'Plan scalable scraping system', specialist_type: 'architect' },
  {
    title: 'Implement scraper',
    description: 'Fetch pages, extract products, store them',
    specialist_type: 'implementer',
    dependencies: ['Design scraper architecture'],
  },
  {
    title: 'Test scraper',
    description: 'Cover broken pages, slow hosts and repeated runs',
    specialist_type: 'tester',
    dependencies: ['Implement scraper'],
  },
  {
    title: 'Write user guide',
    description: 'Explain setup and use with examples',
    specialist_type: 'documenter',
    dependencies: ['Implement scraper'],
  },
];

/** The workspace in the replies; the real one is a temporary folder. */
const SHOWN_WORKSPACE = '/home/you/project';
const MINUTE = 60_000;

/** What differs from machine to machine and from second to second, as it might be. */
const VITALS: Vitals = {
  stopwatch: () => 0,
  measure: async () => ({
    databaseBytes: 2_400_000,
    walBytes: 300_000,
    freeBytes: 80_000_000_000,
    retries: 3,
    longestWaitMs: 12,
    clockShiftMs: 0,
  }),
};

type Reached = 'planned' | 'designed' | 'archived' | 'templated' | 'exported';
/** The usual moments first: an example is shown at the first one that does not refuse it. */
const MOMENTS: readonly Reached[] = ['designed', 'planned', 'archived', 'templated', 'exported'];

/** Runs every tool's examples on a store of their own, by the tool's name. An example that is always refused is a mistake. */
export async function runExamples(
  tools: readonly RegisteredTool[],
): Promise<ReadonlyMap<string, readonly ShownCall[]>> {
  const calls = new Map<string, readonly ShownCall[]>();
  for (const { tool } of tools) {
    const shown: ShownCall[] = [];
    for (const example of tool.examples) shown.push(await run(tool.name, example));
    calls.set(tool.name, shown);
  }
  return calls;
}

async function run(tool: string, { title, input }: ToolExample): Promise<ShownCall> {
  const refusals: string[] = [];
  for (const moment of MOMENTS) {
    const reply = await replyAt(moment, tool, input);
    if (!(reply instanceof OrchestratorError)) return { title, tool, input, reply };
    refusals.push(`${moment}: ${reply.message}`);
  }
  throw new Error(`The example "${title}" of ${tool} is refused, when the plan is ${refusals.join('; when it is ')}`);
}

async function replyAt(moment: Reached, tool: string, input: ToolExample['input']): Promise<unknown> {
  const clock = aClock(Date.UTC(2026, 0, 15, 9));
  const ids = pinnedIds();
  await using server = await anOrchestrator({
    clock: clock.now,
    drawId: ids.draw,
    vitals: VITALS,
    config: { synchronous: 'normal' },
  });
  const call: Call = (name, args) => {
    clock.advance(MINUTE);
    return server.call(name, args);
  };
  await plan(call, ids.pin);
  if (moment === 'designed') await design(call, ids.pin);
  if (moment === 'archived') await archive(call);
  if (moment === 'templated') await template(call);
  if (moment === 'exported') await call('export_workflow', { to: 'scraper.jsonl' });
  try {
    const reply = JSON.stringify(await call(tool, input));
    return JSON.parse(reply.replaceAll(await realpath(server.workspace), SHOWN_WORKSPACE));
  } catch (error) {
    if (error instanceof OrchestratorError) return error;
    throw error;
  }
}

type Call = (name: string, args: ToolExample['input']) => Promise<unknown>;
type Pin = (ids: readonly string[]) => void;

async function plan(call: Call, pin: Pin): Promise<void> {
  await call('initialize_session', { agent_name: 'planner' });
  pin(PLAN_IDS);
  await call('plan_task', {
    description: 'Build a Python web scraper with testing and documentation',
    subtasks_json: JSON.stringify(SUBTASKS),
    context: 'E-commerce product data extraction project',
  });
}

async function design(call: Call, pin: Pin): Promise<void> {
  await call('execute_subtask', { task_id: DESIGN });
  await call('add_note', {
    task_id: DESIGN,
    kind: 'decision',
    text: 'One queue per host keeps politeness in one place',
  });
  pin([ARTIFACT_ID]);
  await call('complete_subtask', {
    task_id: DESIGN,
    summary: 'Completed scalable web scraper architecture design',
    detailed_work:
      '# Scraper Architecture Design\n\n## Overview\nOne queue per host, workers behind it, results in SQLite.\n',
    file_paths: ['docs/architecture.md'],
    artifact_type: 'design',
    next_action: 'continue',
  });
}

/** Somebody found that no guide is wanted. */
const archive = (call: Call) =>
  call('orchestrator_manage_lifecycle', { task_id: 'documenter_mno34500', lifecycle_stage: 'archived' });

/** Somebody keeps how a fault is mended. */
const template = (call: Call) =>
  call('orchestrator_save_template', {
    content: 'id: hotfix_v1\nroot: { title: Mend it }\ntasks: [{ key: fix, title: Fix it }]\n',
  });

/** Ids that are the same at every run: pinned ones where an example names them, otherwise numbers that look like ids. */
function pinnedIds() {
  let pinned: string[] = [];
  let drawn = 0;
  return {
    /** The next call draws these. What it draws first is its own name in the log. */
    pin: (ids: readonly string[]) => {
      pinned = [made(drawn++), ...ids];
    },
    draw: () => pinned.shift() ?? made(drawn++),
  };
}

/** Spread over the whole range by a prime, so that neighbours do not look alike. */
const made = (number: number) =>
  ((number * 1_099_511_627_689 + 987_654_321_987) % 36 ** 8).toString(36).padStart(8, '0');
