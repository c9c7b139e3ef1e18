import { at, begin, end, isEnd, placeOfNode, type WorkGraph } from './work-graph.ts';

/** How open work follows on each other, each task begun as early as it can be and never waiting for a hand. */
export type Schedule = Readonly<{
  /** Weight of the longest chain. */
  length: number;
  /** The leaves of a longest chain, in order. */
  path: readonly string[];
  /** The leaves that can be at work at once, in order: all of a group may begin when those before it have ended. */
  waves: readonly (readonly string[])[];
  /** By how much a leaf can be late before the longest chain grows; 0 for those on it. */
  slackOf(id: string): number | undefined;
}>;

/** Finds the longest chain, the waves and the slack, each in one walk over the graph. */
export function schedule(graph: WorkGraph): Schedule {
  const { earliest, latestBefore } = earliestOf(graph, graph.weights);
  const last = graph.order.reduce((best, node) => (at(earliest, node) > at(earliest, best) ? node : best), 0);
  const length = at(earliest, last);
  const latest = latestOf(graph, length);
  return {
    length,
    path: length === 0 ? [] : pathTo(graph, last, latestBefore),
    waves: wavesOf(graph),
    slackOf(id) {
      const place = graph.placeOf.get(id);
      return place === undefined ? undefined : at(latest, begin(place)) - at(earliest, begin(place));
    },
  };
}

/** What the way from a node to one that waits for it takes: the work of a leaf lies between its begin and its end. */
const wayTo = (node: number, target: number, weights: readonly number[]) =>
  target === node + 1 && !isEnd(node) ? at(weights, placeOfNode(node)) : 0;

type Earliest = Readonly<{ earliest: Float64Array; latestBefore: Int32Array }>;

/** When each node can come at the earliest, and the node before it that it waits for longest. */
function earliestOf({ order, first, targets }: WorkGraph, weights: readonly number[]): Earliest {
  const earliest = new Float64Array(first.length - 1);
  const latestBefore = new Int32Array(first.length - 1).fill(-1);
  for (const node of order) {
    for (const target of targets.subarray(at(first, node), at(first, node + 1))) {
      const reached = at(earliest, node) + wayTo(node, target, weights);
      if (reached <= at(earliest, target) && at(latestBefore, target) >= 0) continue;
      earliest[target] = reached;
      latestBefore[target] = node;
    }
  }
  return { earliest, latestBefore };
}

function latestOf({ order, first, targets, weights }: WorkGraph, length: number): Float64Array {
  const latest = new Float64Array(first.length - 1).fill(length);
  for (let place = order.length - 1; place >= 0; place--) {
    const node = at(order, place);
    for (const target of targets.subarray(at(first, node), at(first, node + 1))) {
      const must = at(latest, target) - wayTo(node, target, weights);
      if (must < at(latest, node)) latest[node] = must;
    }
  }
  return latest;
}

function pathTo({ tasks, weights }: WorkGraph, last: number, latestBefore: Int32Array): readonly string[] {
  const path: string[] = [];
  for (let node = last; node >= 0; ) {
    const before = at(latestBefore, node);
    const task = tasks[placeOfNode(node)];
    if (before >= 0 && wayTo(before, node, weights) > 0 && task !== undefined) path.push(task.id);
    node = before;
  }
  return path.reverse();
}

function wavesOf(graph: WorkGraph): readonly (readonly string[])[] {
  const { earliest } = earliestOf(
    graph,
    graph.tasks.map(({ isLeaf }) => Number(isLeaf)),
  );
  const circle = new Set(graph.inCircle);
  const waves: string[][] = [];
  for (const [place, { id, isLeaf }] of graph.tasks.entries()) {
    if (!isLeaf || circle.has(id)) continue;
    const wave = at(earliest, end(place)) - 1;
    waves[wave] ??= [];
    waves[wave]?.push(id);
  }
  return waves;
}
