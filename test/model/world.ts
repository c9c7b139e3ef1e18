import type { DependencyStatus, DependencyType, Verdict } from '../../src/domain/dependencies.ts';
import type { Stage } from '../../src/domain/lifecycle.ts';
import type { Standing } from '../../src/domain/task.ts';

/**
 * The contract as a small world in memory. It shares no code with the domain, and it keeps no counters:
 * readiness, progress and order are found by walking everything at each question.
 */
export type Piece = {
  id: string;
  parent: string | undefined;
  type: string;
  specialist: string | undefined;
  /** From 0, low, to 3, critical. */
  priority: number;
  stage: Stage;
  endedAs: Stage | undefined;
  version: number;
  createdAt: number;
  startedAt: number | undefined;
  completedAt: number | undefined;
  /** Since when it could be taken without a break. */
  offeredSince: number | undefined;
  /** Whether it waited for something of its own when this was last looked at. */
  isWaiting: boolean;
  isSynthesized: boolean;
  handsOn: boolean;
  /** Pieces of work that were recorded, refused ones included, and how many of them were given up with the task. */
  artifacts: number;
  givenUp: number;
  template: string | undefined;
  /** Its place in the order in which everything was made. */
  born: number;
};
export type Edge = { task: string; prerequisite: string; type: DependencyType; verdict: Verdict | undefined };
export type Hold = { id: string; task: string; holder: string; leaseMs: number; until: number; takenAt: number };
export type Deleted = { one: Piece; root: string; isOrphan: boolean };
export type World = {
  now: number;
  born: number;
  pieces: Map<string, Piece>;
  /** What was deleted, by id, each with the task whose deletion took it along. */
  trash: Map<string, Deleted>;
  /** Ids of what is gone for good. */
  purged: Set<string>;
  /** Those of deleted tasks included. */
  edges: Edge[];
  holds: Map<string, Hold>;
  /** By session the process that it last wrote through; none once that has ended. */
  sessions: Map<string, string | undefined>;
  /** Ids that were put on offer by the operation at hand. */
  appeared: Set<string>;
};

export const emptyWorld = (now: number): World => ({
  now,
  born: 0,
  pieces: new Map(),
  trash: new Map(),
  purged: new Set(),
  edges: [],
  holds: new Map(),
  sessions: new Map(),
  appeared: new Set(),
});

type NewPiece = Pick<Piece, 'id' | 'parent' | 'type' | 'priority'> &
  Partial<Pick<Piece, 'specialist' | 'stage' | 'template'>>;

export function addPiece(world: World, given: NewPiece): void {
  world.pieces.set(given.id, {
    specialist: undefined,
    stage: 'ready',
    endedAs: undefined,
    version: 1,
    createdAt: world.now,
    startedAt: undefined,
    completedAt: undefined,
    offeredSince: undefined,
    isWaiting: false,
    isSynthesized: false,
    handsOn: false,
    artifacts: 0,
    givenUp: 0,
    template: undefined,
    born: world.born,
    ...given,
  });
  world.born += 1;
}

export const piece = (world: World, id: string): Piece => {
  const found = world.pieces.get(id);
  if (found === undefined) throw new Error(`the world has no ${id}`);
  return found;
};

/** A task, deleted or not. */
export const known = (world: World, id: string): Piece => world.trash.get(id)?.one ?? piece(world, id);

const ENDED: readonly Stage[] = ['completed', 'failed', 'cancelled', 'archived', 'superseded'];
export const hasEnded = ({ stage }: Piece) => ENDED.includes(stage);
export const isOpen = (one: Piece) => !hasEnded(one);
/** What an ended task ended as; an archived one counts as what it was. */
export const endOf = (one: Piece) => (one.stage === 'archived' || one.stage === 'superseded' ? one.endedAs : one.stage);

export const children = (world: World, id: string) => [...world.pieces.values()].filter(({ parent }) => parent === id);
export const isLeaf = (world: World, { id }: Piece) => children(world, id).length === 0;
export const descendants = (world: World, id: string): readonly Piece[] =>
  children(world, id).flatMap((child) => [child, ...descendants(world, child.id)]);
export const ancestors = (world: World, { parent }: Piece): readonly Piece[] =>
  parent === undefined ? [] : [piece(world, parent), ...ancestors(world, piece(world, parent))];

