import { dirname } from 'node:path';
import { MIGRATIONS } from '../../src/infrastructure/store/migrate.ts';
import { openStore } from '../../src/infrastructure/store/open.ts';

/** A server that brings a store up, and is killed once a step of that has done all that it is there for. */
const [path = '', step = ''] = process.argv.slice(2);

const migrations: typeof MIGRATIONS = {
  ...MIGRATIONS,
  [step]: {
    async up(db) {
      await MIGRATIONS[step]?.up(db);
      process.kill(process.pid, 'SIGKILL');
    },
  },
};
await openStore({ path, synchronous: 'full', backups: dirname(path), migrations });
