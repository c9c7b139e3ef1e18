import { closest } from './closest.ts';
import { asSentence, type Dependency, isUnmet, judge, waves } from './dependencies.ts';
import { invalid } from './errors.ts';
import { endedAs, isEnded } from './lifecycle.ts';
import { isActionable } from './readiness.ts';
import { type Complexity, cut, LIMITS, NEW_STANDING, newTask, type Priority, type Task, titleFrom } from './task.ts';
import { toldSteps } from './way.ts';

/** A subtask as it was asked for; its dependencies name titles of the same plan or whole ids of other tasks. */
export type SubtaskDraft = Readonly<{
  title: string;
  description: string;
  specialist: string;
  dependencies: readonly string[];
  effort: string | undefined;
  acceptanceCriteria: readonly string[];
  /** That of the plan where it says none. */
  priority: Priority | undefined;
  type: string;
  attributes: Readonly<Record<string, unknown>>;
}>;

/** What a subtask waits for: others of the plan by their place in it, and tasks outside it by id. */
export type Links = readonly Readonly<{ inside: readonly number[]; outside: readonly string[] }>[];

/** More subtasks than this in one plan are harder to oversee than to nest. */
const OVERSEEN = 8;

/** Titles are compared without case and outer spaces, as an agent would recognize them. */
const known = (title: string) => title.trim().toLowerCase();

/** Resolves the dependencies of a plan's subtasks, or refuses the whole plan naming what is wrong. */
export function link(drafts: readonly SubtaskDraft[]): Links {
  if (drafts.length === 0)
    throw invalid('subtasks_json holds no subtasks', { suggestion: 'Repeat with at least one; 3 to 8 are best' });
  if (drafts.length > LIMITS.subtasks) {
    throw invalid(`A plan has at most ${LIMITS.subtasks} subtasks; ${drafts.length} were given`, {
      suggestion: 'Plan the parts first, then plan each part with its parent_task_id',
    });
  }
  const places = placesOf(drafts);
  const links = drafts.map((draft, index) => {
    const inside: number[] = [];
    const outside: string[] = [];
    for (const name of new Set(draft.dependencies)) {
      const place = places.get(known(name));
      if (place === index) throw invalid(`Subtask ${quoted(draft.title)} depends on itself`);
      if (place === undefined) outside.push(name.trim());
      else inside.push(place);
    }
    return { inside: [...new Set(inside)], outside };
  });
  refuseCircle(drafts, links);
  return links;
}

function placesOf(drafts: readonly SubtaskDraft[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const [index, { title }] of drafts.entries()) {
    if (places.has(known(title))) {
      throw invalid(`Two subtasks are titled ${quoted(title)}`, {
        suggestion: 'Repeat with a title of its own for each',
      });
    }
    places.set(known(title), index);
  }
  return places;
}

/** The refusal of a dependency that names neither a title of the plan nor a task. */
export function unknownDependency(drafts: readonly SubtaskDraft[], index: number, name: string) {
  const titles = drafts.filter((_, place) => place !== index).map(({ title }) => title);
  const meant = closest(name, titles);
  return invalid(
    `Subtask ${quoted(drafts[index]?.title ?? '')} depends on ${quoted(name)}, which is no title of this plan and no task`,
    {
      ...(meant.length > 0 && { did_you_mean: meant }),
      titles: titles.slice(0, 20).map((title) => cut(title, 100)),
      suggestion: 'Repeat with titles of the same plan, or whole ids of existing tasks',
    },
  );
}

function refuseCircle(drafts: readonly SubtaskDraft[], links: Links): void {
  const places = drafts.map((_, index) => String(index));
  const prerequisitesOf = (place: string) => links[Number(place)]?.inside.map(String) ?? [];
  const { circle } = waves(places, prerequisitesOf);
  if (circle.length === 0) return;
  const path = walkCircle(circle, prerequisitesOf).map((place) => drafts[Number(place)]?.title ?? place);
  throw invalid(`The subtasks wait for each other in a circle: ${toldSteps(path.map(quoted)).join(' waits for ')}`, {
    cycle_path: toldSteps(path.map((title) => cut(title, 200))),
    suggestion: 'Repeat with one of these dependencies left out',
  });
}

/** One whole way round, beginning and ending with the same id. Every id left in a circle waits for another that is. */
export function walkCircle(
  circle: readonly string[],
  prerequisitesOf: (id: string) => readonly string[],
): readonly string[] {
  const path: string[] = [];
  let next = circle[0];
  while (next !== undefined && !path.includes(next)) {
    path.push(next);
    next = prerequisitesOf(next).find((id) => circle.includes(id));
  }
  return next === undefined ? path : [...path.slice(path.indexOf(next)), next];
}

