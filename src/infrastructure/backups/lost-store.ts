import { lstat } from 'node:fs/promises';
import { refused } from '../../domain/errors.ts';
import { ifThere } from '../file-errors.ts';
import { shownName } from '../store/sqlite-errors.ts';
import { backupsIn, latestSound } from './manifest.ts';

/**
 * Refuses to begin anew where a database is gone whose backups are there: an empty store in its place would look as if all
 * were well, and what was lost would be missed only later.
 */
export async function refuseLostStore({ path, backups }: Readonly<{ path: string; backups: string }>): Promise<void> {
  const found = await ifThere(lstat(path));
  if (found !== undefined && found.size > 0) return;
  const latest = latestSound(await backupsIn(backups));
  if (latest === undefined) return;
  throw refused(
    `The store ${shownName(path)} is ${found === undefined ? 'gone' : 'empty'}, and there is a backup of it`,
    {
      backup: latest.name,
      suggestion: `Put it back with mcp-task-orchestrator restore ${latest.name}; to begin anew, move the folder backups elsewhere`,
    },
  );
}
