import { statSync } from 'node:fs';
import type { Kysely, Selectable } from 'kysely';
import type { Repositories, Store } from '../../application/ports.ts';
import { type OrchestratorError, refused } from '../../domain/errors.ts';
import { analysisRepository } from './analysis-repository.ts';
import { artifactRepository } from './artifact-repository.ts';
import { auditRepository } from './audit-repository.ts';
import { callRepository } from './call-repository.ts';
import { checkupRepository } from './checkup-repository.ts';
import { claimRepository } from './claim-repository.ts';
import { compiled } from './compiled.ts';
import { dependencyRepository } from './dependency-repository.ts';
import { eventRepository } from './event-repository.ts';
import { exchangeRepository } from './exchange-repository.ts';
import { givenUpRepository } from './given-up-repository.ts';
import { identityRepository } from './identity-repository.ts';
import { maintenanceRepository } from './maintenance-repository.ts';
import { noteRepository } from './note-repository.ts';
import { offerRepository } from './offer-repository.ts';
import { orderRepository } from './order-repository.ts';
import { queryRepository } from './query-repository.ts';
import { replyRepository } from './reply-repository.ts';
import { rosterRepository } from './roster-repository.ts';
import { savedTemplateRepository } from './saved-template-repository.ts';
import type { DB } from './schema.ts';
import { searchRepository } from './search-repository.ts';
import { sessionRepository } from './session-repository.ts';
import type { SqliteConnection, TransactionKind } from './sqlite-dialect.ts';
import { shownName, translated } from './sqlite-errors.ts';
import { standingRepository } from './standing-repository.ts';
import { stepRepository } from './step-repository.ts';
import { synthesisRepository } from './synthesis-repository.ts';
import { taskRepository } from './task-repository.ts';
import { trashRepository } from './trash-repository.ts';
import { vectorRepository } from './vector-repository.ts';

export const repositoriesOf = (db: Kysely<DB>): Repositories => ({
  tasks: taskRepository(db),
  trash: trashRepository(db),
  steps: stepRepository(db),
  search: searchRepository(db),
  vectors: vectorRepository(db),
  standings: standingRepository(db),
  offers: offerRepository(db),
  queries: queryRepository(db),
  dependencies: dependencyRepository(db),
  claims: claimRepository(db),
  sessions: sessionRepository(db),
  artifacts: artifactRepository(db),
  givenUp: givenUpRepository(db),
  notes: noteRepository(db),
  events: eventRepository(db),
  replies: replyRepository(db),
  syntheses: synthesisRepository(db),
  identities: identityRepository(db),
  maintenance: maintenanceRepository(db),
  audit: auditRepository(db),
  exchange: exchangeRepository(db),
  order: orderRepository(db),
  analysis: analysisRepository(db),
  calls: callRepository(db),
  roster: rosterRepository(db),
  checkup: checkupRepository(db),
  savedTemplates: savedTemplateRepository(db),
});

/** Called at these moments of each writing transaction, so that a test can fail or kill there. */
export type Faults = (point: 'begun' | 'before_commit' | 'committed') => void | Promise<void>;

type Identity = Readonly<Pick<Selectable<DB['store']>, 'store_id' | 'generation' | 'schema_version'>>;
type Parts = Readonly<{ connection: SqliteConnection; db: Kysely<DB>; path: string; faults?: Faults | undefined }>;

/** The store of one process: one connection, one transaction at a time, in the order in which they were asked for. */
export class SqlStore implements Store {
  readonly #connection: SqliteConnection;
  readonly #path: string;
  readonly #faults: Faults | undefined;
  readonly #repositories: Repositories;
  readonly #readIdentity: (values: object) => Promise<readonly Identity[]>;
  readonly #file: string | undefined;
  /** The log that this connection writes to, once it has one; it stays as long as anybody has it open. */
  #log: string | undefined;
  #identity: Identity | undefined;
  /** What the connection's `dataVersion` was when the identity was read. */
  #readAt: unknown;
  /** When it was last seen that the file still lies at its path, by `performance.now()`. */
  #seenAt = Number.NEGATIVE_INFINITY;
  /** Why this server has stopped using the store. */
  #stopped: OrchestratorError | undefined;
  #lastTurn: Promise<unknown> = Promise.resolve();

