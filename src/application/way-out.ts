import { APPROVAL } from '../domain/readiness.ts';
import type { Task } from '../domain/task.ts';
import { approvalCall, byPerson, edgeType } from './asking.ts';
import { isGate, type Obstacle } from './obstacles.ts';
import type { Context } from './tool.ts';

type Stuck = Pick<Task, 'id' | 'type' | 'stage'>;
type Around = Pick<Context, 'approvals' | 'person' | 'actor'>;

/** What helps a task that is held up: the next call, in the session of a caller that names its own, or what has to move first. */
export function wayOut(context: Around, task: Stuck, obstacles: readonly Obstacle[]): string {
  const way = inWords(context, task, obstacles);
  const isCall = way.includes('orchestrator_');
  return isCall && context.actor.isNamed === true ? `${way} (session_id ${context.actor.sessionId})` : way;
}

function inWords(context: Around, task: Stuck, obstacles: readonly Obstacle[]): string {
  const [first] = obstacles;
  if (first === undefined) return wayOutAlone(context, task);
  const { id } = first.task;
  if (first.isDeleted) return `orchestrator_restore_task with task_id ${id} brings it back; ${without(task, first)}`;
  if (first.status === 'failed') {
    return `orchestrator_manage_lifecycle with task_id ${id} and lifecycle_stage ready takes it up again; ${without(task, first)}`;
  }
  if (isGate(first)) return wayThrough(context, task, obstacles);
  return first.type === 'blocked_parent' ? `Unblock ${id}` : `Complete ${allOpen(obstacles)} first`;
}

/** How to go on although a prerequisite will not be met. */
function without({ id }: Stuck, { task, type, through = id }: Obstacle): string {
  const dependencies = JSON.stringify([{ dependency_task_id: task.id, dependency_type: edgeType(type) }]);
  return `orchestrator_manage_dependencies with task_id ${through}, dependencies ${dependencies}, operation waive and a comment goes on without it`;
}

/** What helps a task that waits for no other. */
function wayOutAlone(context: Around, { id, type, stage }: Stuck): string {
  if (type === APPROVAL) {
    return needsAnother(context)
      ? byPerson(context)
      : `orchestrator_manage_dependencies with task_id ${id}, dependencies [] and operation approve or reject`;
  }
  if (stage === 'draft') {
    return `orchestrator_manage_lifecycle with task_id ${id} and lifecycle_stage ready, or orchestrator_execute_subtask`;
  }
  if (stage === 'review') {
    return `orchestrator_manage_lifecycle with task_id ${id} and lifecycle_stage completed, or orchestrator_execute_subtask to go on with it`;
  }
  return `Clear the reason, then orchestrator_execute_subtask with task_id ${id}`;
}

/** Starting a task asks the person, if approvals are all that it waits for. */
function wayThrough(context: Around, task: Stuck, obstacles: readonly Obstacle[]): string {
  if (needsAnother(context)) return byPerson(context);
  const gates = obstacles.filter((obstacle) => isGate(obstacle) && obstacle.status === 'pending');
  if (context.person !== undefined && gates.length === obstacles.length) {
    return `orchestrator_execute_subtask with task_id ${task.id}, which asks your user`;
  }
  return approvalCall(task, gates);
}

/** Whether only a person's word counts, and this client has no way to ask one. */
const needsAnother = ({ approvals, person }: Around) => approvals === 'person' && person === undefined;

/** Prerequisites that a way out names. */
const NAMED = 3;

function allOpen(obstacles: readonly Obstacle[]): string {
  const ids = obstacles.filter((one) => one.status === 'pending' && !isGate(one)).map(({ task }) => task.id);
  const rest = ids.length - NAMED;
  return [ids.slice(0, NAMED).join(', '), ...(rest > 0 ? [`and ${rest} more`] : [])].join(' ');
}
