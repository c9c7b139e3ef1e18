import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type CallCounter, callCounter, keepingCalls, watched } from './application/call-counter.ts';
import type { Vitals } from './application/checkup/vitals.ts';
import { type Catalogue, type Opened, Orchestrator } from './application/orchestrator.ts';
import type { Clock, DrawId } from './application/ports.ts';
import { PLANNED_NAMES, TOOLS, type ToolName } from './application/tools.generated.ts';
import type { Config } from './config.ts';
import { refused } from './domain/errors.ts';
import { artifactFiles } from './infrastructure/artifact-files.ts';
import { BUILT_IN_ROLES } from './infrastructure/built-in-roles.generated.ts';
import { exchangeFiles } from './infrastructure/exchange/exchange-files.ts';
import { toldByPath } from './infrastructure/file-errors.ts';
import { drawId } from './infrastructure/ids.ts';
import { createLog } from './infrastructure/log.ts';
import { processes } from './infrastructure/processes.ts';
import { roles } from './infrastructure/roles.ts';
import { MIGRATIONS } from './infrastructure/store/migrate.ts';
import { openStore } from './infrastructure/store/open.ts';
import { noWaits } from './infrastructure/store/retry.ts';
import { telemetry } from './infrastructure/telemetry.ts';
import { templates } from './infrastructure/templates.ts';
import { vitals } from './infrastructure/vitals.ts';
import {
  DATABASE_FILE,
  findWorkspace,
  isSameWorkspace,
  prepareStoreFolder,
  STORE_FOLDER,
} from './infrastructure/workspace.ts';
import { workspaceFiles } from './infrastructure/workspace-files.ts';
import { IDENTITY } from './presentation/identity.ts';

/** What tests and the documentation put in the place of time and chance. */
export type Replaced = Readonly<{
  clock?: Clock;
  drawId?: DrawId;
  vitals?: Vitals;
  faults?: Parameters<typeof openStore>[0]['faults'];
  /** Exports and imports may leave the workspace, for a person at the command line says where. */
  isAnywhere?: boolean;
  /** Is told of each call, beside the counter. */
  watch?: CallCounter['begin'];
}>;

