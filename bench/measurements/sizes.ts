import type { RawServer } from '../../test/stdio-client.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { type Arguments, ours, type Program, started, textIn } from '../servers.ts';

/** 120 characters, as the contract counts. */
const SUMMARY =
  'One queue per host, workers take from it; a retry waits twice as long as the one before, for an hour at the very longest'.padEnd(
    120,
    '.',
  );

const STEPS = [
  { title: 'Design the scraper', specialist_type: 'architect', dependencies: [] },
  { title: 'Implement the scraper', specialist_type: 'implementer', dependencies: ['Design the scraper'] },
  { title: 'Test the scraper', specialist_type: 'tester', dependencies: ['Implement the scraper'] },
  { title: 'Document the scraper', specialist_type: 'documenter', dependencies: ['Implement the scraper'] },
];

/** What the tools and their replies cost a model, in characters. */
export const sizes: Measurement = async (bench) => {
  const core = await listed(ours(await bench.folder()));
  const all = await listed(ours(await bench.folder(), '--toolsets', 'all'));
  const replies = await repliesOfAPlan(ours(await bench.folder()));
  return [
    characters('tools of core: names, descriptions, input schemas', asked(core), 18_000),
    characters('tools of core: output schemas', JSON.stringify(core.map(({ outputSchema }) => outputSchema)), 24_000),
    characters('all tools: names, descriptions, input schemas', asked(all), 30_000),
    characters('whole reply to tools/list', JSON.stringify(core)),
    characters('replies of a plan of four, 11 calls', replies, 12_000),
  ];
};

const characters = (what: string, { length: value }: string, atMost?: number): Figure => ({
  what,
  value,
  unit: 'characters',
  aims: atMost === undefined ? [] : [{ of: 'value', atMost }],
});

type ListedTool = Readonly<{ name: string; description: string; inputSchema: unknown; outputSchema: unknown }>;

const asked = (tools: readonly ListedTool[]) =>
  JSON.stringify(tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })));

async function listed(program: Program): Promise<readonly ListedTool[]> {
  await using server = started(program);
  await server.rpc.initialize();
  const { result } = await server.rpc.request('tools/list');
  return Array.isArray(result?.tools) ? result.tools : [];
}

/** The text blocks of every call from the beginning of a session to the synthesis of its plan. */
async function repliesOfAPlan(program: Program): Promise<string> {
  await using server = started(program);
  await server.rpc.initialize();
  const texts: string[] = [];
  const call = async (tool: string, args: Arguments) => {
    const { text, body } = await answered(server, `orchestrator_${tool}`, args);
    texts.push(text);
    return body;
  };
  await call('initialize_session', {});
  const description = 'Build a web scraper with tests and documentation';
  const subtasks = STEPS.map((step) => ({
    ...step,
    description: `${step.title} so that it can run unattended each night`,
  }));
  const plan = await call('plan_task', { description, subtasks_json: JSON.stringify(subtasks) });
  for (const { task_id } of plan.subtasks) {
    await call('execute_subtask', { task_id });
    const work = { summary: SUMMARY, detailed_work: '# Work\n\nAll of it.\n', next_action: 'complete' };
    await call('complete_subtask', { task_id, ...work });
  }
  await call('synthesize_results', { parent_task_id: textIn(plan, 'parent_task_id') });
  return texts.join('');
}

type Body = Arguments & Readonly<{ subtasks: readonly Readonly<{ task_id: string }>[] }>;

async function answered({ rpc }: RawServer, name: string, args: Arguments) {
  const { result, error } = await rpc.request('tools/call', { name, arguments: args });
  const [block] = Array.isArray(result?.content) ? result.content : [];
  if (error !== undefined || result?.isError === true) throw new Error(`${name}: ${error?.message ?? block.text}`);
  const text = String(block.text);
  const body: Body = JSON.parse(text);
  return { text, body };
}
