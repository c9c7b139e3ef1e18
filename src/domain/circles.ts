import type { Dependency } from './dependencies.ts';
import { APPROVAL } from './readiness.ts';
import type { Task } from './task.ts';

/** A task and whom it names: its parent, its children, and what it waits for. */
export type Links = Pick<Task, 'id' | 'parentId' | 'type' | 'createdAt'> &
  Readonly<{ children: readonly string[]; edges: readonly Wait[] }>;
type Wait = Pick<Dependency, 'prerequisiteId' | 'type'> & Readonly<{ createdAt: number }>;

/** What each waits for; a task's begin is marked with `^`, apart from its end. */
type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * A circle of tasks that wait for each other, and where it is best opened: a parent that the youngest of its tasks leaves,
 * or the youngest of its dependencies; undefined where only people may do that.
 */
export type Circle = Readonly<{ path: readonly string[]; opening: Opening | undefined }>;
export type Opening =
  | Readonly<{ kind: 'parent'; taskId: string }>
  | Readonly<{ kind: 'dependency'; taskId: string; prerequisiteId: string }>;

/**
 * Circles among the tasks, each with its opening taken as made when the next one is looked for. A task ends after it began and
 * after its children ended; it begins after its prerequisites ended and after its parent could begin.
 */
export function* circlesAmong(links: ReadonlyMap<string, Links>): Generator<Circle> {
  const graph = graphOf(links);
  for (let path = firstCircle(graph); path !== undefined; path = firstCircle(graph)) {
    const opening = openingOf(path, links);
    yield { path: namesOn(path), opening };
    for (const [from, to] of cutsOf(path, { opening, links })) {
      graph.set(
        from,
        (graph.get(from) ?? []).filter((name) => name !== to),
      );
    }
  }
}

const beginOf = (id: string) => `^${id}`;
const isBegin = (name: string) => name.startsWith('^');
/** The task that a name in the graph is about. */
export const taskNamed = (name: string) => name.replace('^', '');

/** What the begin or the end of a task waits for. */
export function namesAfter(name: string, { id, parentId, children, edges }: Links): readonly string[] {
  if (!isBegin(name)) return [...children, beginOf(id)];
  const above = parentId === undefined ? [] : [beginOf(parentId)];
  return [...above, ...edges.map(({ prerequisiteId }) => prerequisiteId)];
}

const graphOf = (links: ReadonlyMap<string, Links>): Map<string, readonly string[]> =>
  new Map(
    [...links.values()].flatMap((task) =>
      [task.id, beginOf(task.id)].map((name) => [name, namesAfter(name, task)] as const),
    ),
  );

type Step = { name: string; next: number };

/** The first circle that a walk in depth meets; without recursion, for a chain may be as long as the store is large. */
function firstCircle(graph: Graph): readonly string[] | undefined {
  const done = new Set<string>();
  for (const start of graph.keys()) {
    const circle = circleFrom(start, graph, done);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

function circleFrom(start: string, graph: Graph, done: Set<string>): readonly string[] | undefined {
  const path: Step[] = done.has(start) ? [] : [{ name: start, next: 0 }];
  const onPath = new Set(path.map(({ name }) => name));
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const name = graph.get(step.name)?.[step.next++];
    if (name === undefined) {
      path.pop();
      onPath.delete(step.name);
      done.add(step.name);
    } else if (onPath.has(name)) {
      const names = path.map((one) => one.name);
      return names.slice(names.indexOf(name));
    } else if (!done.has(name)) {
      path.push({ name, next: 0 });
      onPath.add(name);
    }
  }
  return undefined;
}

/** Ids on a circle, each once, the first one again at the end. */
function namesOn(path: readonly string[]): readonly string[] {
  const ids = path.map(taskNamed).filter((id, place, all) => id !== all[place - 1]);
  const round = ids.length > 1 && ids[0] === ids.at(-1) ? ids.slice(0, -1) : ids;
  return [...round, ...round.slice(0, 1)];
}

const stepsOf = (path: readonly string[]) =>
  path.map((from, place) => [from, path[(place + 1) % path.length] ?? from] as const);

const isWait = ([from, to]: readonly [string, string]) => isBegin(from) && !isBegin(to);

function openingOf(path: readonly string[], links: ReadonlyMap<string, Links>): Opening | undefined {
  const waits = stepsOf(path).filter(isWait);
  if (waits.length === 0) {
    const tasks = path.flatMap((name) => links.get(taskNamed(name)) ?? []);
    const youngest = tasks.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))[0];
    return youngest && { kind: 'parent', taskId: youngest.id };
  }
  const [youngest] = waits
    .map(([from, prerequisiteId]) => ({ taskId: taskNamed(from), prerequisiteId }))
    .filter(({ prerequisiteId }) => links.get(prerequisiteId)?.type !== APPROVAL)
    .flatMap((wait) => agesOf(wait, links).map((createdAt) => ({ ...wait, createdAt })))
    .toSorted((a, b) => b.createdAt - a.createdAt);
  return youngest && { kind: 'dependency', taskId: youngest.taskId, prerequisiteId: youngest.prerequisiteId };
}

/** When the dependencies between two tasks were added; none where one of them is a gate that only people open. */
function agesOf(
  { taskId, prerequisiteId }: Readonly<{ taskId: string; prerequisiteId: string }>,
  links: ReadonlyMap<string, Links>,
): readonly number[] {
  const edges = links.get(taskId)?.edges.filter((edge) => edge.prerequisiteId === prerequisiteId) ?? [];
  return edges.some(({ type }) => type === 'approval') ? [] : edges.map(({ createdAt }) => createdAt);
}

/** The steps of the graph that an opening takes away; without one, a step of the circle, so that the next one is found. */
function cutsOf(
  path: readonly string[],
  { opening, links }: Pick<Circle, 'opening'> & { links: ReadonlyMap<string, Links> },
): readonly (readonly [string, string])[] {
  if (opening === undefined) return stepsOf(path).filter(isWait).slice(0, 1);
  if (opening.kind === 'dependency') return [[beginOf(opening.taskId), opening.prerequisiteId]];
  const parentId = links.get(opening.taskId)?.parentId ?? '';
  return [
    [parentId, opening.taskId],
    [beginOf(opening.taskId), beginOf(parentId)],
  ];
}