  private constructor({ connection, db, path, faults }: Parts) {
    this.#connection = connection;
    this.#path = path;
    this.#faults = faults;
    this.#repositories = repositoriesOf(db);
    this.#readIdentity = compiled(db, () =>
      db.selectFrom('store').select(['store_id', 'generation', 'schema_version']),
    );
    this.#file = fileIdentity(path);
  }

  /** A store that remembers what it is now, to notice when it is replaced. */
  static async start(parts: Parts): Promise<SqlStore> {
    const store = new SqlStore(parts);
    await store.read(async () => {});
    return store;
  }

  write<T>(work: (repositories: Repositories) => Promise<T>, options: { signal?: AbortSignal } = {}): Promise<T> {
    const { signal } = options;
    return this.#inTurn(async () => {
      const result = await this.#transaction(
        'write',
        async () => {
          await this.#faults?.('begun');
          const made = await work(this.#repositories);
          await this.#faults?.('before_commit');
          return made;
        },
        signal,
      );
      await this.#faults?.('committed');
      return result;
    });
  }

  read<T>(work: (repositories: Repositories) => Promise<T>): Promise<T> {
    return this.#inTurn(() => this.#transaction('read', () => work(this.#repositories)));
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#stopped = refused(`The store ${shownName(this.#path)} is closed`);
      this.#connection.close();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#lastTurn.then(work);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #transaction<T>(kind: TransactionKind, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#stopped !== undefined) throw this.#stopped;
    const checked = async () => {
      await this.#assertUnchanged(kind);
      return work();
    };
    try {
      return await this.#connection.transaction(kind, checked, signal);
    } catch (error) {
      throw translated(error, shownName(this.#path));
    }
  }

  async #assertUnchanged(kind: TransactionKind): Promise<void> {
    const reason = (await this.#changedRow()) ?? (this.#isMoved(kind) ? REPLACED : undefined);
    if (reason === undefined) return;
    this.#stopped = refused(`The store ${shownName(this.#path)} ${reason}: this server has stopped using it`, {
      suggestion: 'Restart this server',
    });
    throw this.#stopped;
  }

  /** What became of the store's own row, which only another connection changes. */
  async #changedRow(): Promise<string | undefined> {
    const version = this.#connection.dataVersion();
    if (version === this.#readAt) return undefined;
    const [found] = await this.#readIdentity({});
    this.#identity ??= found;
    this.#readAt = version;
    return changed(this.#identity, found);
  }

  /** A write to a file that is gone would be lost, be it the database or its log; a read looks again only after a moment. */
  #isMoved(kind: TransactionKind): boolean {
    const now = performance.now();
    if (kind === 'read' && now - this.#seenAt < LOOK_AGAIN_MS) return false;
    this.#seenAt = now;
    const log = fileIdentity(`${this.#path}-wal`);
    this.#log ??= log;
    return fileIdentity(this.#path) !== this.#file || log !== this.#log;
  }
}

/** How long reads trust that the file still lies at its path: looking takes 15 µs. */
const LOOK_AGAIN_MS = 250;
const REPLACED = 'was moved, deleted or replaced by another file, or its -wal was';

function changed(known: Identity | undefined, found: Identity | undefined): string | undefined {
  if (known === undefined || found === undefined || known.store_id !== found.store_id) return REPLACED;
  if (known.schema_version !== found.schema_version) return 'was migrated by a newer server';
  return known.generation === found.generation ? undefined : 'was restored from a backup';
}

/** Which file lies at a path: writes to one that was deleted or moved away would be acknowledged and lost. */
function fileIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
