import { isAsMarked, type Merging, markOf, mergeByMark, mergeByVersion } from '../../domain/merging.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import type { Task } from '../../domain/task.ts';
import { isLive } from '../claims.ts';
import type { KnownTask } from '../exchange-repository.ts';
import { isGated, obstaclesOf } from '../obstacles.ts';
import { type Difference, differences, likenessOf } from './agreement.ts';
import type { Fate, Importing } from './importing.ts';
import type { TaskRecord } from './record.ts';

/** A task of the file that is here already. */
export type Existing = Readonly<{
  record: TaskRecord;
  known: KnownTask /** As the file has it, with the ids of here. */;
  task: Task;
}>;
export type TellConflict = (why: string, differs?: readonly Difference[]) => void;

/** `here` is it whole, where both sides were changed. */
type Merged = Existing & Readonly<{ here: Task | undefined }>;

/** Takes over what is newer there, leaves what is newer here, and tells of what is both. */
export async function merge(importing: Importing, existing: Merged, tell: TellConflict): Promise<Fate> {
  const isBack = existing.here !== undefined && isAsBrought(importing, existing.here, existing.known);
  const merging = isBack ? 'update' : mergingOf(importing, existing);
  if (merging === 'conflict') return agree(importing, existing, tell);
  if (merging !== 'update') {
    importing.account.count(merging);
    return merging;
  }
  const obstacle = await obstacleTo(importing, existing);
  if (obstacle !== undefined) {
    tell(obstacle);
    return 'conflict';
  }
  await update(importing, existing);
  return 'updated';
}

/** Whoever undid a change of a task of another tool did not change it. */
const isAsBrought = (importing: Importing, here: Task, { mark }: KnownTask) =>
  importing.mode.compareBy === 'mark' && isAsMarked(mark, shortLikeness(importing, here));

const shortLikeness = ({ context }: Importing, task: Task) => context.artifactFiles.hash(likenessOf(task)).slice(0, 16);

/** A task of another tool as it is written here, with what the next import of it compares. */
export function marked(importing: Importing, task: Task, digest: string): Task {
  const mark = markOf({ version: task.version, likeness: shortLikeness(importing, task), digest });
  return { ...task, attributes: { ...task.attributes, import_mark: mark } };
}

/** Differences that are told of one task. */
const MOST_TOLD = 8;

/** What was changed on both sides into the same is no conflict, and counts as taken over. */
async function agree(importing: Importing, existing: Merged, tell: TellConflict): Promise<Fate> {
  const { context, account, mode } = importing;
  const { here, task: there, record, known } = existing;
  const isOurs = mode.compareBy === 'version';
  const isRanked = isOurs || record.priority !== undefined;
  const differs = here === undefined ? [] : differences({ here, there, isRanked, isOurs });
  if (here === undefined || differs.length > 0) {
    const more = differs.length - MOST_TOLD;
    const told = more > 0 ? [...differs.slice(0, MOST_TOLD), { field: `${more} more` }] : differs;
    tell('it was changed both here and in the file', told);
    return 'conflict';
  }
  if (!isOurs) await context.exchange.replace(takenOver(importing, here, existing), known.version);
  account.count('unchanged');
  return 'unchanged';
}

/** The version stays: nothing changed that anybody sees but the complexity, which only an import sets. */
const takenOver = (importing: Importing, here: Task, { task: there, record }: Merged): Task =>
  marked(importing, { ...here, complexity: there.complexity ?? here.complexity }, digestOf(record));

const digestOf = (record: TaskRecord) => String(record.attributes.import_mark);

export function mergingOf({ mode }: Importing, { known, task, record }: Existing): Merging {
  if (mode.compareBy === 'version') return mergeByVersion(known, task);
  return mergeByMark(known, digestOf(record));
}

/** Why a task that is newer there cannot be taken over: nobody's work is taken away, and no approval is passed by a file. */
async function obstacleTo({ context }: Importing, { known, task }: Existing): Promise<string | undefined> {
  const claim = await context.claims.of(known.id);
  if (claim !== undefined && isLive(claim, context)) return `${claim.holder} works on it here`;
  if (known.type === APPROVAL || task.type === APPROVAL) return 'an approval is decided where it is asked for';
  const isMoved = known.stage !== task.stage || known.parentId !== task.parentId;
  const here = isMoved ? await context.tasks.find(known.id) : undefined;
  const isHeldBack = here !== undefined && isGated(await obstaclesOf(context, here));
  return isHeldBack ? 'it waits for an approval here' : undefined;
}

async function update(importing: Importing, { known, task, record }: Existing): Promise<void> {
  const { context, account, mode, written, updated, seams, at } = importing;
  const changed = { ...task, version: known.version + 1, updatedAt: at };
  const isMarked = mode.compareBy === 'mark';
  await context.claims.end(known.id);
  await context.exchange.replace(isMarked ? marked(importing, changed, digestOf(record)) : task, known.version);
  account.count('updated');
  written.push(known.id);
  updated.push(known.id, ...(known.parentId === undefined ? [] : [known.parentId]));
  seams.add(known.id);
}
