import { closest } from '../domain/closest.ts';
import { invalid, OrchestratorError, taskNotFound } from '../domain/errors.ts';
import type { Task } from '../domain/task.ts';
import type { Repositories } from './ports.ts';

type Lookup = Readonly<{ idsWithPrefix(prefix: string, limit: number): Promise<readonly string[]> }>;

/** A prefix means something from this many of an id's eight own characters on. */
const LEAST_CHARACTERS = 4;
const SUFFIX = 8;

/** The task with this id; a writing call wants it whole, for a prefix may mean another task tomorrow. */
export async function theTask({ tasks }: Pick<Repositories, 'tasks'>, id: string): Promise<Task> {
  const task = await tasks.find(id);
  if (task === undefined) throw taskNotFound(id, await alike(tasks, id));
  return task;
}

/** The task with this id, or the only one whose id begins so. */
export async function theTaskLike({ tasks }: Pick<Repositories, 'tasks'>, idOrPrefix: string): Promise<Task> {
  const whole = await tasks.find(idOrPrefix);
  if (whole !== undefined) return whole;
  const id = await onlyWithPrefix(tasks, idOrPrefix);
  return theTask({ tasks }, id ?? idOrPrefix);
}

/** The only id that begins with `prefix`; undefined where there is none or the prefix is too short; refused where there are several. */
export async function onlyWithPrefix(lookup: Lookup, prefix: string): Promise<string | undefined> {
  const own = prefix.slice(prefix.lastIndexOf('_') + 1);
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
