import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { move } from '../src/application/consequences.ts';
import type { Stage } from '../src/domain/lifecycle.ts';
import { directly } from './directly.ts';
import { aClock, anOrchestrator, HOUR, type TestOrchestrator } from './harness.ts';

export const DAY = 24 * HOUR;

export const stageOf = async (server: TestOrchestrator, task_id: string) =>
  (await server.call('get_task', { task_id })).lifecycle_stage;

/** Moves a task by hand through stages that no tool of these tests leads to. */
export async function moved(
  server: TestOrchestrator,
  clock: () => number,
  { id, through }: { id: string; through: Stage[] },
) {
  await using way = await directly({ workspace: server.workspace, clock });
  await way.write(async (context) => {
    for (const to of through) {
      const task = await context.tasks.find(id);
      if (task !== undefined) await move(context, task, { to });
    }
  });
}

export async function aServer() {
  const clock = aClock();
  const server = await anOrchestrator({ clock: clock.now, config: { synchronous: 'normal' } });
  return { clock, server, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** A file in the store's folder that was last changed so long before the clock's time. */
export async function aFile({ workspace }: TestOrchestrator, path: string, changedAt: number) {
  const file = join(workspace, '.task_orchestrator', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, 'left behind');
  await utimes(file, changedAt / 1000, changedAt / 1000);
}

export const filesIn = async ({ workspace }: TestOrchestrator, folder: string) => {
  const entries = await readdir(join(workspace, '.task_orchestrator', folder), {
    recursive: true,
    withFileTypes: true,
  });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
};
