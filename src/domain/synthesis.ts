import { type Artifact, artifactPath, HANDS_ON } from './artifact.ts';
import { type Dependency, waves } from './dependencies.ts';
import { contributionOfLeaf } from './hierarchy.ts';
import { endedAs, isOpen } from './lifecycle.ts';
import { code, inline, page, quotation, section } from './markdown.ts';
import type { Note } from './note.ts';
import { cut, isLeaf, type Task } from './task.ts';

/** All that is known about a finished plan. */
export type PlanRecord = Readonly<{
  plan: Task;
  descendants: readonly Task[];
  edges: readonly Dependency[];
  artifacts: readonly Artifact[];
  notes: readonly Note[];
}>;

/** A plan put together from what its parts recorded. */
export type Account = Readonly<{
  overview: string;
  keyDeliverables: readonly string[];
  nextSteps: readonly string[];
  /** Artifacts of the parts that hand work on, in the order of the work. */
  artifacts: readonly Artifact[];
}>;

/** What is still to be done before a plan can be put together, in order: open leaves, and parents that are not yet synthesized. */
export const remaining = (record: Pick<PlanRecord, 'descendants' | 'edges'>): readonly Task[] =>
  inOrder(record).filter((task) => isOpen(task.stage));

export const completedLeaves = ({ descendants }: Pick<PlanRecord, 'descendants'>): readonly Task[] =>
  descendants.filter((task) => isLeaf(task) && endedAs(task) === 'completed');

/** Puts a plan together: by dependency order, and within what could run at once by specialist. */
export function synthesize(record: PlanRecord): Account {
  const order = inOrder(record);
  const lastOf = new Map<string, Artifact>();
  for (const artifact of record.artifacts)
    if (HANDS_ON.includes(artifact.outcome)) lastOf.set(artifact.taskId, artifact);
  const done = order.filter((task) => endedAs(task) === 'completed' && isLeaf(task));
  return {
    overview: overview(record, done),
    keyDeliverables: done.map((task) => deliverable(task, lastOf.get(task.id))),
    nextSteps: nextSteps(record, order),
    artifacts: order.flatMap(({ id }) =>
      record.artifacts.filter(({ taskId, outcome }) => taskId === id && HANDS_ON.includes(outcome)),
    ),
  };
}

/** A task comes after its prerequisites, those of its ancestors, and its subtasks. */
function inOrder({ descendants, edges }: Pick<PlanRecord, 'descendants' | 'edges'>): readonly Task[] {
  const tasks = new Map(descendants.map((task) => [task.id, task]));
  const prerequisites = Map.groupBy(edges, (edge) => edge.taskId);
  const children = Map.groupBy(descendants, (task) => task.parentId ?? '');
  const waitsFor = (id: string) => [
    ...lineage(id, tasks).flatMap((one) => prerequisites.get(one)?.map((edge) => edge.prerequisiteId) ?? []),
    ...(children.get(id)?.map((child) => child.id) ?? []),
  ];
  const { waves: groups, circle } = waves([...tasks.keys()], waitsFor);
  const bySpecialist = (a: Task, b: Task) => (a.specialist ?? '').localeCompare(b.specialist ?? '');
  return [...groups, circle].flatMap((group) => group.flatMap((id) => tasks.get(id) ?? []).sort(bySpecialist));
}

/** A task and those above it, as far as they belong to the plan; ends where a damaged store has parents in a circle. */
function lineage(id: string, tasks: ReadonlyMap<string, Task>): readonly string[] {
  const ids: string[] = [];
  for (let one = tasks.get(id); one !== undefined && !ids.includes(one.id); one = tasks.get(one.parentId ?? ''))
    ids.push(one.id);
  return ids;
}

function overview({ descendants, notes }: PlanRecord, done: readonly Task[]): string {
  const leaves = descendants.filter((task) => isLeaf(task) && contributionOfLeaf(task).leaves > 0);
  const counted = done.filter((task) => leaves.includes(task));
  const failed = leaves.filter((task) => endedAs(task) === 'failed').length;
  const open = leaves.filter((task) => isOpen(task.stage)).length;
  const specialists = [...new Set(done.flatMap(({ specialist }) => specialist ?? []))];
  const decisions = notes.filter(({ kind }) => kind === 'decision').map(({ text }) => cut(text, 200));
  return [
    `${counted.length} of ${leaves.length} subtasks completed`,
    ...(specialists.length > 0 ? [` by ${specialists.join(', ')}`] : []),
    ...(failed > 0 ? [`, ${failed} failed`] : []),
    ...(open > 0 ? [`, ${open} open`] : []),
    '.',
    ...(decisions.length > 0 ? [` Decisions: ${decisions.join('; ')}.`] : []),
  ].join('');
}

const deliverable = (task: Task, artifact: Artifact | undefined) =>
  artifact === undefined ? cut(task.title, 200) : `${cut(task.title, 200)}: ${cut(artifact.summary, 200)}`;

function nextSteps({ notes }: PlanRecord, order: readonly Task[]): readonly string[] {
  const said = (kind: Note['kind'], word: string) =>
    notes.filter((note) => note.kind === kind).map(({ text }) => `${word}: ${cut(text, 200)}`);
  const undone = order.filter((task) => isLeaf(task) && (isOpen(task.stage) || endedAs(task) === 'failed'));
  return [
    ...undone.map(
      (task) => `${endedAs(task) === 'failed' ? 'Take up again' : 'Finish'} "${cut(task.title, 100)}" (${task.id})`,
    ),
    ...said('risk', 'Watch the risk'),
    ...said('question', 'Answer'),
  ];
}

/** The account as a document, for the plan's own artifact; what was said is shown word for word. */
export function asDocument({ plan, descendants }: PlanRecord, account: Account): string {
  const titles = new Map(descendants.map(({ id, title }) => [id, title]));
  const list = (items: readonly string[]) => items.map((text) => `- ${inline(text)}`);
  const files = [...new Set(account.artifacts.flatMap(({ filePaths }) => filePaths.map(({ path }) => path)))];
  const artifacts = account.artifacts.map(
    (artifact) => `- ${inline(titles.get(artifact.taskId) ?? artifact.taskId)}: ${code(artifactPath(artifact))}`,
  );
  return page([
    `# ${inline(plan.title)}`,
    ...(plan.description !== undefined && plan.description !== plan.title ? [quotation(plan.description)] : []),
    inline(account.overview),
    ...section('Deliverables', list(account.keyDeliverables)),
    ...section('Artifacts', artifacts),
    ...section(
      'Files',
      files.map((file) => `- ${code(file)}`),
    ),
    ...section('Next steps', list(account.nextSteps)),
  ]);
}
