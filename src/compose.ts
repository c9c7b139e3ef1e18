import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Catalogue, type Opened, Orchestrator } from './application/orchestrator.ts';
import type { Clock, DrawId } from './application/ports.ts';
import { PLANNED_NAMES, TOOLS, type ToolName } from './application/tools.generated.ts';
import type { Config } from './config.ts';
import { artifactFiles } from './infrastructure/artifact-files.ts';
import { BUILT_IN_ROLES } from './infrastructure/built-in-roles.generated.ts';
import { drawId } from './infrastructure/ids.ts';
import { createLog } from './infrastructure/log.ts';
import { processes } from './infrastructure/processes.ts';
import { roles } from './infrastructure/roles.ts';
import { openStore } from './infrastructure/store/open.ts';
import {
  DATABASE_FILE,
  findWorkspace,
  isSameWorkspace,
  prepareStoreFolder,
  STORE_FOLDER,
} from './infrastructure/workspace.ts';
import { workspaceFiles } from './infrastructure/workspace-files.ts';

/** What tests and the documentation put in the place of time and chance. */
export type Replaced = Readonly<{ clock?: Clock; drawId?: DrawId; faults?: Parameters<typeof openStore>[0]['faults'] }>;

/** Puts a server together: configuration → store → orchestrator. Nothing is opened, read or written before the first call. */
export function compose(config: Config, replaced: Replaced = {}) {
  const log = createLog({ level: config.logLevel });
  const orchestrator = new Orchestrator({
    catalogue: CATALOGUE,
    open: (workingDirectory) => open(config, { workingDirectory, warn: log.warn, faults: replaced.faults }),
    hasStore: async () => existsSync(join(await workspaceOf(config), STORE_FOLDER, DATABASE_FILE)),
    clock: replaced.clock ?? Date.now,
    drawId: replaced.drawId ?? drawId,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    log,
    timeoutMs: config.timeoutMs,
  });
  return {
    orchestrator,
    log,
    async [Symbol.asyncDispose]() {
      await orchestrator.close();
      await log.close();
    },
  };
}

const CATALOGUE: Catalogue = {
  names: Object.keys(TOOLS),
  resolve: (name) => (isTool(name) ? name : isPlanned(name) ? PLANNED_NAMES[name] : undefined),
  async load(name) {
    if (!isTool(name)) throw new Error(`no tool ${name}`);
    return (await TOOLS[name]()).default;
  },
};

const isTool = (name: string): name is ToolName => Object.hasOwn(TOOLS, name);
const isPlanned = (name: string): name is keyof typeof PLANNED_NAMES => Object.hasOwn(PLANNED_NAMES, name);

type Opening = Pick<Replaced, 'faults'> &
  Readonly<{
    workingDirectory: string | undefined;
    warn: (details: Readonly<Record<string, unknown>>, message: string) => void;
  }>;

const workspaceOf = ({ workspace: flag }: Config, workingDirectory?: string) =>
  findWorkspace({ flag, workingDirectory, cwd: process.cwd(), home: homedir() });

async function open(config: Config, { workingDirectory, warn, faults }: Opening): Promise<Opened> {
  const workspace = await workspaceOf(config, workingDirectory);
  const folder = await prepareStoreFolder(workspace);
  const store = await openStore({
    path: join(folder, DATABASE_FILE),
    backups: join(folder, 'backups'),
    synchronous: config.synchronous,
    busyDeadlineMs: config.timeoutMs,
    ...(faults !== undefined && { faults }),
  });
  return {
    store,
    workspace,
    isWorkspace: (directory) => isSameWorkspace(workspace, directory),
    processes: processes(),
    roles: roles({
      builtIn: BUILT_IN_ROLES,
      folder: join(folder, 'roles'),
      onProblem: ({ file, line, message }) => warn({ file, line }, `role left out: ${message}`),
    }),
    artifactFiles: artifactFiles(workspace),
    workspaceFiles: workspaceFiles(workspace),
  };
}
