import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ForeignTool } from '../src/application/exchange/foreign.ts';
import type { ForeignTask } from '../src/domain/foreign.ts';
import { readForeign } from '../src/infrastructure/exchange/foreign/tools.ts';

export const FIXTURES = join(import.meta.dirname, 'fixtures/imports');

/** Reads as an import does. */
export const read = (tool: ForeignTool, path: string, shown = path) => readForeign(tool, { path, shown });
export const fixture = (tool: ForeignTool, path: string) => read(tool, join(FIXTURES, path), path);

export async function aFolder(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'foreign-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  return folder;
}

/** The fields of a task that say something. */
export const said = (tasks: readonly ForeignTask[], origin: string) => {
  const task = tasks.find((one) => one.origin === origin);
  return JSON.parse(JSON.stringify(task ?? `no task ${origin}`));
};
export const stages = (tasks: readonly ForeignTask[]) =>
  Object.fromEntries(tasks.map(({ origin, stage }) => [origin, stage]));
