import { conflict, type OrchestratorError, refused } from '../domain/errors.ts';
import { isEnded } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import { isLeaf, type Task } from '../domain/task.ts';
import { aboutTask, inLine, named } from './asked-about.ts';
import { asOf, mayWrite } from './claims.ts';
import { decide } from './deciding.ts';
import { isGate, type Obstacle, obstaclesOf } from './obstacles.ts';
import {
  type Answer,
  type Gate,
  isSameGate,
  MOST_ASKED,
  type Person,
  type Question,
  Unanswered,
  type Word,
} from './person.ts';
import type { Beforehand, Context } from './tool.ts';

/** A task that a call wants to go on with, which nothing but its prerequisites can keep from it. */
export type Attempt = Readonly<{
  task: Task;
  /** Whether the call goes past what is no approval. */
  mayPass: boolean;
}>;

/**
 * Has the approvals given that alone keep a call from going on, where the client can ask its person, and records what
 * they say whatever becomes of the call. Returns the refusal of what they rejected. Who does not decide changes nothing:
 * the call is then refused as it would have been.
 */
export async function askForApprovals(
  beforehand: Beforehand,
  attempted: (context: Context) => Promise<Attempt | undefined>,
): Promise<OrchestratorError | undefined> {
  const { person } = beforehand;
  if (person === undefined) return undefined;
  const { answer } = person;
  if (answer?.words.length === 0) return undefined;
  if (answer !== undefined) return beforehand.write((context) => heed(context, person, answer));
  const question = await beforehand.read(async (context) => {
    const attempt = await attempted(context);
    return attempt && questionOf(context, attempt.task, missing(attempt, await obstaclesOf(context, attempt.task)));
  });
  if (question !== undefined) throw new Unanswered(question);
  return undefined;
}

/** A leaf that the actor can begin to work on now, or that waits only for its prerequisites. */
export async function beginnable(context: Context, found: Task, { takeOver }: { takeOver: boolean }) {
  const { task, claim } = await asOf(context, found);
  const isWorkable = !isEnded(task.stage) && isLeaf(task) && task.type !== APPROVAL;
  if (!isWorkable || (claim === undefined && context.actor.claimId !== undefined)) return undefined;
  const isFree = claim === undefined || (takeOver && !mayWrite(context, claim));
  return isFree ? task : undefined;
}

/** The approvals that nobody has decided, if they are all that is missing and not too many. An approval is asked for once. */
function missing({ mayPass }: Attempt, obstacles: readonly Obstacle[]): readonly Obstacle[] {
  const isOpenGate = (obstacle: Obstacle) => isGate(obstacle) && obstacle.status === 'pending';
  const gates = obstacles.filter(isOpenGate);
  const isHopeless = obstacles.some((obstacle) => !isOpenGate(obstacle) && !(mayPass && !isGate(obstacle)));
  const once = [...new Map(gates.map((gate) => [asOnce(gate), gate])).values()];
  return isHopeless || once.length > MOST_ASKED ? [] : once;
}

/** An approval is decided for all who wait for it, anything else for each. */
const asOnce = ({ task, through = '' }: Obstacle) => (task.type === APPROVAL ? task.id : `${task.id} ${through}`);

async function questionOf(context: Context, task: Task, gates: readonly Obstacle[]): Promise<Question | undefined> {
  if (gates.length === 0) return undefined;
  const lines: string[] = [];
  for (const [index, gate] of gates.entries()) {
    lines.push(`${index + 1}. ${named(gate.task)}${described(gate)}`, ...(await aboutTask(context, gate.task.id)));
  }
  return {
    text: [`${named(task)} waits for your approval to go on:`, ...lines].join('\n'),
    gates: gates.map((gate) => ({ ...gateOf(task, gate), title: inLine(gate.task.title, 200) })),
  };
}

const gateOf = (task: Task, { task: prerequisite, type, through }: Obstacle): Gate => ({
  taskId: through ?? task.id,
  prerequisiteId: prerequisite.id,
  type: edgeType(type),
});

