import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Backups } from '../../application/safekeeping/backups.ts';
import { toldByPath } from '../file-errors.ts';
import { DATABASE_FILE, STORE_FOLDER } from '../workspace.ts';
import { make, refuseNoStore } from './making.ts';
import { backupsIn } from './manifest.ts';
import { putBack } from './putting-back.ts';
import { restore, verdictOnBackup } from './restoring.ts';
import { verdictOn } from './verdicts.ts';
import { locate } from './whereabouts.ts';

/** The copies of the store in a folder. */
export function backupsOf(workspace: string, clock: () => number = Date.now): Backups {
  const folder = join(workspace, STORE_FOLDER);
  const backups = join(folder, 'backups');
  const ground = { workspace, folder, database: join(folder, DATABASE_FILE), backups, clock };
  return {
    list: () => toldByPath(() => backupsIn(backups)),
    make: (options) => toldByPath(() => make(ground, options)),
    verify: (from) =>
      toldByPath(async () => {
        if (from !== undefined) return verdictOnBackup(ground, await locate(ground, from));
        await refuseNoStore(ground);
        return verdictOn(ground);
      }),
    restore: (from, options) => toldByPath(async () => restore(ground, await locate(ground, from), options)),
    putBackFiles: (from) =>
      toldByPath(async () => {
        await refuseNoStore(ground);
        return putBack(ground, { database: ground.database, backup: (await locate(ground, from)).folder });
      }),
    remove: (name) => toldByPath(() => rm(join(backups, basename(name)), { recursive: true, force: true })),
  };
}
