import type { Dependency, DependencyType } from '../domain/dependencies.ts';
import { conflict, type OrchestratorError, refused } from '../domain/errors.ts';
import { isEnded } from '../domain/lifecycle.ts';
import { APPROVAL } from '../domain/readiness.ts';
import type { Task } from '../domain/task.ts';
import { aboutTask, inLine, named } from './asked-about.ts';
import { byPerson } from './asking.ts';
import { asOf, mayWrite } from './claims.ts';
import { theEdge } from './deciding.ts';
import { theTask } from './find.ts';
import type { EdgeRequest } from './linking.ts';
import { prerequisitesOf } from './obstacles.ts';
import { type Answer, type Gate, isSameGate, MOST_ASKED, type Question, Unanswered, type Word } from './person.ts';
import type { Beforehand, Context } from './tool.ts';

/** What an actor wants to do about what a task waits for. */
export type Intent = Readonly<{
  taskId: string;
  operation: 'add' | 'remove' | 'replace' | 'approve' | 'reject' | 'waive';
  edges: readonly EdgeRequest[];
  by?: string | undefined;
  comment?: string | undefined;
}>;

type Consenting = Intent & Readonly<{ operation: Exclude<Intent['operation'], 'add'> }>;

/** A gate that an intent is about, with what tells a person about it. */
type Wanted = Readonly<{
  task: Task;
  prerequisiteId: string;
  type: DependencyType;
  title: string;
  description: string | undefined;
}>;

/**
 * Has a person consent to what an actor wants to do about approvals, where only a person's word counts. Returns what they
 * said; undefined where nobody had to be asked. A person who is asked to approve or reject may say the opposite, and that
 * is recorded; whoever wants to go on without an approval needs their yes.
 */
export async function askForConsent(beforehand: Beforehand, intent: Intent): Promise<Answer | undefined> {
  const { approvals, person } = beforehand;
  if (approvals === 'anyone' || !isConsenting(intent)) return undefined;
  const wanted = await beforehand.read((context) => wantedOf(context, intent));
  if (wanted.length === 0) return undefined;
  const gates = wanted.map(gateOf);
  if (person === undefined) throw undecided(beforehand, gates);
  if (wanted.length > MOST_ASKED) throw tooMany(intent, wanted.length);
  const { answer } = person;
  if (answer === undefined)
    throw new Unanswered(await beforehand.read((context) => questionOf(context, intent, wanted)));
  if (!gates.every((gate) => wordOn(answer, gate) !== undefined)) throw undecided(beforehand, gates);
  if (!isVerdict(intent) && answer.words.some(({ word }) => word === 'rejected')) throw denied(intent, answer);
  return answer;
}

/** Refuses to touch an approval that no person spoke about, though only a person's word counts. Looked at in the transaction that touches it. */
export async function refuseWithoutConsent(
  context: Context,
  intent: Intent,
  answer: Answer | undefined,
): Promise<void> {
  if (context.approvals === 'anyone' || intent.operation === 'add') return;
  const gates = (await wantedOf(context, intent)).map(gateOf);
  if (answer === undefined && gates.length > 0) throw undecided(context, gates);
  const unsaid = gates.find((gate) => answer === undefined || wordOn(answer, gate) === undefined);
  if (unsaid === undefined) return;
  throw conflict(`What ${unsaid.taskId} waits for was changed while the person was asked`, {
    suggestion: `Use orchestrator_get_task with task_id ${unsaid.taskId} to see it, and call again`,
  });
}

/** The refusal of a verdict whose person said the opposite, which is recorded; undefined where they agreed. */
export function disagreement(intent: Intent, answer: Answer): OrchestratorError | undefined {
  const ids = contradicted(intent, answer);
  if (ids.length === 0) return undefined;
  const { opposite } = wordsOf(intent);
  return refused(`The person who was asked ${opposite} ${ids.join(', ')}`, {
    [opposite]: ids,
    ...(answer.comment !== undefined && { comment: answer.comment }),
    suggestion: `Use orchestrator_get_task with task_id ${intent.taskId} to see how it stands now`,
  });
}

/** The edges of a verdict by the word that is to be recorded: a person's, and the actor's where no person had to be asked. */
export function byWord(intent: Intent, answer: Answer | undefined) {
  const { asked, opposite } = wordsOf(intent);
  const against = answer === undefined ? [] : contradicted(intent, answer);
  if (intent.edges.length === 0) return [{ word: against.length > 0 ? opposite : asked, edges: [] }];
  return [
    { word: asked, edges: intent.edges.filter((edge) => !against.includes(edge.prerequisiteId)) },
    { word: opposite, edges: intent.edges.filter((edge) => against.includes(edge.prerequisiteId)) },
  ].filter(({ edges }) => edges.length > 0);
}

/** What a person decided the other way. */
function contradicted(intent: Intent, { words }: Answer): readonly string[] {
  if (!isVerdict(intent)) return [];
  const { opposite } = wordsOf(intent);
  return words.filter(({ word }) => word === opposite).map(({ prerequisiteId }) => prerequisiteId);
}

const wordsOf = ({ operation }: Intent): Readonly<{ asked: Word; opposite: Word }> =>
  operation === 'reject' ? { asked: 'rejected', opposite: 'approved' } : { asked: 'approved', opposite: 'rejected' };

