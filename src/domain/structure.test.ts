import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dependency, DependencyStatus } from './dependencies.ts';
import { isOpen, STAGES, type Stage } from './lifecycle.ts';
import {
  counted,
  isCircular,
  lostParent,
  misjudgedEdges,
  openChildAmiss,
  type StructureFacts,
  standingOf,
  wrongCounters,
} from './structure.ts';
import { NEW_STANDING } from './task.ts';

/** A row as a store holds it, with what a test knows beside it. */
type Row = Readonly<{ id: string; parentId: string | undefined; stage: Stage; archivedFrom: Stage | undefined }>;
type World = Readonly<{ rows: readonly Row[]; edges: readonly Dependency[] }>;

const anEdge = (taskId: string, prerequisiteId: string, status: DependencyStatus): Dependency => ({
  taskId,
  prerequisiteId,
  type: 'completion',
  artifactType: undefined,
  description: undefined,
  status,
  verdict: undefined,
});

/** A forest, its parents before their children, with edges in any direction. */
const world: fc.Arbitrary<World> = fc
  .record({
    rows: fc.array(
      fc.record({
        above: fc.nat(30),
        isTop: fc.boolean(),
        stage: fc.constantFrom(...STAGES),
        was: fc.constantFrom(...STAGES),
      }),
      { minLength: 1, maxLength: 12 },
    ),
    edges: fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.constantFrom('pending', 'satisfied', 'failed', 'waived')), {
      maxLength: 12,
    }),
  })
  .map(({ rows, edges }) => ({
    rows: rows.map(({ above, isTop, stage, was }, place) => ({
      id: `t${place}`,
      parentId: isTop || place === 0 ? undefined : `t${above % place}`,
      stage,
      archivedFrom: stage === 'archived' || stage === 'superseded' ? was : undefined,
    })),
    edges: edges.map(([from, to, status]) => anEdge(`t${from % rows.length}`, `t${to % rows.length}`, status)),
  }));

const childrenOf = ({ rows }: World, id: string) => rows.filter(({ parentId }) => parentId === id);
const allBelow = (w: World, id: string): readonly Row[] =>
  childrenOf(w, id).flatMap((child) => [child, ...allBelow(w, child.id)]);
const unmetOf = ({ edges }: World, id: string) =>
  edges.filter((edge) => edge.taskId === id && (edge.status === 'pending' || edge.status === 'failed')).length;

function above(w: World, row: Row): StructureFacts['above'] {
  const parent = w.rows.find(({ id }) => id === row.parentId);
  if (parent === undefined) return [];
  const { id, parentId, stage } = parent;
  return [{ id, isThere: true, parentId, stage, unmet: unmetOf(w, id), waiters: 0 }, ...above(w, parent)];
}

function factsOf(w: World, row: Row): StructureFacts {
  const open = new Set(w.rows.filter(({ stage }) => isOpen(stage)).map(({ id }) => id));
  const waiting = w.edges.filter((edge) => edge.prerequisiteId === row.id && edge.status === 'pending');
  return {
    task: { ...row, type: 'custom', standing: NEW_STANDING },
    below: allBelow(w, row.id),
    above: above(w, row),
    edges: w.edges.filter(({ taskId }) => taskId === row.id).map((edge) => ({ edge, prerequisite: undefined })),
    waiting: new Set(waiting.map(({ taskId }) => taskId).filter((id) => open.has(id))).size,
  };
}

/** What a stage counts as when it ended, said once more. */
const endOf = ({ stage, archivedFrom }: Row) => archivedFrom ?? stage;

/** The counters, counted by walking the whole world for each of them. */
function oracle(w: World, row: Row) {
  const children = childrenOf(w, row.id);
  const leaves = allBelow(w, row.id).filter(({ id }) => childrenOf(w, id).length === 0);
  const counting = leaves.filter(
    (leaf) => leaf.stage !== 'superseded' && !['cancelled', 'superseded'].includes(endOf(leaf)),
  );
  const isGate = ({ id, stage }: Row) => unmetOf(w, id) > 0 || stage === 'blocked' || !isOpen(stage);
  const ancestors = above(w, row).flatMap(({ id }) => w.rows.filter((one) => one.id === id));
  return {
    children: children.length,
    openChildren: children.filter(({ stage }) => isOpen(stage)).length,
    completedChildren: children.filter((child) => endOf(child) === 'completed').length,
    leaves: counting.length,
    completedLeaves: counting.filter((leaf) => endOf(leaf) === 'completed').length,
    unmet: unmetOf(w, row.id),
    failed: w.edges.filter((edge) => edge.taskId === row.id && edge.status === 'failed').length,
    gatesAbove: ancestors.filter(isGate).length,
    waiters: w.rows.filter(
      ({ id, stage }) =>
        isOpen(stage) &&
        w.edges.some((edge) => edge.taskId === id && edge.prerequisiteId === row.id && edge.status === 'pending'),
    ).length,
  };
}

