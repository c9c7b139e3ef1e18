import { SqliteError } from 'better-sqlite3';
import { expect, test } from 'vitest';
import { refused } from '../../domain/errors.ts';
import { shownName, translated } from './sqlite-errors.ts';

const FILE = '.task_orchestrator/task_orchestrator.db';
const told = (code: string) => translated(new SqliteError('near "select": /home/me/secret.db', code), FILE);

test.for([
  ['SQLITE_BUSY', 'transient'],
  ['SQLITE_BUSY_RECOVERY', 'transient'],
  ['SQLITE_FULL', 'transient'],
  ['SQLITE_IOERR_FSYNC', 'transient'],
  ['SQLITE_READONLY', 'refused'],
  ['SQLITE_READONLY_DIRECTORY', 'refused'],
  ['SQLITE_CANTOPEN', 'refused'],
  ['SQLITE_PERM', 'refused'],
  ['SQLITE_NOTADB', 'refused'],
  ['SQLITE_CORRUPT_INDEX', 'refused'],
] as const)('%s is told as %s, naming the file and what to do, and nothing of the inside', ([code, expected]) => {
  const error = told(code);

  expect(error).toMatchObject({ code: expected, suggestion: expect.any(String) });
  expect(String(error)).toContain(FILE);
  expect(String(error)).not.toMatch(/select|secret|SQLITE/);
});

test('a busy store says when to come back', () => {
  expect(told('SQLITE_BUSY')).toMatchObject({ details: { retry_after_ms: expect.any(Number) } });
});

test('a full disk says what to free', () => {
  expect(told('SQLITE_FULL')).toMatchObject({ details: { free: expect.stringContaining('disk') } });
});

test.for([
  new SqliteError('UNIQUE constraint failed', 'SQLITE_CONSTRAINT_UNIQUE'),
  new Error('anything else'),
  refused('a rule'),
])('an error that SQLite has no part in, or that is our own fault, stays what it is: %s', (error) => {
  expect(translated(error, FILE)).toBe(error);
});

test('a store is named by its folder and file alone', () => {
  expect(shownName('/home/me/work/.task_orchestrator/task_orchestrator.db')).toBe(FILE);
});
