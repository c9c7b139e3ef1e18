import { type Dependency, type DependencyStatus, isUnmet, judge, type PrerequisiteFacts } from './dependencies.ts';
import { contributionOfLeaf } from './hierarchy.ts';
import { endedAs, isEnded, isOpen } from './lifecycle.ts';
import { closesGate, isActionable } from './readiness.ts';
import type { Standing, Task } from './task.ts';

/** A task below another, at any depth. */
export type Descendant = Pick<Task, 'id' | 'parentId' | 'stage' | 'archivedFrom'>;
/** A task that is named as an ancestor; one that is lost or deleted is not there, and nothing is known above it. */
export type Ancestor = Readonly<{ id: string }> &
  (
    | Readonly<{ isThere: false }>
    | (Readonly<{ isThere: true; unmet: number; waiters: number }> & Pick<Task, 'parentId' | 'stage'>)
  );
/** What edges onto a task are judged by. */
export type Prerequisite = Pick<Task, 'id' | 'stage' | 'archivedFrom' | 'type'> &
  Pick<PrerequisiteFacts, 'isDeleted' | 'artifactTypes'>;

/** A task and all rows that its standing follows from, as they are themselves. */
export type StructureFacts = Readonly<{
  task: Pick<Task, 'id' | 'parentId' | 'stage' | 'type' | 'archivedFrom' | 'standing'>;
  below: readonly Descendant[];
  above: readonly Ancestor[];
  /** A prerequisite is undefined where there is no such task, not even a deleted one. */
  edges: readonly Readonly<{ edge: Dependency; prerequisite: Prerequisite | undefined }>[];
  /** Open tasks that have a pending edge onto it. */
  waiting: number;
}>;

export type Counted = Omit<Standing, 'actionableSince'>;

/** A task's counters, counted anew from the rows. */
export function counted({ task, below, above, edges, waiting }: StructureFacts): Counted {
  const children = below.filter(({ parentId }) => parentId === task.id);
  const parents = new Set(below.map(({ parentId }) => parentId));
  const leaves = below.filter(({ id }) => !parents.has(id)).map(contributionOfLeaf);
  return {
    children: children.length,
    openChildren: children.filter(({ stage }) => isOpen(stage)).length,
    completedChildren: children.filter((child) => endedAs(child) === 'completed').length,
    leaves: leaves.reduce((total, one) => total + one.leaves, 0),
    completedLeaves: leaves.reduce((total, one) => total + one.completedLeaves, 0),
    unmet: edges.filter(({ edge }) => isUnmet(edge.status)).length,
    failed: edges.filter(({ edge }) => edge.status === 'failed').length,
    gatesAbove: above.filter((one) => one.isThere && closesGate({ stage: one.stage, standing: one })).length,
    waiters: waiting,
  };
}

/** The standing that a task should have; one that can be taken and was not on offer is so from `at`. */
export function standingOf(facts: StructureFacts, at: number): Standing {
  const counters = counted(facts);
  const isOffered = isActionable({ ...facts.task, standing: counters });
  return { ...counters, actionableSince: isOffered ? (facts.task.standing.actionableSince ?? at) : undefined };
}

/** What is wrong with a task's counters, one sentence a counter. */
export function wrongCounters(facts: StructureFacts): readonly string[] {
  const { standing } = facts.task;
  const { actionableSince, ...right } = standingOf(facts, 0);
  const wrong = COUNTERS.filter((counter) => standing[counter] !== right[counter]).map(
    (counter) => `${counter} says ${standing[counter]} instead of ${right[counter]}`,
  );
  if ((actionableSince === undefined) === (standing.actionableSince === undefined)) return wrong;
  return [
    ...wrong,
    actionableSince === undefined ? 'it is on offer and cannot be taken' : 'it can be taken and is not on offer',
  ];
}

const COUNTERS = [
  'children',
  'openChildren',
  'completedChildren',
  'leaves',
  'completedLeaves',
  'unmet',
  'failed',
  'gatesAbove',
  'waiters',
] as const satisfies readonly (keyof Counted)[];

/** The parent that a task names and that is not there. */
export function lostParent({ task, above }: Pick<StructureFacts, 'task' | 'above'>): string | undefined {
  const parent = above.find(({ id }) => id === task.parentId);
  return parent?.isThere === false ? parent.id : undefined;
}

/** Whether the way up never ends, so that nothing above or below can be told for sure. */
export const isCircular = (above: readonly Ancestor[]): boolean =>
  above.length > 0 && above.every((one) => one.isThere && one.parentId !== undefined);

export const danglingEdges = ({ edges }: Pick<StructureFacts, 'edges'>): readonly Dependency[] =>
  edges.filter(({ prerequisite }) => prerequisite === undefined).map(({ edge }) => edge);

type Misjudged = Readonly<{ edge: Dependency; status: DependencyStatus }>;

/** Edges whose status is not the one that their prerequisite gives them, with that one. */
export const misjudgedEdges = ({ edges }: Pick<StructureFacts, 'edges'>): readonly Misjudged[] =>
  edges.flatMap(({ edge, prerequisite }) => {
    if (prerequisite === undefined) return [];
    const status = judge(edge, { ...prerequisite, task: prerequisite });
    return status === edge.status ? [] : [{ edge, status }];
  });

/** The open child that a task's own stage rules out: one that has ended, or waits to be put together, has none. */
export function openChildAmiss({ task, below }: Pick<StructureFacts, 'task' | 'below'>): string | undefined {
  if (!isEnded(task.stage) && task.stage !== 'review') return undefined;
  return below.find(({ parentId, stage }) => parentId === task.id && isOpen(stage))?.id;
}
