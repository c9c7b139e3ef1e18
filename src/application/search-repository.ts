import type { Artifact } from '../domain/artifact.ts';
import type { Note } from '../domain/note.ts';
import type { SearchedKind, Sought } from '../domain/search.ts';
import type { Task } from '../domain/task.ts';

/** A task, note or artifact that can be found, by its kind and its number among its kind. */
export type SourceKey = Readonly<{ kind: SearchedKind; seq: number }>;
/** The same with what it says, and the live task that it belongs to. */
export type Source = Readonly<{ seq: number }> &
  (
    | Readonly<{ kind: 'task'; task: Task }>
    | Readonly<{ kind: 'note'; task: Task | undefined; note: Note }>
    | Readonly<{ kind: 'artifact'; task: Task; artifact: Artifact }>
  );

/** What has to be taken in anew. */
export type Touched = Readonly<{
  /** Ids of tasks by their own texts. */
  tasks: readonly string[];
  /** Ids of tasks with all their notes and artifacts. */
  whole: readonly string[];
  notes: readonly number[];
  artifactIds: readonly string[];
}>;

/** Texts as they can be found; `taskId` is whose they are. */
export type SearchEntry = SourceKey & Readonly<{ taskId: string | undefined; title: string; body: readonly string[] }>;

/** What the events after number `from`, up to number `to`, change in the index. */
export type IndexChange = Readonly<{
  from: number;
  to: number;
  /** Ids of tasks of which nothing stays but what is among `entries`. */
  emptied: readonly string[];
  entries: readonly SearchEntry[];
}>;

export type Found = Readonly<{ hits: readonly SourceKey[]; total: number }>;

/** The words of tasks, notes and artifacts. It lags behind the tables until somebody brings it up to date (`searching.ts`). */
export interface SearchRepository {
  /** The number of the last event that was taken in. */
  mark(): Promise<number>;
  /** Takes a change in; false, and nothing is done, where the index does not stand at `from` any more. */
  take(change: IndexChange): Promise<boolean>;
  /** What is there of what was touched; deleted tasks, and work that was given up, are not. */
  sources(touched: Touched): Promise<readonly Source[]>;
  /** Those of the keys that are there, in their order. */
  sourcesAt(keys: readonly SourceKey[]): Promise<readonly Source[]>;
  /**
   * The best matches, at most `limit`, and how many there are. Of more than `RANKED` those come first that match by their
   * title, then the newest of each kind in turn.
   */
  find(sought: Sought, options: { kind?: SearchedKind | undefined; limit: number }): Promise<Found>;
  /** Words of the index whose first two characters are those of `word`, at most `limit`. */
  wordsLike(word: string, limit: number): Promise<readonly string[]>;
}

/** Ranking costs about 1 µs a match, so a word that all of 300,000 texts hold would take 0.3 s, and says little where a word is everywhere. */
export const RANKED = 20_000;
