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

/** Both ends of an edge as a sentence names them; the stage of a prerequisite that is gone is `deleted`. */
type Ends = Readonly<{ task: string; prerequisite: Readonly<{ title: string; type: string; stage: string }> }>;

/** An edge as a sentence that says how it stands. */
export function asStanding({ type, status, verdict }: Dependency, { task, prerequisite }: Ends): string {
  const { title, stage } = prerequisite;
  const isApproval = prerequisite.type === APPROVAL;
  switch (status) {
    case 'pending':
      return asSentence({ type }, { task, prerequisite: title });
    case 'waived':
      return `${task} goes on without ${title}, for that was waived`;
    case 'satisfied':
      return `${task} waits no longer for ${title}: it ${MET[isApproval ? 'approval' : type]}`;
    case 'failed': {
      const isRejected = verdict === 'rejected' || (isApproval && stage === 'failed');
      const end = stage === 'completed' ? 'ended without its artifact' : `is ${stage}`;
      return `${title} ${isRejected ? 'was rejected' : end}; ${task} cannot start as things stand`;
    }
  }
}

const MET = {
  completion: 'is completed',
  data: 'recorded its work',
  approval: 'is approved',
} as const satisfies Record<DependencyType, string>;

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
