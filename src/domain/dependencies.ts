import { endedAs, isEnded } from './lifecycle.ts';
import { APPROVAL } from './readiness.ts';
import type { Task } from './task.ts';

export const DEPENDENCY_TYPES = ['completion', 'data', 'approval'] as const;
export type DependencyType = (typeof DEPENDENCY_TYPES)[number];

export const DEPENDENCY_STATUSES = ['pending', 'satisfied', 'failed', 'waived'] as const;
export type DependencyStatus = (typeof DEPENDENCY_STATUSES)[number];

/** A word that was given about an edge; it stays said, whatever becomes of the prerequisite. */
export type Verdict = 'approved' | 'rejected' | 'waived';

/** An edge: the task `taskId` waits for the task `prerequisiteId`. */
export type Dependency = Readonly<{
  taskId: string;
  prerequisiteId: string;
  type: DependencyType;
  /** For a data edge: the type of artifact that it waits for; any, where it names none. */
  artifactType: string | undefined;
  description: string | undefined;
  status: DependencyStatus;
  verdict: Verdict | undefined;
}>;

/** What an edge is judged by. */
export type PrerequisiteFacts = Readonly<{
  task: Pick<Task, 'stage' | 'archivedFrom' | 'type'>;
  isDeleted: boolean;
  /** Types of the artifacts that it recorded with work done. */
  artifactTypes: readonly string[];
}>;

const SAID = { approved: 'satisfied', rejected: 'failed', waived: 'waived' } as const satisfies Record<
  Verdict,
  DependencyStatus
>;

/** The status that an edge has, given its prerequisite as it stands. */
export function judge(edge: Dependency, { task, isDeleted, artifactTypes }: PrerequisiteFacts): DependencyStatus {
  if (edge.verdict !== undefined) return SAID[edge.verdict];
  const isCompleted = endedAs(task) === 'completed';
  if (isDeleted || (isEnded(task.stage) && !isCompleted)) return 'failed';
  switch (edge.type) {
    case 'completion':
      return isCompleted ? 'satisfied' : 'pending';
    case 'data':
      return judgeData(edge, { isCompleted, artifactTypes });
    case 'approval':
      return isCompleted && task.type === APPROVAL ? 'satisfied' : 'pending';
  }
}

type Recorded = Pick<PrerequisiteFacts, 'artifactTypes'> & Readonly<{ isCompleted: boolean }>;

/** A prerequisite that ends without the artifact will not bring it any more. */
function judgeData({ artifactType }: Dependency, { isCompleted, artifactTypes }: Recorded): DependencyStatus {
  if (artifactTypes.some((type) => artifactType === undefined || type === artifactType)) return 'satisfied';
  return isCompleted ? 'failed' : 'pending';
}

export const isUnmet = (status: DependencyStatus) => status === 'pending' || status === 'failed';

const AWAITED = {
  completion: 'to be completed',
  data: 'to record its work',
  approval: 'to be approved',
} as const satisfies Record<DependencyType, string>;

/** An edge as a sentence, for its direction is easily read the wrong way round. */
export const asSentence = (edge: Pick<Dependency, 'type'>, titles: { task: string; prerequisite: string }) =>
  `${titles.task} waits for ${titles.prerequisite} ${AWAITED[edge.type]}`;

/**
 * Looks for a way from one task to another along what each waits for, and returns the ids on it, both ends included.
 * The walk yields the ids whose neighbours it needs next and is sent their neighbour lists in the same order,
 * so that the caller decides where the graph lives.
 */
export function* pathAlong(
  from: readonly string[],
  target: string,
): Generator<readonly string[], readonly string[] | undefined, readonly (readonly string[])[]> {
  const cameFrom = new Map<string, string | undefined>(from.map((id) => [id, undefined]));
  let frontier: readonly string[] = [...cameFrom.keys()];
  while (frontier.length > 0 && !cameFrom.has(target)) {
    const neighbours = yield frontier;
    frontier = frontier.flatMap((id, index) => {
      const fresh = [...new Set(neighbours[index])].filter((next) => !cameFrom.has(next));
      for (const next of fresh) cameFrom.set(next, id);
      return fresh;
    });
  }
  return cameFrom.has(target) ? wayBack(cameFrom, target) : undefined;
}

function wayBack(cameFrom: ReadonlyMap<string, string | undefined>, target: string): readonly string[] {
  const path: string[] = [];
  for (let id: string | undefined = target; id !== undefined; id = cameFrom.get(id)) path.unshift(id);
  return path;
}

/** The steps of an order: ids grouped into waves that can run at once, or the ids left in a circle. */
export function waves(
  ids: readonly string[],
  prerequisitesOf: (id: string) => readonly string[],
): Readonly<{ waves: readonly (readonly string[])[]; circle: readonly string[] }> {
  const done = new Set<string>();
  const known = new Set(ids);
  const groups: string[][] = [];
  let left = [...ids];
  while (left.length > 0) {
    const isFree = (id: string) => prerequisitesOf(id).every((other) => !known.has(other) || done.has(other));
    const wave = left.filter(isFree);
    if (wave.length === 0) return { waves: groups, circle: left };
    groups.push(wave);
    for (const id of wave) done.add(id);
    left = left.filter((id) => !done.has(id));
  }
  return { waves: groups, circle: [] };
}
