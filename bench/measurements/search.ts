import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Repositories } from '../../src/application/ports.ts';
import { compose } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { type Artifact, artifactPath } from '../../src/domain/artifact.ts';
import { newTask } from '../../src/domain/task.ts';
import { openStore } from '../../src/infrastructure/store/open.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../../src/infrastructure/workspace.ts';
import type { Figure, Measurement } from '../measurement.ts';
import { inTurns, timed, type Variant } from '../sampling.ts';
import { median } from '../statistics.ts';
import { MANY_TASKS } from '../workbench.ts';

const BATCH = 1_000;
const ROUNDS = 10;
const CALLS = 5;
/** Words of the texts, the first of them in most texts, the last in few, as in any language. */
const VOCABULARY = 30_000;

/** What is asked for: a word of few texts, one of each task, and the one that most texts hold. */
const QUESTIONS = [
  { what: 'a word of few texts', query: 'wmg0', aims: [{ of: 'value', atMost: 3 }] },
  {
    what: `a word that ${MANY_TASKS.toLocaleString('en')} texts hold`,
    query: 'invoice',
    aims: [{ of: 'value', atMost: 40 }],
  },
  { what: 'the word that most texts hold', query: 'w0', aims: [] },
  { what: 'two words that most texts hold', query: 'w0 w1', aims: [] },
] as const;

/** Searching 100,000 tasks, each with a note and an artifact, and what the index of all that costs. */
export const search: Measurement = async (bench) => {
  const workspace = await bench.folder();
  await fillWithTexts(workspace);
  const before = await databaseBytes(workspace);
  const argv = ['--workspace', workspace, '--log-level', 'silent', '--timeout', '600'];
  const invocation = await readConfig({ argv, env: {}, home: workspace });
  if (invocation.command !== 'serve') throw new Error('These flags serve');
  const { secondsOfIndexing, bytes } = await indexed(workspace, invocation.config);
  await using server = compose(invocation.config);
  const totals = new Map<string, unknown>();
  const variants: readonly Variant[] = QUESTIONS.map(({ what, query }) => ({
    name: what,
    batch: () =>
      timed(CALLS, async () => {
        totals.set(what, (await server.orchestrator.call('orchestrator_search', { query })).total);
      }),
  }));
  await inTurns(variants, { rounds: 1 });
  const { of, disturbance } = await inTurns(variants, { rounds: ROUNDS });
  return [
    ...QUESTIONS.map(
      ({ what, aims }): Figure => ({
        what: `search for ${what} among ${MANY_TASKS.toLocaleString('en')} tasks (${totals.get(what)} found), p50`,
        value: median(of(what)),
        unit: 'ms',
        aims,
        disturbance,
      }),
    ),
    {
      what: 'texts made searchable in a second, from the files of artifacts included',
      value: (3 * MANY_TASKS) / secondsOfIndexing,
      unit: 'texts/s',
    },
    {
      what: `database of ${MANY_TASKS.toLocaleString('en')} tasks with four events each, index included`,
      value: bytes / 1e6,
      unit: 'MB',
      against: { what: 'without the index', value: before / 1e6 },
      aims: [{ of: 'value', atMost: 300 }],
    },
  ];
};

type Config = Parameters<typeof compose>[0];

/** Indexes all there is, as a first search and what it leaves behind do. */
async function indexed(workspace: string, config: Config) {
  const began = performance.now();
  await using server = compose(config);
  await server.orchestrator.call('orchestrator_search', { query: 'anything' });
  const isDone = () =>
    server.orchestrator.read(async (context) => (await context.search.mark()) === (await context.events.latest()));
  while (!(await isDone())) await sleep(100);
  const secondsOfIndexing = (performance.now() - began) / 1_000;
  await server.orchestrator.close();
  return { secondsOfIndexing, bytes: await databaseBytes(workspace) };
}

/** Of a store that nobody has open, so that all of it is in one file. */
const databaseBytes = async (workspace: string) =>
  (await stat(join(workspace, '.task_orchestrator', DATABASE_FILE))).size;

/** Tasks with four events each, straight by the repositories; the works lie in their files. */
async function fillWithTexts(workspace: string): Promise<void> {
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const store = await openStore({ path, backups: join(folder, 'backups'), synchronous: 'normal' });
  const words = zipf(VOCABULARY);
  for (let first = 0; first < MANY_TASKS; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, offset) => first + offset);
    await store.write(async (repositories) => {
      for (const number of numbers) await insert(repositories, number, words);
    });
    for (const number of numbers) await writeWork(workspace, number, words(120));
  }
  await store.close();
}

const idOf = (prefix: string, number: number) => `${prefix}_${number.toString(36).padStart(8, '0')}`;
const SESSION = 'session_bench000';

async function insert(repositories: Repositories, number: number, words: (count: number) => string): Promise<void> {
  const { tasks, notes, artifacts, events } = repositories;
  const by = { sessionId: SESSION, at: number };
  const taskId = idOf('task', number);
  const artifact = artifactOf(number, words(15));
  await tasks.insert([
    newTask({
      id: taskId,
      type: 'specialist_task',
      title: words(8),
      description: `${words(40)} invoice`,
      attributes: { component: words(1), points: number % 5 },
      sessionId: SESSION,
      createdAt: number,
      stage: 'completed',
    }),
  ]);
  const note = await notes.insert({ taskId, kind: 'decision', text: words(15), ...by });
  await artifacts.insert(artifact);
  await events.append(
    [
      { type: 'task.created', taskId },
      { type: 'note.added', taskId, details: { kind: 'decision', note: note.seq } },
      { type: 'artifact.added', taskId, details: { artifact_id: artifact.id, artifact_type: 'code' } },
      { type: 'task.lifecycle_changed', taskId, details: { from: 'active', to: 'completed' } },
    ],
    by,
  );
}

const artifactOf = (number: number, summary: string): Artifact => ({
  id: idOf('artifact', MANY_TASKS + number),
  taskId: idOf('task', number),
  type: 'code',
  summary,
  outcome: 'complete',
  filePaths: [{ path: `src/module_${number % 500}.ts`, isOutside: false }],
  sessionId: SESSION,
  createdAt: number,
  sha256: '0'.repeat(64),
  bytes: 600,
  characters: 600,
});

async function writeWork(workspace: string, number: number, work: string): Promise<void> {
  const file = join(workspace, artifactPath(artifactOf(number, '')));
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, `---\nid: "x"\n---\n\n${work}\n`);
}

/** Draws words of which the n-th is n times as rare as the first; the same at every run. */
function zipf(size: number): (count: number) => string {
  const upTo: number[] = [];
  let all = 0;
  for (let rank = 1; rank <= size; rank++) {
    all += 1 / rank;
    upTo.push(all);
  }
  let seed = 1;
  const drawn = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    const at = (seed / 0x7fffffff) * all;
    let [low, high] = [0, size - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? all) < at) low = middle + 1;
      else high = middle;
    }
    return `w${low.toString(36)}`;
  };
  return (count) => Array.from({ length: count }, drawn).join(' ');
}
