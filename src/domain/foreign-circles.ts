import type { ForeignTask, Tell } from './foreign.ts';
import { type NumberedTasks, roundsAmong } from './round.ts';

/**
 * Opens circles: of the dependencies on one the last that the file names is left out, of parents alone the link of the last task.
 */
export function withoutCircles(tasks: readonly ForeignTask[], tell: Tell): readonly ForeignTask[] {
  const links = linksAmong(tasks);
  const originOf = (number: number) => tasks[number]?.origin ?? '';
  const changed = new Set<number>();
  for (const round of roundsAmong(links)) {
    const edge = largest(edgesOn(round, links));
    const opened = edge >= 0 ? (links.waiting[edge] ?? 0) : lastBelow(round, links);
    const other = (edge >= 0 ? links.awaited[edge] : links.parents[opened]) ?? -1;
    tell(
      `${originOf(opened)} does not ${edge >= 0 ? 'wait for' : 'belong to'} ${originOf(other)} here: that made a circle of ${shown(round.map(originOf))}`,
    );
    if (edge >= 0) links.awaited[edge] = -1;
    else links.parents[opened] = -1;
    changed.add(opened);
  }
  return tasks.map((task, number) => (changed.has(number) ? linked(task, number, links) : task));
}

/** Names of a circle that a sentence has room for. */
const MOST_NAMES = 12;
const shown = (names: readonly string[]) =>
  names.length <= MOST_NAMES ? names.join(', ') : `${names.slice(0, MOST_NAMES).join(', ')} and ${names.length} more`;

type Links = NumberedTasks &
  Readonly<{
    parents: number[];
    awaited: number[];
    /** Places in `waiting` and `awaited` where the edges of each task begin. */
    firstEdges: readonly number[];
  }>;

function linksAmong(tasks: readonly ForeignTask[]): Links {
  const numbers = new Map(tasks.map(({ origin }, number) => [origin, number]));
  const numberOf = (origin: string | undefined) => (origin === undefined ? -1 : (numbers.get(origin) ?? -1));
  const [waiting, awaited, firstEdges]: [number[], number[], number[]] = [[], [], []];
  for (const [number, { waitsFor = [] }] of tasks.entries()) {
    firstEdges.push(waiting.length);
    for (const other of waitsFor) {
      waiting.push(number);
      awaited.push(numberOf(other));
    }
  }
  return { parents: tasks.map(({ parent }) => numberOf(parent)), waiting, awaited, firstEdges };
}

/** Dependencies by which a task of the round waits for the next one; -1 where it is by their parents. */
const edgesOn = (round: readonly number[], { waiting, awaited, firstEdges }: Links): readonly number[] =>
  round.slice(0, -1).map((task, index) => {
    const [first = 0, end = waiting.length] = [firstEdges[task], firstEdges[task + 1]];
    const place = awaited.slice(first, end).indexOf(round[index + 1] ?? -1);
    return place < 0 ? -1 : first + place;
  });

const lastBelow = (round: readonly number[], { parents }: Links): number => {
  const on = new Set(round);
  return largest(round.filter((task) => on.has(parents[task] ?? -1)));
};

/** A circle may be longer than a call has room for arguments. */
const largest = (numbers: readonly number[]) => numbers.reduce((most, number) => Math.max(most, number), -1);

/** The task with the links that are left. */
function linked(task: ForeignTask, number: number, { parents, awaited, firstEdges }: Links): ForeignTask {
  const first = firstEdges[number] ?? 0;
  return {
    ...task,
    parent: (parents[number] ?? -1) < 0 ? undefined : task.parent,
    waitsFor: task.waitsFor?.filter((_, index) => (awaited[first + index] ?? -1) >= 0),
  };
}
