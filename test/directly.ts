import { join } from 'node:path';
import { contextOf } from '../src/application/context.ts';
import type { Clock } from '../src/application/ports.ts';
import type { Context, Surroundings } from '../src/application/tool.ts';
import type { Actor } from '../src/domain/claim.ts';
import { artifactFiles } from '../src/infrastructure/artifact-files.ts';
import { BUILT_IN_ROLES } from '../src/infrastructure/built-in-roles.generated.ts';
import { drawId } from '../src/infrastructure/ids.ts';
import { processes } from '../src/infrastructure/processes.ts';
import { roles } from '../src/infrastructure/roles.ts';
import { openStore } from '../src/infrastructure/store/open.ts';
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
    workspace,
    thresholds: THRESHOLDS,
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