describe('counters', () => {
  test('counted from the rows they are what walking everything gives', () => {
    fc.assert(
      fc.property(world, (w) => {
        for (const row of w.rows) expect(counted(factsOf(w, row))).toEqual(oracle(w, row));
      }),
      { numRuns: 500 },
    );
  });

  test('a corrected standing has nothing wrong with it, and any other has', () => {
    const counter = fc.constantFrom('children', 'openChildren', 'leaves', 'unmet', 'gatesAbove', 'waiters');
    fc.assert(
      fc.property(world, counter, fc.integer({ min: 1, max: 3 }), (w, name, error) => {
        for (const row of w.rows) {
          const facts = factsOf(w, row);
          const standing = standingOf(facts, 5);
          const withStanding = (value: typeof standing) => ({ ...facts, task: { ...facts.task, standing: value } });

          expect(wrongCounters(withStanding(standing))).toEqual([]);
          expect(wrongCounters(withStanding({ ...standing, [name]: standing[name] + error }))).not.toEqual([]);
        }
      }),
    );
  });

  test('a task that can be taken and is not on offer is named, as is the reverse', () => {
    const row: Row = { id: 't0', parentId: undefined, stage: 'ready', archivedFrom: undefined };
    const facts = factsOf({ rows: [row], edges: [] }, row);
    const active = { ...facts.task, stage: 'active' as const, standing: { ...NEW_STANDING, actionableSince: 1 } };

    expect(wrongCounters(facts)).toEqual(['it can be taken and is not on offer']);
    expect(wrongCounters({ ...facts, task: active })).toEqual(['it is on offer and cannot be taken']);
  });

  test('what was on offer stays so since then', () => {
    const row: Row = { id: 't0', parentId: undefined, stage: 'ready', archivedFrom: undefined };
    const facts = factsOf({ rows: [row], edges: [] }, row);

    expect(standingOf(facts, 9).actionableSince).toBe(9);
    const offered = { ...facts.task, standing: { ...NEW_STANDING, actionableSince: 3 } };
    expect(standingOf({ ...facts, task: offered }, 9).actionableSince).toBe(3);
  });
});

describe('families', () => {
  const task = {
    id: 'a',
    parentId: 'b',
    stage: 'ready',
    type: 'custom',
    archivedFrom: undefined,
    standing: NEW_STANDING,
  } as const;
  const there = (id: string, parentId: string | undefined) =>
    ({ id, isThere: true, parentId, stage: 'ready', unmet: 0, waiters: 0 }) as const;

  test('a parent is lost where it is not there, however the way goes on', () => {
    expect(lostParent({ task, above: [{ id: 'b', isThere: false }] })).toBe('b');
    expect(lostParent({ task, above: [there('b', 'c'), { id: 'c', isThere: false }] })).toBeUndefined();
    expect(lostParent({ task: { ...task, parentId: undefined }, above: [] })).toBeUndefined();
  });

  test('the way up is a circle where it has no end', () => {
    expect(isCircular([])).toBe(false);
    expect(isCircular([there('b', 'c'), there('c', undefined)])).toBe(false);
    expect(isCircular([there('b', 'c'), { id: 'c', isThere: false }])).toBe(false);
    expect(isCircular([there('b', 'c'), there('c', 'b')])).toBe(true);
  });

  test('an open child is amiss under a parent that ended or is in review', () => {
    const below = [
      { id: 'x', parentId: 'a', stage: 'completed', archivedFrom: undefined },
      { id: 'y', parentId: 'a', stage: 'draft', archivedFrom: undefined },
    ] as const;
    const amiss = STAGES.filter((stage) => openChildAmiss({ task: { ...task, stage }, below }) === 'y');

    expect(amiss).toEqual(['review', 'completed', 'failed', 'cancelled', 'archived', 'superseded']);
    expect(openChildAmiss({ task: { ...task, stage: 'review' }, below: below.slice(0, 1) })).toBeUndefined();
    const grandchild = { id: 'z', parentId: 'x', stage: 'ready', archivedFrom: undefined } as const;
    expect(openChildAmiss({ task: { ...task, stage: 'review' }, below: [grandchild] })).toBeUndefined();
  });
});

test('an edge is misjudged where its prerequisite gives it another status', () => {
  const prerequisite = {
    id: 'p',
    stage: 'completed',
    archivedFrom: undefined,
    type: 'custom',
    isDeleted: false,
    artifactTypes: [],
  } as const;
  const facts = (status: DependencyStatus, more: object = {}) => ({
    edges: [{ edge: { ...anEdge('a', 'p', status), ...more }, prerequisite }],
  });

  expect(misjudgedEdges(facts('satisfied'))).toEqual([]);
  expect(misjudgedEdges(facts('pending'))).toMatchObject([{ status: 'satisfied' }]);
  expect(misjudgedEdges(facts('satisfied', { verdict: 'rejected' }))).toMatchObject([{ status: 'failed' }]);
  expect(misjudgedEdges({ edges: [{ edge: anEdge('a', 'lost', 'failed'), prerequisite: undefined }] })).toEqual([]);
});
