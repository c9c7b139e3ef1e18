/** A running server, told apart from a later one that was given the same pid. */
export type ProcessIdentity = Readonly<{
  id: string;
  /** The machine, its boot and its pid namespace: pids mean something only within one. */
  host: string;
  pid: number;
  /** When the system says that the process began; undefined where the system does not say. */
  startedAt: string | undefined;
}>;

/** One agent's conversation with the orchestrator. It outlives the process that it began in, and another can continue it. */
export type Session = Readonly<{
  id: string;
  agentName: string | undefined;
  createdAt: number;
  endedAt: number | undefined;
  /** The process that it last wrote through; undefined when that one has ended in order. */
  process: ProcessIdentity | undefined;
}>;
