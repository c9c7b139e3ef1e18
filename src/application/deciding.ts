import type { Dependency, Verdict } from '../domain/dependencies.ts';
import { invalid, refused } from '../domain/errors.ts';
import type { EventType } from '../domain/event.ts';
import { isEnded, type Stage } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import type { Task } from '../domain/task.ts';
import { move } from './consequences.ts';
import { theTask } from './find.ts';
import { type EdgeRequest, notThere, refuseRepeats, rule } from './linking.ts';
import type { Context } from './tool.ts';

/** A word about dependencies: who says it, and why. */
export type Decision = Readonly<{
  edges: readonly EdgeRequest[];
  word: Verdict;
  /** Whether a person said it, or whoever called. */
  source: 'actor' | 'person';
  by?: string | undefined;
  comment?: string | undefined;
}>;

const STATUS_BY = { approved: 'satisfied', rejected: 'failed', waived: 'waived' } as const;
const EVENT_BY = {
  approved: 'dependency.approved',
  rejected: 'dependency.rejected',
  waived: 'dependency.waived',
} as const satisfies Record<Verdict, EventType>;

/**
 * Approves, rejects or waives what a task waits for; an approval without such a list is decided itself. A prerequisite
 * that is an approval is decided for all who wait for it; any other word holds for this edge alone.
 */
export async function decide(context: Context, task: Task, decision: Decision) {
  if (task.type === APPROVAL && decision.edges.length === 0 && decision.word !== 'waived') {
    await end(context, task, decision);
    return [];
  }
  if (decision.edges.length === 0) {
    throw invalid(`Nothing is named that ${task.id} waits for`, {
      parameter: 'dependencies',
      suggestion: `Use orchestrator_get_task with task_id ${task.id} to see its dependencies, and repeat with those that are meant`,
    });
  }
  if (isEnded(task.stage)) {
    throw refused(`Task ${task.id} is ${task.stage}; what it waited for is no longer decided`, {
      lifecycle_stage: task.stage,
      suggestion: `Use orchestrator_get_task with task_id ${task.id} to see it`,
    });
  }
  refuseRepeats(decision.edges);
  const decided: Readonly<{ edge: Dependency; result: string }>[] = [];
  for (const request of decision.edges) {
    const edge = await theEdge(context, task, request);
    await decideOn(context, edge, decision);
    decided.push({ edge, result: decision.word });
  }
  return decided;
}

/** What is waived may lie in the trash; nobody has to bring it back for that. */
async function decideOn(context: Context, edge: Dependency, decision: Decision): Promise<void> {
  if (decision.word === 'waived') return ruleOn(context, edge, decision);
  const prerequisite = await theTask(context, edge.prerequisiteId);
  if (prerequisite.type === APPROVAL) return end(context, prerequisite, decision);
  if (edge.type !== APPROVAL) throw noApproval(edge);
  return ruleOn(context, edge, decision);
}

/** What is to be completed is not approved; who wants to go on without it says so and why. */
const noApproval = (edge: Dependency) =>
  refused(`${edge.taskId} waits for ${edge.prerequisiteId} by ${edge.type}, which is not approved or rejected`, {
    dependency_type: edge.type,
    suggestion: `Complete ${edge.prerequisiteId}, or repeat with operation waive and a comment`,
  });

/** The edge that a request means: the only one onto its prerequisite may be named by another type. */
export async function theEdge(
  context: Context,
  task: Task,
  { prerequisiteId, type }: EdgeRequest,
): Promise<Dependency> {
  const present = await context.dependencies.of([task.id]);
  const own = present.filter((edge) => edge.prerequisiteId === prerequisiteId);
  const edge = own.find((one) => one.type === type) ?? (own.length === 1 ? own[0] : undefined);
  if (edge === undefined) throw notThere(task, { prerequisiteId, type, present });
  return edge;
}

/** What an ended approval is called. */
const DECIDED_AS: Readonly<Partial<Record<Stage, Verdict>>> = { completed: 'approved', failed: 'rejected' };

/** An approval is ended by the word that is given about it, and so are all who wait for it judged. */
async function end(context: Context, approval: Task, decision: Decision): Promise<void> {
  if (isEnded(approval.stage)) {
    throw refused(`The approval ${approval.id} is ${DECIDED_AS[approval.stage] ?? approval.stage} already`, {
      lifecycle_stage: approval.stage,
      suggestion: `Reopen ${approval.id} with orchestrator_manage_lifecycle to decide it anew`,
    });
  }
  const { word, by, comment } = decision;
  const note = [by, comment].filter((part) => part !== undefined).join(': ');
  const active = approval.stage === 'active' ? approval : await move(context, approval, { to: 'active' });
  await move(context, active, { to: word === 'approved' ? 'completed' : 'failed', ...(note !== '' && { note }) });
  const details = said(decision);
  await context.record([{ type: EVENT_BY[word], taskId: approval.id, details }]);
}

const ruleOn = (context: Context, edge: Dependency, decision: Decision) => {
  const { word } = decision;
  return rule(context, [
    { edge, status: STATUS_BY[word], verdict: word, type: EVENT_BY[word], details: said(decision) },
  ]);
};

const said = ({ source, by, comment }: Pick<Decision, 'source' | 'by' | 'comment'>) => ({
  source,
  ...(by !== undefined && { by }),
  ...(comment !== undefined && { comment }),
});
