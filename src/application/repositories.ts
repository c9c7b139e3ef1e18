import type { Artifact, ArtifactType } from '../domain/artifact.ts';
import type { Links } from '../domain/circles.ts';
import type { Claim } from '../domain/claim.ts';
import type { Dependency } from '../domain/dependencies.ts';
import type { Event, NewEvent } from '../domain/event.ts';
import type { Note, NoteKind } from '../domain/note.ts';
import type { ProcessIdentity, Session } from '../domain/session.ts';
import type { Ancestor, Descendant, Prerequisite } from '../domain/structure.ts';
import type { Standing, Task } from '../domain/task.ts';

/** Roots that are open or have ended, with subtasks or without; all where it says nothing. */
export type RootFilter = Readonly<{ isOpen?: boolean; hasSubtasks?: boolean }>;

export interface TaskRepository {
  find(id: string): Promise<Task | undefined>;
  /** Those of `ids` that exist, in no particular order. */
  findAll(ids: readonly string[]): Promise<readonly Task[]>;
  /** Ids that begin with `prefix`, at most `limit`, in order. */
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  /** Stores new tasks with the standing that they carry. */
  insert(tasks: readonly Task[]): Promise<void>;
  /** Replaces the task's own fields, never its standing; throws `conflict` unless the stored version is `task.version`. Returns it with the next version. */
  save(task: Task): Promise<Task>;
  /** Direct children, oldest first, those of one moment as they were stored. */
  children(parentId: string): Promise<readonly Task[]>;
  /** The whole subtree below a task, the task itself left out, parents before children. */
  descendants(id: string): Promise<readonly Task[]>;
  /** Tasks without a parent, newest first, at most `limit`; archived and superseded ones never show. */
  roots(options: RootFilter & { limit: number }): Promise<readonly Task[]>;
  /** How many roots there are of a kind. */
  countRoots(filter: RootFilter): Promise<number>;
  /**
   * Open leaves in one of `stages` (all open stages by default), oldest change first, at most `limit`.
   * `held` restricts to those not at work that wait, for their own prerequisites or with an ancestor, or to those with a failed edge of their own.
   */
  openLeaves(options: {
    stages?: readonly Task['stage'][];
    held?: 'waiting' | 'failed';
    limit: number;
  }): Promise<readonly Task[]>;
  /** Leaves that were begun and are `ready` again, but for those that had ended and were reopened: nobody finished them. Latest change first, at most `limit`. */
  interrupted(limit: number): Promise<readonly Task[]>;
  /** How many open leaves there are, how many of them are actionable, blocked, or stuck behind a failed edge, and how many plans are up for synthesis. */
  tally(): Promise<Readonly<{ open: number; ready: number; blocked: number; stuck: number; upForSynthesis: number }>>;
}

/** A task's standing and what readiness depends on beside it, without its texts. */
export type StandingRow = Pick<Task, 'id' | 'parentId' | 'stage' | 'type' | 'archivedFrom' | 'standing'>;
export type Counter = Exclude<keyof Standing, 'actionableSince'>;

/** The counters of tasks; each method is one statement whatever the number of tasks. */
export interface StandingRepository {
  of(ids: readonly string[]): Promise<readonly StandingRow[]>;
  /** Adds to counters of each of the tasks; `since` marks them as actionable since then, or not where it is null. */
  add(ids: readonly string[], delta: Partial<Record<Counter, number>>, since?: number | null): Promise<void>;
  /** Adds to `gatesAbove` of all that lies below a task; returns the ids below it. */
  addGateBelow(id: string, delta: number): Promise<readonly string[]>;
  /** Adds to `waiters` of every prerequisite that `taskId` has a pending edge to. */
  addWaiter(taskId: string, delta: number): Promise<void>;
  /** Marks tasks as actionable since `at`. */
  offer(ids: readonly string[], at: number): Promise<void>;
  /** Marks tasks as not actionable. */
  withdraw(ids: readonly string[]): Promise<void>;
}

export type OfferFilter = Readonly<{ specialist?: string | undefined; within?: string | undefined }>;

/** The actionable tasks in the order in which they are offered (`byOffer`). */
export interface OfferRepository {
  /** The first actionable leaf. `within` restricts to the subtree below a task. */
  first(at: number, filter: OfferFilter): Promise<Task | undefined>;
  /** The first `limit`, parents in review included. */
  list(at: number, options: OfferFilter & { limit: number }): Promise<readonly Task[]>;
  count(): Promise<number>;
}

export type EdgeKey = Pick<Dependency, 'taskId' | 'prerequisiteId' | 'type'>;

