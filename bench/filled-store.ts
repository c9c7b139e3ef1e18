import { join } from 'node:path';
import type { ArtifactFiles, Repositories } from '../src/application/ports.ts';
import { compose } from '../src/compose.ts';
import { readConfig } from '../src/config.ts';
import type { Artifact } from '../src/domain/artifact.ts';
import type { NewEvent } from '../src/domain/event.ts';
import { drawUp, link } from '../src/domain/plan.ts';
import { NEW_STANDING, type Task } from '../src/domain/task.ts';
import { artifactFiles } from '../src/infrastructure/artifact-files.ts';
import { drawId } from '../src/infrastructure/ids.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../src/infrastructure/workspace.ts';
import { drafts, goalOf, PLAN_SIZE, planArguments, SUBTASKS_PER_PLAN } from './plans.ts';

export type FilledStore = Readonly<{
  workspace: string;
  /** Subtasks of the open plans, spread over the store. */
  taskIds: readonly string[];
  /** The session that made all open plans. */
  sessionId: string;
}>;

/** Plans that are written in one transaction. */
const BATCH = 100;
const MINUTE = 60_000;

/** So long ago ended what a cleanup archives. */
const LONG_AGO = 100 * 24 * 60 * MINUTE;

export type Filling = Readonly<{
  tasks: number;
  openPlans: number;
  /** So many of the plans that have ended did so long ago. */
  oldPlans?: number;
  /** One artifact a plan that has ended, whose file is there, instead of one a task, of which only the row is. */
  withFiles?: boolean;
}>;

/** Fills a workspace with plans: the open ones by the tools themselves, the many that have ended straight by the repositories. */
export async function fill(workspace: string, filling: Filling): Promise<FilledStore> {
  const { tasks, openPlans, oldPlans = 0, withFiles = false } = filling;
  const ended = Math.max(0, Math.round(tasks / PLAN_SIZE) - openPlans);
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const store = await openStore({ path, backups: join(folder, 'backups'), synchronous: 'normal' });
  const files = artifactFiles(workspace);
  for (let plan = 0; plan < ended; plan += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, ended - plan) }, (_, index) => plan + index);
    await store.write(async (repositories) => {
      for (const number of numbers) {
        const at = Date.now() - (ended - number) * MINUTE - (number < oldPlans ? LONG_AGO : 0);
        await insertEnded(repositories, { number, at, files: withFiles ? files : undefined });
      }
    });
  }
  await store.close();
  return { workspace, ...(await planOpen(workspace, { first: ended, count: openPlans })) };
}

/** A plan that was worked through and synthesized, with all that this leaves behind. */
async function insertEnded(repositories: Repositories, { number, at, files }: Ended): Promise<void> {
  const sessionId = `session_${drawId()}`;
  const { plan, subtasks, edges } = drawn(number, { sessionId, at });
  const recorded = [...subtasks, plan].map((task) => artifactOf(task, at + MINUTE));
  const artifacts = files === undefined ? recorded : await written(recorded.slice(0, 1), files);
  await repositories.sessions.insert({
    id: sessionId,
    agentName: 'agent',
    createdAt: at,
    endedAt: at + MINUTE,
    process: undefined,
  });
  await repositories.identities.reserve([plan, ...subtasks, ...artifacts].map(({ id }) => id));
  await repositories.tasks.insert([ended(plan, at), ...subtasks.map((task) => ended(task, at))]);
  await repositories.dependencies.insert(
    edges.map((edge) => ({ ...edge, status: 'satisfied' as const })),
    at,
  );
  for (const artifact of artifacts) await repositories.artifacts.insert(artifact);
  for (const { id } of subtasks.slice(0, 4)) {
    const text = `Kept the two ways of ${id} apart: the nightly run and the one that a person starts by hand.`;
    await repositories.notes.insert({ taskId: id, kind: 'decision', text, sessionId, at });
  }
  await repositories.events.append([plan, ...subtasks].flatMap(eventsOf), { sessionId, at });
}

type Ended = Readonly<{ number: number; at: number; files: ArtifactFiles | undefined }>;

