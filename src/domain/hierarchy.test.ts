import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aTask } from '../../test/store-contract/given.ts';
import { contribution, planProgress, progress, stageFromChildren } from './hierarchy.ts';
import { STAGES, type Stage } from './lifecycle.ts';
import type { Task } from './task.ts';

/** A tree as it is, without counters. */
type Tree = { stage: Stage; archivedFrom: Stage | undefined; below: readonly Tree[] };

const stage = fc.constantFrom(...STAGES);
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    stage,
    archivedFrom: fc.option(
      stage.filter((one) => one !== 'archived' && one !== 'superseded'),
      { nil: undefined },
    ),
    below: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('tree'), { maxLength: 4 }),
    ),
  }),
}));

const leavesOf = (one: Tree): readonly Tree[] => (one.below.length === 0 ? [one] : one.below.flatMap(leavesOf));
const endOf = ({ stage: now, archivedFrom }: Tree) =>
  now === 'archived' || now === 'superseded' ? (archivedFrom ?? now) : now;

/** As the contract says: cancelled and superseded leaves leave the total, archived ones count as what they were. */
function count(root: Tree): { total: number; completed: number } {
  const counted = leavesOf(root).filter(
    (leaf) => leaf.stage !== 'superseded' && endOf(leaf) !== 'cancelled' && endOf(leaf) !== 'superseded',
  );
  return { total: counted.length, completed: counted.filter((leaf) => endOf(leaf) === 'completed').length };
}

const OPEN: readonly Stage[] = ['draft', 'ready', 'active', 'blocked', 'review'];

/** The task at the root, its counters summed up from its children's contributions one level at a time. */
function summed(one: Tree): Task {
  const children = one.below.map(summed);
  const total = (of: (task: Task) => number) => children.reduce((sum, child) => sum + of(child), 0);
  return aTask({
    id: 'task_a',
    stage: one.stage,
    archivedFrom: one.stage === 'archived' || one.stage === 'superseded' ? one.archivedFrom : undefined,
    standing: {
      children: children.length,
      openChildren: one.below.filter((child) => OPEN.includes(child.stage)).length,
      completedChildren: one.below.filter((child) => endOf(child) === 'completed').length,
      leaves: total((child) => contribution(child).leaves),
      completedLeaves: total((child) => contribution(child).completedLeaves),
    },
  });
}

describe('what a subtree adds to the progress above it', () => {
  test('is the number of its leaves that count, and of those completed, at any depth', () => {
    fc.assert(
      fc.property(tree, (root) => {
        const { total, completed } = count(root);

        expect(contribution(summed(root))).toEqual({ leaves: total, completedLeaves: completed });
      }),
      { numRuns: 500 },
    );
  });

  test.each<[Stage, Stage | undefined, number, number]>([
    ['ready', undefined, 1, 0],
    ['completed', undefined, 1, 1],
    ['failed', undefined, 1, 0],
    ['cancelled', undefined, 0, 0],
    ['superseded', 'completed', 0, 0],
    ['archived', 'completed', 1, 1],
    ['archived', 'failed', 1, 0],
    ['archived', 'cancelled', 0, 0],
    ['archived', 'ready', 1, 0],
  ])('of a leaf that is %s (from %s) is %d, %d of it completed', (one, archivedFrom, leaves, completedLeaves) => {
    expect(contribution(aTask({ id: 'a', stage: one, archivedFrom }))).toEqual({ leaves, completedLeaves });
  });
});

describe('progress', () => {
  test('has one decimal, is 100 exactly when all is done, and 0 exactly when nothing is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat({ max: 500 }), (leaves, done) => {
        const completedLeaves = Math.min(leaves, done);

        const { percentage, completed, total } = progress({ leaves, completedLeaves });

        expect([completed, total]).toEqual([completedLeaves, leaves]);
        expect(Math.abs(percentage - (completedLeaves * 100) / leaves)).toBeLessThanOrEqual(0.05 + 1e-9);
        expect(String(percentage)).toMatch(/^\d{1,3}(\.\d)?$/);
        expect(percentage === 100).toBe(completedLeaves === leaves);
        expect(percentage === 0).toBe(completedLeaves === 0);
      }),
    );
  });

  test('of nothing is nothing', () => {
    expect(progress({ leaves: 0, completedLeaves: 0 })).toEqual({ completed: 0, total: 0, percentage: 0 });
  });

  test.each<[Stage, string]>([
    ['draft', 'not_started'],
    ['ready', 'not_started'],
    ['active', 'in_progress'],
    ['blocked', 'in_progress'],
    ['review', 'ready_to_synthesize'],
    ['completed', 'completed'],
  ])('of a plan that is %s is %s in a word', (one, word) => {
    expect(planProgress(aTask({ id: 'a', stage: one, standing: { children: 1 } }))).toBe(word);
  });
});

describe('the stage that subtasks give their parent', () => {
  const parents = fc.record({
    stage,
    children: fc.integer({ min: 1, max: 3 }),
    open: fc.nat({ max: 3 }),
    completed: fc.nat({ max: 3 }),
    childStage: stage,
  });

  /** When all have ended and at least one is completed, a parent goes to review, through active; else it goes to work. */
  const UP_FOR_REVIEW: Partial<Record<Stage, Stage>> = { draft: 'active', ready: 'active', active: 'review' };
  const GOES_TO_WORK: Partial<Record<Stage, Stage>> = { draft: 'active', ready: 'active' };
  const BACK_TO_WORK: Partial<Record<Stage, Stage>> = { review: 'active' };

  function byTheContract({ stage: now, standing }: Task, childStage: Stage): Stage | undefined {
    const { openChildren, completedChildren } = standing;
    if (openChildren === 0 && completedChildren > 0) return UP_FOR_REVIEW[now];
    const begun = childStage === 'active' || childStage === 'completed' ? GOES_TO_WORK[now] : undefined;
    return begun ?? (openChildren > 0 ? BACK_TO_WORK[now] : undefined);
  }

  test('follows the sentences of the contract', () => {
    fc.assert(
      fc.property(parents, ({ stage: now, children, open, completed, childStage }) => {
        const openChildren = Math.min(open, children);
        const completedChildren = Math.min(completed, children - openChildren);
        const parent = aTask({ id: 'a', stage: now, standing: { children, openChildren, completedChildren } });

        expect(stageFromChildren(parent, childStage)).toBe(byTheContract(parent, childStage));
      }),
      { numRuns: 500 },
    );
  });

  test('comes to rest after two steps at the most', () => {
    fc.assert(
      fc.property(parents, ({ stage: now, children, open, completed, childStage }) => {
        const openChildren = Math.min(open, children);
        const completedChildren = Math.min(completed, children - openChildren);
        let parent = aTask({ id: 'a', stage: now, standing: { children, openChildren, completedChildren } });

        for (let step = 0; step < 2; step++)
          parent = { ...parent, stage: stageFromChildren(parent, childStage) ?? parent.stage };

        expect(stageFromChildren(parent, childStage)).toBeUndefined();
      }),
    );
  });

  test('is none for a task without subtasks', () => {
    expect(stageFromChildren(aTask({ id: 'a', stage: 'ready' }), 'active')).toBeUndefined();
  });
});
