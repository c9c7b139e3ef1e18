import type { SearchedKind, Sought } from '../domain/search.ts';
import type { SourceKey } from './search-repository.ts';

export type PlacedSource = SourceKey & Readonly<{ taskId: string | undefined; vector: Float32Array }>;

/** What the events after number `from`, up to number `to`, change among the vectors. */
export type VectorChange = Readonly<{
  model: string;
  from: number;
  to: number;
  /** Ids of tasks of which nothing stays but what is among `placed`. */
  emptied: readonly string[];
  placed: readonly PlacedSource[];
}>;

/** Whose vectors there are, of how many dimensions once there is one, and the number of the last event that was taken in. */
export type VectorStanding = Readonly<{ model: string; dimensions: number | undefined; to: number }>;

/** Vectors of the texts that can be found, of one model. They lag behind the words. */
export interface VectorRepository {
  standing(): Promise<VectorStanding | undefined>;
  /** Forgets all vectors, to begin anew with those of a model. */
  begin(model: string): Promise<void>;
  /** Takes a change in; false, and nothing is done, where they do not stand at `from` any more, or are of another model or length. */
  take(change: VectorChange): Promise<boolean>;
  /** What lies nearest to a vector of as many dimensions and holds nothing unwanted, at most `limit`. */
  nearest(
    vector: Float32Array,
    options: { kind?: SearchedKind | undefined; unwanted: Sought['unwanted']; limit: number },
  ): Promise<readonly SourceKey[]>;
}
