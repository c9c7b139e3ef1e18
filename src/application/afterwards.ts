import type { Log } from './ports.ts';

/** Work that calls leave for when they are answered, one after the other; nobody waits for it but who closes. */
export class Afterwards {
  readonly #closing = new AbortController();
  #last: Promise<void> = Promise.resolve();

  /** Begins work once the reply is on its way and what was begun before has ended. What fails is logged, for nobody is left to be told. */
  begin(work: (signal: AbortSignal) => Promise<void>, log: Pick<Log, 'warn'>): void {
    const { signal } = this.#closing;
    this.#last = this.#last.then(repliesGone).then(async () => {
      if (signal.aborted) return;
      await work(signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn({ err: error }, 'work that a call left behind failed');
      });
    });
  }

  /** Breaks off what is under way, and waits for its end. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#last;
  }
}

/** A turn of the event loop: whatever was answered is written by then. */
const repliesGone = () => new Promise<void>((resolve) => setImmediate(resolve));