/** A blocked parent is no edge, and no gate either. */
export const edgeType = (type: Obstacle['type']) => (type === 'blocked_parent' ? APPROVAL : type);

const described = ({ description, through }: Obstacle) =>
  [
    ...(description === undefined ? [] : [`: ${inLine(description, 500)}`]),
    ...(through === undefined ? [] : [` (asked for by ${through}, to which it belongs)`]),
  ].join('');

/** Records a person's words about what is still undecided; what somebody decided meanwhile stands. */
async function heed(context: Context, person: Person, answer: Answer): Promise<OrchestratorError | undefined> {
  const rejected: string[] = [];
  let overruled: Gate | undefined;
  for (const { word, ...gate } of answer.words) {
    const outcome = await heedWord(context, gate, { word, by: person.name, comment: answer.comment });
    if (outcome === 'rejected') rejected.push(gate.prerequisiteId);
    if (outcome === 'overruled') overruled ??= gate;
  }
  if (overruled !== undefined) return decidedMeanwhile(overruled);
  return rejected.length > 0 ? rejection(rejected, answer) : undefined;
}

type Said = Readonly<{ word: Word; by: string; comment: string | undefined }>;

async function heedWord(context: Context, gate: Gate, said: Said): Promise<Word | 'overruled' | undefined> {
  const standing = await standingOf(context, gate);
  if (standing === undefined) return undefined;
  const { task, edge } = standing;
  if (edge.status === 'pending') await decide(context, task, { ...said, edges: [edge], source: 'person' });
  const isSettled = edge.status === 'satisfied' || edge.status === 'waived';
  return said.word === 'rejected' && isSettled ? 'overruled' : said.word;
}

async function standingOf(context: Context, gate: Gate) {
  const task = await context.tasks.find(gate.taskId);
  const edge = (await context.dependencies.of([gate.taskId])).find((one) => isSameGate(one, gate));
  return task === undefined || edge === undefined || isEnded(task.stage) ? undefined : { task, edge };
}

const decidedMeanwhile = ({ taskId, prerequisiteId }: Gate) =>
  conflict(
    `${prerequisiteId}, for which ${taskId} waits, was approved by somebody else while the person who rejects it was asked`,
    {
      suggestion: `Use orchestrator_get_task with task_id ${taskId} and include events to see who decided`,
    },
  );

const rejection = (ids: readonly string[], { comment }: Answer) =>
  refused(`The person who was asked rejected ${ids.join(', ')}`, {
    rejected: ids,
    ...(comment !== undefined && { comment }),
    suggestion: 'Use orchestrator_next_task for other work, and tell your user what was rejected',
  });

/** How the approvals are given that are all that is missing; undefined where something else is. */
export function howToApprove(context: Context, task: Task, obstacles: readonly Obstacle[]): string | undefined {
  const isWaiting = (obstacle: Obstacle) => isGate(obstacle) && obstacle.status === 'pending';
  if (obstacles.length === 0 || !obstacles.every(isWaiting)) return undefined;
  return context.approvals === 'person' ? byPerson(context) : approvalCall(task, obstacles);
}

/** The call that decides approvals which one task waits for: those of the first, for a call is about one task. */
export function approvalCall({ id }: Pick<Task, 'id'>, gates: readonly Obstacle[]): string {
  const through = gates[0]?.through;
  const dependencies = gates
    .filter((gate) => gate.through === through)
    .map(({ task, type }) => ({ dependency_task_id: task.id, dependency_type: edgeType(type) }));
  return `Once it is decided, orchestrator_manage_dependencies with task_id ${through ?? id}, dependencies ${JSON.stringify(dependencies.slice(0, 20))} and operation approve or reject`;
}

/** Where only a person's word counts, it is given through a client that can ask them. */
export const byPerson = ({ person }: Pick<Context, 'person'>) =>
  person === undefined
    ? 'A person has to decide this, for the server runs with --approvals person: call again from a client that can ask its user (MCP elicitation)'
    : 'The person who was asked has not decided: call again to ask anew';