export interface DependencyRepository {
  /** The edges of the tasks: what they wait for. Ordered as they were added. */
  of(taskIds: readonly string[]): Promise<readonly Dependency[]>;
  /** The edges onto the tasks: what waits for them. */
  onto(prerequisiteIds: readonly string[]): Promise<readonly Dependency[]>;
  insert(edges: readonly Dependency[], at: number): Promise<void>;
  /** Writes status, verdict, description and artifact type of existing edges. */
  save(edges: readonly Dependency[], at: number): Promise<void>;
  /** Gives the edges that tasks have onto one prerequisite another status: one statement, however many there are. */
  judge(
    edges: Pick<Dependency, 'prerequisiteId' | 'type' | 'status'>,
    of: { taskIds: readonly string[]; at: number },
  ): Promise<void>;
  remove(edges: readonly EdgeKey[]): Promise<void>;
}

/** A claim together with the process that its holder last called through. */
export type HeldClaim = Claim & Readonly<{ process: ProcessIdentity | undefined; agentName: string | undefined }>;

export interface ClaimRepository {
  of(taskId: string): Promise<HeldClaim | undefined>;
  /** All claims, or those of one session or within `taskIds`, the oldest lease first. */
  list(filter?: { holder?: string; taskIds?: readonly string[] }): Promise<readonly HeldClaim[]>;
  find(claimId: string): Promise<HeldClaim | undefined>;
  /** Puts a claim in the place of any other on the task. */
  take(claim: Claim): Promise<void>;
  renew(claim: Claim): Promise<void>;
  end(taskId: string): Promise<void>;
}

export interface SessionRepository {
  find(id: string): Promise<Session | undefined>;
  insert(session: Session): Promise<void>;
  /** Gives a session the name of its agent. */
  name(sessionId: string, agentName: string): Promise<void>;
  /** Says that the session now writes through `process`, registering the process when it is new; an ended session is open again. */
  attach(sessionId: string, process: ProcessIdentity): Promise<void>;
  /** Ends the sessions that last wrote through the process and takes the process off the register; returns the ids. */
  endAllOf(process: ProcessIdentity, at: number): Promise<readonly string[]>;
  /** Sessions that have no end, the latest first, at most `limit`. */
  unended(limit: number): Promise<readonly Session[]>;
  /** Ids of tasks that a session created, claimed or completed, latest first, at most `limit`. */
  tasksOf(sessionId: string, limit: number): Promise<readonly string[]>;
}

/** What is recorded of work done. Work that was given up with its cancelled task is passed over, but where it says so. */
export interface ArtifactRepository {
  find(id: string): Promise<Artifact | undefined>;
  idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]>;
  insert(artifact: Artifact): Promise<void>;
  /** Artifacts of the tasks, oldest first. */
  of(taskIds: readonly string[]): Promise<readonly Artifact[]>;
  /** Those of the ids that are recorded, given up or not. */
  known(ids: readonly string[]): Promise<readonly string[]>;
  /** Types of the artifacts that handed work on (`HANDS_ON`), without repeats. */
  typesHandedOn(taskId: string): Promise<readonly ArtifactType[]>;
}

export interface NoteRepository {
  insert(note: Omit<Note, 'seq'>): Promise<Note>;
  /** Notes of the tasks, oldest first; `kinds` restricts, `limit` keeps the latest. */
  of(taskIds: readonly string[], options?: { kinds?: readonly NoteKind[]; limit?: number }): Promise<readonly Note[]>;
  /** Notes about the workspace itself, oldest first, the latest `limit`. */
  ofWorkspace(limit: number): Promise<readonly Note[]>;
}

export interface EventRepository {
  /** Appends events in their order, with the time and the session they belong to. */
  append(events: readonly NewEvent[], by: { sessionId: string; at: number }): Promise<void>;
  /** The number of the latest event, 0 where there is none. */
  latest(): Promise<number>;
  /** Events after `seq`, in order, at most `limit`. */
  after(seq: number, limit: number): Promise<readonly Event[]>;
  /** Events of a task, oldest first, the latest `limit`, or the latest before number `before`. */
  of(taskId: string, limit: number, before?: number): Promise<readonly Event[]>;
  /** The latest event of each of the tasks. */
  latestOf(taskIds: readonly string[]): Promise<readonly Event[]>;
}

/** A reply that is kept so that a repeated call gets it again. `scope` is the tool and the session that the call named, if it named one. */
export type KeptReply = Readonly<{ scope: string; key: string; argumentsHash: string; reply: unknown; at: number }>;