export function edgeStatus(world: World, edge: Edge): DependencyStatus {
  if (edge.verdict === 'approved') return 'satisfied';
  if (edge.verdict === 'rejected') return 'failed';
  if (edge.verdict === 'waived') return 'waived';
  const prerequisite = world.pieces.get(edge.prerequisite);
  if (prerequisite === undefined) return 'failed';
  if (hasEnded(prerequisite) && endOf(prerequisite) !== 'completed') return 'failed';
  if (edge.type === 'data' && prerequisite.handsOn) return 'satisfied';
  if (isOpen(prerequisite)) return 'pending';
  if (edge.type === 'data') return 'failed';
  return edge.type === 'completion' || prerequisite.type === 'approval' ? 'satisfied' : 'pending';
}

export const edgesOf = (world: World, id: string) => world.edges.filter(({ task }) => task === id);
export const unmetOf = (world: World, id: string) =>
  edgesOf(world, id).filter((edge) => ['pending', 'failed'].includes(edgeStatus(world, edge)));

const holdsBack = (world: World, one: Piece) =>
  one.stage === 'blocked' || hasEnded(one) || unmetOf(world, one.id).length > 0;

export function isActionable(world: World, one: Piece): boolean {
  const isFree = unmetOf(world, one.id).length === 0 && !ancestors(world, one).some((above) => holdsBack(world, above));
  if (!isLeaf(world, one)) return isFree && one.stage === 'review';
  return one.stage === 'ready' && isFree && one.type !== 'approval' && !world.holds.has(one.id);
}

const counted = (world: World, leaves: readonly Piece[]) =>
  leaves.filter((one) => isLeaf(world, one) && one.stage !== 'superseded' && endOf(one) !== 'cancelled');

/** How many leaves below a task count, and how many of them are completed. */
export function progressOf(world: World, id: string): Readonly<{ total: number; completed: number }> {
  const leaves = counted(world, descendants(world, id));
  return { total: leaves.length, completed: leaves.filter((one) => endOf(one) === 'completed').length };
}

/** How many open tasks wait for it, whatever the number of their edges. */
const waiters = (world: World, id: string) =>
  [...world.pieces.values()].filter(
    (one) =>
      isOpen(one) &&
      edgesOf(world, one.id).some((edge) => edge.prerequisite === id && edgeStatus(world, edge) === 'pending'),
  ).length;

/** Every counter of a task, worked out from nothing. */
export function standingOf(world: World, one: Piece): Standing {
  const below = children(world, one.id);
  const { total, completed } = progressOf(world, one.id);
  return {
    children: below.length,
    openChildren: below.filter(isOpen).length,
    completedChildren: below.filter((child) => endOf(child) === 'completed').length,
    leaves: total,
    completedLeaves: completed,
    unmet: unmetOf(world, one.id).length,
    failed: edgesOf(world, one.id).filter((edge) => edgeStatus(world, edge) === 'failed').length,
    gatesAbove: ancestors(world, one).filter((above) => holdsBack(world, above)).length,
    waiters: waiters(world, one.id),
    actionableSince: one.offeredSince,
  };
}

const DAY = 24 * 3_600_000;

/** What is on offer, sorted as the contract says it: priority raised with time, number waiting, age; else as it was made. */
export function offered(world: World): readonly Piece[] {
  return [...world.pieces.values()]
    .filter((one) => isActionable(world, one))
    .toSorted((a, b) => compareKeys(offerKeys(world, a), offerKeys(world, b)));
}

/** What the order of offers goes by, each the smaller the sooner. */
export const offerKeys = (world: World, one: Piece): readonly number[] => [
  -(one.priority + Math.floor((world.now - (one.offeredSince ?? world.now)) / DAY)),
  -waiters(world, one.id),
  one.createdAt,
];

const compareKeys = (a: readonly number[], b: readonly number[]) =>
  a.reduce((result, key, place) => result || key - (b[place] ?? 0), 0);

