import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Backups } from '../../application/safekeeping/backups.ts';
import { explained } from '../file-errors.ts';
import { DATABASE_FILE, STORE_FOLDER } from '../workspace.ts';
import { make, refuseNoStore } from './making.ts';
import { backupsIn } from './manifest.ts';
import { putBack } from './putting-back.ts';
import { restore } from './restoring.ts';
import { verdictOn } from './verdicts.ts';
import { locate } from './whereabouts.ts';

/** The copies of the store in a folder. */
export function backupsOf(workspace: string, clock: () => number = Date.now): Backups {
  const folder = join(workspace, STORE_FOLDER);
  const backups = join(folder, 'backups');
  const ground = { workspace, folder, database: join(folder, DATABASE_FILE), backups, clock };
  return {
    list: () => backupsIn(backups),
    make: (options) => make(ground, options),
    async verify(from) {
      if (from !== undefined) return verdictOn(await locate(ground, from));
      await refuseNoStore(ground);
      return verdictOn(ground);
    },
    restore: async (from, options) => restore(ground, await locate(ground, from), options),
    async putBackFiles(from) {
      await refuseNoStore(ground);
      return putBack(ground, { database: ground.database, backup: (await locate(ground, from)).folder });
    },
    async remove(name) {
      const path = join(backups, basename(name));
      await explained({ verb: 'delete', path }, () => rm(path, { recursive: true, force: true }));
    },
  };
}
