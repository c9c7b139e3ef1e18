import { type Merging, markOf, mergeByMark, mergeByVersion } from '../../domain/merging.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import type { Task } from '../../domain/task.ts';
import { isLive } from '../claims.ts';
import type { KnownTask } from '../exchange-repository.ts';
import { isGated, obstaclesOf } from '../obstacles.ts';
import { type Difference, differences } from './agreement.ts';
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
  const merging = mergingOf(importing, existing);
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

/** Differences that are told of one task. */
const MOST_TOLD = 8;

/** What was changed on both sides into the same is no conflict, and counts as taken over. */
async function agree({ context, account, mode }: Importing, existing: Merged, tell: TellConflict): Promise<Fate> {
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
  if (!isOurs) await context.exchange.replace(takenOver(here, existing), known.version);
  account.count('unchanged');
  return 'unchanged';
}

/** The version stays: nothing changed that anybody sees but the complexity, which only an import sets. */
const takenOver = (here: Task, { task: there, record, known }: Merged): Task => ({
  ...here,
  complexity: there.complexity ?? here.complexity,
  attributes: { ...here.attributes, import_mark: markOf(known.version, String(record.attributes.import_mark)) },
});

export function mergingOf({ mode }: Importing, { known, task, record }: Existing): Merging {
  if (mode.compareBy === 'version') return mergeByVersion(known, task);
  return mergeByMark(known, String(record.attributes.import_mark));
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
  const digest = String(record.attributes.import_mark);
  const version = known.version + 1;
  const marked = {
    ...task,
    version,
    updatedAt: at,
    attributes: { ...task.attributes, import_mark: markOf(version, digest) },
  };
  await context.claims.end(known.id);
  await context.exchange.replace(mode.compareBy === 'mark' ? marked : task, known.version);
  account.count('updated');
  written.push(known.id);
  updated.push(known.id, ...(known.parentId === undefined ? [] : [known.parentId]));
  seams.add(known.id);
}
