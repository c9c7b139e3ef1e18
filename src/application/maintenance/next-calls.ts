import type { Call, Handover } from '../../domain/handover.ts';
import { cut, type Task } from '../../domain/task.ts';
import { isUpForSynthesis } from '../recommend.ts';
import type { Run } from './run.ts';
import type { Whereabouts } from './whereabouts.ts';

/** Calls of one kind that are named; after these a new look is worth more. */
const NAMED = 5;

/**
 * The calls that go on with the work, in order. Whoever makes them continues the session of the one who hands over, and so
 * holds what that one held; what others hold is theirs.
 */
export function nextCalls(run: Run, whereabouts: Whereabouts, from: Handover['from']): readonly Call[] {
  const { workspace } = run.beforehand;
  const session = from === undefined ? {} : { session_id: from.sessionId };
  const own = whereabouts.inProgress.filter(({ heldBy }) => heldBy === from?.sessionId).map(({ task }) => task);
  const finished = whereabouts.plans.filter(isUpForSynthesis);
  const calls: readonly Call[] = [
    ...own.slice(0, NAMED).map((task) => execution(task, session, 'go on with')),
    ...finished.slice(0, NAMED).map((plan) => ({
      tool: 'orchestrator_synthesize_results',
      arguments: { parent_task_id: plan.id, ...session },
      why: `put ${quoted(plan)} together`,
    })),
    ...(whereabouts.ready.length > 0 ? [next(run, whereabouts.ready, session)] : []),
  ];
  return [
    {
      tool: 'orchestrator_initialize_session',
      arguments: { ...session, working_directory: workspace },
      why: from === undefined ? 'begin a session' : 'continue the session that hands over',
    },
    ...(calls.length > 0 ? calls : [STATUS]),
  ];
}

const quoted = ({ title }: Task) => `"${cut(title, 80)}"`;

type Session = Readonly<{ session_id?: string }>;

/** One task alone is taken itself; of a plan or of everything, what comes first. */
function next({ request: { target } }: Run, ready: readonly Task[], session: Session): Call {
  const itself = ready.find(({ id }) => id === target);
  if (itself !== undefined) return execution(itself, session, 'take up');
  const within = target === undefined ? {} : { parent_task_id: target };
  return { tool: 'orchestrator_next_task', arguments: { ...within, ...session }, why: 'take what comes next' };
}

const execution = (task: Task, session: Session, doing: string): Call => ({
  tool: 'orchestrator_execute_subtask',
  arguments: { task_id: task.id, ...session },
  why: `${doing} ${quoted(task)}`,
});

const STATUS: Call = { tool: 'orchestrator_get_status', arguments: {}, why: 'see what has to move first' };