export interface ReplyRepository {
  find(scope: string, key: string): Promise<KeptReply | undefined>;
  keep(reply: KeptReply): Promise<void>;
  /** Drops what was kept before `at`. */
  forgetBefore(at: number): Promise<void>;
}

/** The last synthesis of a plan, as it was answered. */
export type KeptSynthesis = Readonly<{ taskId: string; artifactId: string; reply: unknown; at: number }>;

export interface SynthesisRepository {
  find(taskId: string): Promise<KeptSynthesis | undefined>;
  keep(synthesis: KeptSynthesis): Promise<void>;
}

export interface IdentityRepository {
  /** Takes ids whose last 8 characters nobody has; returns those of `ids` that were free. */
  reserve(ids: readonly string[]): Promise<readonly string[]>;
}

/** A maintenance that was begun and not ended, with the process that it runs in, unless that one ended in order. */
export type MaintenanceRun = Readonly<{
  id: string;
  action: string;
  sessionId: string;
  agentName: string | undefined;
  startedAt: number;
  /** Its last sign of life. */
  seenAt: number;
  process: ProcessIdentity | undefined;
}>;
export type NewMaintenanceRun = Omit<MaintenanceRun, 'agentName' | 'seenAt' | 'process'>;

/** Which maintenance runs, and the store in the order in which a maintenance walks it: by number, never from the start again. */
export interface MaintenanceRepository {
  running(): Promise<MaintenanceRun | undefined>;
  /** Enters a run, in the place of any other; its process is on the register. */
  begin(run: NewMaintenanceRun, process: ProcessIdentity): Promise<void>;
  /** Says that a run goes on; false where another has taken its place. */
  renew(id: string, at: number): Promise<boolean>;
  end(id: string): Promise<void>;
  /** The number of the latest task, 0 where there is none. */
  latest(): Promise<number>;
  /** The tasks after number `seq`, in order, at most `limit`. */
  tasksAfter(seq: number, limit: number): Promise<readonly Readonly<{ seq: number; id: string }>[]>;
  /** Ids of all open tasks that are top ones or lie below open ones, in order. */
  openIds(): Promise<readonly string[]>;
  /** Ids of all that lies below a task, in order. */
  idsBelow(id: string): Promise<readonly string[]>;
}

/** A task below `top`. */
export type Below = Readonly<{ top: string }> & Descendant;
/** A task that is named as an ancestor of `of`. */
export type Above = Readonly<{ of: string }> & Ancestor;
/** How many open tasks wait for a task, and how many are stuck because it failed, counted from the edges. */
export type Waiting = Readonly<{ id: string; waiting: number; stuck: number }>;
/** A task that is lost, and how much of its work is left. */
export type LostOwner = Readonly<{ id: string; artifacts: number; notes: number }>;
/** Numbers that no event has: all between `after` and `before`, both left out. */
export type EventGap = Readonly<{ after: number; before: number }>;

/**
 * What the rows say by themselves, to be held against what is kept in counters. Only live tasks count, unless it is said
 * otherwise. Every walk ends, even where parents form a circle.
 */
export interface AuditRepository {
  below(ids: readonly string[]): Promise<readonly Below[]>;
  above(ids: readonly string[]): Promise<readonly Above[]>;
  waiting(ids: readonly string[]): Promise<readonly Waiting[]>;
  /** What edges onto these tasks are judged by, deleted ones included. */
  prerequisites(ids: readonly string[]): Promise<readonly Prerequisite[]>;
  links(ids: readonly string[]): Promise<readonly Links[]>;
  /** Puts counters right, and since when a task can be taken. */
  correct(standings: readonly Pick<Task, 'id' | 'standing'>[]): Promise<void>;
  /** Ids of tasks with edges, after `id`, in order, at most `limit`; `isLost` where there is no such task, not even a deleted one. */
  dependents(id: string, limit: number): Promise<readonly Readonly<{ id: string; isLost: boolean }>[]>;
  /** Tasks after `id`, in order, at most `limit`, that do not exist, not even as deleted ones, and whose work does. */
  lostOwners(id: string, limit: number): Promise<readonly LostOwner[]>;
  /** Gaps among the next `limit` events after number `seq`, and the number to go on after; undefined where these were the last. */
  eventGaps(seq: number, limit: number): Promise<Readonly<{ gaps: readonly EventGap[]; next: number | undefined }>>;
  /** What the database says is wrong with itself; nothing where it is whole. */
  integrity(): Promise<readonly string[]>;
}
