import type { Artifact } from '../../domain/artifact.ts';
import type { ForeignProject } from '../../domain/foreign.ts';
import type { ForeignTool } from './foreign.ts';

/** One line of what is imported, or what stands for one; `place` is how it is told of: `line 17`. */
export type Entry = Readonly<{
  place: string;
  value: unknown;
  /** Its text held nothing but plain characters, so that none of them has to be looked at again. */
  isPlain: boolean;
}>;

/** An artifact file that came with an import. */
export type ExchangedWork = Readonly<{ artifactId: string; work: string }>;

/** What is imported. It can be read as often as need be, and never is held as a whole. */
export interface ExchangeSource {
  /** As people see it. */
  readonly shown: string;
  /** The lines, in order. Refuses what is no text, too long, or too much, naming the line. */
  entries(): AsyncIterable<Entry>;
  /** The artifact files beside the lines; none where the lines hold the works themselves. */
  works(): AsyncIterable<ExchangedWork>;
}

/** Where an export goes. Nothing is to be seen there before it is finished. */
export interface ExchangeTarget {
  /** Whether works are written into the lines, for there is nothing beside them. */
  readonly holdsWorksInLines: boolean;
  write(text: string): Promise<void>;
  /** Puts the file of an artifact beside the lines; false where there is none. */
  copy(artifact: Artifact): Promise<boolean>;
  /** Puts the export in its place. */
  finish(): Promise<Readonly<{ path: string; bytes: number }>>;
  /** Leaves nothing behind, unless it is finished. */
  discard(): Promise<void>;
}

/** The files that workflows are exported to and imported from. */
export interface ExchangeFiles {
  /** Begins an export: to one file, to an archive (`.tar.gz`), or else to a folder. Refuses a place that is taken. `at` is when. */
  create(to: string, at: number): Promise<ExchangeTarget>;
  /** Opens an export of ours: a `.jsonl` file, a folder with `tasks.jsonl`, or an archive of one. `signal` ends its reading, however much there is. */
  open(from: string, signal: AbortSignal): Promise<ExchangeSource>;
  /** Reads what another tool keeps. */
  foreign(tool: ForeignTool, from: string): Promise<ForeignProject>;
}
