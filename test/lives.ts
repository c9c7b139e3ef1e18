import type { RawServer } from './stdio-client.ts';

/** A server that is started again when it was killed. */
export class Lives {
  readonly #start: () => Promise<RawServer>;
  #life: Promise<RawServer>;
  #replies = 0;
  readonly #waiting = new Set<() => void>();

  constructor(start: () => Promise<RawServer>) {
    this.#start = start;
    this.#life = start();
  }

  /** Makes a call as often as it takes until there is a reply; a key has to make it one call. */
  async perform<Reply>(call: (server: RawServer) => Promise<Reply>): Promise<Reply> {
    for (;;) {
      const life = this.#life;
      const server = await life;
      try {
        const reply = await call(server);
        this.#replies += 1;
        for (const look of this.#waiting) look();
        return reply;
      } catch (error) {
        if (this.#life === life) throw error;
      }
    }
  }

  /** Waits for so many replies of this life, then ends it in the middle of whatever it does. */
  async killAfter(replies: number): Promise<void> {
    this.#replies = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = () => this.#replies >= replies && resolve();
    this.#waiting.add(look);
    await promise;
    this.#waiting.delete(look);
    const dying = await this.#life;
    this.#life = dying.kill().then(this.#start);
    await this.#life;
  }

  async end(): Promise<void> {
    await (await this.#life).end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#life).kill();
  }
}
