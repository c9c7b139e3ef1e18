import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginOf, tasksOn, wayBetween, wayInWords } from './way.ts';

/** Graphs of a few nodes: for each, those that it waits for. */
const graphs = fc.array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { minLength: 1, maxLength: 8 }).map((rows) => {
  const ids = rows.map((_, place) => `n${place}`);
  return new Map(rows.map((row, place) => [`n${place}`, row.flatMap((next) => ids[next] ?? [])]));
});
type Graph = ReadonlyMap<string, readonly string[]>;

const ahead = (graph: Graph, id: string) => graph.get(id) ?? [];
const behind = (graph: Graph, id: string) => [...graph].filter(([, next]) => next.includes(id)).map(([from]) => from);

/** All that can be reached in at least one step, by walking until nothing new turns up. */
function reached(graph: Graph, from: string): ReadonlySet<string> {
  const found = new Set<string>();
  const left = [...ahead(graph, from)];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    left.push(...ahead(graph, id));
  }
  return found;
}

/** What a search finds, and what it asked for on each side. */
function searched(graph: Graph, from: string, to: string) {
  const search = wayBetween(from, to);
  const questions: Readonly<{ side: string; moments: readonly string[] }>[] = [];
  for (let step = search.next(); ; ) {
    if (step.done === true) return { way: step.value, questions };
    const { side, moments } = step.value;
    questions.push(step.value);
    step = search.next(moments.map((id) => (side === 'waits_for' ? ahead : behind)(graph, id)));
  }
}

const node = fc.nat({ max: 7 }).map((place) => `n${place}`);

describe('a way from one moment to another', () => {
  test('is found exactly when there is one of at least one step', () => {
    fc.assert(
      fc.property(graphs, node, node, (graph, from, to) => {
        expect(searched(graph, from, to).way !== undefined).toBe(reached(graph, from).has(to));
      }),
      { numRuns: 1000 },
    );
  });

  test('goes along what each waits for, from the one to the other', () => {
    fc.assert(
      fc.property(graphs, node, node, (graph, from, to) => {
        const { way } = searched(graph, from, to);
        fc.pre(way !== undefined);

        expect([way[0], way.at(-1)]).toEqual([from, to]);
        for (const [place, id] of way.slice(1).entries()) expect(ahead(graph, way[place] ?? '')).toContain(id);
      }),
      { numRuns: 1000 },
    );
  });

  test('asks for each moment once at most on each side', () => {
    fc.assert(
      fc.property(graphs, node, (graph, from) => {
        const asked = searched(graph, from, 'nowhere').questions.flatMap(({ side, moments }) =>
          moments.map((moment) => `${side} ${moment}`),
        );

        expect(new Set(asked).size).toBe(asked.length);
      }),
    );
  });

  test('is known not to be there as soon as one side is at its end, however large the other is', () => {
    const chain: Graph = new Map(Array.from({ length: 1000 }, (_, place) => [`n${place}`, [`n${place + 1}`]]));

    const { way, questions } = searched(new Map([...chain, ['new', ['n0']]]), 'n0', 'new');

    expect(way).toBeUndefined();
    expect(questions.length).toBeLessThan(4);
  });
});

test('a way is told with every task on it and with what each step rests on', () => {
  const way = ['epic', 'part', beginOf('part'), beginOf('epic'), beginOf('top'), 'first', beginOf('first'), 'epic'];

  expect(tasksOn(way)).toEqual(['epic', 'part', 'epic', 'top', 'first', 'epic']);
  expect(wayInWords(way)).toEqual([
    'epic waits for part (its subtask)',
    'part is a subtask of epic',
    'epic is a subtask of top',
    'top waits for first',
    'first waits for epic',
  ]);
});
