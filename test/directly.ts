import { join } from 'node:path';
import { callCounter } from '../src/application/call-counter.ts';
import { contextOf } from '../src/application/context.ts';
import type { Clock } from '../src/application/ports.ts';
import type { Context, Surroundings } from '../src/application/tool.ts';
import type { Actor } from '../src/domain/claim.ts';
import { artifactFiles } from '../src/infrastructure/artifact-files.ts';
import { BUILT_IN_ROLES } from '../src/infrastructure/built-in-roles.generated.ts';
import { exchangeFiles } from '../src/infrastructure/exchange/exchange-files.ts';
import { drawId } from '../src/infrastructure/ids.ts';
import { processes } from '../src/infrastructure/processes.ts';
import { roles } from '../src/infrastructure/roles.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
import { noWaits } from '../src/infrastructure/store/retry.ts';
import { templates } from '../src/infrastructure/templates.ts';
import { vitals } from '../src/infrastructure/vitals.ts';
import { DATABASE_FILE, prepareStoreFolder } from '../src/infrastructure/workspace.ts';
import { workspaceFiles } from '../src/infrastructure/workspace-files.ts';

/** Those that are set where nobody sets others. */
const THRESHOLDS: Surroundings['thresholds'] = {
  retentionDays: { completed: 90, failed: 60, cancelled: 30 },
  trashDays: 30,
  orphanFileDays: 7,
  staleHours: {},
  staleHoursOtherwise: 24,
};

type Given = Readonly<{ workspace: string; clock?: Clock; actor?: Actor }>;

/** A way into a store beside the tools: another connection, whose transactions have the context that tools have. */
export async function directly({ workspace, clock = Date.now, actor = { sessionId: 'session_direct00' } }: Given) {
  const folder = await prepareStoreFolder(workspace);
  const store = await openStore({
    path: join(folder, DATABASE_FILE),
    backups: join(folder, 'backups'),
    synchronous: 'normal',
  });
  const surroundings: Surroundings = {
    actor,
    clock,
    drawId,
    processes: processes(),
    roles: roles({ builtIn: BUILT_IN_ROLES, folder: join(folder, 'roles') }),
    artifactFiles: artifactFiles(workspace),
    workspaceFiles: workspaceFiles(workspace),
    exchangeFiles: exchangeFiles({ workspace, isAnywhere: false }),
    workspace,
    thresholds: THRESHOLDS,
    templates: templates({ builtIn: async () => ({}), folder: join(folder, 'templates') }),
    approvals: 'anyone',
    vitals: vitals(join(folder, DATABASE_FILE), noWaits()),
    callCounter: callCounter({ clock, stopwatch: clock }),
    log: { debug() {}, info() {}, warn() {}, error() {} },
    signal: new AbortController().signal,
    report() {},
  };
  return {
    write: <T>(work: (context: Context) => Promise<T>) =>
      store.write((repositories) => work(contextOf(repositories, surroundings))),
    read: <T>(work: (context: Context) => Promise<T>) =>
      store.read((repositories) => work(contextOf(repositories, surroundings))),
    [Symbol.asyncDispose]: () => store.close(),
  };
}
export type Directly = Awaited<ReturnType<typeof directly>>;
