import type { Artifact, TouchedFile } from '../domain/artifact.ts';
import type { ProcessIdentity } from '../domain/session.ts';
import type { Role } from '../domain/specialist.ts';
import type { AnalysisRepository } from './analysis-repository.ts';
import type { CallRepository } from './call-repository.ts';
import type { CheckupRepository } from './checkup/vitals.ts';
import type { ExchangeRepository } from './exchange-repository.ts';
import type { OrderRepository } from './order-repository.ts';
import type { QueryRepository } from './queries.ts';
import type {
  ArtifactRepository,
  AuditRepository,
  ClaimRepository,
  DependencyRepository,
  EventRepository,
  IdentityRepository,
  MaintenanceRepository,
  NoteRepository,
  OfferRepository,
  ReplyRepository,
  SessionRepository,
  StandingRepository,
  SynthesisRepository,
  TaskRepository,
} from './repositories.ts';
import type { RosterRepository } from './roster-repository.ts';
import type { SearchRepository } from './search-repository.ts';
import type { StepRepository } from './steps.ts';
import type { SavedTemplateRepository } from './templates.ts';
import type { GivenUpRepository, TrashRepository } from './trash-repository.ts';
import type { VectorRepository } from './vector-repository.ts';

/** The whole store. Everything inside one `write` happens or none of it does; a `read` sees one moment. */
export interface Store {
  /**
   * Runs `work` in a transaction that nobody else writes beside. Waits for its turn without blocking the process.
   * Throws `transient` when the turn does not come or the disk is full, and refuses when the store was replaced
   * or migrated by another version. Nothing is committed once `signal` has aborted.
   */
  write<T>(work: (repositories: Repositories) => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>;
  /** Runs `work` on a snapshot. */
  read<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export type Repositories = Readonly<{
  tasks: TaskRepository;
  trash: TrashRepository;
  steps: StepRepository;
  search: SearchRepository;
  vectors: VectorRepository;
  standings: StandingRepository;
  offers: OfferRepository;
  queries: QueryRepository;
  dependencies: DependencyRepository;
  claims: ClaimRepository;
  sessions: SessionRepository;
  artifacts: ArtifactRepository;
  givenUp: GivenUpRepository;
  notes: NoteRepository;
  events: EventRepository;
  replies: ReplyRepository;
  syntheses: SynthesisRepository;
  identities: IdentityRepository;
  maintenance: MaintenanceRepository;
  audit: AuditRepository;
  exchange: ExchangeRepository;
  order: OrderRepository;
  analysis: AnalysisRepository;
  calls: CallRepository;
  roster: RosterRepository;
  checkup: CheckupRepository;
  savedTemplates: SavedTemplateRepository;
}>;

/** The artifact files. Every write is whole or not at all: a temporary file, fsync, rename. */
export interface ArtifactFiles {
  /** Writes the work with its front matter. Throws `transient` where the disk is full or the folder read-only. */
  write(artifact: Artifact, work: string): Promise<void>;
  /** The work, byte for byte as it was given, checked against the artifact's hash; a file that is gone or altered is told, never thrown. */
  read(artifact: Artifact): Promise<ArtifactContent>;
  /** What the file `.task_orchestrator/<path>` says about itself; undefined where it is no artifact file of ours. */
  identify(path: string): Promise<IdentifiedFile | undefined>;
  /** The hash that an artifact of this work carries: SHA-256 of its UTF-8, lower-case hex. */
  hash(work: string): string;
  /** File names as they were given, each marked when it lies outside the workspace. Touches no file. */
  touched(paths: readonly string[]): readonly TouchedFile[];
}
/** The front matter of an artifact file, and its work. */
export type IdentifiedFile = Readonly<{
  id: string;
  taskId: string;
  type: string;
  summary: string;
  createdAt: number;
  sha256: string;
  filePaths: readonly string[];
  work: string;
}>;
export type ArtifactContent =
  | Readonly<{ state: 'intact'; work: string }>
  | Readonly<{ state: 'altered'; work: string }>
  | Readonly<{ state: 'missing' }>;

/** Files that are written for people beside the artifacts: handovers, documentation. */
export interface WorkspaceFiles {
  /** Writes a text whole into `.task_orchestrator/<path>`; returns the path relative to the workspace. */
  write(path: string, text: string): Promise<string>;
  /** The text of `.task_orchestrator/<path>`, or undefined where there is none. */
  read(path: string): Promise<string | undefined>;
  /** Whether anything lies at `.task_orchestrator/<path>`, be it a file, a folder or a symbolic link. */
  isTaken(path: string): Promise<boolean>;
  /** Paths of all files below `.task_orchestrator/<folder>`, relative to that folder, with size in bytes and time of change in milliseconds. */
  list(folder: string): Promise<readonly Readonly<{ path: string; bytes: number; changedAt: number }>[]>;
  /** Moves a file from `.task_orchestrator/<path>` into the trash, keeping its relative path; returns where it lies now. */
  toTrash(path: string): Promise<string>;
  /** Deletes `.task_orchestrator/trash/<path>` for good; a file that is gone already is as good. */
  purge(path: string): Promise<void>;
  /** Brings a file back from the trash to `.task_orchestrator/<path>`; false where it is not in the trash, or its place is taken. */
  fromTrash(path: string): Promise<boolean>;
  /** Deletes a folder below `.task_orchestrator/artifacts/` for good, with all that lies in it or went from there to the trash. */
  purgeArtifacts(taskId: string): Promise<void>;
}

/** What is wrong with a role file, relative to the workspace; the role is then as if the file were not there. */
export type RoleProblem = Readonly<{
  file: string;
  line?: number | undefined;
  message: string;
  /** What mends it, where that is not the text of the file. */
  mend?: string;
}>;

/** The built-in roles with the project's own merged over them. */
export interface Roles {
  /** Files of the project that were left out. */
  leftOut(): Promise<readonly RoleProblem[]>;
  /** All roles by name. `log` is told, once, what is wrong with those of the project. */
  all(log: Pick<Log, 'warn'>): Promise<ReadonlyMap<string, Role>>;
}

export interface Processes {
  readonly self: ProcessIdentity;
  /** Whether that process is known to have ended; false where it cannot be known from here. */
  isGone(process: ProcessIdentity): boolean;
}

/** Milliseconds since 1970 UTC. */
export type Clock = () => number;
/** Eight random characters of `[0-9a-z]`. */
export type DrawId = () => string;

export interface Log {
  debug(details: Readonly<Record<string, unknown>>, message: string): void;
  info(details: Readonly<Record<string, unknown>>, message: string): void;
  warn(details: Readonly<Record<string, unknown>>, message: string): void;
  error(details: Readonly<Record<string, unknown>>, message: string): void;
}
