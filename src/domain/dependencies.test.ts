import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anEdge } from '../../test/store-contract/given.ts';
import { ARTIFACT_TYPES } from './artifact.ts';
import {
  asSentence,
  DEPENDENCY_TYPES,
  type Dependency,
  type DependencyStatus,
  isUnmet,
  judge,
  type PrerequisiteFacts,
  waves,
} from './dependencies.ts';
import { STAGES } from './lifecycle.ts';

/** Graphs of a few nodes: for each, those that it waits for. */
const graphs = fc.array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { minLength: 1, maxLength: 8 }).map((rows) => {
  const ids = rows.map((_, place) => `n${place}`);
  return new Map(rows.map((row, place) => [`n${place}`, row.flatMap((next) => ids[next] ?? [])]));
});
type Graph = ReadonlyMap<string, readonly string[]>;

/** All that can be reached in at least one step, by walking until nothing new turns up. */
function reached(graph: Graph, from: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>();
  const left = from.flatMap((id) => graph.get(id) ?? []);
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    left.push(...(graph.get(id) ?? []));
  }
  return found;
}

describe('an edge is judged', () => {
  const facts = fc.record({
    task: fc.record({
      stage: fc.constantFrom(...STAGES),
      archivedFrom: fc.option(fc.constantFrom(...STAGES), { nil: undefined }),
      type: fc.constantFrom('custom', 'approval'),
    }),
    isDeleted: fc.boolean(),
    artifactTypes: fc.uniqueArray(fc.constantFrom(...ARTIFACT_TYPES), { maxLength: 2 }),
  });
  const edges = fc.record({
    type: fc.constantFrom(...DEPENDENCY_TYPES),
    artifactType: fc.option(fc.constantFrom(...ARTIFACT_TYPES), { nil: undefined }),
    verdict: fc.constantFrom(
      undefined,
      undefined,
      undefined,
      'approved' as const,
      'rejected' as const,
      'waived' as const,
    ),
  });
  type Given = Pick<Dependency, 'type' | 'artifactType' | 'verdict'>;
  const AWAY = new Set<string>(['archived', 'superseded']);
  const LOST = new Set<string>(['failed', 'cancelled']);

  const SAID = { approved: 'satisfied', rejected: 'failed', waived: 'waived' } as const;

  const isCompleted = ({ task: { stage, archivedFrom } }: PrerequisiteFacts) =>
    stage === 'completed' || (AWAY.has(stage) && archivedFrom === 'completed');
  const isLost = (facts: PrerequisiteFacts) =>
    facts.isDeleted || LOST.has(facts.task.stage) || (AWAY.has(facts.task.stage) && !isCompleted(facts));

  /** Sentence by sentence, as the contract has it. */
  const SATISFIED = {
    completion: (_: Given, facts: PrerequisiteFacts) => isCompleted(facts),
    approval: (_: Given, facts: PrerequisiteFacts) => isCompleted(facts) && facts.task.type === 'approval',
    data: ({ artifactType }: Given, { artifactTypes }: PrerequisiteFacts) =>
      artifactTypes.some((one) => artifactType === undefined || one === artifactType),
  };

  function byTheContract(edge: Given, known: PrerequisiteFacts): DependencyStatus {
    if (edge.verdict !== undefined) return SAID[edge.verdict];
    if (isLost(known)) return 'failed';
    if (SATISFIED[edge.type](edge, known)) return 'satisfied';
    return edge.type === 'data' && isCompleted(known) ? 'failed' : 'pending';
  }

  test('as the contract says, whatever its kind and its prerequisite', () => {
    fc.assert(
      fc.property(edges, facts, (given, known) => {
        const edge = anEdge({ taskId: 'b', prerequisiteId: 'a', ...given });

        expect(judge(edge, known)).toBe(byTheContract(given, known));
      }),
      { numRuns: 1000 },
    );
  });

  test('without looking at the status that it had', () => {
    fc.assert(
      fc.property(edges, facts, fc.constantFrom('pending', 'satisfied', 'failed', 'waived'), (given, known, status) => {
        const edge = anEdge({ taskId: 'b', prerequisiteId: 'a', ...given });

        expect(judge({ ...edge, status }, known)).toBe(judge(edge, known));
      }),
    );
  });

  test('as unmet while it is pending or failed', () => {
    const unmet = (['pending', 'satisfied', 'failed', 'waived'] as const).filter(isUnmet);

    expect(unmet).toEqual(['pending', 'failed']);
  });
});

describe('an edge as a sentence', () => {
  test.each([
    ['completion', 'Implement X waits for Design X to be completed'],
    ['data', 'Implement X waits for Design X to record its work'],
    ['approval', 'Implement X waits for Design X to be approved'],
  ] as const)('of kind %s', (type, sentence) => {
    expect(asSentence({ type }, { task: 'Implement X', prerequisite: 'Design X' })).toBe(sentence);
  });
});

describe('the waves of an order', () => {
  const wavesOf = (graph: Graph) => waves([...graph.keys()], (id) => graph.get(id) ?? []);

  test('hold every task that is in no circle and waits for none that is, the others are left', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { waves: groups, circle } = wavesOf(graph);
        const isCaught = (id: string) => [id, ...reached(graph, [id])].some((one) => reached(graph, [one]).has(one));

        expect(groups.flat().toSorted()).toEqual([...graph.keys()].filter((id) => !isCaught(id)).toSorted());
        expect([...circle].toSorted()).toEqual([...graph.keys()].filter(isCaught).toSorted());
      }),
      { numRuns: 500 },
    );
  });

  test('put each task into the first wave after all that it waits for', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { waves: groups } = wavesOf(graph);
        const waveOf = new Map(groups.flatMap((group, wave) => group.map((id) => [id, wave])));

        for (const [id, wave] of waveOf) {
          const before = (graph.get(id) ?? []).map((other) => waveOf.get(other) ?? -1);
          expect(wave).toBe(Math.max(-1, ...before) + 1);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('leave out of account what lies outside', () => {
    expect(waves(['a'], () => ['elsewhere'])).toEqual({ waves: [['a']], circle: [] });
  });
});
