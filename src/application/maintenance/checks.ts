import { stageFromChildren } from '../../domain/hierarchy.ts';
import { isEnded, restored } from '../../domain/lifecycle.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import {
  danglingEdges,
  isCircular,
  lostParent,
  misjudgedEdges,
  openChildAmiss,
  type StructureFacts,
  wrongCounters,
} from '../../domain/structure.ts';
import type { Task } from '../../domain/task.ts';
import { enact, type Judged, move, settleJudged } from '../consequences.ts';
import { ancestorsOf } from '../obstacles.ts';
import type { HeldClaim } from '../repositories.ts';
import type { Context } from '../tool.ts';
import { factsOf } from './facts.ts';
import type { Found } from './findings.ts';
import { moveToTop, recount, removeEdges } from './mending.ts';

/** What is known about a task when it is checked. */
export type Checked = StructureFacts & Readonly<{ claim: HeldClaim | undefined }>;
export type Check = (facts: Checked) => readonly Found[];

export async function checkedFacts(context: Context, ids: readonly string[]): Promise<readonly Checked[]> {
  const claims = new Map((await context.claims.list({ taskIds: ids })).map((claim) => [claim.taskId, claim]));
  return (await factsOf(context, ids)).map((facts) => ({ ...facts, claim: claims.get(facts.task.id) }));
}

/**
 * The checks, in the order in which a store is mended: what names something that is not there, then counters, for the
 * consequences of any change build on them, then what is told apart by stages. Each goes through the whole scope.
 */
export const CHECKS: readonly Readonly<{ doing: string; check: Check }>[] = [
  {
    doing: 'checking references',
    check: (facts) => [...checkParent(facts), ...checkEdges(facts), ...checkClaim(facts)],
  },
  { doing: 'checking counters', check: checkCounters },
  { doing: 'checking dependencies', check: checkJudgements },
  { doing: 'checking stages', check: (facts) => [...checkHolder(facts), ...checkStage(facts)] },
];

function checkParent(facts: Checked): readonly Found[] {
  const { id } = facts.task;
  const lost = lostParent(facts);
  if (lost === undefined) return [];
  const description = `Task ${id} names ${lost} as its parent, which does not exist`;
  const mend = (context: Context) => moveToTop(context, id, `Its parent ${lost} is lost`);
  return [{ finding: 'missing_parent', about: { task_id: id }, description, mend }];
}

function checkEdges(facts: Checked): readonly Found[] {
  return danglingEdges(facts).map((edge) => ({
    finding: 'dangling_dependency',
    about: { task_id: edge.taskId },
    description: `Task ${edge.taskId} waits for ${edge.prerequisiteId}, which does not exist`,
    // A gate is opened by people alone.
    mend:
      edge.type === 'approval'
        ? undefined
        : (context) => removeEdges(context, [edge], `${edge.prerequisiteId} does not exist`),
  }));
}

/** A claim ends when its task leaves `active`; one that outlived that would keep the task from everybody. */
function checkClaim({ task, claim }: Checked): readonly Found[] {
  if (claim === undefined || task.stage === 'active') return [];
  const details = { claim_id: claim.id, held_by: claim.holder, why: `the task is ${task.stage}` };
  const description = `Task ${task.id} is ${task.stage}, and still held by ${claim.holder}`;
  const mend = async (context: Context) => {
    await context.claims.end(task.id);
    await context.record([{ type: 'task.released', taskId: task.id, details }]);
  };
  return [{ finding: 'idle_claim', about: { task_id: task.id }, description, mend }];
}

function checkCounters(facts: Checked): readonly Found[] {
  const wrong = isCircular(facts.above) ? [] : wrongCounters(facts);
  if (wrong.length === 0) return [];
  const { id } = facts.task;
  const mend = (context: Context) => recount(context, [facts]);
  return [{ finding: 'wrong_counters', about: { task_id: id }, description: `Task ${id}: ${wrong.join('; ')}`, mend }];
}

function checkJudgements(facts: Checked): readonly Found[] {
  return misjudgedEdges(facts).map((misjudged) => ({
    finding: 'wrong_dependency_status',
    about: { task_id: misjudged.edge.taskId },
    description: sentenceOf(misjudged),
    mend: (context) => settleJudged(context, [misjudged]),
  }));
}

/**
 * Work is under way only while somebody holds it; without a claim no lease could ever run out, and nobody would get the
 * task. An approval is decided and held by nobody.
 */
function checkHolder({ task, claim, below }: Checked): readonly Found[] {
  const { id, stage, type } = task;
  const isWork = stage === 'active' && type !== APPROVAL && !below.some(({ parentId }) => parentId === id);
  if (!isWork || claim !== undefined) return [];
  const mend = async (context: Context) => {
    const fresh = await context.tasks.find(id);
    if (fresh?.stage === 'active') await move(context, fresh, { to: 'ready', note: NOBODY });
  };
  return [{ finding: 'unheld_task', about: { task_id: id }, description: `Task ${id} is active: ${NOBODY}`, mend }];
}

const NOBODY = 'nobody holds it';

const sentenceOf = ({ edge, status }: Judged) =>
  `The ${edge.type} dependency of ${edge.taskId} on ${edge.prerequisiteId} is ${edge.status} instead of ${status}`;

function checkStage(facts: Checked): readonly Found[] {
  const { id, stage } = facts.task;
  const child = openChildAmiss(facts);
  if (child === undefined) return [];
  const finding = stage === 'review' ? 'review_with_open_child' : 'ended_parent_with_open_child';
  const description = `Task ${id} is ${stage}, and its subtask ${child} is open`;
  return [{ finding, about: { task_id: id }, description, mend: (context) => reopen(context, id) }];
}

/** Opens a parent again, and those above it first, for an ended one takes no open child. */
async function reopen(context: Context, id: string): Promise<void> {
  const task = await context.tasks.find(id);
  if (task === undefined) return;
  for (const one of [task, ...(await ancestorsOf(context, task))].toReversed()) {
    const fresh = await context.tasks.find(one.id);
    if (fresh !== undefined && (isEnded(fresh.stage) || fresh.id === id)) await reopenOne(context, fresh);
  }
}

async function reopenOne(context: Context, parent: Task): Promise<void> {
  const reopened = await opened(context, parent);
  const children = await context.tasks.children(parent.id);
  const begun = children.find(({ stage }) => stage === 'active');
  const to = begun === undefined ? undefined : stageFromChildren(reopened, begun.stage);
  if (to === 'active') await move(context, reopened, { to });
}

/** A parent in a stage in which it may have open children; one that was put away comes back as it was before. */
async function opened(context: Context, parent: Task): Promise<Task> {
  switch (parent.stage) {
    case 'archived':
    case 'superseded':
      return opened(context, await enact(context, parent, restored(parent, context.clock())));
    case 'completed':
    case 'review':
      return move(context, parent, { to: 'active' });
    case 'failed':
    case 'cancelled':
      return move(context, parent, { to: 'ready' });
    default:
      return parent;
  }
}