/** Puts a server together: configuration → store → orchestrator. Nothing is opened, read or written before the first call. */
export function compose(config: Config, replaced: Replaced = {}) {
  const log = createLog({ level: config.logLevel });
  const clock = replaced.clock ?? Date.now;
  const counter = callCounter({ clock, stopwatch: replaced.clock ?? (() => performance.now()) });
  const orchestrator = new Orchestrator({
    catalogue: CATALOGUE,
    open: (workingDirectory) => open(config, { workingDirectory, replaced, clock, counter }),
    hasStore: () => hasStore(config),
    clock,
    drawId: replaced.drawId ?? drawId,
    digest: (text) => createHash('sha256').update(text).digest('hex'),
    callCounter: replaced.watch === undefined ? counter : watched(counter, replaced.watch),
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

/** A server that somebody runs, which also tells of its calls, and maintains its workspace on a schedule, where that is asked for. */
export async function composeServer(config: Config) {
  const { warning, ...watching } = config.telemetry ? await telemetry(IDENTITY.name, IDENTITY.version) : {};
  const server = compose(config, watching);
  if (warning !== undefined) server.log.warn({}, warning);
  const schedule = await scheduleOf(config, server);
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await schedule?.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What is made on a schedule is `scan_cleanup`; a store that is not there is not made for it. */
async function scheduleOf({ maintenanceSchedule }: Config, { orchestrator, log }: ReturnType<typeof compose>) {
  if (maintenanceSchedule === undefined) return undefined;
  const { Schedule } = await import('./application/maintenance/schedule.ts');
  const { timetableOf } = await import('./infrastructure/timetable.ts');
  return new Schedule({
    timetable: await timetableOf(maintenanceSchedule),
    clock: Date.now,
    log,
    async make(dueAt, signal) {
      const isThere = await orchestrator.readIfThere(async () => true);
      if (isThere !== true) return;
      const args = { action: 'scan_cleanup', scope: 'full_project', validation_level: 'comprehensive' };
      await orchestrator.call('orchestrator_maintenance_coordinator', args, { dueAt, signal, withinMs: UNHURRIED_MS });
    },
  });
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

type Opening = Readonly<{
  workingDirectory: string | undefined;
  replaced: Replaced;
  clock: Clock;
  counter: CallCounter;
}>;

const workspaceOf = ({ workspace: flag }: Config, workingDirectory?: string) =>
  findWorkspace({ flag, workingDirectory, cwd: process.cwd(), home: homedir() });

const builtInTemplates = async () =>
  (await import('./infrastructure/built-in-templates.generated.ts')).BUILT_IN_TEMPLATES;

async function open(config: Config, { workingDirectory, replaced, clock, counter }: Opening): Promise<Opened> {
  const workspace = await workspaceOf(config, workingDirectory);
  const folder = await prepareStoreFolder(workspace);
  const path = join(folder, DATABASE_FILE);
  const waits = noWaits();
  const backups = join(folder, 'backups');
  const { faults } = replaced;
  const { refuseLostStore } = await import('./infrastructure/backups/lost-store.ts');
  await refuseLostStore({ path, backups });
  const meaning = await meaningBy(config);
  const store = await openStore({
    path,
    waits,
    backups,
    synchronous: config.synchronous,
    busyDeadlineMs: config.timeoutMs,
    extension: meaning?.extension,
    ...(faults !== undefined && { faults }),
  });
  return {
    ...aroundStore(config, { workspace, counter }),
    ...(replaced.isAnywhere === true && { exchangeFiles: exchangeFiles({ workspace, isAnywhere: true }) }),
    store: keepingCalls(store, { counter, clock }),
    ...(meaning !== undefined && { embedder: meaning.embedder }),
    vitals: replaced.vitals ?? vitals(path, waits),
  };
}

/** What is there beside an open store. */
function aroundStore(
  config: Config,
  { workspace, counter }: Readonly<{ workspace: string; counter: CallCounter }>,
): Omit<Opened, 'store' | 'embedder'> {
  const folder = join(workspace, STORE_FOLDER);
  return {
    workspace,
    isWorkspace: (directory) => isSameWorkspace(workspace, directory),
    processes: processes(),
    roles: roles({ builtIn: BUILT_IN_ROLES, folder: join(folder, 'roles') }),
    artifactFiles: artifactFiles(workspace),
    workspaceFiles: workspaceFiles(workspace),
    exchangeFiles: exchangeFiles({ workspace, isAnywhere: false }),
    thresholds: config.maintenance,
    templates: templates({ builtIn: builtInTemplates, folder: join(folder, 'templates') }),
    approvals: config.approvals,
    callCounter: counter,
    vitals: vitals(join(folder, DATABASE_FILE), noWaits()),
  };
}

/** What finds by meaning; loaded only where an endpoint is configured. */
async function meaningBy({ embeddings: { url, ...endpoint } }: Config) {
  if (url === undefined) return undefined;
  const { embedderAt, vectorExtension, withoutExtension } = await import('./infrastructure/embeddings.ts');
  const extension = await vectorExtension();
  return {
    extension,
    embedder: extension === undefined ? withoutExtension(endpoint.model) : embedderAt({ url, ...endpoint }),
  };
}

/** Whether there is a store to open; looking for it leaves no trace. */
export const hasStore = async (config: Config) =>
  existsSync(join(await workspaceOf(config), STORE_FOLDER, DATABASE_FILE));

/** Throws where there is no store: to open it would make one. */
export async function assertStore(config: Config): Promise<void> {
  const workspace = await workspaceOf(config);
  const folder = join(workspace, STORE_FOLDER);
  const { refuseNoStore } = await import('./infrastructure/backups/making.ts');
  const ground = { workspace, database: join(folder, DATABASE_FILE), backups: join(folder, 'backups') };
  await toldByPath(() => refuseNoStore(ground));
}

/** Throws where there is no store of today's schema: to open it would bring it up under the servers that use it. */
export async function assertOfToday(config: Config): Promise<void> {
  await assertStore(config);
  const workspace = await workspaceOf(config);
  const { identityOf } = await import('./infrastructure/store/inspection.ts');
  const { schemaVersion } = await identityOf(join(workspace, STORE_FOLDER, DATABASE_FILE));
  const today = Object.keys(MIGRATIONS).length;
  if (schemaVersion === today) return;
  throw refused(`The store has schema version ${schemaVersion}, and this program writes ${today}`, {
    suggestion: 'Start a server of this version, which brings the store up, once the older ones have ended',
  });
}

/** The copies of the store of a workspace. Only the commands load what is needed for them. */
export async function safekeeping(config: Config) {
  const { backupsOf } = await import('./infrastructure/backups/backups.ts');
  const workspace = await workspaceOf(config);
  return { workspace, backups: backupsOf(workspace) };
}

/** What examines and mends the store of a workspace. Only the command loads what is needed for it. */
export async function doctor(config: Config) {
  const { doctorFor } = await import('./infrastructure/doctor.ts');
  const workspace = await workspaceOf(config);
  const counter = callCounter({ clock: Date.now, stopwatch: () => performance.now() });
  const log = createLog({ level: 'silent' });
  return doctorFor({
    workspace,
    around: aroundStore(config, { workspace, counter }),
    log,
    async mendStructure() {
      await using server = compose({ ...config, logLevel: 'silent', timeoutMs: UNHURRIED_MS });
      await server.orchestrator.call('orchestrator_maintenance_coordinator', {
        action: 'validate_structure',
        scope: 'full_project',
        validation_level: 'comprehensive',
      });
    },
  });
}

/** For calls whose answer no client waits for: a person sits in front of it, or it is night. */
const UNHURRIED_MS = 3_600_000;
