import { begin, isEnd, placeOfNode, type WorkGraph } from './work-graph.ts';

/** Words of 32 leaves that are followed in one walk: each edge is then met 350 times among 100,000 leaves instead of 3,000. */
const WORDS = 32;
const AT_ONCE = 32 * WORDS;

/** The graph with its nodes numbered in their order, so that neighbours lie close together in memory. */
type Ordered = Readonly<{ nodes: Uint32Array; positionOf: Int32Array; first: Uint32Array; targets: Uint32Array }>;

/**
 * How many leaves each task holds up: those that cannot begin before it has ended, directly or behind others, and of a
 * parent also those below it. Exact whatever the size; it pauses between walks, for among 100,000 it takes seconds.
 */
export function* heldUpBy(graph: WorkGraph): Generator<undefined, ReadonlyMap<string, number>> {
  const ordered = inOrder(graph);
  const waiting = waitingLeaves(graph, ordered);
  const counts = new Uint32Array(graph.tasks.length);
  const words = new Int32Array(WORDS * ordered.nodes.length);
  for (let from = 0; from < waiting.length; from += AT_ONCE) {
    words.fill(0);
    count(ordered, { leaves: waiting.subarray(from, from + AT_ONCE), words, counts });
    yield;
  }
  return new Map(graph.tasks.map(({ id }, place) => [id, counts[place] ?? 0]));
}

function inOrder({ order, first, targets }: WorkGraph): Ordered {
  const positionOf = new Int32Array(first.length).fill(-1);
  for (const [position, node] of order.entries()) positionOf[node] = position;
  const firstOf = new Uint32Array(order.length + 1);
  const later = new Uint32Array(targets.length);
  let count = 0;
  for (const [position, node] of order.entries()) {
    for (let step = first[node] ?? 0; step < (first[node + 1] ?? 0); step++) {
      const target = positionOf[targets[step] ?? 0] ?? -1;
      if (target >= 0) later[count++] = target;
    }
    firstOf[position + 1] = count;
  }
  return { nodes: order, positionOf, first: firstOf, targets: later.subarray(0, count) };
}

/** Positions where leaves begin that something comes before, in order; the others are held up by nothing. */
function waitingLeaves({ tasks }: WorkGraph, { nodes, positionOf, targets }: Ordered): Uint32Array {
  const waits = new Uint8Array(nodes.length);
  for (const target of targets) waits[target] = 1;
  const positions = tasks.flatMap(({ isLeaf }, place) => {
    const position = positionOf[begin(place)] ?? -1;
    return isLeaf && waits[position] === 1 ? [position] : [];
  });
  return Uint32Array.from(positions).sort();
}

type Walk = Readonly<{ leaves: Uint32Array; words: Int32Array; counts: Uint32Array }>;

/** Walks from the last of the leaves to the first node: what a node holds up is known before it is passed on. */
function count(ordered: Ordered, { leaves, words, counts }: Walk): void {
  const last = leaves.at(-1) ?? -1;
  let bit = leaves.length - 1;
  for (let position = last; position >= 0; position--) {
    gather(ordered, words, { position, last });
    const node = ordered.nodes[position] ?? 0;
    if (!isEnd(node)) counts[placeOfNode(node)] = (counts[placeOfNode(node)] ?? 0) + bitsAt(words, position);
    if (leaves[bit] !== position) continue;
    const word = WORDS * position + (bit >> 5);
    words[word] = (words[word] ?? 0) | (1 << (bit & 31));
    bit--;
  }
}

/** Gives a node the leaves that those have which wait for it; none of these lies behind the last leaf. */
function gather(
  { first, targets }: Ordered,
  words: Int32Array,
  { position, last }: Readonly<Record<'position' | 'last', number>>,
): void {
  const own = WORDS * position;
  for (let step = first[position] ?? 0; step < (first[position + 1] ?? 0); step++) {
    const target = targets[step] ?? 0;
    if (target > last) continue;
    const other = WORDS * target;
    for (let word = 0; word < WORDS; word++) words[own + word] = (words[own + word] ?? 0) | (words[other + word] ?? 0);
  }
}

function bitsAt(words: Int32Array, position: number): number {
  let bits = 0;
  for (let word = WORDS * position; word < WORDS * (position + 1); word++) bits += ones(words[word] ?? 0);
  return bits;
}

/** How many bits of a word are set. */
function ones(word: number): number {
  if (word === 0) return 0;
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
