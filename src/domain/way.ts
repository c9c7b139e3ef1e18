/** The begin or the end of a task, as a name: its id stands for its end, and with `^` before it for its begin. */
export type Moment = string;

export const beginOf = (id: string): Moment => `^${id}`;
export const endOf = (id: string): Moment => id;
export const isBegin = (moment: Moment) => moment.startsWith('^');
export const taskAt = (moment: Moment) => (isBegin(moment) ? moment.slice(1) : moment);

/** Moments whose neighbours a search needs next: what they wait for, or what waits for them. */
export type Question = Readonly<{ side: 'waits_for' | 'awaited_by'; moments: readonly Moment[] }>;

type Side = { readonly cameFrom: Map<Moment, Moment | undefined>; frontier: readonly Moment[] };

/**
 * Looks for a way from one moment to another along what each waits for, and returns the moments on it, both ends
 * included; at least one step, so that a moment leads to itself only through a circle. It searches from both ends, the
 * side that has seen fewer first, for mostly one of them is soon at its end however large the graph is. The search
 * yields what it needs to know and is sent the neighbour lists in the same order, so that the caller decides where the graph lives.
 */
export function* wayBetween(
  from: Moment,
  to: Moment,
): Generator<Question, readonly Moment[] | undefined, readonly (readonly Moment[])[]> {
  const ahead: Side = { cameFrom: new Map([[from, undefined]]), frontier: [from] };
  const behind: Side = { cameFrom: new Map([[to, undefined]]), frontier: [to] };
  while (ahead.frontier.length > 0 && behind.frontier.length > 0) {
    const isAhead = ahead.cameFrom.size <= behind.cameFrom.size;
    const [own, other] = isAhead ? [ahead, behind] : [behind, ahead];
    const neighbours = yield { side: isAhead ? 'waits_for' : 'awaited_by', moments: own.frontier };
    const met = advance(own, other, neighbours);
    if (met !== undefined) {
      const [first, second] = isAhead ? [met.from, met.to] : [met.to, met.from];
      return [...trace(ahead, first).reverse(), ...trace(behind, second)];
    }
  }
  return undefined;
}

type Met = Readonly<{ from: Moment; to: Moment }>;

/** Goes one step further on one side; gives the step that meets the other side, if one does. */
function advance(own: Side, other: Side, neighbours: readonly (readonly Moment[])[]): Met | undefined {
  const fresh: Moment[] = [];
  for (const [index, from] of own.frontier.entries()) {
    for (const to of neighbours[index] ?? []) {
      if (other.cameFrom.has(to)) return { from, to };
      if (own.cameFrom.has(to)) continue;
      own.cameFrom.set(to, from);
      fresh.push(to);
    }
  }
  own.frontier = fresh;
  return undefined;
}

/** From a moment back to where its side began. */
function trace({ cameFrom }: Side, last: Moment): Moment[] {
  const way: Moment[] = [];
  for (let at: Moment | undefined = last; at !== undefined; at = cameFrom.get(at)) way.push(at);
  return way;
}

/** Steps that a refusal tells; nobody reads more, and a way can be as long as the graph. */
const MOST_TOLD = 100;

/** The steps of a way, those in the middle counted where there are very many. */
export function toldSteps(steps: readonly string[]): readonly string[] {
  if (steps.length <= MOST_TOLD) return steps;
  const half = MOST_TOLD / 2;
  return [...steps.slice(0, half), `… ${steps.length - MOST_TOLD} more …`, ...steps.slice(-half)];
}

/** Ids on a way, those that stand for the same task twice in a row once. */
export const tasksOn = (way: readonly Moment[]): readonly string[] =>
  way.map(taskAt).filter((id, place, ids) => id !== ids[place - 1]);

/** A way in words, each step with what it rests on. */
export const wayInWords = (way: readonly Moment[]): readonly string[] =>
  way.slice(1).flatMap((to, place) => {
    const from = way[place] ?? to;
    const [task, other] = [taskAt(from), taskAt(to)];
    if (task === other) return [];
    if (!isBegin(from)) return [`${task} waits for ${other} (its subtask)`];
    return [isBegin(to) ? `${task} is a subtask of ${other}` : `${task} waits for ${other}`];
  });
