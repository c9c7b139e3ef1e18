import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { openStore } from '../src/infrastructure/store/open.ts';
import { claims, sessions } from './store-contract/actors.ts';
import { dependencies } from './store-contract/dependencies.ts';
import type { OpenFresh } from './store-contract/given.ts';
import { audit, maintenance } from './store-contract/maintenance.ts';
import { offers } from './store-contract/offers.ts';
import { artifacts, events, kept, notes } from './store-contract/records.ts';
import { standings } from './store-contract/standings.ts';
import { taskLists, tasks } from './store-contract/tasks.ts';
import { transactions } from './store-contract/transactions.ts';

/** What every database behind the ports has to keep to; another one joins with its way to open a fresh store. */
const DATABASES: Readonly<Record<string, OpenFresh>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'mto-contract-'));
    const path = join(folder, 'store.db');
    // What a power cut does to a commit is not tested here.
    const openAgain = () => openStore({ path, synchronous: 'normal', backups: join(folder, 'backups') });
    const store = await openAgain();
    onTestFinished(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });
    return { store, openAgain };
  },
};

const CONTRACT = [
  transactions,
  tasks,
  taskLists,
  standings,
  offers,
  dependencies,
  claims,
  sessions,
  artifacts,
  notes,
  events,
  kept,
  maintenance,
  audit,
];

for (const [name, open] of Object.entries(DATABASES)) {
  describe(`a store on ${name}`, () => {
    for (const part of CONTRACT) part(open);
  });
}
