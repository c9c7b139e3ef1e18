import { join } from 'node:path';
import type { Diagnosis, Fix } from '../application/doctor/diagnosis.ts';
import { type BackupWith, diagnosesInside, strayFiles } from '../application/doctor/inside.ts';
import { onlyLooking } from '../application/doctor/looking.ts';
import type { Opened } from '../application/orchestrator.ts';
import type { Log } from '../application/ports.ts';
import type { Beforehand } from '../application/tool.ts';
import { OrchestratorError } from '../domain/errors.ts';
import { examine } from './examination.ts';
import { systemCode, toldByPath } from './file-errors.ts';
import { bringUpToDate, clearUnfinished, writeBack } from './fixing.ts';
import { drawId } from './ids.ts';
import { wayIn } from './permissions.ts';
import { openToLook } from './store/open.ts';
import { DATABASE_FILE, prepareStoreFolder, STORE_FOLDER } from './workspace.ts';
import { writeLockOf } from './write-lock.ts';

export type Practice = Readonly<{
  workspace: string;
  around: Omit<Opened, 'store'>;
  log: Log;
  /** Has a server mend what `validate_structure` can mend. */
  mendStructure(): Promise<void>;
}>;

/** Examines the store of a workspace without changing anything, and mends what can be mended without the loss of work. */
export function doctorFor({ workspace, around, log, mendStructure }: Practice) {
  const path = join(workspace, STORE_FOLDER, DATABASE_FILE);

  const looking = async <T>(work: (looking: Beforehand) => Promise<T>): Promise<T> => {
    const store = await openToLook(path);
    try {
      return await work(onlyLooking({ ...around, store }, { clock: Date.now, drawId, log }));
    } finally {
      await store.close();
    }
  };

  const fixes: Readonly<Record<Fix, () => Promise<unknown>>> = {
    ignoring: () => prepareStoreFolder(workspace),
    schema: () => bringUpToDate(workspace),
    structure: mendStructure,
    async files() {
      for (const file of await looking(strayFiles)) await around.workspaceFiles.toTrash(file);
    },
    leftovers: () => clearUnfinished(join(workspace, STORE_FOLDER)),
    wal: () => writeBack(path),
  };

  return {
    async examine(): Promise<readonly Diagnosis[]> {
      const { diagnoses, canBeOpened, backupWith } = await toldByPath(() => examine(workspace));
      if (!canBeOpened) return diagnoses;
      return [...diagnoses, await writeLockOf(path, around.processes), ...(await inside(backupWith))];
    },
    async fix(fix: Fix): Promise<void> {
      await fixes[fix]();
    },
  };

  /** A store whose rows contradict each other in ways that nobody foresaw is found so, and the rest is told all the same. */
  async function inside(backupWith: BackupWith): Promise<readonly Diagnosis[]> {
    try {
      return await looking((beforehand) => diagnosesInside(beforehand, backupWith));
    } catch (error) {
      const finding = error instanceof Error ? error.message : String(error);
      const isDenied = error instanceof OrchestratorError && systemCode(error.cause) === 'EACCES';
      const mend = isDenied ? wayIn(join(workspace, STORE_FOLDER)) : 'mcp-task-orchestrator verify';
      return [{ about: 'structure', state: 'ill', finding, mend }];
    }
  }
}
