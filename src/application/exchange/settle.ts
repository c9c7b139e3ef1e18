import { refused } from '../../domain/errors.ts';
import { stageFromChildren } from '../../domain/hierarchy.ts';
import { isEnded, type Stage } from '../../domain/lifecycle.ts';
import { misjudgedEdges } from '../../domain/structure.ts';
import type { Task } from '../../domain/task.ts';
import { refuseCircle } from '../circles.ts';
import { factsOf } from '../maintenance/facts.ts';
import { recount } from '../maintenance/mending.ts';
import { givingTurns, type Importing } from './importing.ts';

/** Tasks that are looked at together. */
const BATCH = 500;

/**
 * Makes everything follow from what was written, as if it had come about here: circles are refused, stages that
 * contradict each other put right, dependencies judged, and all counters counted. What the file says of these is not trusted.
 */
export async function settle(importing: Importing): Promise<void> {
  await refuseCircles(importing);
  await reopenParents(importing);
  await letGo(importing);
  const concerned = await concernedBy(importing);
  for (const ids of batches(doubtful(importing, concerned))) {
    await givingTurns(importing.context);
    await judge(importing, ids);
  }
  for (const [index, ids] of batches(concerned).entries()) {
    await givingTurns(importing.context);
    await recount(importing.context, await factsOf(importing.context, ids));
    importing.context.report(index * BATCH, concerned.length, `counting anew, ${index * BATCH} of ${concerned.length}`);
  }
  await followChildren(importing);
}

function batches(ids: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: Math.ceil(ids.length / BATCH) }, (_, index) =>
    ids.slice(index * BATCH, (index + 1) * BATCH),
  );
}

/** The file alone has none; a circle can only lead through what was there before, and what that waits for. */
async function refuseCircles({ context, seams }: Importing): Promise<void> {
  for (const ids of batches([...seams])) {
    await givingTurns(context);
    const above = (await context.audit.above(ids)).map(({ id }) => id);
    const edges = await context.dependencies.of([...new Set([...ids, ...above])]);
    await refuseCircle(context, [...ids, ...edges.map(({ prerequisiteId }) => prerequisiteId)]);
  }
}

/** A parent that has ended, or waits to be put together, has no open subtask. */
async function reopenParents(importing: Importing): Promise<void> {
  const { context, written } = importing;
  const found = new Map<string, string>();
  for (const ids of batches(written)) {
    for (const { parentId, childId } of await context.exchange.openUnderEnded(ids)) found.set(parentId, childId);
  }
  if (found.size === 0) return;
  const above = await context.audit.above([...found.keys()]);
  const ended = above.flatMap((one) => (one.isThere && (isEnded(one.stage) || one.stage === 'review') ? [one.id] : []));
  const ids = [...new Set([...found.keys(), ...ended])];
  refuseReopening(importing, { ids, found });
  await context.exchange.restage(ids, 'active');
  for (const { taskId } of await context.dependencies.onto(ids)) importing.unsure.add(taskId);
  for (const id of ids)
    tellAdjusted(importing, id, { to: 'active', why: `its subtask ${found.get(id) ?? 'below'} is open` });
}

type Reopening = Readonly<{ ids: readonly string[]; found: ReadonlyMap<string, string> }>;

/** What ended here is not reopened by a file. */
function refuseReopening({ written, survey, places }: Importing, { ids, found }: Reopening): void {
  const own = new Set(written);
  const foreign = ids.find((id) => !own.has(id));
  if (foreign === undefined) return;
  const child = found.get(foreign) ?? '';
  const place = survey.tasks.at(places.ids.indexOf(child))?.place;
  throw refused(
    `${place === undefined ? '' : `${place}: `}Task ${child} is open, and its parent ${foreign} has ended or waits for its synthesis here`,
    {
      parent_task_id: foreign,
      suggestion: `Use orchestrator_manage_lifecycle to make ${foreign} active first, or import into fresh ids`,
    },
  );
}

/** A parent that was here before follows what came in below it, as it does when work ends here. */
async function followChildren(importing: Importing): Promise<void> {
  const { context, updated } = importing;
  const own = [...new Set(updated)];
  const parents = new Set<string>();
  for (const ids of batches(own))
    for (const { id, isThere } of await context.audit.above(ids)) if (isThere) parents.add(id);
  for (const ids of batches([...new Set([...own, ...parents])])) {
    await givingTurns(context);
    const moves = (await context.standings.of(ids)).map((one) => ({ id: one.id, to: stageAbove(one) }));
    for (const [to, why] of MOVES) {
      const moved = moves.flatMap((move) => (move.to === to ? [move.id] : []));
      if (moved.length > 0) await moveAlong(importing, moved, { to, why });
    }
  }
}

