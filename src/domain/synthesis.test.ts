import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anArtifact, anEdge, aTask } from '../../test/store-contract/given.ts';
import type { Dependency } from './dependencies.ts';
import type { NoteKind } from './note.ts';
import { asDocument, completedLeaves, type PlanRecord, remaining, synthesize } from './synthesis.ts';
import type { Task } from './task.ts';

const plan = aTask({ id: 'task_plan', title: 'Build it', type: 'plan', standing: { children: 3 } });
const record = (given: Partial<PlanRecord>): PlanRecord => ({
  plan,
  descendants: [],
  edges: [],
  artifacts: [],
  notes: [],
  ...given,
});
const done = (id: string, more: Partial<Task> = {}) =>
  aTask({ id, parentId: 'task_plan', title: id, stage: 'completed', ...more });
const aNote = (kind: NoteKind, text: string) => ({ seq: 1, taskId: 'a', kind, text, sessionId: 's', at: 1 });

/**
 * Trees two levels deep with edges that make no circle: a task's place decides what it may wait for. A parent stands
 * after its subtasks, so edges lead from later to earlier tasks only, and never from inside a parent to itself.
 */
const worlds = fc
  .record({
    parents: fc.array(fc.nat({ max: 2 }), { minLength: 2, maxLength: 9 }),
    edges: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 }),
    specialists: fc.array(fc.constantFrom('architect', 'tester', undefined), { minLength: 9, maxLength: 9 }),
    shuffle: fc.nat(),
  })
  .map(({ parents, edges, specialists, shuffle }) => {
    const groups = ['g0', 'g1'];
    const leaves = parents.map((parent, place) =>
      done(`leaf_${place}`, {
        parentId: groups[parent] ?? 'task_plan',
        ...(specialists[place] !== undefined && { specialist: specialists[place] }),
      }),
    );
    const inner = groups.map((id) =>
      done(id, {
        parentId: 'task_plan',
        standing: { ...plan.standing, children: leaves.filter((leaf) => leaf.parentId === id).length },
      }),
    );
    const used = inner.filter((group) => group.standing.children > 0);
    const tasks = [...used, ...leaves];
    const rotated = [...tasks.slice(shuffle % tasks.length), ...tasks.slice(0, shuffle % tasks.length)];
    const made = edges.flatMap(([a, b]): Dependency[] => {
      const [from, to] = [tasks[a % tasks.length], tasks[b % tasks.length]];
      return from === undefined || to === undefined ? [] : [anEdge({ taskId: from.id, prerequisiteId: to.id })];
    });
    return { descendants: rotated, edges: withoutCircles(rotated, made) };
  });

/** What a task waits for: its prerequisites, those of its parent, and its subtasks. */
function waitsFor(id: string, tasks: readonly Task[], edges: readonly Dependency[]): readonly string[] {
  const task = tasks.find((one) => one.id === id);
  const own = edges.filter(({ taskId }) => taskId === id || taskId === task?.parentId);
  return [
    ...own.map(({ prerequisiteId }) => prerequisiteId),
    ...tasks.filter((one) => one.parentId === id).map((one) => one.id),
  ];
}

function reaches(from: string, to: string, tasks: readonly Task[], edges: readonly Dependency[]): boolean {
  const seen = new Set(waitsFor(from, tasks, edges));
  for (const id of seen) for (const next of waitsFor(id, tasks, edges)) seen.add(next);
  return seen.has(to);
}

/** The edges one by one, leaving out each that would close a circle. */
function withoutCircles(tasks: readonly Task[], edges: readonly Dependency[]): readonly Dependency[] {
  const kept: Dependency[] = [];
  for (const edge of edges) {
    const tried = [...kept, edge];
    if (!tasks.some(({ id }) => reaches(id, id, tasks, tried))) kept.push(edge);
  }
  return kept;
}

