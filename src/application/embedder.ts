/** Texts as points of a space in which those lie near each other that mean the like. */
export type Embedded =
  | Readonly<{ state: 'done'; vectors: readonly Float32Array[] }>
  /** It cannot take these texts, now or later. */
  | Readonly<{ state: 'refused'; why: string }>
  /** It does not answer, or not as it should; later it may. */
  | Readonly<{ state: 'unavailable'; why: string }>;

export interface Embedder {
  /** The vectors of one model say nothing to another. */
  readonly model: string;
  /** One vector of length 1 for each text, all of as many dimensions. Never throws; gives up after so many milliseconds or when `signal` aborts. */
  embed(texts: readonly string[], options: { withinMs: number; signal: AbortSignal }): Promise<Embedded>;
}