/** Artifacts whose files are there. */
async function written(artifacts: readonly Artifact[], files: ArtifactFiles): Promise<readonly Artifact[]> {
  const work = `# Work\n\n${'The export goes on where it stopped, and says which invoice failed.\n'.repeat(30)}`;
  const kept = artifacts.map((artifact) => ({
    ...artifact,
    sha256: files.hash(work),
    bytes: work.length,
    characters: work.length,
  }));
  await Promise.all(kept.map((artifact) => files.write(artifact, work)));
  return kept;
}

function drawn(number: number, { sessionId, at }: { sessionId: string; at: number }) {
  const wanted = drafts(number);
  return drawUp({
    description: goalOf(number),
    priority: 'medium',
    context: undefined,
    complexity: 'moderate',
    parentId: undefined,
    gatesAbove: 0,
    drafts: wanted,
    links: link(wanted),
    outside: new Map(),
    ids: { plan: `task_${drawId()}`, subtasks: wanted.map(({ specialist }) => `${specialist}_${drawId()}`) },
    sessionId,
    at,
  });
}

/** As a task is when it is completed, its own edges satisfied and nothing waiting for it. */
function ended(task: Task, at: number): Task {
  const { children, leaves } = task.standing;
  // The plan that it is a part of has ended, too.
  const gatesAbove = task.parentId === undefined ? 0 : 1;
  const standing = {
    ...NEW_STANDING,
    gatesAbove,
    children,
    leaves,
    completedChildren: children,
    completedLeaves: leaves,
  };
  return { ...task, stage: 'completed', updatedAt: at + MINUTE, startedAt: at, completedAt: at + MINUTE, standing };
}

const artifactOf = (task: Task, at: number): Artifact => ({
  id: `artifact_${drawId()}`,
  taskId: task.id,
  type: 'code',
  summary: `Done: ${task.title}, with tests for an interrupted run and for each error of the other system`,
  outcome: task.standing.children > 0 ? 'synthesis' : 'complete',
  filePaths: [{ path: 'src/export/invoices.ts', isOutside: false }],
  sessionId: task.sessionId,
  createdAt: at,
  sha256: '0'.repeat(64),
  bytes: 2_000,
  characters: 2_000,
});

const eventsOf = ({ id: taskId, title }: Task): readonly NewEvent[] => [
  { type: 'task.created', taskId, details: { title } },
  { type: 'task.claimed', taskId, details: { claim_id: `claim_${drawId()}` } },
  { type: 'task.lifecycle_changed', taskId, details: { from: 'ready', to: 'active' } },
  { type: 'artifact.added', taskId, details: { artifact_type: 'code' } },
  { type: 'task.lifecycle_changed', taskId, details: { from: 'active', to: 'completed' } },
];

/** Plans that are under way: of each, the first few subtasks are completed. */
async function planOpen(
  workspace: string,
  { first, count }: { first: number; count: number },
): Promise<Pick<FilledStore, 'taskIds' | 'sessionId'>> {
  const argv = ['--workspace', workspace, '--log-level', 'silent', '--synchronous', 'normal'];
  const invocation = await readConfig({ argv, env: {}, home: workspace });
  if (invocation.command !== 'serve') throw new Error('These flags serve');
  await using server = compose(invocation.config);
  const call = (tool: string, args: Readonly<Record<string, unknown>>) =>
    server.orchestrator.call(`orchestrator_${tool}`, args);
  const { session_id } = await call('initialize_session', {});
  const taskIds: string[] = [];
  for (let plan = first; plan < first + count; plan++) {
    const subtasks = idsIn(await call('plan_task', planArguments(plan)));
    taskIds.push(...subtasks);
    for (const task_id of subtasks.slice(0, plan % 4)) {
      const work = { summary: 'Done as designed', detailed_work: '# Work\n\nAll of it.\n', artifact_type: 'code' };
      await call('complete_subtask', { task_id, next_action: 'complete', ...work });
    }
  }
  return { taskIds, sessionId: String(session_id) };
}

/** The ids of the subtasks that `plan_task` made. */
export function idsIn(reply: Readonly<Record<string, unknown>>): readonly string[] {
  const subtasks = Array.isArray(reply.subtasks) ? reply.subtasks : [];
  const ids = subtasks.map((subtask: Readonly<Record<string, unknown>>) => String(subtask.task_id));
  if (ids.length !== SUBTASKS_PER_PLAN) throw new Error('A plan was not made whole');
  return ids;
}
