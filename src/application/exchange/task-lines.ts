import type { EventType, NewEvent } from '../../domain/event.ts';
import { type Merging, markOf, mergeByMark, mergeByVersion } from '../../domain/merging.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import { NEW_STANDING, type Task } from '../../domain/task.ts';
import { isLive } from '../claims.ts';
import type { KnownTask } from '../exchange-repository.ts';
import { isGated, obstaclesOf } from '../obstacles.ts';
import { type Fate, type Importing, idHere, isAbsent, numberOf, sessionOf } from './importing.ts';
import type { TaskRecord } from './record.ts';

type Numbered = Readonly<{ record: TaskRecord; number: number; known: KnownTask | undefined; task: Task }>;

/** Writes tasks of the file: those that are new here, and those that are newer there. */
export async function writeTasks(importing: Importing, records: readonly TaskRecord[]): Promise<void> {
  const { context, account, fates, written } = importing;
  const outside = await liveOutside(importing, records);
  const here = await knownHere(importing, records);
  const added: Task[] = [];
  const events: NewEvent[] = [];
  for (const record of records) {
    const number = numberOf(importing, record.task_id);
    const id = idHere(importing, record.task_id, number);
    const numbered = { record, number, known: here.get(id), task: taskOf(importing, record, { id, outside }) };
    const fate = await fateOf(importing, numbered);
    fates[number] = fate;
    if (fate === 'added') added.push(numbered.task);
    const type = EVENTS[fate];
    if (type !== undefined) events.push({ type, taskId: id, details: { title: record.title, imported: true } });
  }
  await context.tasks.insert(added);
  account.count('added', added.length);
  written.push(...added.map(({ id }) => id));
  await context.record(events);
}

/** What is there of the tasks of these lines. */
async function knownHere(
  importing: Importing,
  records: readonly TaskRecord[],
): Promise<ReadonlyMap<string, KnownTask>> {
  const { context, places } = importing;
  const numbers = records.map(({ task_id }) => numberOf(importing, task_id));
  const ids = numbers.flatMap((number) => (places.presence[number] === 'none' ? [] : (places.ids[number] ?? [])));
  if (ids.length === 0) return new Map();
  return new Map((await context.exchange.known(ids)).map((known) => [known.id, known]));
}

const EVENTS: Readonly<Partial<Record<Fate, EventType>>> = { added: 'task.created', updated: 'task.updated' };

async function fateOf(importing: Importing, numbered: Numbered): Promise<Fate> {
  const { account, survey, seams } = importing;
  const { number, known, task } = numbered;
  const place = survey.tasks.at(number)?.place ?? '';
  const tell = (why: string) => account.tell('conflicts', { task_id: task.id, place, why });
  if (isAbsent(importing, number)) {
    tell(known === undefined ? 'its parent lies in the trash here' : 'it lies in the trash here');
    return 'absent';
  }
  if (known !== undefined) return merge(importing, { ...numbered, known }, tell);
  if (isUnderExisting(importing, number, task)) seams.add(task.id);
  return 'added';
}

const isUnderExisting = ({ survey, places }: Importing, number: number, { parentId }: Task): boolean => {
  const parent = survey.tasks.at(number)?.parent ?? -1;
  return parentId !== undefined && (parent < 0 || places.presence[parent] !== 'none');
};

/** Parents outside the file, as far as there are such tasks here. */
async function liveOutside({ context }: Importing, records: readonly TaskRecord[]): Promise<ReadonlySet<string>> {
  const ids = records.flatMap(({ parent_outside, parent_task_id }) =>
    parent_outside === true ? [parent_task_id ?? ''] : [],
  );
  if (ids.length === 0) return new Set();
  return new Set((await context.exchange.known(ids)).filter(({ isDeleted }) => !isDeleted).map(({ id }) => id));
}

type Naming = Readonly<{ id: string; outside: ReadonlySet<string> }>;

/** The task as it is to be here, with nothing counted yet. */
function taskOf(importing: Importing, record: TaskRecord, { id, outside }: Naming): Task {
  const { mode } = importing;
  const there = (other: string | undefined) =>
    other === undefined ? other : idHere(importing, other, numberOf(importing, other));
  const isOutside = record.parent_outside === true;
  const parentId = isOutside && !outside.has(record.parent_task_id ?? '') ? undefined : record.parent_task_id;
  const { import_mark: digest } = record.attributes;
  const isMarked = mode.compareBy === 'mark' && typeof digest === 'string';
  return {
    id,
    parentId: isOutside ? parentId : there(parentId),
    type: record.task_type,
    title: record.title,
    description: record.description,
    context: record.context,
    specialist: record.specialist_type,
    stage: record.lifecycle_stage,
    priority: record.priority,
    complexity: record.complexity,
    effort: record.estimated_effort,
    dueDate: record.due_date,
    acceptanceCriteria: record.acceptance_criteria,
    attributes: isMarked ? { ...record.attributes, import_mark: markOf(record.version, digest) } : record.attributes,
    templateId: record.template_id,
    sessionId: sessionOf(importing.context, record.session_id),
    version: record.version,
    createdAt: Date.parse(record.created_at),
    updatedAt: Date.parse(record.updated_at),
    startedAt: momentIn(record.started_at),
    completedAt: momentIn(record.completed_at),
    supersededBy: there(record.superseded_by),
    archivedFrom: record.archived_from,
    standing: NEW_STANDING,
  };
}

const momentIn = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));

type Existing = Numbered & Readonly<{ known: KnownTask }>;

async function merge(importing: Importing, existing: Existing, tell: (why: string) => void): Promise<Fate> {
  const { account } = importing;
  const merging = mergingOf(importing, existing);
  if (merging === 'conflict') tell('it was changed here and there');
  if (merging !== 'update') {
    if (merging !== 'conflict') account.count(merging);
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

function mergingOf({ mode }: Importing, { known, task, record }: Existing): Merging {
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
