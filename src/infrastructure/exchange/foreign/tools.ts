import type { ForeignTool } from '../../../application/exchange/foreign.ts';
import type { ForeignProject } from '../../../domain/foreign.ts';
import type { Located } from '../place.ts';

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
  return read(at);
}
