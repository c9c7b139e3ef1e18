import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Located } from '../place.ts';
import { Id, Ids, joined, jsonAt, linesIn, momentIn, priorityIn, saying, stageIn, Text, telling } from './reading.ts';

const STAGES: Readonly<Record<string, Stage>> = {
  pending: 'ready',
  in_progress: 'active',
  review: 'review',
  done: 'completed',
  completed: 'completed',
  deferred: 'draft',
  blocked: 'blocked',
  cancelled: 'cancelled',
};

const Own = z.object({
  id: Id,
  title: z.string(),
  description: Text,
  details: Text,
  testStrategy: Text,
  status: Text,
  priority: Text,
  dependencies: Ids,
  assignee: Text,
  metadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
  updatedAt: Text,
});
type Entry = z.output<typeof Own> & Readonly<{ subtasks: readonly Entry[] }>;
const Entry: z.ZodType<Entry> = Own.extend({ subtasks: z.lazy(() => z.array(Entry)).default([]) });

const List = z.object({ tasks: z.array(Entry) });
/** A list, or one under the name of each tag. */
const File = z.union([List.transform((list) => ({ master: list })), z.record(z.string(), List)]);

type Place = Readonly<{ tag: string; above: readonly string[]; siblings: ReadonlySet<string> }>;

/** Task Master's `tasks.json`: its tags, tasks and subtasks. Details are the context, the test strategy is what is accepted. */
export async function readTaskMaster(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const lists = Object.entries(await jsonAt(at, File));
  const tasks = lists.flatMap(([tag, { tasks: entries }]) => tasksOf(entries, { tag, above: [] }, tell));
  return { scope: at.shown, tasks, lost: told() };
}

function tasksOf(
  entries: readonly Entry[],
  { tag, above }: Omit<Place, 'siblings'>,
  tell: (sentence: string) => void,
): readonly ForeignTask[] {
  const siblings = new Set(entries.map(({ id }) => id));
  return entries.flatMap((entry) => [
    taskOf(entry, { tag, above, siblings }, tell),
    ...tasksOf(entry.subtasks, { tag, above: [...above, entry.id] }, tell),
  ]);
}

function taskOf(entry: Entry, place: Place, tell: (sentence: string) => void): ForeignTask {
  const { tag, above } = place;
  const origin = originOf([...above, entry.id], tag);
  return {
    origin,
    parent: above.length === 0 ? undefined : originOf(above, tag),
    title: entry.title,
    description: joined([entry.description]),
    context: joined([entry.details]),
    acceptanceCriteria: linesIn(entry.testStrategy),
    stage: stageIn(entry.status, { table: STAGES, tell, origin }),
    priority: priorityIn(entry.priority),
    attributes: saying({ tag, assignee: entry.assignee, metadata: entry.metadata }),
    updatedAt: momentIn(entry.updatedAt),
    waitsFor: entry.dependencies.map((id) => awaited(id, place)),
  };
}

const originOf = (ids: readonly string[], tag: string) => `${tag}/${ids.join('.')}`;

/** A plain number in a subtask means another subtask of the same task, if there is one; with a dot it is the whole way. */
function awaited(id: string, { tag, above, siblings }: Place): string {
  const isSibling = !id.includes('.') && siblings.has(id);
  return originOf(isSibling ? [...above, id] : [id], tag);
}
