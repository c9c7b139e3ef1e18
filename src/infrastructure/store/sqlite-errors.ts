import { basename, dirname } from 'node:path';
import { OrchestratorError, refused, transient } from '../../domain/errors.ts';

/** What better-sqlite3 throws: an error whose code is SQLite's own name for it. */
type SqliteError = Error & { code: string };

const isSqliteError = (error: unknown): error is SqliteError =>
  error instanceof Error && error.name === 'SqliteError' && 'code' in error && typeof error.code === 'string';

/** `SQLITE_IOERR_FSYNC` is a kind of `SQLITE_IOERR`. */
const primaryCode = (code: string) => /^SQLITE_[A-Z]+/.exec(code)?.[0] ?? code;

const BUSY = new Set(['SQLITE_BUSY', 'SQLITE_LOCKED', 'SQLITE_PROTOCOL']);
/** Whether somebody else holds the lock, so that the same attempt may succeed a moment later. */
export const isBusy = (error: unknown) => isSqliteError(error) && BUSY.has(primaryCode(error.code));

const UNTOUCHED =
  'Nothing was changed. mcp-task-orchestrator doctor names the copy in the folder backups to restore, or, where none is whole, how to move the file aside to start anew';

type Sentence = Readonly<{ make: typeof refused; error: (file: string) => string; body: Record<string, unknown> }>;

const BUSY_SENTENCE: Sentence = {
  make: transient,
  error: (file) => `The store ${file} is busy: other servers have been writing without a pause`,
  body: { retry_after_ms: 1000, suggestion: 'Repeat the call' },
};

/** What each refusal of SQLite means to somebody who has never heard of it. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  SQLITE_BUSY: BUSY_SENTENCE,
  SQLITE_LOCKED: BUSY_SENTENCE,
  SQLITE_PROTOCOL: BUSY_SENTENCE,
  SQLITE_FULL: {
    make: transient,
    error: (file) => `The disk that holds the store ${file} is full: the call changed nothing`,
    body: { free: 'space on the disk that holds the workspace', suggestion: 'Free disk space, then repeat the call' },
  },
  SQLITE_IOERR: {
    make: transient,
    error: (file) => `The disk failed while the store ${file} was read or written: the call changed nothing`,
    body: { suggestion: 'Check the free space and the health of the disk, then repeat the call' },
  },
  SQLITE_READONLY: {
    make: refused,
    error: (file) => `The store ${file} cannot be written: the file or its folder is read-only`,
    body: { suggestion: 'Make the file and its folder writable for the user that the server runs as' },
  },
  SQLITE_CANTOPEN: {
    make: refused,
    error: (file) => `The store ${file} cannot be opened: it is no file, or its folder is missing or not accessible`,
    body: { suggestion: 'Make the folder readable and writable for the user that the server runs as' },
  },
  SQLITE_PERM: {
    make: refused,
    error: (file) => `The store ${file} cannot be opened: access is denied`,
    body: { suggestion: 'Make the file and its folder writable for the user that the server runs as' },
  },
  SQLITE_NOTADB: {
    make: refused,
    error: (file) => `The file ${file} is not a store: it is no SQLite database`,
    body: { suggestion: UNTOUCHED },
  },
  SQLITE_CORRUPT: {
    make: refused,
    error: (file) => `The store ${file} is damaged and cannot be read as a whole`,
    body: { suggestion: UNTOUCHED },
  },
};

/** The error that the caller is told: SQLite's in plain words, any other as it is. */
export function translated(error: unknown, file: string): unknown {
  if (error instanceof OrchestratorError || !isSqliteError(error)) return error;
  const sentence = SENTENCES[primaryCode(error.code)];
  return sentence === undefined ? error : sentence.make(sentence.error(file), { ...sentence.body, cause: error });
}

const UNREADABLE = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT']);
/** Whether an error of ours says that a file could not be read as a database at all. */
export const isUnreadable = (error: unknown) =>
  error instanceof OrchestratorError && isSqliteError(error.cause) && UNREADABLE.has(primaryCode(error.cause.code));

/** A store's name as it may be told: its folder and file, nothing of what lies above. */
export const shownName = (path: string) => `${basename(dirname(path))}/${basename(path)}`;

/** The refusal of a file that is a database, but not one of ours. */
export const foreignDatabase = (file: string) =>
  refused(`The file ${file} is not a store: it is the SQLite database of another program`, {
    suggestion:
      'Nothing was changed. Where a store belongs there, first move the file aside: mcp-task-orchestrator doctor then names the copy in the folder backups to restore, if there is one',
  });

export const newerStore = (file: string, { found, known }: { found: number; known: number }) =>
  refused(`The store ${file} has schema version ${found}, and this server knows versions up to ${known}`, {
    store_version: found,
    known_version: known,
    suggestion: 'Start a newer mcp-task-orchestrator',
  });
