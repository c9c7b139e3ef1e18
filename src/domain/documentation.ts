import { type Artifact, HANDS_ON } from './artifact.ts';
import { waves } from './dependencies.ts';
import { MERMAID_DRAWS, mermaid } from './graph.ts';
import { progress } from './hierarchy.ts';
import { endedAs, isOpen } from './lifecycle.ts';
import { code, inline, page, quotation, section } from './markdown.ts';
import type { Note, NoteKind } from './note.ts';
import type { PlanRecord } from './synthesis.ts';
import { isLeaf, type Task } from './task.ts';

/**
 * The pages about the plans of a workspace. Nothing in them tells when they were written, and all is in a fixed order,
 * so that a page changes only when the plan does.
 */

/** Stands first in every page of ours; a file without it was written by somebody else. */
const MARK = '<!-- Written by orchestrator_maintenance_coordinator; what is changed here is overwritten. -->';
export const isOurs = (text: string) => text.startsWith(MARK);

export const INDEX = 'docs/index.md';
export const pageOf = ({ id }: Pick<Task, 'id'>) => `docs/plans/${id}.md`;
/** The plan that a page is about, by its path in the folder of the documentation. */
export const planOfPage = (path: string): string | undefined => /^plans\/([^/]+)\.md$/.exec(path)?.[1];

/** Nobody could read larger graphs. */
const DRAWN = 150;
const ORDERED = 2_000;

export function planPage(record: PlanRecord): string {
  const { plan, notes } = record;
  const isSaid = plan.description !== undefined && plan.description.trim() !== plan.title;
  return page([
    MARK,
    `# ${inline(plan.title)}`,
    `${code(plan.id)} · ${stageOf(plan)} · ${progressOf(plan)} · ${timesOf(plan)}`,
    ...(isSaid ? [quotation(plan.description ?? '')] : []),
    ...section('Tasks', treeOf(record)),
    ...graphOf(record),
    ...NOTED.flatMap(([kind, title]) => section(title, notesOf(notes, kind, titlesOf(record)))),
    ...section('Artifacts', artifactsOf(record)),
  ]);
}

const NOTED = [
  ['decision', 'Decisions'],
  ['learning', 'Learnings'],
  ['risk', 'Risks'],
  ['question', 'Questions'],
] as const satisfies readonly (readonly [NoteKind, string])[];

const stageOf = (task: Task) => (endedAs(task) === task.stage ? task.stage : `${task.stage}, ${endedAs(task)} before`);

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

const timesOf = ({ createdAt, completedAt }: Task) =>
  completedAt === undefined ? `since ${dayOf(createdAt)}` : `${dayOf(createdAt)} to ${dayOf(completedAt)}`;

type Titles = ReadonlyMap<string, string>;
const titlesOf = ({ plan, descendants }: PlanRecord): Titles =>
  new Map([plan, ...descendants].map(({ id, title }) => [id, title]));

function progressOf({ standing }: Task): string {
  const { completed, total, percentage } = progress(standing);
  return `${completed} of ${total} completed (${percentage}%)`;
}

function treeOf(record: PlanRecord): readonly string[] {
  const { plan } = record;
  const children = Map.groupBy(inOrderOfWork(record), ({ parentId }) => parentId ?? '');
  const waitsOf = waiting(record);
  const below = (id: string, indent: string): readonly string[] =>
    (children.get(id) ?? []).flatMap((task) => [
      `${indent}${lineOf(task)}${waitsOf(task)}`,
      ...below(task.id, `${indent}  `),
    ]);
  return below(plan.id, '');
}

/** What comes first is told first; ordering more than a person reads would only cost time. */
function inOrderOfWork({ descendants, edges }: PlanRecord): readonly Task[] {
  if (descendants.length > ORDERED) return descendants;
  const tasks = new Map(descendants.map((task) => [task.id, task]));
  const prerequisites = Map.groupBy(edges, ({ taskId }) => taskId);
  const waitsFor = (id: string) => prerequisites.get(id)?.map(({ prerequisiteId }) => prerequisiteId) ?? [];
  const { waves: groups, circle } = waves([...tasks.keys()], waitsFor);
  return [...groups, circle].flat().flatMap((id) => tasks.get(id) ?? []);
}