/** Notes since when each task is on offer, and lets parents catch up that wait no more; to be called after every single change. */
export function refresh(world: World): void {
  for (const one of world.pieces.values()) {
    const is = isActionable(world, one);
    if (is && one.offeredSince === undefined) {
      one.offeredSince = world.now;
      world.appeared.add(one.id);
    }
    if (!is) {
      one.offeredSince = undefined;
      world.appeared.delete(one.id);
    }
  }
  for (const one of world.pieces.values()) {
    const wasWaiting = one.isWaiting;
    one.isWaiting = unmetOf(world, one.id).length > 0;
    if (wasWaiting && !one.isWaiting) followChildren(world, one.id, undefined);
  }
}

/** Moves a task, and its parents as the contract says that they follow. */
export function move(world: World, id: string, to: Stage): void {
  const one = piece(world, id);
  if (one.stage === 'cancelled' && isOpen({ ...one, stage: to })) one.givenUp = 0;
  if (to === 'archived' || to === 'superseded') one.endedAs = endOf(one);
  if (to === 'active') one.startedAt ??= world.now;
  if (to === 'completed') one.completedAt = world.now;
  else if (isOpen({ ...one, stage: to })) one.completedAt = undefined;
  enter(world, one, to);
}

/** An archived or superseded task comes back as what it ended as, or else as ready. */
export function restore(world: World, id: string): void {
  const one = piece(world, id);
  enter(world, one, restoredStage(one));
  one.endedAs = undefined;
}

export const restoredStage = ({ endedAs }: Piece): Stage =>
  endedAs !== undefined && ENDED.includes(endedAs) ? endedAs : 'ready';

/** A parent does not follow its subtasks while it is blocked or put away, and catches up afterwards. */
function enter(world: World, one: Piece, to: Stage): void {
  const wasOutOfPlay = ['blocked', 'archived', 'superseded'].includes(one.stage);
  if (one.stage === 'active') world.holds.delete(one.id);
  one.stage = to;
  one.version += 1;
  refresh(world);
  if (one.parent !== undefined) followChildren(world, one.parent, to);
  if (wasOutOfPlay) followChildren(world, one.id, undefined);
}

/** Puts a task under another parent, or to the top; both parents follow. */
export function transplant(world: World, id: string, parent: string | undefined): void {
  const one = piece(world, id);
  const before = one.parent;
  one.parent = parent;
  one.version += 1;
  if (parent !== undefined) world.holds.delete(parent);
  refresh(world);
  if (before !== undefined) leave(world, piece(world, before));
  if (parent !== undefined) followChildren(world, parent, one.stage);
}

/** A parent whose last subtask leaves is a piece of work of its own again, which nobody has begun. */
export function leave(world: World, parent: Piece): void {
  followChildren(world, parent.id, undefined);
  if (isLeaf(world, parent) && (parent.stage === 'active' || parent.stage === 'review'))
    move(world, parent.id, 'ready');
}

export function followChildren(world: World, id: string, childStage: Stage | undefined): void {
  const parent = piece(world, id);
  if (isLeaf(world, parent)) return;
  const to = stageOfParent(world, parent, childStage);
  if (to === undefined) return;
  move(world, id, to);
  followChildren(world, id, childStage);
}

function stageOfParent(world: World, parent: Piece, childStage: Stage | undefined): Stage | undefined {
  if (hasEnded(parent)) return undefined;
  const below = children(world, parent.id);
  const isOver = !below.some(isOpen);
  if (parent.stage === 'review' && !isOver) return 'active';
  if (parent.stage === 'blocked' || unmetOf(world, parent.id).length > 0) return undefined;
  const isNotBegun = parent.stage === 'draft' || parent.stage === 'ready';
  if (isOver && below.some((child) => endOf(child) === 'completed')) return UP_FOR_REVIEW[parent.stage];
  return isNotBegun && (childStage === 'active' || childStage === 'completed') ? 'active' : undefined;
}

/** The next step of a parent all of whose subtasks have ended. */
const UP_FOR_REVIEW: Partial<Record<Stage, Stage>> = { draft: 'active', ready: 'active', active: 'review' };

/** A write that meets a claim whose lease ran out puts its task back among the free ones. */
export function settle(world: World, id: string): void {
  const hold = world.holds.get(id);
  if (hold === undefined || hold.until > world.now) return;
  world.holds.delete(id);
  if (piece(world, id).stage === 'active') move(world, id, 'ready');
}

export function settleAll(world: World): void {
  for (const id of [...world.holds.keys()]) settle(world, id);
}
