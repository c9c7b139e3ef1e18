import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { closest } from '../../domain/closest.ts';
import { notFound } from '../../domain/errors.ts';
import { ifThere } from '../file-errors.ts';
import { DATABASE_FILE } from '../workspace.ts';
import { backupsIn, MANIFEST_FILE } from './manifest.ts';
import type { Place } from './verdicts.ts';

/**
 * Finds a backup by the path or the name that was given: the folder that was made, its database, or a database alone,
 * such as the copy that is kept of a store before its schema is changed.
 */
export async function locate({ backups }: { backups: string }, given: string): Promise<Place> {
  for (const named of [resolve(given), join(backups, given)]) {
    // A link that a person names leads where the person wants to go.
    const path = (await ifThere(realpath(named))) ?? named;
    const found = await ifThere(lstat(path));
    const database = found?.isDirectory() ? join(path, DATABASE_FILE) : path;
    const isThere = (await ifThere(lstat(database)))?.isFile() === true;
    if (isThere) return found?.isDirectory() ? { folder: path, database } : alone(path);
  }
  const names = (await backupsIn(backups)).map(({ name }) => name);
  const likely = closest(given, names);
  throw notFound('Backup', given, {
    ...(likely.length > 0 && { did_you_mean: likely }),
    suggestion:
      names.length > 0
        ? `There are ${shown(names)}; mcp-task-orchestrator verify says whether one is whole`
        : 'mcp-task-orchestrator backup makes one',
  });
}

/** Backups that are named, the latest of them. */
const NAMED = 5;

function shown(names: readonly string[]): string {
  const more = names.length - NAMED;
  return `${names.slice(-NAMED).join(', ')}${more > 0 ? ` and ${more} older ones` : ''}`;
}

/** A database has artifact files only where it lies in a backup as it was made. */
async function alone(path: string): Promise<Place> {
  const isPartOfBackup =
    basename(path) === DATABASE_FILE && (await ifThere(lstat(join(dirname(path), MANIFEST_FILE)))) !== undefined;
  return { database: path, folder: isPartOfBackup ? dirname(path) : undefined };
}
