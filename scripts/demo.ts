import './node-version.ts';
import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { called, field, heading, line, quoted, said } from './demo/terminal.ts';

/**
 * Two agents work on one small project through servers of their own, as two clients on one machine would.
 * One server is killed at work; what its agent held is found again and finished.
 */
const SERVER = join(import.meta.dirname, '../dist/main.js');
/** The whole takes a few seconds; past this something hangs. */
const LIMIT_MS = 50_000;

type Reply = Readonly<Record<string, unknown>>;
type Agent = Readonly<{ name: string; client: Client; transport: StdioClientTransport }>;

const GOAL = 'Add a search page to the bookshop website';
const SUBTASKS = [
  {
    title: 'Design the search API',
    description: 'Decide on the endpoint, its parameters and the shape of its replies',
    specialist_type: 'architect',
  },
  {
    title: 'Implement the search endpoint',
    description: 'Build the endpoint as designed, with paging',
    specialist_type: 'implementer',
    dependencies: ['Design the search API'],
    priority: 'high',
  },
  {
    title: 'Write the search guide',
    description: 'Explain to shop visitors how to search, with examples',
    specialist_type: 'documenter',
    dependencies: ['Design the search API'],
  },
  {
    title: 'Review the search feature',
    description: 'Check endpoint and guide against the design',
    specialist_type: 'reviewer',
    dependencies: ['Implement the search endpoint', 'Write the search guide'],
  },
];

const watchdog = setTimeout(() => fail(new Error(`not finished after ${LIMIT_MS / 1000} s`)), LIMIT_MS);
try {
  await demo(await mkdtemp(join(tmpdir(), 'orchestrator-demo-')));
} catch (error) {
  fail(error);
} finally {
  clearTimeout(watchdog);
}

async function demo(workspace: string): Promise<void> {
  line(`Workspace: ${workspace}`);
  const ada = await start('Ada', workspace);
  const ben = await start('Ben', workspace);

  heading('Ada plans; the subtasks say what they wait for');
  await call(ada, 'initialize_session', { agent_name: 'Ada' }, ['session_id']);
  const planned = { description: GOAL, subtasks_json: JSON.stringify(SUBTASKS) };
  const plan = await call(ada, 'plan_task', planned, ['parent_task_id', 'dependencies_in_words']);
  const design = await take(ada);
  await call(ben, 'initialize_session', { agent_name: 'Ben' }, ['session_id']);
  await call(ben, 'next_task', {}, ['task_available', 'waiting_for.0.reason', 'retry_after_ms']);

  heading('Ada hands in the design; now two tasks are free, and each agent gets another one');
  await finish(ada, design, 'One endpoint, GET /search?q=&page=', 'design');
  const coding = await take(ada);
  const writing = await take(ben);

  heading('Ben notes how far he is; then his server is killed, with no chance to say goodbye');
  const note = { task_id: writing, kind: 'progress', text: 'The outline is done; the examples are missing' };
  await call(ben, 'add_note', note, ['note_added']);
  await kill(ben);

  heading('Ben returns with a new server: what he held is on offer again, with what he had noted');
  const returned = await start('Ben', workspace);
  await call(returned, 'initialize_session', { agent_name: 'Ben' }, ['recovery_info.interrupted_tasks.0.title']);
  await take(returned, ['specialist_context.notes.0.text']);
  await finish(returned, writing, 'A guide with five examples', 'documentation');

  heading('Ada was not disturbed; she finishes, takes the review, and puts the results together');
  await finish(ada, coding, 'GET /search with paging, 12 tests', 'code');
  await finish(ada, await take(ada), 'Endpoint and guide fit the design', 'analysis');
  const synthesis = { parent_task_id: textIn(plan, 'parent_task_id') };
  const result = await call(ada, 'synthesize_results', synthesis, ['synthesis_complete', 'synthesis.key_deliverables']);
  await call(ada, 'get_status', {}, ['system_status']);

  await Promise.all([ada.client.close(), returned.client.close()]);
  await showFiles(workspace, textIn(result, 'synthesis_artifact.accessible_via'));
}

async function start(name: string, workspace: string): Promise<Agent> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [SERVER, '--workspace', workspace, '--log-level', 'warn'],
    stderr: 'pipe',
  });
  let complaint = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const client = new Client({ name: 'demo', version: '1.0.0' });
  await client.connect(transport).catch((error: unknown) => {
    throw new Error(`the server did not start: ${complaint || String(error)}`);
  });
  said(name, `starts a server (process ${transport.pid})`);
  return { name, client, transport };
}

/** Calls a tool and shows the fields of its reply that matter here. A refusal ends the demo. */
async function call({ name, client }: Agent, tool: string, input: Reply, shown: readonly string[]): Promise<Reply> {
  called(name, tool, input);
  const { structuredContent, content, isError } = await client.callTool({
    name: `orchestrator_${tool}`,
    arguments: input,
  });
  if (isError === true || structuredContent === undefined) {
    throw new Error(`${tool} was refused: ${JSON.stringify(content)}`);
  }
  const reply = structuredContent as Reply;
  for (const path of shown) field(labelOf(path), at(reply, path));
  return reply;
}

/** Takes the next free task and returns its id. */
async function take(agent: Agent, shown: readonly string[] = []): Promise<string> {
  const reply = await call(agent, 'next_task', {}, ['specialist_context.task_details.title', 'why', ...shown]);
  return textIn(reply, 'task_id');
}

async function finish(agent: Agent, taskId: string, summary: string, type: string): Promise<void> {
  const completion = {
    task_id: taskId,
    summary,
    artifact_type: type,
    next_action: 'complete',
    detailed_work: `# ${summary}\n\nAll of the work would stand here, however long it is.\n`,
  };
  const shown = ['artifact_info.accessible_via', 'parent_task_progress.progress_percentage', 'unblocked_tasks'];
  await call(agent, 'complete_subtask', completion, shown);
}

async function kill({ name, client, transport }: Agent): Promise<void> {
  const pid = transport.pid;
  if (pid === null) throw new Error(`the server of ${name} does not run`);
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve;
  });
  process.kill(pid, 'SIGKILL');
  await closed;
  said(name, `loses the server (process ${pid})`);
}

async function showFiles(workspace: string, synthesis: string): Promise<void> {
  heading('What now lies in the workspace');
  const entries = await readdir(workspace, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.toSorted()) field(relative(workspace, path), `${(await stat(path)).size} bytes`);

  heading(synthesis);
  quoted(await readFile(join(workspace, synthesis), 'utf8'));
  line(`\nThe folder stays for a look: ${workspace}`);
}

/** The last two names of a path, numbers left out. */
function labelOf(path: string): string {
  return path
    .split('.')
    .filter((step) => !/^\d+$/.test(step))
    .slice(-2)
    .join('.');
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, step) => (inner as Reply | undefined)?.[step], value);
}

function textIn(reply: unknown, path: string): string {
  const value = at(reply, path);
  if (typeof value !== 'string') throw new Error(`the reply has no ${path}: ${JSON.stringify(reply)}`);
  return value;
}

function fail(error: unknown): never {
  console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