const isConsenting = (intent: Intent): intent is Consenting => intent.operation !== 'add';

const isVerdict = ({ operation }: Pick<Intent, 'operation'>) => operation === 'approve' || operation === 'reject';

const wordOn = ({ words }: Answer, gate: Gate) => words.find((said) => isSameGate(said, gate))?.word;

const gateOf = ({ task, prerequisiteId, type }: Wanted): Gate => ({ taskId: task.id, prerequisiteId, type });

/** The approvals that an intent touches; none where the call is going to be refused: somebody else holds the task, or it is decided already. */
async function wantedOf(context: Context, intent: Intent): Promise<readonly Wanted[]> {
  const { task, claim } = await asOf(context, await theTask(context, intent.taskId));
  const isDeciding = isVerdict(intent) || intent.operation === 'waive';
  if (!mayWrite(context, claim) || (isDeciding && isEnded(task.stage))) return [];
  if (intent.edges.length === 0 && isVerdict(intent)) {
    const { id, title, type } = task;
    return type === APPROVAL ? [{ task, prerequisiteId: id, type, title, description: undefined }] : [];
  }
  const touched = await touchedBy(context, task, intent);
  const { tasks, deleted } = await prerequisitesOf(context, touched);
  const isDecided = tasks.values().some((one) => one.type === APPROVAL && isEnded(one.stage));
  if (isVerdict(intent) && isDecided) return [];
  return touched.flatMap(({ prerequisiteId, type, description }) => {
    const prerequisite = tasks.get(prerequisiteId) ?? deleted.get(prerequisiteId);
    const isGate = type === APPROVAL || prerequisite?.type === APPROVAL;
    return isGate
      ? [{ task, prerequisiteId, type, title: prerequisite?.title ?? 'a task that is lost', description }]
      : [];
  });
}

async function touchedBy(context: Context, task: Task, { operation, edges }: Intent): Promise<readonly Dependency[]> {
  const isNamed = (edge: Dependency) =>
    edges.some(({ prerequisiteId, type }) => prerequisiteId === edge.prerequisiteId && type === edge.type);
  if (operation === 'remove') return (await context.dependencies.of([task.id])).filter(isNamed);
  if (operation === 'replace') return (await context.dependencies.of([task.id])).filter((edge) => !isNamed(edge));
  const touched: Dependency[] = [];
  for (const request of edges) touched.push(await theEdge(context, task, request));
  return touched;
}

const ASKED = {
  approve: (task) => `${task} waits for your approval of this:`,
  reject: (task) => `${task} waits for your approval of this, and an agent asks you to reject it:`,
  waive: (task) => `An agent asks you to let ${task} go on without this approval. Approve to allow that.`,
  remove: (task) => `An agent asks you that ${task} no longer waits for this approval. Approve to allow that.`,
  replace: (task) => `An agent asks you that ${task} no longer waits for this approval. Approve to allow that.`,
} as const satisfies Record<Exclude<Intent['operation'], 'add'>, (task: string) => string>;

async function questionOf(context: Context, intent: Consenting, wanted: readonly Wanted[]): Promise<Question> {
  const { operation, by, comment } = intent;
  const [first] = wanted;
  const said = [by, comment].filter((part) => part !== undefined).join(': ');
  const own = wanted.find(({ task, prerequisiteId }) => task.id === prerequisiteId);
  const asked =
    own === undefined
      ? [ASKED[operation](first === undefined ? 'A task' : named(first.task)), ...(await linesOf(context, wanted))]
      : [aboutItself(own, operation), ...(await aboutTask(context, own.task.id))];
  return {
    text: [...asked, ...(said === '' ? [] : [`The agent says: ${inLine(said, 1_000)}`])].join('\n'),
    gates: wanted.map((gate) => ({ ...gateOf(gate), title: inLine(gate.title, 200) })),
  };
}

async function linesOf(context: Context, wanted: readonly Wanted[]): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const [index, { title, prerequisiteId, description }] of wanted.entries()) {
    const why = description === undefined ? '' : `: ${inLine(description, 500)}`;
    lines.push(`${index + 1}. ${named({ id: prerequisiteId, title })}${why}`);
    lines.push(...(await aboutTask(context, prerequisiteId)));
  }
  return lines;
}

/** An approval that is decided itself waits for nothing else. */
function aboutItself({ task }: Wanted, operation: Consenting['operation']): string {
  const wish = operation === 'reject' ? ', and an agent asks you to reject it' : '';
  return `${named(task)} waits for your decision${wish}`;
}

const undecided = (context: Pick<Context, 'person'>, gates: readonly Gate[]) =>
  refused(`A person has to decide about ${gates.map(({ prerequisiteId }) => prerequisiteId).join(', ')}`, {
    suggestion: byPerson(context),
  });

const tooMany = ({ taskId }: Intent, count: number) =>
  refused(`${count} approvals that ${taskId} waits for are too many for a person to decide at once`, {
    suggestion: `Call again with at most ${MOST_ASKED} of them`,
  });

const denied = ({ taskId, operation }: Intent, { comment }: Answer) =>
  refused(`The person who was asked does not let you ${operation} what ${taskId} waits for`, {
    ...(comment !== undefined && { comment }),
    suggestion: `Use orchestrator_get_task with task_id ${taskId} to see what it waits for`,
  });
