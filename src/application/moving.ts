import { refused } from '../domain/errors.ts';
import { closesGate } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { toldSteps } from '../domain/way.ts';
import { refuseCircle } from './circles.ts';
import { move, tellParent } from './consequences.ts';
import { ancestorsOf, isGate, obstaclesOf } from './obstacles.ts';
import { offerOrWithdraw } from './offering.ts';
import { adopt, parentToBe } from './parents.ts';
import type { Context } from './tool.ts';
import { wayOut } from './way-out.ts';

/** Puts a task with all that lies below it under another parent, or to the top. Refuses what would wait for itself. */
export async function transplant(context: Context, task: Task, parentId: string | undefined): Promise<Task> {
  const parent = parentId === undefined ? undefined : await newParent(context, parentId);
  const above = parent === undefined ? [] : [parent, ...(await ancestorsOf(context, parent))].map(({ id }) => id);
  if (above.includes(task.id)) throw belowItself(task, above);
  if (context.approvals === 'person') await refuseEscape(context, task, above);
  const moved = await context.tasks.save({ ...task, parentId: parent?.id, updatedAt: context.clock() });
  await context.record([
    {
      type: 'task.moved',
      taskId: task.id,
      details: {
        ...(task.parentId !== undefined && { from: task.parentId }),
        ...(parent !== undefined && { to: parent.id }),
      },
    },
  ]);
  if (parent !== undefined) await refuseCircle(context, [task.id, ...(await awaitedAbove(context, moved))]);
  if (task.parentId !== undefined) await takeFrom(context, task.parentId, task);
  await passGates(context, moved, gatesUnder(parent) - task.standing.gatesAbove);
  if (parent !== undefined) await adopt(context, parent, moved);
  return moved;
}

/** A claim that the call shows is about the task that is moved, not about where it goes. */
const newParent = ({ actor: { sessionId }, ...context }: Context, id: string) =>
  parentToBe({ ...context, actor: { sessionId } }, id);

/** A parent whose last subtask leaves is a piece of work of its own again, which nobody has begun. */
export async function takeFrom(context: Context, parentId: string, task: Task): Promise<void> {
  await tellParent(context, parentId, { before: task, after: undefined });
  const parent = await context.tasks.find(parentId);
  const isLeft = parent !== undefined && isLeaf(parent) && (parent.stage === 'active' || parent.stage === 'review');
  if (isLeft) await move(context, parent, { to: 'ready' });
}

function belowItself({ id }: Task, above: readonly string[]) {
  const where = above[0] === id ? 'itself' : `${above[0]}, which lies below it`;
  return refused(`Task ${id} cannot be put below ${where}`, {
    cycle_path: toldSteps(above.slice(0, above.indexOf(id) + 1)),
    suggestion: 'Repeat with a parent that does not lie below the task, or null for the top',
  });
}

/** What waits for a person's approval through a task above it does not pass that by leaving. */
async function refuseEscape(context: Context, task: Task, above: readonly string[]): Promise<void> {
  const obstacles = await obstaclesOf(context, task);
  const left = obstacles.find((one) => isGate(one) && one.through !== undefined && !above.includes(one.through));
  if (left === undefined) return;
  throw refused(`Task ${task.id} cannot leave ${left.through}, for which a person has yet to approve ${left.task.id}`, {
    suggestion: wayOut(context, task, [left]),
  });
}

const gatesUnder = (parent: Task | undefined) =>
  parent === undefined ? 0 : parent.standing.gatesAbove + Number(closesGate(parent));

/** What the ancestors of a task wait for, and the task now with them. */
async function awaitedAbove(context: Context, task: Task): Promise<readonly string[]> {
  const above = await ancestorsOf(context, task);
  const edges = await context.dependencies.of(above.map(({ id }) => id));
  return edges.map((edge) => edge.prerequisiteId);
}

async function passGates(context: Context, task: Task, delta: number): Promise<void> {
  if (delta === 0) return;
  await context.standings.add([task.id], { gatesAbove: delta });
  const below = await context.standings.addGateBelow(task.id, delta);
  await offerOrWithdraw(context, [task.id, ...below]);
}
