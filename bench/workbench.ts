import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FilledStore, fill } from './filled-store.ts';
import { fillLarge, type LargeStore } from './million-store.ts';
import { bare, type Program } from './servers.ts';

/** Tasks of the large store; a tenth as many in the one that shows whether a figure grows. */
export const MANY_TASKS = 100_000;
export const FEWER_TASKS = 10_000;
/** Tasks of the store that questions are asked about, and of the one that writing is compared with. */
export const A_MILLION = 1_000_000;
export const A_THOUSAND = 1_000;
const OPEN_PLANS = 1_000;

/** What several measurements use, made when it is first asked for and removed at the end. */
export class Workbench {
  readonly #stack = new AsyncDisposableStack();
  readonly #stores = new Map<number, Promise<FilledStore>>();
  readonly #large = new Map<number, Promise<LargeStore>>();
  #bare: Promise<Program> | undefined;

  /** An empty folder. */
  async folder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'orchestrator-bench-'));
    this.#stack.defer(() => rm(folder, { recursive: true, force: true }));
    return folder;
  }

  bare(): Promise<Program> {
    this.#bare ??= this.folder().then(bare);
    return this.#bare;
  }

  /** A workspace that holds so many tasks. Those who use it may add to it. */
  store(tasks: number): Promise<FilledStore> {
    const filled = this.#stores.get(tasks) ?? this.folder().then((at) => fill(at, { tasks, openPlans: OPEN_PLANS }));
    this.#stores.set(tasks, filled);
    return filled;
  }

  /** A workspace that holds so many tasks, most of which wait. Those who use it may add to it. */
  large(tasks: number): Promise<LargeStore> {
    const filled = this.#large.get(tasks) ?? this.folder().then((at) => fillLarge(at, tasks));
    this.#large.set(tasks, filled);
    return filled;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
