import type { Event } from '../../domain/event.ts';
import { changed } from './changes.ts';
import type { Open, Opened } from './open.ts';

type Subscriber = string | number;

/** Who wants to hear of which resources on one connection. The store is watched only while there is somebody. */
export class Subscriptions {
  readonly #open: Open;
  readonly #tell: (uri: string) => Promise<void>;
  readonly #wanted = new Map<Subscriber, readonly string[]>();
  #stopWatching: (() => void) | undefined;

  /** `tell` says to the client that a resource has changed. */
  constructor({ open, tell }: Readonly<{ open: Open; tell: (uri: string) => Promise<void> }>) {
    this.#open = open;
    this.#tell = tell;
  }

  /** Resolves once changes are being watched for, so that none is missed after the client was told that it is subscribed. */
  async add(subscriber: Subscriber, uris: readonly string[]): Promise<void> {
    this.#wanted.set(subscriber, uris);
    try {
      const opened = await this.#open();
      this.#watch(opened);
      // The watch begins with a look at the store; a read behind it comes back after that.
      await opened.orchestrator.read(async () => undefined);
    } catch (error) {
      this.remove(subscriber);
      throw error;
    }
  }

  remove(subscriber: Subscriber): void {
    this.#wanted.delete(subscriber);
    if (this.#wanted.size === 0) this.close();
  }

  /** Forgets all subscribers. */
  close(): void {
    this.#wanted.clear();
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }

  #watch(opened: Opened): void {
    if (this.#wanted.size === 0) return;
    this.#stopWatching ??= opened.orchestrator.watch((events) => {
      this.#pass(events, opened).catch((error: unknown) => {
        opened.log.warn({ err: error }, 'Subscribers could not be told of a change');
      });
    });
  }

  async #pass(events: readonly Event[], { orchestrator }: Opened): Promise<void> {
    const wanted = new Set([...this.#wanted.values()].flat());
    const lineage = (taskId: string) => orchestrator.read(async ({ tasks }) => lineageOf(taskId, tasks));
    for (const uri of await changed(wanted, events, lineage)) await this.#tell(uri);
  }
}

type Finder = Readonly<{ find(id: string): Promise<Readonly<{ parentId: string | undefined }> | undefined> }>;

async function lineageOf(taskId: string, tasks: Finder): Promise<readonly string[] | undefined> {
  const ids = new Set<string>();
  for (let id: string | undefined = taskId; id !== undefined && !ids.has(id); ) {
    const task: Readonly<{ parentId: string | undefined }> | undefined = await tasks.find(id);
    if (task === undefined) return undefined;
    ids.add(id);
    id = task.parentId;
  }
  return [...ids];
}
