import { type Artifact, artifactPath } from './artifact.ts';
import { progress } from './hierarchy.ts';
import { code, inline, page, section } from './markdown.ts';
import type { Note, NoteKind } from './note.ts';
import type { Task } from './task.ts';

/** A call, ready to be made, and what it is for. */
export type Call = Readonly<{ tool: string; arguments: Readonly<Record<string, unknown>>; why: string }>;

/** What whoever goes on has to know. Each list begins with what is most useful. */
export type Handover = Readonly<{
  from: Readonly<{ sessionId: string; agentName: string | undefined }> | undefined;
  at: number;
  plans: readonly Task[];
  done: readonly Readonly<{ task: Task; artifact: Artifact | undefined }>[];
  inProgress: readonly Holding[];
  heldUp: readonly HeldUp[];
  ready: readonly Task[];
  notes: readonly Note[];
  nextCalls: readonly Call[];
}>;

export type Holding = Readonly<{
  task: Task;
  heldBy: string;
  agentName: string | undefined;
  leaseUntil: number;
  /** What was last said about it. */
  lastWord: string | undefined;
}>;

/** A task that cannot be taken: somebody has to clear a reason, complete something else, or decide about it or what failed. */
export type HeldUp = Readonly<{
  task: Task;
  state: 'blocked' | 'waiting' | 'stuck';
  reason: string;
  /** The next call, or what has to move first. */
  wayOut: string;
}>;

const iso = (at: number) => new Date(at).toISOString();

/** A handover as a document for people and for agents that read nothing else. */
export function handoverPage(handover: Handover): string {
  const { from, at, plans, done, inProgress, heldUp, ready, notes, nextCalls } = handover;
  const by = from === undefined ? '' : ` by ${inline(from.agentName ?? 'the session')} (${code(from.sessionId)})`;
  return page([
    '# Handover',
    `Written ${iso(at)}${by}.`,
    ...section('Next calls', nextCalls.map(callLine)),
    ...section('Plans', plans.map(planLine)),
    ...section('In progress', inProgress.map(holdingLine)),
    ...section('Blocked, waiting and stuck', heldUp.map(heldUpLine)),
    ...section(
      'Ready',
      ready.map((task) => `- ${nameOf(task)}, ${task.priority}`),
    ),
    ...section('Done', done.map(doneLine)),
    ...NOTED.flatMap(([kind, title]) => section(title, noteLines(notes, kind))),
  ]);
}

const NOTED = [
  ['decision', 'Decisions'],
  ['learning', 'Learnings'],
  ['risk', 'Risks'],
  ['question', 'Open questions'],
] as const satisfies readonly (readonly [NoteKind, string])[];

const nameOf = ({ id, title }: Task) => `${inline(title)} (${code(id)})`;

const callLine = ({ tool, arguments: given, why }: Call, place: number) =>
  `${place + 1}. ${code(`${tool} ${JSON.stringify(given)}`)}: ${inline(why)}`;

function planLine(plan: Task): string {
  const { completed, total, percentage } = progress(plan.standing);
  return `- ${nameOf(plan)}: ${plan.stage}, ${completed} of ${total} completed (${percentage}%)`;
}

const holdingLine = ({ task, heldBy, agentName, leaseUntil, lastWord }: Holding) =>
  [
    `- ${nameOf(task)}: held by ${agentName === undefined ? '' : `${inline(agentName)}, `}${code(heldBy)}`,
    ` until ${iso(leaseUntil)}`,
    ...(lastWord === undefined ? [] : [`. Last recorded: ${inline(lastWord)}`]),
  ].join('');

const heldUpLine = ({ task, state, reason, wayOut }: HeldUp) =>
  `- ${nameOf(task)} is ${state}: ${inline(reason)}. Way out: ${code(wayOut)}`;

const doneLine = ({ task, artifact }: Handover['done'][number]) =>
  artifact === undefined
    ? `- ${nameOf(task)}`
    : `- ${nameOf(task)}: ${inline(artifact.summary)} (${code(artifactPath(artifact))})`;

const noteLines = (notes: readonly Note[], kind: NoteKind) =>
  notes
    .filter((note) => note.kind === kind)
    .map(({ text, taskId }) => `- ${inline(text)}${taskId === undefined ? '' : ` (${code(taskId)})`}`);
