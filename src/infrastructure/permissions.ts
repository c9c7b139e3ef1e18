import { constants } from 'node:fs';
import { access, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnosis, illness } from '../application/doctor/diagnosis.ts';
import { OrchestratorError } from '../domain/errors.ts';
import { inShell } from '../domain/shell.ts';
import { ifThere, systemCode } from './file-errors.ts';
import { assertUsable, DATABASE_FILE } from './workspace.ts';

/** Folders of the store that are looked into only where they are there. */
const PARTS = ['artifacts', 'backups', 'roles', 'templates', 'trash'] as const;

/** Whether this user may use the folder of a store and what is in it; what is not there is no hindrance. */
export async function permissionsOf(folder: string): Promise<Diagnosis> {
  const about = 'permissions';
  const { R_OK, W_OK, X_OK } = constants;
  try {
    await ifThere(assertUsable(folder));
    for (const suffix of ['', '-wal', '-shm'])
      await ifThere(access(join(folder, `${DATABASE_FILE}${suffix}`), R_OK | W_OK));
    for (const part of PARTS) await ifThere(access(join(folder, part), R_OK | W_OK | X_OK));
    return { about, state: 'fine', finding: 'this user may read and write' };
  } catch (error) {
    if (error instanceof OrchestratorError) return illness(about, error, wayIn(folder));
    if (systemCode(error) === 'EROFS') {
      const mend = 'Make that disk writable, or copy the project to one that is';
      return { about, state: 'ill', finding: `the disk that holds ${folder} is read-only`, mend };
    }
    const denied = error instanceof Error && 'path' in error ? error.path : folder;
    return { about, state: 'ill', finding: `this user may not read and write ${denied}`, mend: wayIn(folder) };
  }
}

/** What gives the user whom a folder belongs to the use of it. */
export const wayIn = (folder: string) =>
  process.platform === 'win32'
    ? `Give this user the right to read and write ${folder} and what is in it`
    : `chmod -R u+rwX ${inShell(folder)}`;

/** What may not be seen is told of by what keeps it from being seen. */
export async function ifPermitted<T>(look: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await look;
  } catch (error) {
    if (['EACCES', 'EPERM'].includes(systemCode(error) ?? '')) return otherwise;
    throw error;
  }
}

export const isToBeSeen = (path: string) =>
  ifPermitted(
    ifThere(lstat(path)).then(() => true),
    false,
  );
