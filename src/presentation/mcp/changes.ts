import type { Event } from '../../domain/event.ts';
import { URIS } from './uris.ts';

/** The ids of a task and all of its ancestors, or undefined for a task that is gone. */
export type Lineage = (taskId: string) => Promise<readonly string[] | undefined>;

/**
 * Which of the wanted resources the events have changed. A task shows the progress of what lies below it, so an event
 * touches its ancestors too. Where that can no longer be known, everything of the kind is told: a reader looks once
 * too often rather than keeping what is no longer true.
 */
export async function changed(
  wanted: ReadonlySet<string>,
  events: readonly Event[],
  lineage: Lineage,
): Promise<readonly string[]> {
  if (events.some(({ type }) => type === 'store.restored')) return [...wanted];
  const touched = new Set<string>([URIS.status]);
  for (const uri of [...artifactsOf(events, wanted), ...templatesOf(events)]) touched.add(uri);
  for (const uri of await tasksOf(events, wanted, lineage)) touched.add(uri);
  return [...wanted].filter((uri) => touched.has(uri));
}

const isOfTask = (uri: string) => uri.startsWith(URIS.task('')) || uri.startsWith('orchestrator://plans/');
const isOfArtifact = (uri: string) => uri.startsWith(URIS.artifact(''));

/** With a task its artifacts go to the trash and come back. */
const MOVES_ARTIFACTS = new Set(['task.deleted', 'task.restored', 'task.purged', 'task.lifecycle_changed']);

function artifactsOf(events: readonly Event[], wanted: ReadonlySet<string>): readonly string[] {
  if (events.some(({ type }) => MOVES_ARTIFACTS.has(type))) return [...wanted].filter(isOfArtifact);
  return events
    .map(({ details }) => details?.artifact_id)
    .flatMap((id) => (typeof id === 'string' ? URIS.artifact(id) : []));
}

const templatesOf = (events: readonly Event[]) =>
  events
    .filter(({ type }) => type === 'template.saved' || type === 'template.deleted')
    .map(({ details }) => URIS.template(String(details?.template_id)));

async function tasksOf(
  events: readonly Event[],
  wanted: ReadonlySet<string>,
  lineage: Lineage,
): Promise<readonly string[]> {
  const ofTasks = [...wanted].filter(isOfTask);
  if (ofTasks.length === 0) return [];
  const taskIds = new Set(events.flatMap(({ taskId }) => taskId ?? []));
  const lineages = await Promise.all(Array.from(taskIds, lineage));
  if (lineages.includes(undefined)) return ofTasks;
  return lineages.flatMap((ids) => ids ?? []).flatMap((id) => [URIS.task(id), URIS.graph(id)]);
}
