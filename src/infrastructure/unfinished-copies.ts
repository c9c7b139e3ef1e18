import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HOUR_MS } from '../domain/maintenance.ts';
import { ifThere } from './file-errors.ts';
import { ifPermitted } from './permissions.ts';

/** Nobody works on a copy for longer. */
const UNFINISHED_AFTER_MS = HOUR_MS;
/** A backup, a restore, and the copy of a store whose schema is changed, as long as they are not finished. */
const UNFINISHED = [/^\..+\.[0-9a-z]{8}\.tmp$/, /^before-v\d.*\.db\.part(-journal)?$/];

/** The paths of copies in the folder of a store that a process began and did not live to finish. */
export async function unfinishedCopies(folder: string, at = Date.now()): Promise<readonly string[]> {
  const backups = join(folder, 'backups');
  const paths = [
    ...(await namesIn(folder)).filter((name) => name.startsWith('.restoring.')).map((name) => join(folder, name)),
    ...(await namesIn(backups)).map((name) => join(backups, name)),
  ].filter((path) => UNFINISHED.some((pattern) => pattern.test(basename(path))));
  const old = await Promise.all(
    paths.map(async (path) => {
      const found = await ifThere(lstat(path));
      return found !== undefined && at - found.mtimeMs > UNFINISHED_AFTER_MS ? [path] : [];
    }),
  );
  return old.flat();
}

const namesIn = async (folder: string) => (await ifPermitted(ifThere(readdir(folder)), undefined)) ?? [];
