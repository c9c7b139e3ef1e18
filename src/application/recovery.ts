import { isOpen } from '../domain/lifecycle.ts';
import type { Session } from '../domain/session.ts';
import type { Task } from '../domain/task.ts';
import { isLive, isOwn } from './claims.ts';
import { nextCall } from './next-call.ts';
import type { Context } from './tool.ts';
import { echo, iso } from './views.ts';

/** Sessions and tasks that a recovery names; the rest is in the status. */
const NAMED = 10;
/** Sessions that are looked at for unfinished work, and tasks of each. */
const LOOKED_AT = 50;

/** What earlier sessions left unfinished: who stopped without an end, what nobody holds any more, and how to go on. */
export async function recovery(context: Context) {
  const sessions = await stopped(context);
  const tasks = await abandoned(context);
  if (sessions.length === 0 && tasks.length === 0) return undefined;
  return {
    ...(sessions.length > 0 && { stopped_sessions: sessions }),
    ...(tasks.length > 0 && { interrupted_tasks: await Promise.all(tasks.map((task) => taskView(context, task))) }),
  };
}

/** Sessions without an end whose process is gone and whose work is not finished. */
async function stopped(context: Context) {
  const { sessions, processes, actor } = context;
  const isStopped = ({ id, process }: Session) =>
    id !== actor.sessionId && process !== undefined && processes.isGone(process);
  const views = [];
  for (const session of (await sessions.unended(LOOKED_AT)).filter(isStopped)) {
    const touched = await context.tasks.findAll(await sessions.tasksOf(session.id, LOOKED_AT));
    const open = touched.filter((task) => isOpen(task.stage));
    if (open.length > 0) views.push(await sessionView(context, session, touched));
    if (views.length === NAMED) break;
  }
  return views;
}

async function sessionView(context: Context, { id, agentName, createdAt }: Session, touched: readonly Task[]) {
  const latest = touched.toSorted((a, b) => b.updatedAt - a.updatedAt)[0];
  const lastRecorded = latest === undefined ? undefined : await lastWord(context, latest);
  return {
    session_id: id,
    ...(agentName !== undefined && { agent_name: agentName }),
    began_at: iso(createdAt),
    ...(lastRecorded !== undefined && { last_recorded: echo(lastRecorded) }),
    resume_with: { tool: 'orchestrator_initialize_session', arguments: { session_id: id } },
  };
}

/** Tasks that were begun and not finished: the session holds them itself, their claim has ended, or they were given back. */
async function abandoned(context: Context): Promise<readonly Task[]> {
  const begun = (await context.claims.list()).filter((claim) => isOwn(claim, context) || !isLive(claim, context));
  const claimed = begun.toSorted((a, b) => Number(isOwn(b, context)) - Number(isOwn(a, context))).slice(0, NAMED);
  const held = await context.tasks.findAll(claimed.map(({ taskId }) => taskId));
  return [...held, ...(await context.tasks.interrupted(NAMED))].slice(0, NAMED);
}

async function taskView(context: Context, task: Task) {
  const lastRecorded = await lastWord(context, task);
  return {
    task_id: task.id,
    title: echo(task.title),
    ...(lastRecorded !== undefined && { last_recorded: echo(lastRecorded) }),
    resume_with: nextCall(context, 'orchestrator_execute_subtask', { task_id: task.id }),
  };
}

/** What was last said about a task, in a note or with a piece of work. */
export async function lastWord({ notes, artifacts }: Context, { id }: Task): Promise<string | undefined> {
  const [note] = await notes.of([id], { limit: 1 });
  const artifact = (await artifacts.of([id])).at(-1);
  if (note === undefined) return artifact?.summary;
  return artifact === undefined || artifact.createdAt < note.at ? note.text : artifact.summary;
}