function lineOf(task: Task): string {
  const tick = endedAs(task) === 'completed' ? 'x' : ' ';
  const who = task.specialist === undefined ? '' : `${inline(task.specialist)}, `;
  const how = isLeaf(task) ? stageOf(task) : `${stageOf(task)}, ${progressOf(task)}`;
  return `- [${tick}] ${inline(task.title)} (${code(task.id)}) · ${who}${how}`;
}

/** What an open task waits for, and what it is stuck behind. */
function waiting(record: PlanRecord): (task: Task) => string {
  const titles = titlesOf(record);
  const edgesOf = Map.groupBy(record.edges, ({ taskId }) => taskId);
  const nameOf = (id: string) => inline(titles.get(id) ?? '') || code(id);
  return ({ id, stage }) => {
    const edges = isOpen(stage) ? (edgesOf.get(id) ?? []) : [];
    const behind = (status: string) => [
      ...new Set(edges.filter((edge) => edge.status === status).map(({ prerequisiteId }) => nameOf(prerequisiteId))),
    ];
    const [waits, stuck] = [behind('pending').toSorted(), behind('failed').toSorted()];
    return [
      ...(waits.length > 0 ? [`, waits for ${waits.join(', ')}`] : []),
      ...(stuck.length > 0 ? [`, stuck behind ${stuck.join(', ')}`] : []),
    ].join('');
  };
}

function graphOf({ plan, descendants, edges }: PlanRecord): readonly string[] {
  const title = '## Graph';
  if (descendants.length > DRAWN) return [title, `Left out: ${descendants.length} tasks are too many to draw.`];
  if (edges.length > MERMAID_DRAWS.arrows)
    return [title, `Left out: ${edges.length} dependencies are too many to draw.`];
  const sorted = edges.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const graph = mermaid([plan, ...descendants], sorted);
  if (graph.length > MERMAID_DRAWS.characters) return [title, 'Left out: the titles are too long to draw.'];
  return [title, `\`\`\`mermaid\n${graph}\`\`\``];
}

const keyOf = (edge: PlanRecord['edges'][number]) => `${edge.taskId} ${edge.prerequisiteId} ${edge.type}`;

const notesOf = (notes: readonly Note[], kind: NoteKind, titles: Titles = new Map()) =>
  notes
    .filter((note) => note.kind === kind)
    .toSorted((a, b) => a.seq - b.seq)
    .map(({ text, taskId }) => `- ${inline(text)}${taskId === undefined ? '' : about(taskId, titles.get(taskId))}`);

const about = (id: string, title: string | undefined) =>
  title === undefined ? ` (${code(id)})` : ` (${inline(title)}, ${code(id)})`;

function artifactsOf({ plan, descendants, artifacts }: PlanRecord): readonly string[] {
  const handedOn = Map.groupBy(
    artifacts.filter(({ outcome }) => HANDS_ON.includes(outcome)),
    ({ taskId }) => taskId,
  );
  return [...descendants, plan].flatMap(({ id, title }) =>
    (handedOn.get(id) ?? []).map((artifact) => `- ${linkTo(artifact)} · ${artifact.type} of ${inline(title)}`),
  );
}

/** From the folder of the pages to that of the artifacts. */
const linkTo = ({ taskId, id, summary }: Artifact) => `[${inline(summary)}](../../artifacts/${taskId}/${id}.md)`;

export type Overview = Readonly<{
  plans: readonly Task[];
  /** Open tasks that are no part of anything. */
  single: readonly Task[];
  /** Plans and single tasks for which there is no room. */
  omitted: number;
  notes: readonly Note[];
}>;

/** The page that leads to all others. */
export function indexPage({ plans, single, omitted, notes }: Overview): string {
  const [open, ended] = [plans.filter(({ stage }) => isOpen(stage)), plans.filter(({ stage }) => !isOpen(stage))];
  return page([
    MARK,
    '# Plans',
    ...(plans.length === 0 ? ['There is no plan yet.'] : []),
    ...section('Open', open.map(rowOf)),
    ...section('Ended', ended.map(rowOf)),
    ...section('Single tasks', single.map(lineOf)),
    ...(omitted === 0 ? [] : [`Left out: ${omitted} older ones, which orchestrator_query_tasks finds.`]),
    ...NOTED.flatMap(([kind, title]) => section(title, notesOf(notes, kind))),
  ]);
}

const rowOf = (plan: Task) => `- [${inline(plan.title)}](plans/${plan.id}.md) · ${stageOf(plan)} · ${progressOf(plan)}`;
