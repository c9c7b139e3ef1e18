import type { DependencyType } from '../../src/domain/dependencies.ts';
import type { Stage, Status } from '../../src/domain/lifecycle.ts';

/** A task by its place among those that are there when the operation is played, so that every sequence can be played. */
export type Pick = Readonly<{
  among: 'all' | 'offered' | 'held' | 'parents' | 'waiting' | 'ended' | 'review' | 'cancelled' | 'deleted';
  place: number;
}>;
/** Who calls: the server's own session, a third one that goes to and fro, or whoever holds the task. */
export type Caller = Readonly<{ through: 'A' | 'B'; as: 'own' | 'guest' | 'holder' }>;
export type ClaimShown = 'none' | 'live' | 'ended';

export type Operation =
  | Readonly<{
      kind: 'plan';
      by: Caller;
      parent: Pick | undefined;
      subtasks: readonly PlannedSubtask[];
      isDry: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{
      kind: 'execute';
      by: Caller;
      task: Pick;
      leaseSeconds: number | undefined;
      takeOver: boolean;
      allowUnmet: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{
      kind: 'next';
      by: Caller;
      within: Pick | undefined;
      specialist: string | undefined;
      takes: boolean;
      leaseSeconds: number | undefined;
      explains: boolean;
    }>
  | Readonly<{
      kind: 'complete';
      by: Caller;
      task: Pick;
      action: 'continue' | 'complete' | 'needs_revision' | 'blocked';
      isAccepted: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'note'; by: Caller; task: Pick | undefined; shows: ClaimShown }>
  | Readonly<{ kind: 'synthesize'; by: Caller; plan: Pick }>
  | Readonly<{ kind: 'wait'; minutes: number }>
  | Readonly<{ kind: 'restart'; server: 'A' | 'B' }>
  | Readonly<{
      kind: 'create';
      by: Caller;
      parent: Pick | undefined;
      isApproval: boolean;
      stage: 'draft' | 'ready';
      on: readonly Pick[];
      type: DependencyType;
    }>
  | Readonly<{
      kind: 'lifecycle';
      by: Caller;
      task: Pick;
      /** One of the stages that the table allows; from `ANYWHERE` on any stage at all. */
      to: number;
      checks: boolean;
      takeOver: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'link'; by: Caller; task: Pick; on: readonly Pick[]; type: DependencyType; replaces: boolean }>
  | Readonly<{ kind: 'word'; by: Caller; edge: number; word: 'remove' | 'approve' | 'reject' | 'waive' }>
  | Readonly<{
      kind: 'update';
      by: Caller;
      task: Pick;
      parent: Pick | 'top' | undefined;
      priority: number | undefined;
      takeOver: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'restore'; by: Caller; task: Pick }>
  | Readonly<{ kind: 'cancel'; by: Caller; task: Pick; shows: ClaimShown } & Cancelling>
  | Readonly<{ kind: 'delete'; by: Caller; task: Pick; shows: ClaimShown } & Deleting>
  | Readonly<{ kind: 'purge'; by: Caller; task: Pick }>
  | Readonly<{
      kind: 'bulk';
      by: Caller;
      which: readonly Pick[] | Question;
      deed: Deed;
      isAtomic: boolean;
      isDry: boolean | undefined;
    }>
  | Readonly<{
      kind: 'instantiate';
      by: Caller;
      parent: Pick | undefined;
      parts: number;
      isCareful: boolean;
      isDry: boolean;
      shows: ClaimShown;
    }>
  | Readonly<{ kind: 'query'; by: Caller; question: Question }>
  | Readonly<{ kind: 'analyze'; by: Caller; within: Pick | undefined }>
  | Readonly<{ kind: 'status'; by: Caller }>;
export type Cancelling = Readonly<{ cascade: boolean; preserves: boolean; takeOver: boolean }>;
export type Deleting = Readonly<{ cascade: boolean; force: boolean }>;
/** What is done to many tasks at once; `to` and `priority` are places in their lists. */
export type Deed =
  | Readonly<{ does: 'update'; priority: number }>
  | Readonly<{ does: 'transition'; to: number; checks: boolean }>
  | Readonly<{ does: 'cancel' } & Cancelling>
  | Readonly<{ does: 'delete' } & Deleting>
  | Readonly<{ does: 'move'; parent: Pick | 'top' }>;
/** Which tasks are asked for: those of which all that is said is true. */
export type Question = Readonly<{
  status?: readonly Status[] | undefined;
  stage?: readonly Stage[] | undefined;
  type?: string | undefined;
  specialist?: string | undefined;
  priority?: number | undefined;
  parent?: Pick | 'top' | undefined;
  on?: Pick | undefined;
  isActionable?: boolean | undefined;
  hasArtifacts?: boolean | undefined;
  isOfTemplate?: boolean | undefined;
  /** A place among all sessions. */
  heldBy?: number | undefined;
  minutes?: number | undefined;
}>;
export type PlannedSubtask = Readonly<{
  /** Each leads to an earlier subtask of the plan; from `ANYWHERE` on to any, so that there may be a circle. */
  needs: readonly number[];
  outside: readonly Pick[];
  priority: number;
  specialist: 'implementer' | 'tester';
  isApproval: boolean;
}>;

export const ANYWHERE = 30;

export const STAGES: readonly Stage[] = [
  'draft',
  'ready',
  'active',
  'blocked',
  'review',
  'completed',
  'failed',
  'cancelled',
  'archived',
  'superseded',
];
