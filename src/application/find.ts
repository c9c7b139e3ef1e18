import { closest } from '../domain/closest.ts';
import { invalid, notFound, OrchestratorError, taskNotFound } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { Repositories } from './ports.ts';
import type { Trashed } from './trash-repository.ts';
import { iso } from './views.ts';

type Lookup = Readonly<{ idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]> }>;

/** A prefix means something from this many of an id's eight own characters on. */
const LEAST_CHARACTERS = 4;
const SUFFIX = 8;

/** The task with this id; a writing call wants it whole, for a prefix may mean another task tomorrow. */
export async function theTask(context: Findable, id: string): Promise<Task> {
  const found = await theTaskOrDeleted(context, id);
  if (found instanceof OrchestratorError) throw found;
  return found;
}

/** The task with this id, or the refusal of one that lies in the trash. */
export async function theTaskOrDeleted({ tasks, trash }: Findable, id: string): Promise<Task | OrchestratorError> {
  const task = await tasks.find(id);
  if (task !== undefined) return task;
  const [trashed] = await trash.findAll([id]);
  if (trashed === undefined) throw taskNotFound(id, await alike(tasks, id));
  return isInTrash(trashed);
}

type Findable = Pick<Repositories, 'tasks' | 'trash'>;

/** The refusal of a task that was deleted and can be brought back. */
const isInTrash = ({ task: { id }, root, deletedAt }: Trashed) =>
  new OrchestratorError(
    'not_found',
    `Task not found: ${id}. It was deleted${root === id ? '' : ` with ${root}`} and lies in the trash`,
    {
      deleted_at: iso(deletedAt),
      ...(root !== id && { deleted_with: root }),
      suggestion: `Use orchestrator_restore_task with task_id ${root} to bring it back`,
    },
  );

/** The task with this id, or the only one whose id begins so. */
export async function theTaskLike({ tasks, trash }: Findable, idOrPrefix: string): Promise<Task> {
  const whole = await tasks.find(idOrPrefix);
  if (whole !== undefined) return whole;
  const id = await onlyWithPrefix(tasks, idOrPrefix);
  if (id === undefined && (await isTooShort(tasks, idOrPrefix))) {
    throw notFound('Task', idOrPrefix, {
      did_you_mean: await alike(tasks, idOrPrefix),
      suggestion: `${LONGER}, or use orchestrator_get_status to see available tasks`,
    });
  }
  return theTask({ tasks, trash }, id ?? idOrPrefix);
}

/** What to do where a beginning could mean too many. */
export const LONGER = `Repeat with the whole id, or at least ${LEAST_CHARACTERS} characters after the _`;

/** Whether ids begin so, but too little of them is given to mean one. */
export const isTooShort = async (lookup: Lookup, prefix: string) =>
  prefix.includes('_') &&
  ownPart(prefix).length < LEAST_CHARACTERS &&
  (await lookup.idsWithPrefix(prefix, 1)).length > 0;

const ownPart = (prefix: string) => prefix.slice(prefix.lastIndexOf('_') + 1);

/** The only id that begins with `prefix`; undefined where there is none or the prefix is too short; refused where there are several. */
export async function onlyWithPrefix(lookup: Lookup, prefix: string): Promise<string | undefined> {
  const own = ownPart(prefix);
  if (!prefix.includes('_') || own.length < LEAST_CHARACTERS || own.length >= SUFFIX) return undefined;
  const [first, second, ...others] = await lookup.idsWithPrefix(prefix, 5);
  if (second === undefined) return first;
  const candidates = [first, second, ...others];
  throw invalid(`${prefix} is the beginning of ${candidates.length} ids`, {
    did_you_mean: candidates,
    suggestion: 'Repeat with one of these ids',
  });
}

/** Ids that are probably meant by one that does not exist. */
export async function alike(lookup: Lookup, id: string): Promise<readonly string[]> {
  const cutAt = id.lastIndexOf('_');
  if (cutAt < 1) return [];
  const beginsSo = await lookup.idsWithPrefix(id, 3);
  if (beginsSo.length > 0 && id.length - cutAt > LEAST_CHARACTERS) return beginsSo;
  const neighbours = await lookup.idsWithPrefix(id.slice(0, cutAt + 2), 200);
  return closest(id, neighbours);
}

/** Whether an error says that a task does not exist. */
export const isNotFound = (error: unknown): boolean => error instanceof OrchestratorError && error.code === 'not_found';
