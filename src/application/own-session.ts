import type { Actor } from '../domain/claim.ts';
import { enter } from './actors.ts';
import type { Common } from './parse.ts';
import type { Repositories, Store } from './ports.ts';
import type { Surroundings, Tool } from './tool.ts';

type Write = Readonly<{ tool: Tool; common: Common; store: Store; around: Omit<Surroundings, 'actor'> }>;

/**
 * The session of calls that name none: the one that this process began with. Where a call began it by the way, the first
 * `initialize_session` that names no session becomes that one, so that an agent keeps what it made and holds already.
 */
export class OwnSession {
  #id: string | undefined;
  /** The own session, as long as nobody has initialized it. */
  #uninitialized: string | undefined;

  get id(): string | undefined {
    return this.#id;
  }

  /** Runs a write as the session that the call belongs to, which may begin with it. */
  async write<T>(call: Write, work: (repositories: Repositories, actor: Actor) => Promise<T>): Promise<T> {
    const { store, around } = call;
    const [before, uninitialized] = [this.#id, this.#uninitialized];
    try {
      return await store.write(async (repositories) => work(repositories, await this.#enter(call, repositories)), {
        signal: around.signal,
      });
    } catch (error) {
      if (before === undefined) await this.#forgetIfLost(store);
      else this.#uninitialized = uninitialized;
      throw error;
    }
  }

  async #enter({ tool, common, around }: Write, repositories: Repositories): Promise<Actor> {
    const isInitializing = tool.beginsSession === true;
    const own = isInitializing ? this.#uninitialized : this.#id;
    const actor = await enter(repositories, around, { ...common, own, isWriting: true });
    const isForOwn = common.session_id === undefined && !isInitializing;
    if (isForOwn && actor.sessionId !== this.#id) this.#uninitialized = actor.sessionId;
    if (isInitializing && actor.sessionId === this.#uninitialized) this.#uninitialized = undefined;
    this.#id = isForOwn ? actor.sessionId : (this.#id ?? actor.sessionId);
    return actor;
  }

  /** A session that was begun in a transaction which then failed was never there. */
  async #forgetIfLost(store: Store): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    const isThere = await store
      .read(async ({ sessions }) => (await sessions.find(id)) !== undefined)
      .catch(() => false);
    // A call that came meanwhile may have begun another.
    if (isThere || this.#id !== id) return;
    this.#id = undefined;
    this.#uninitialized = undefined;
  }
}
