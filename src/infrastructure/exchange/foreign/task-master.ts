import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Located } from '../place.ts';
import {
  complexityIn,
  fitting,
  Id,
  Ids,
  joined,
  jsonAt,
  linesIn,
  momentIn,
  otherFields,
  priorityIn,
  saying,
  stageIn,
  Text,
  Texts,
  telling,
  whole,
} from './reading.ts';

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
  implementationApproach: Text,
  testStrategy: Text,
  acceptanceCriteria: Texts,
  status: Text,
  priority: Text,
  dependencies: Ids,
  complexity: Text,
  effort: Text,
  assignee: Text,
  metadata: z.record(z.string(), z.unknown()).optional().catch(undefined),
  createdAt: Text,
  updatedAt: Text,
});
type Entry = z.output<typeof Own> & Readonly<{ subtasks: readonly Entry[]; entry: Readonly<Record<string, unknown>> }>;
const Subtasks = z
  .lazy(() => z.array(Entry))
  .nullish()
  .transform((subtasks) => subtasks ?? []);
const Entry: z.ZodType<Entry> = whole(Own.extend({ subtasks: Subtasks }));

const List = z.object({ tasks: z.array(Entry), metadata: z.object({ description: Text }).optional().catch(undefined) });
type List = z.output<typeof List>;
const Tags = z.record(z.string(), List);

/** The lists of a file by their tags: one under the name of each, or a single one without. */
function listsIn(file: Readonly<Record<string, unknown>>, shown: string): Readonly<Record<string, List>> {
  // Where tags stand beside a list without, it is what the first versions of that program left behind.
  const { tasks, metadata, ...tags } = file;
  if (!Array.isArray(tasks)) return fitting(file, Tags, shown);
  return { master: fitting({ tasks, metadata }, List, shown), ...fitting(onlyLists(tags), Tags, shown) };
}

const onlyLists = (tags: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(tags).filter(([, list]) => typeof list === 'object' && list !== null && 'tasks' in list),
  );

/** Names of things in that program alone. */
const QUIET = new Set(['parentId', 'parentTaskId', 'databaseId']);

/** What it writes by itself where nobody described a tag. */
const GENERATED = /^(?:Tasks for|Tag created|Tasks live here)/i;

type Place = Readonly<{ tag: string; above: readonly string[]; siblings: ReadonlySet<string> }>;

/** Task Master's `tasks.json`: its tags, tasks and subtasks. Details are the context, the test strategy and the criteria are what is accepted. */
export async function readTaskMaster(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const lists = Object.entries(listsIn(await jsonAt(at, z.record(z.string(), z.unknown())), at.shown));
  for (const [tag, { metadata }] of lists) {
    const { description = '' } = metadata ?? {};
    if (description !== '' && !GENERATED.test(description)) tell(`The tag ${tag} is described as: ${description}`);
  }
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
  const complexity = complexityIn(entry.complexity);
  return {
    origin,
    parent: above.length === 0 ? undefined : originOf(above, tag),
    title: entry.title,
    description: joined([entry.description]),
    context: joined([entry.details, entry.implementationApproach]),
    acceptanceCriteria: [...linesIn(entry.testStrategy), ...entry.acceptanceCriteria],
    stage: stageIn(entry.status, { table: STAGES, tell, origin }),
    priority: priorityIn(entry.priority, { tell, origin }),
    complexity,
    effort: entry.effort,
    attributes: saying({
      tag,
      assignee: entry.assignee,
      complexity_score: complexity === undefined ? entry.complexity : undefined,
      metadata: entry.metadata,
      other_fields: otherFields(entry, QUIET),
    }),
    createdAt: momentIn(entry.createdAt),
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
