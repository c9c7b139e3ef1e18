import type { Artifact } from '../domain/artifact.ts';
import { APPROVAL } from '../domain/readiness.ts';
import { cut, type Task } from '../domain/task.ts';
import type { Context } from './tool.ts';

/** Pieces of work that a person is told of who has to judge them; the latest say how it stands. */
const SHOWN = 3;

/** A line of a question; a text that breaks it could pass for a line of its own. */
export const inLine = (text: string, length: number) => cut(text.replaceAll(/\s+/g, ' ').trim(), length);

export const named = ({ id, title }: Pick<Task, 'id' | 'title'>) => `"${inLine(title, 200)}" (${id})`;

/**
 * What a person has to know who decides about a task: what it says itself, where it is an approval, and what was handed in
 * for it. An approval is about what it waits for; any other task that is approved, about its own work.
 */
export async function aboutTask(context: Context, id: string): Promise<readonly string[]> {
  const task = await context.tasks.find(id);
  if (task === undefined) return [];
  const isApproval = task.type === APPROVAL;
  const edges = isApproval ? await context.dependencies.of([id]) : [];
  const judged = isApproval ? edges.map(({ prerequisiteId }) => prerequisiteId) : [id];
  const works = (await context.artifacts.of(judged)).slice(-SHOWN);
  const said = isApproval && task.description !== undefined ? [`   ${inLine(task.description, 500)}`] : [];
  return [...said, ...works.map(handedIn)];
}

const handedIn = ({ id, summary }: Artifact) => `   Handed in: ${inLine(summary, 300)} (${id})`;