export type PlanRequest = Readonly<{
  description: string;
  /** What is broken down is as urgent as it was. */
  priority: Priority;
  context: string | undefined;
  complexity: Complexity;
  parentId: string | undefined;
  /** Gates above the plan itself: those above its parent, and the parent's own. */
  gatesAbove: number;
  drafts: readonly SubtaskDraft[];
  links: Links;
  /** The tasks outside the plan that its subtasks wait for, with the types of artifacts they handed on. */
  outside: ReadonlyMap<string, Task>;
  ids: Readonly<{ plan: string; subtasks: readonly string[] }>;
  sessionId: string;
  at: number;
}>;

export type Plan = Readonly<{ plan: Task; subtasks: readonly Task[]; edges: readonly Dependency[] }>;

/** Makes the tasks and edges of a plan, with the standing that they begin with. */
export function drawUp(request: PlanRequest): Plan {
  const { drafts, ids, at, sessionId, gatesAbove } = request;
  const edges = drafts.flatMap((_, index) => edgesOf(request, index));
  const waiting = Map.groupBy(edges, (edge) => edge.prerequisiteId);
  const subtasks = drafts.map((draft, index) => {
    const id = ids.subtasks[index] ?? '';
    const own = edges.filter((edge) => edge.taskId === id);
    const standing = {
      ...NEW_STANDING,
      unmet: own.filter((edge) => isUnmet(edge.status)).length,
      failed: own.filter((edge) => edge.status === 'failed').length,
      gatesAbove,
      waiters: waiting.get(id)?.length ?? 0,
    };
    const task = newTask({
      ...fieldsOf(draft),
      priority: draft.priority ?? request.priority,
      id,
      parentId: ids.plan,
      sessionId,
      createdAt: at,
      standing,
    });
    return isActionable(task) ? { ...task, standing: { ...standing, actionableSince: at } } : task;
  });
  return { plan: planTask(request, subtasks.length), subtasks, edges };
}

const fieldsOf = ({ title, description, specialist, effort, acceptanceCriteria, type, attributes }: SubtaskDraft) => ({
  title,
  description,
  specialist,
  effort,
  acceptanceCriteria,
  type,
  attributes,
});

function planTask(
  { description, priority, context, complexity, parentId, gatesAbove, ids, sessionId, at }: PlanRequest,
  count: number,
) {
  return newTask({
    id: ids.plan,
    type: 'plan',
    title: titleFrom(description),
    description,
    priority,
    context,
    complexity,
    parentId,
    sessionId,
    createdAt: at,
    standing: { ...NEW_STANDING, gatesAbove, children: count, openChildren: count, leaves: count },
  });
}

function edgesOf({ links, ids, outside }: PlanRequest, index: number): readonly Dependency[] {
  const edge = { taskId: ids.subtasks[index] ?? '', type: 'completion', artifactType: undefined } as const;
  const rest = { description: undefined, verdict: undefined } as const;
  const { inside = [], outside: others = [] } = links[index] ?? {};
  return [
    ...inside.map((place) => ({
      ...edge,
      ...rest,
      prerequisiteId: ids.subtasks[place] ?? '',
      status: 'pending' as const,
    })),
    ...others.map((prerequisiteId) => {
      const pending = { ...edge, ...rest, prerequisiteId, status: 'pending' as const };
      const task = outside.get(prerequisiteId);
      if (task === undefined) return pending;
      return { ...pending, status: judge(pending, { task, isDeleted: false, artifactTypes: [] }) };
    }),
  ];
}

/** The subtasks in groups that can be worked at once, in the order in which the groups become free. */
export function parallelGroups(
  subtasks: readonly Task[],
  edges: readonly Dependency[],
): readonly (readonly string[])[] {
  const prerequisites = Map.groupBy(edges, (edge) => edge.taskId);
  const ids = subtasks.map(({ id }) => id);
  return waves(ids, (id) => prerequisites.get(id)?.map((edge) => edge.prerequisiteId) ?? []).waves;
}

/** The edges as sentences, in titles. */
export function inWords(edges: readonly Dependency[], tasks: Iterable<Task>): readonly string[] {
  const titles = new Map([...tasks].map((task) => [task.id, cut(task.title, 80)]));
  const titleOf = (id: string) => titles.get(id) ?? id;
  return edges.map((edge) =>
    asSentence(edge, { task: titleOf(edge.taskId), prerequisite: titleOf(edge.prerequisiteId) }),
  );
}

/** What is allowed but probably not meant. */
export function warnings({ drafts, outside }: Pick<PlanRequest, 'drafts' | 'outside'>): readonly string[] {
  const lost = [...outside.values()].filter((task) => isEnded(task.stage) && endedAs(task) !== 'completed');
  const unsaid = drafts.filter((draft) => draft.description.trim() === '').map((draft) => quoted(draft.title));
  return [
    ...(drafts.length > OVERSEEN
      ? [
          `${drafts.length} subtasks are many for one plan; 3 to 8 are recommended, and parts can be planned with parent_task_id`,
        ]
      : []),
    ...lost.map((task) => `${task.id} is ${task.stage}, so what waits for it is stuck until it is taken up again`),
    ...(unsaid.length > 0 ? [`Without a description: ${unsaid.join(', ')}`] : []),
  ];
}

const quoted = (title: string) => `"${cut(title, 100)}"`;
