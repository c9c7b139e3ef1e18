import type { Stats } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { notFound, refused } from '../../domain/errors.ts';
import { explained, ifThere } from '../file-errors.ts';
import { isWithin } from '../workspace.ts';

/** How far exports and imports reach: a tool only works in the workspace, a person at the command line anywhere. */
export type Reach = Readonly<{ workspace: string; isAnywhere: boolean }>;
/** A path with what people call it. */
export type Located = Readonly<{ path: string; shown: string }>;

/** Where a path leads that was given from outside. Refuses what leaves the workspace, by name or by a link. */
export async function located({ workspace, isAnywhere }: Reach, given: string): Promise<Located> {
  const root = await realpath(workspace);
  const path = resolve(root, given);
  const shown = shownFrom(root, path);
  if (isAnywhere) return { path, shown };
  const real = join(await realFolder(dirname(path)), basename(path));
  if (!isWithin(root, path) || !isWithin(root, real) || path === root) throw leavesWorkspace(given, root);
  return { path, shown };
}

const shownFrom = (root: string, path: string) =>
  isWithin(root, path) ? relative(root, path).split(sep).join('/') || '.' : path;

/** What a folder really is; of one that is not there yet, the nearest above it that is. */
async function realFolder(folder: string): Promise<string> {
  const real = await ifThere(realpath(folder));
  return real ?? join(await realFolder(dirname(folder)), basename(folder));
}

const leavesWorkspace = (given: string, root: string) =>
  refused(`The path leads out of the workspace: ${given.slice(0, 200)}`, {
    workspace: root,
    suggestion:
      'Name a file inside the workspace; a person can use mcp-task-orchestrator export and import for any other',
  });

/** What lies at a path, which is no link. */
export async function present({ path, shown }: Located): Promise<Stats> {
  const found = await explained({ verb: 'read', path: shown }, () => ifThere(lstat(path)));
  if (found === undefined) {
    throw notFound('File', shown, {
      suggestion: 'Repeat with the path of a file that is there, relative to the workspace',
    });
  }
  if (!found.isFile() && !found.isDirectory()) {
    throw refused(`${shown} is a link or something else that is no plain file`, { suggestion: 'Name the file itself' });
  }
  return found;
}