type Move = Readonly<{ to: Stage; why: string }>;

/** Where parents come to by their subtasks. */
const MOVES: readonly (readonly [to: Stage, why: string])[] = [
  ['active', 'its subtasks have begun'],
  ['review', 'all its subtasks have ended'],
];

async function moveAlong(importing: Importing, ids: readonly string[], move: Move): Promise<void> {
  const { context } = importing;
  await context.exchange.restage(ids, move.to);
  for (const id of ids) tellAdjusted(importing, id, move);
  await recount(context, await factsOf(context, ids));
}

/** Where a parent comes to by its subtasks, if anywhere; one that never was at work passes through that. */
function stageAbove(parent: Pick<Task, 'stage' | 'standing'>): Stage | undefined {
  const begun = parent.standing.completedLeaves > 0 ? 'completed' : undefined;
  const first = stageFromChildren(parent, begun);
  return first === undefined ? undefined : (stageFromChildren({ ...parent, stage: first }, begun) ?? first);
}

/** Claims do not travel: what was at work elsewhere is free to be taken here. */
async function letGo(importing: Importing): Promise<void> {
  const { context, written } = importing;
  for (const batch of batches(written)) {
    const ids = await context.exchange.activeUnheld(batch);
    if (ids.length === 0) continue;
    await context.exchange.restage(ids, 'ready');
    for (const id of ids) tellAdjusted(importing, id, { to: 'ready', why: 'nobody works on it here' });
  }
}

const tellAdjusted = ({ account }: Importing, id: string, { to, why }: Move) =>
  account.tell('adjusted', { task_id: id, why: `it became ${to}, for ${why}` });

/** What was written, what lies above and below it, what it waits for, and what waits for it. Nobody else knows of what is new. */
async function concernedBy(importing: Importing): Promise<readonly string[]> {
  const { context, written, updated, touched, seams } = importing;
  const own = new Set([...written, ...touched]);
  const around = new Set([...updated, ...touched, ...seams]);
  const concerned = new Set([...own, ...around]);
  for (const ids of batches([...around])) for (const id of await neighboursOf(context, ids)) concerned.add(id);
  // A dependency that changes its status opens or closes a gate above all that lies below its task.
  const others = [...concerned].filter((id) => !own.has(id));
  for (const ids of batches(others)) for (const { id } of await context.audit.below(ids)) concerned.add(id);
  return [...concerned];
}

async function neighboursOf(
  { audit, dependencies }: Importing['context'],
  ids: readonly string[],
): Promise<readonly string[]> {
  const above = await audit.above(ids);
  return [
    ...above.flatMap(({ id, isThere }) => (isThere ? [id] : [])),
    ...(await audit.below(ids)).map(({ id }) => id),
    ...(await dependencies.of(ids)).map(({ prerequisiteId }) => prerequisiteId),
    ...(await dependencies.onto(ids)).map(({ taskId }) => taskId),
  ];
}

/** Tasks whose dependencies have to be judged now: among new ones that was done when they were written. */
function doubtful({ written, updated, unsure }: Importing, concerned: readonly string[]): readonly string[] {
  const isNew = new Set(written);
  for (const id of updated) isNew.delete(id);
  return concerned.filter((id) => !isNew.has(id) || unsure.has(id));
}

async function judge({ context, at }: Importing, ids: readonly string[]): Promise<void> {
  const facts = await edgeFacts(context, ids);
  const edges = facts.map(({ edge, status }) => ({ ...edge, status }));
  await context.dependencies.save(edges, at);
}

async function edgeFacts(context: Importing['context'], ids: readonly string[]) {
  const edges = await context.dependencies.of(ids);
  const prerequisites = await context.audit.prerequisites([
    ...new Set(edges.map(({ prerequisiteId }) => prerequisiteId)),
  ]);
  const byId = new Map(prerequisites.map((one) => [one.id, one]));
  return misjudgedEdges({ edges: edges.map((edge) => ({ edge, prerequisite: byId.get(edge.prerequisiteId) })) });
}
