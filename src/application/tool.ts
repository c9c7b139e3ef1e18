import type { z } from 'zod';
import type { Actor } from '../domain/claim.ts';
import type { OrchestratorError } from '../domain/errors.ts';
import type { NewEvent } from '../domain/event.ts';
import type { Thresholds } from '../domain/maintenance.ts';
import type { CallCounter } from './call-counter.ts';
import type { Vitals } from './checkup/vitals.ts';
import type { Embedder } from './embedder.ts';
import type { ExchangeFiles } from './exchange/files.ts';
import type { FileMove } from './file-moves.ts';
import type { Approvals, Person } from './person.ts';
import type { ArtifactFiles, Clock, DrawId, Log, Processes, Repositories, Roles, WorkspaceFiles } from './ports.ts';
import type { Templates } from './templates.ts';

/** What a call does to the store; the MCP annotations and the kind of transaction follow from it. */
export const EFFECTS = {
  read: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  add: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  update: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
  remove: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
} as const;
export type Effect = keyof typeof EFFECTS;

export const TOOL_SETS = ['core', 'bulk', 'templates', 'analysis', 'ops'] as const;
export type ToolSet = (typeof TOOL_SETS)[number];

/** What is there whether or not a transaction is open. */
export type Surroundings = Readonly<{
  actor: Actor;
  clock: Clock;
  drawId: DrawId;
  processes: Processes;
  roles: Roles;
  artifactFiles: ArtifactFiles;
  workspaceFiles: WorkspaceFiles;
  exchangeFiles: ExchangeFiles;
  workspace: string;
  /** After how long a maintenance puts something away. */
  thresholds: Thresholds;
  templates: Templates;
  vitals: Vitals;
  /** What gives texts their place among others by meaning; absent where no endpoint is configured. */
  embedder?: Embedder;
  /** Whose word passes an approval. */
  approvals: Approvals;
  /** Who can be asked; absent where the client has no way to ask. */
  person?: Person;
  /** The moment that a schedule set for the call; absent where somebody made it. */
  dueAt?: number;
  /** Counts the calls of this server. */
  callCounter: CallCounter;
  log: Log;
  signal: AbortSignal;
  /** Tells the caller how far a long call is. */
  report(progress: number, total: number, message: string): void;
}>;

/** What a tool works with: the repositories inside one transaction, and its surroundings. */
export type Context = Repositories &
  Surroundings &
  Readonly<{
    /** Ids of the tasks that this transaction put on offer. */
    offered: Set<string>;
    /** What is done with files once this transaction has committed. */
    fileMoves: FileMove[];
    /** New ids with these prefixes, in order, reserved in the store. */
    newIds(prefixes: readonly string[]): Promise<readonly string[]>;
    /** Records events as the actor's, now. */
    record(events: readonly NewEvent[]): Promise<void>;
  }>;

/** What a tool can do before its transaction: look, and write files, which no lock should wait for. */
export type Beforehand = Surroundings &
  Readonly<{
    read<T>(work: (context: Context) => Promise<T>): Promise<T>;
    write<T>(work: (context: Context) => Promise<T>): Promise<T>;
    /** Writes although the time may have run out, for a moment more: to let go of what the call holds. */
    conclude<T>(work: (context: Context) => Promise<T>): Promise<T>;
    /** Writes what is nobody's doing, such as an index: it begins no session. `signal` may end it before the call ends. */
    upkeep<T>(work: (repositories: Repositories) => Promise<T>, options?: { signal?: AbortSignal }): Promise<T>;
    /** Leaves work for after the reply; it runs once, one after the other, until the server is closed. */
    afterwards(work: (beforehand: Beforehand) => Promise<void>): void;
  }>;

/**
 * A refusal that `run` returns instead of throwing is answered after what it did was committed:
 * the work that came with the call is kept although the call is refused.
 */
export type Answer<Output> = Output | OrchestratorError;

export type ToolDefinition<Input extends z.ZodType, Output extends z.ZodType, Prepared> = Readonly<{
  name: `orchestrator_${string}`;
  /** The name that the reference plans for it; a call by either works. */
  plannedName?: `orchestrator_${string}`;
  title: string;
  description: string;
  set: ToolSet;
  /** Its place in `tools/list`: the workflow first, in the order of its use. */
  rank: number;
  effect: Effect;
  input: Input;
  output: Output;
  /** Parameters that one might look for here, each with the place or the tool that has them. */
  elsewhere?: Readonly<Record<string, string>>;
  /** Calls for the documentation; each is run when the pages are made. */
  examples: readonly ToolExample[];
  /** Whether a call that names no session begins one, though its process may have one already. */
  beginsSession?: boolean;
  /** Whether the call works in transactions of its own (`prepare` does it all); it keeps those committed when the time runs out. */
  inBatches?: boolean;
  prepare?(input: z.output<Input>, beforehand: Beforehand): Promise<Prepared>;
  run(input: z.output<Input>, context: Context, prepared: Prepared): Promise<Answer<z.input<Output>>>;
  /** Adds to the reply, after the commit, what has to be read from files; a repeated call gets it anew. */
  finish?(reply: z.input<Output>, beforehand: Beforehand, input: z.output<Input>): Promise<z.input<Output>>;
}>;

export type ToolExample = Readonly<{ title: string; input: Readonly<Record<string, unknown>> }>;

/** A tool with its types forgotten: what the orchestrator and the faces hold. */
export type Tool = Omit<ToolDefinition<z.ZodType, z.ZodType, unknown>, 'prepare' | 'run' | 'finish'> &
  Readonly<{
    prepare?(input: unknown, beforehand: Beforehand): Promise<unknown>;
    run(input: unknown, context: Context, prepared: unknown): Promise<Answer<unknown>>;
    finish?(reply: unknown, beforehand: Beforehand, input: unknown): Promise<unknown>;
  }>;

/** Declares a tool. The cast is the one place where its types are forgotten; `call` parses before it runs. */
export const defineTool = <Input extends z.ZodType, Output extends z.ZodType, Prepared = undefined>(
  definition: ToolDefinition<Input, Output, Prepared>,
): Tool => definition as unknown as Tool;
