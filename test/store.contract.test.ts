import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getLoadablePath } from 'sqlite-vec';
import { describe, onTestFinished } from 'vitest';
import { openStore } from '../src/infrastructure/store/open.ts';
import { claims, sessions } from './store-contract/actors.ts';
import { analysis, calls, order, roster } from './store-contract/analysis.ts';
import { checkup } from './store-contract/checkup.ts';
import { dependencies } from './store-contract/dependencies.ts';
import { exchange } from './store-contract/exchange.ts';
import type { OpenFresh } from './store-contract/given.ts';
import { audit, maintenance } from './store-contract/maintenance.ts';
import { offers } from './store-contract/offers.ts';
import { queries } from './store-contract/queries.ts';
import { artifacts, events, kept, notes } from './store-contract/records.ts';
import { search } from './store-contract/search.ts';
import { standings } from './store-contract/standings.ts';
import { taskLists, tasks } from './store-contract/tasks.ts';
import { savedTemplates } from './store-contract/templates.ts';
import { transactions } from './store-contract/transactions.ts';
import { trash } from './store-contract/trash.ts';
import { vectors } from './store-contract/vectors.ts';

/** What every database behind the ports has to keep to; another one joins with its way to open a fresh store. */
const DATABASES: Readonly<Record<string, OpenFresh>> = {
  async SQLite() {
    const folder = mkdtempSync(join(tmpdir(), 'mto-contract-'));
    const path = join(folder, 'store.db');
    // What a power cut does to a commit is not tested here.
    const openAgain = () =>
      openStore({ path, synchronous: 'normal', backups: join(folder, 'backups'), extension: getLoadablePath() });
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
  queries,
  dependencies,
  order,
  analysis,
  calls,
  roster,
  claims,
  sessions,
  artifacts,
  notes,
  events,
  trash,
  kept,
  maintenance,
  search,
  vectors,
  checkup,
  audit,
  exchange,
  savedTemplates,
];

for (const [name, open] of Object.entries(DATABASES)) {
  describe(`a store on ${name}`, () => {
    for (const part of CONTRACT) part(open);
  });
}
