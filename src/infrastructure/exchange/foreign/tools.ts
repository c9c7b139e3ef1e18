import type { ForeignTool } from '../../../application/exchange/foreign.ts';
import { invalid, OrchestratorError } from '../../../domain/errors.ts';
import type { ForeignProject } from '../../../domain/foreign.ts';
import type { Located } from '../place.ts';
import { inOtherWords, seemingTool } from './guess.ts';

type Reader = (at: Located) => Promise<ForeignProject>;

const READERS: Readonly<Record<ForeignTool, () => Promise<Reader>>> = {
  python: async () => (await import('./python.ts')).readPython,
  'task-master': async () => (await import('./task-master.ts')).readTaskMaster,
  shrimp: async () => (await import('./shrimp.ts')).readShrimp,
  backlog: async () => (await import('./backlog.ts')).readBacklog,
  beads: async () => (await import('./beads.ts')).readBeads,
  github: async () => (await import('./github.ts')).readGithub,
  checklist: async () => (await import('./checklist.ts')).readChecklist,
};

/** Reads what another tool keeps. Only what reads its format is loaded. */
export async function readForeign(tool: ForeignTool, at: Located): Promise<ForeignProject> {
  const read = await READERS[tool]();
  try {
    const project = await read(at);
    if (project.tasks.length > 0) return project;
    await refuseOther(tool, at);
    return { ...project, lost: [...project.lost, `${at.shown} holds no task`] };
  } catch (error) {
    if (error instanceof OrchestratorError && error.code === 'invalid') await refuseOther(tool, at, error);
    throw error;
  }
}

/** Whoever named the wrong tool is told the right one, which helps more than the first word that does not fit. */
async function refuseOther(tool: ForeignTool, at: Located, cause?: Error): Promise<void> {
  const seeming = await seemingTool(at);
  if (seeming === undefined || seeming === tool) return;
  const { looks, suggestion } = inOtherWords(seeming);
  throw invalid(`${at.shown} is nothing of ${tool}: ${looks}`, { suggestion, ...(cause && { cause }) });
}
