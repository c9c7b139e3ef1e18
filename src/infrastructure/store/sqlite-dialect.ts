import { AsyncLocalStorage } from 'node:async_hooks';
import type { Database, Statement } from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  DefaultConnectionProvider,
  DefaultQueryExecutor,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { retryBusy, type Waits } from './retry.ts';

/** A write takes the lock at once: one that reads first fails as soon as another has committed in between. */
const BEGIN = { read: 'begin', write: 'begin immediate' } as const;
export type TransactionKind = keyof typeof BEGIN;

/** All that are written down are half as many; questions of many shapes make others, which are prepared again when they come back. */
const MOST_STATEMENTS = 600;

/** The one connection of a process. Whoever uses it sees to it that transactions follow one another. */
export class SqliteConnection implements DatabaseConnection {
  readonly #database: Database;
  readonly #busyDeadlineMs: number;
  readonly #waits: Waits | undefined;
  /** By SQL text, which never depends on the number of values: lists travel as one JSON parameter. */
  readonly #statements = new Map<string, Statement>();
  /** Whose transaction a query belongs to: one that was left behind by a call that failed must not run in the next one's. */
  readonly #scope = new AsyncLocalStorage<object>();
  readonly #dataVersion: Statement;
  #owner: object | undefined;
  #signal: AbortSignal | undefined;
  /** Kept here because asking SQLite takes as long as a small query. */
  #isInTransaction = false;

  constructor(database: Database, { busyDeadlineMs, waits }: { busyDeadlineMs: number; waits?: Waits | undefined }) {
    this.#database = database;
    this.#busyDeadlineMs = busyDeadlineMs;
    this.#waits = waits;
    this.#dataVersion = database.prepare('pragma data_version').pluck();
  }

  /** Runs `work` in a transaction, once its turn has come; queries in it fail once `signal` has aborted. */
  async transaction<T>(kind: TransactionKind, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const owner = {};
    try {
      await this.begin(kind, signal, owner);
      const result = await this.#scope.run(owner, work);
      signal?.throwIfAborted();
      await this.commit();
      return result;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  async begin(kind: TransactionKind, signal?: AbortSignal, owner?: object): Promise<void> {
    await this.retried(() => {
      this.#begin(kind);
      this.#signal = signal;
      this.#owner = owner;
      this.#isInTransaction = true;
    }, signal);
  }

  #begin(kind: TransactionKind): void {
    this.#statement(BEGIN[kind]).run();
    if (kind === 'write') return;
    try {
      // A plain begin takes its snapshot at the first read, which can find the store busy.
      this.dataVersion();
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** A number that is another one once somebody else has written. */
  dataVersion(): unknown {
    return this.#dataVersion.get();
  }

  async commit(): Promise<void> {
    if (!this.#database.inTransaction) throw new Error('The transaction was rolled back before its commit');
    await this.retried(() => {
      this.#statement('commit').run();
      this.#forget();
    }, this.#signal);
  }

  /** Ends the transaction without a trace; SQLite itself has done so already when the disk is full. */
  rollback(): void {
    this.#forget();
    if (this.#database.inTransaction) this.#statement('rollback').run();
  }

  #forget(): void {
    this.#signal = undefined;
    this.#owner = undefined;
    this.#isInTransaction = false;
  }

  retried<T>(attempt: () => T, signal?: AbortSignal): Promise<T> {
    return retryBusy(attempt, { deadlineMs: this.#busyDeadlineMs, signal, waits: this.#waits });
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const isItsOwn = this.#owner === undefined || this.#scope.getStore() === this.#owner;
    if (!this.#isInTransaction || !isItsOwn) throw new Error('A query came outside its transaction');
    this.#signal?.throwIfAborted();
    try {
      return this.#run(sql, parameters);
    } catch (error) {
      // When the disk is full, SQLite itself has ended the transaction.
      this.#isInTransaction = this.#database.inTransaction;
      throw error;
    }
  }

  #run<R>(sql: string, parameters: readonly unknown[]): QueryResult<R> {
    const statement = this.#statement(sql);
    // What a row holds is known to the query's type alone.
    if (statement.reader) return { rows: statement.all(...parameters) as R[] };
    return { rows: [], numAffectedRows: BigInt(statement.run(...parameters).changes) };
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('Rows are not streamed: nobody else could write meanwhile');
  }

  close(): void {
    this.#database.close();
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }

  #statement(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    if (this.#statements.size >= MOST_STATEMENTS) this.#forgetOldest();
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Kysely's part in it: building and compiling queries, and the transaction that migrates. */
export function kyselyOn<Tables>(connection: SqliteConnection): Kysely<Tables> {
  const dialect = sqliteDialect(connection);
  const driver = dialect.createDriver();
  return new Kysely({ config: { dialect }, dialect, driver, executor: new DirectExecutor(connection, driver) });
}

/** Asks the one connection itself. Kysely's own executor acquires and releases one for each query: 6 of its 9 µs. */
class DirectExecutor extends DefaultQueryExecutor {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection, driver: Driver) {
    super(new SqliteQueryCompiler(), new Adapter(), new DefaultConnectionProvider(driver));
    this.#connection = connection;
  }

  override executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.#connection.executeQuery(query);
  }
}

const sqliteDialect = (connection: SqliteConnection): Dialect => ({
  createAdapter: () => new Adapter(),
  createDriver: () => driverOf(connection),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
});

/** The stock adapter migrates outside a transaction: of 8 servers that started at once, 7 failed. */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl() {
    return true;
  }

  /** Spares each query a lock: the store lets one transaction run at a time. */
  override get supportsMultipleConnections() {
    return true;
  }
}

const driverOf = (connection: SqliteConnection): Driver => ({
  init: async () => {},
  acquireConnection: async () => connection,
  beginTransaction: (_connection, { accessMode }) => connection.begin(accessMode === 'read only' ? 'read' : 'write'),
  commitTransaction: () => connection.commit(),
  rollbackTransaction: async () => connection.rollback(),
  releaseConnection: async () => {},
  destroy: async () => connection.close(),
});