describe('the order of a synthesis', () => {
  test('puts every task after all that it waits for, through parents and subtasks as well', () => {
    fc.assert(
      fc.property(worlds, ({ descendants, edges }) => {
        const { keyDeliverables } = synthesize(record({ descendants, edges }));

        const place = (id: string) => keyDeliverables.indexOf(id);
        for (const first of keyDeliverables) {
          for (const second of keyDeliverables) {
            if (reaches(second, first, descendants, edges)) expect(place(first)).toBeLessThan(place(second));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('holds each completed leaf once', () => {
    fc.assert(
      fc.property(worlds, ({ descendants, edges }) => {
        const { keyDeliverables } = synthesize(record({ descendants, edges }));

        const leaves = descendants.filter(({ standing }) => standing.children === 0).map(({ id }) => id);
        expect(keyDeliverables.toSorted()).toEqual(leaves.toSorted());
      }),
    );
  });

  test('is by specialist among those that could run at once', () => {
    const descendants = [done('a', { specialist: 'tester' }), done('b', { specialist: 'architect' })];

    expect(synthesize(record({ descendants })).keyDeliverables).toEqual(['b', 'a']);
  });

  test('is the order of what remains, too', () => {
    const descendants = [done('a', { stage: 'ready' }), done('b', { stage: 'ready' })];
    const edges = [anEdge({ taskId: 'a', prerequisiteId: 'b' })];

    expect(remaining({ descendants, edges }).map(({ id }) => id)).toEqual(['b', 'a']);
  });
});

describe('what is counted', () => {
  const descendants = [
    done('done'),
    done('archived', { stage: 'archived', archivedFrom: 'completed' }),
    done('failed', { stage: 'failed' }),
    done('cancelled', { stage: 'cancelled' }),
    done('open', { stage: 'active' }),
    done('parent', { stage: 'review', standing: { ...plan.standing, children: 1 } }),
  ];

  test('completed are leaves that are, or were before they were archived', () => {
    expect(completedLeaves({ descendants }).map(({ id }) => id)).toEqual(['done', 'archived']);
  });

  test('what remains are open leaves and parents that are not yet synthesized', () => {
    expect(remaining({ descendants, edges: [] }).map(({ id }) => id)).toEqual(['open', 'parent']);
  });

  test('the overview tells how many are completed, failed and open, and by whom', () => {
    const named = descendants.map((task) => ({ ...task, specialist: 'tester' }));

    expect(synthesize(record({ descendants: named })).overview).toBe(
      '2 of 4 subtasks completed by tester, 1 failed, 1 open.',
    );
  });

  test('artifacts are those that hand work on, in the order of the work and of their making', () => {
    const artifacts = [
      anArtifact({ id: 'artifact_1', taskId: 'b' }),
      anArtifact({ id: 'artifact_2', taskId: 'a', outcome: 'needs_revision' }),
      anArtifact({ id: 'artifact_3', taskId: 'a', outcome: 'kept' }),
      anArtifact({ id: 'artifact_4', taskId: 'a', outcome: 'continue' }),
      anArtifact({ id: 'artifact_5', taskId: 'a', outcome: 'complete' }),
    ];
    const edges = [anEdge({ taskId: 'b', prerequisiteId: 'a' })];

    const account = synthesize(record({ descendants: [done('b'), done('a')], edges, artifacts }));

    expect(account.artifacts.map(({ id }) => id)).toEqual(['artifact_4', 'artifact_5', 'artifact_1']);
  });

  test('a deliverable is told with the summary of the last work handed on', () => {
    const artifacts = [
      anArtifact({ id: 'artifact_1', taskId: 'a', summary: 'First' }),
      anArtifact({ id: 'artifact_2', taskId: 'a', summary: 'Second' }),
      anArtifact({ id: 'artifact_3', taskId: 'a', summary: 'Broken', outcome: 'kept' }),
    ];

    expect(synthesize(record({ descendants: [done('a')], artifacts })).keyDeliverables).toEqual(['a: Second']);
  });
});

describe('what is to be done next', () => {
  test('is what is open, what failed, then risks and questions', () => {
    const descendants = [
      done('a', { stage: 'ready' }),
      done('b', { stage: 'failed' }),
      done('c', { stage: 'cancelled' }),
    ];
    const notes = [
      aNote('question', 'Who pays?'),
      aNote('risk', 'It may rain'),
      aNote('progress', 'Half'),
      aNote('decision', 'No'),
    ];

    const { nextSteps } = synthesize(record({ descendants, notes }));

    expect(nextSteps).toEqual([
      'Finish "a" (a)',
      'Take up again "b" (b)',
      'Watch the risk: It may rain',
      'Answer: Who pays?',
    ]);
  });
});

describe('the account as a document', () => {
  test('says what was built, decided, made and left', () => {
    const artifact = anArtifact({
      id: 'artifact_1',
      taskId: 'a',
      summary: 'One queue',
      filePaths: [{ path: 'src/queue.ts', isOutside: false }],
    });
    const given = record({
      descendants: [done('a', { title: 'Design' })],
      artifacts: [artifact],
      notes: [aNote('risk', 'It may\nrain'), aNote('decision', 'One queue per host')],
    });

    expect(asDocument(given, synthesize(given))).toBe(
      [
        '# Build it',
        '1 of 1 subtasks completed. Decisions: One queue per host.',
        '## Deliverables\n\n- Design: One queue',
        '## Artifacts\n\n- Design: `.task_orchestrator/artifacts/a/artifact_1.md`',
        '## Files\n\n- `src/queue.ts`',
        '## Next steps\n\n- Watch the risk: It may rain\n',
      ].join('\n\n'),
    );
  });

  test('leaves out what there is nothing of', () => {
    const given = record({ descendants: [done('a')] });

    expect(asDocument(given, synthesize(given))).not.toContain('## Files');
  });
});
