import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { anOrchestrator, type Body, type Given, type TestOrchestrator } from './harness.ts';

const HEAD = { format: 'mcp-task-orchestrator', version: 1, exported_at: '2026-01-01T00:00:00.000Z' };
const AT = '2026-01-01T00:00:00.000Z';

/** A line of a task that states only what matters to the test. */
export const aTaskLine = (task_id: string, more: Body = {}) => ({
  kind: 'task',
  task_id,
  task_type: 'feature',
  title: `Title of ${task_id}`,
  lifecycle_stage: 'ready',
  created_at: AT,
  updated_at: AT,
  ...more,
});
export const anEdgeLine = (task_id: string, dependency_task_id: string, more: Body = {}) => ({
  kind: 'dependency',
  task_id,
  dependency_task_id,
  ...more,
});

/** An export of these lines, as text. */
export const exportOf = (lines: readonly unknown[]) =>
  [HEAD, ...lines, { kind: 'end', lines: lines.length }].map((line) => `${JSON.stringify(line)}\n`).join('');

export async function put({ workspace }: TestOrchestrator, path: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(workspace, path)), { recursive: true });
  await writeFile(join(workspace, path), text);
}

/** Another workspace that an export was brought to. */
export async function broughtFrom(from: TestOrchestrator, path: string, given: Given = {}) {
  const server = await anOrchestrator({ config: { synchronous: 'normal' }, ...given });
  await bring(from, path, server);
  return server;
}
export const bring = (from: TestOrchestrator, path: string, to: TestOrchestrator) =>
  cp(join(from.workspace, path), join(to.workspace, path), { recursive: true });

export const aServer = (given: Given = {}) => anOrchestrator({ config: { synchronous: 'normal' }, ...given });

/** Imports lines straight. */
export async function importLines(server: TestOrchestrator, lines: readonly unknown[], more: Body = {}): Promise<Body> {
  await put(server, 'given.jsonl', exportOf(lines));
  return server.call('import_workflow', { from: 'given.jsonl', ...more });
}

export async function refusedLines(server: TestOrchestrator, lines: readonly unknown[]): Promise<Body> {
  await put(server, 'given.jsonl', exportOf(lines));
  return server.refused('import_workflow', { from: 'given.jsonl' });
}

/** What a store holds, as the lines of an export; times that the export itself has are left out. */
export async function linesOf(server: TestOrchestrator, more: Body = {}): Promise<readonly Body[]> {
  const { path } = await server.call('export_workflow', { to: `seen-${Math.random()}.jsonl`, ...more });
  const text = await readFile(join(server.workspace, path), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .slice(1)
    .map((line) => JSON.parse(line));
}

/** What a full audit finds wrong. */
export async function findings(server: TestOrchestrator): Promise<readonly Body[]> {
  const reply = await server.call('maintenance_coordinator', {
    action: 'validate_structure',
    scope: 'full_project',
    validation_level: 'full_audit',
    dry_run: true,
  });
  return reply.findings;
}

export const countTasks = async (server: TestOrchestrator) =>
  (await linesOf(server)).filter(({ kind }) => kind === 'task').length;
