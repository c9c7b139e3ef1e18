import type { EventType, NewEvent } from '../../domain/event.ts';
import { NEW_STANDING, type Task } from '../../domain/task.ts';
import type { KnownTask } from '../exchange-repository.ts';
import { type Fate, type Importing, idHere, isAbsent, numberOf, sessionOf } from './importing.ts';
import { type Existing, marked, merge, mergingOf, type TellConflict } from './merge.ts';
import type { TaskRecord } from './record.ts';
import { briefly } from './telling.ts';

type Numbered = Readonly<{ record: TaskRecord; number: number; known: KnownTask | undefined; task: Task }>;

/** Writes tasks of the file: those that are new here, and those that are newer there. */
export async function writeTasks(importing: Importing, records: readonly TaskRecord[]): Promise<void> {
  const { context, account, fates, written } = importing;
  const outside = await liveOutside(importing, records);
  const here = await knownHere(importing, records);
  const numbered = records.map((record): Numbered => {
    const number = numberOf(importing, record.task_id);
    const id = idHere(importing, record.task_id, number);
    return { record, number, known: here.get(id), task: taskOf(importing, record, { id, outside }) };
  });
  const apart = await changedOnBothSides(importing, numbered);
  const added: Task[] = [];
  const events: NewEvent[] = [];
  for (const one of numbered) {
    const fate = await fateOf(importing, one, apart);
    fates[one.number] = fate;
    if (fate === 'added') added.push(one.task);
    const type = EVENTS[fate];
    const { id, title } = one.task;
    if (type !== undefined) events.push({ type, taskId: id, details: { title, imported: true } });
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

/** Those of the tasks that went on apart, whole as they are here, by their ids. */
async function changedOnBothSides(
  importing: Importing,
  tasks: readonly Numbered[],
): Promise<ReadonlyMap<string, Task>> {
  const ids = tasks.flatMap((one) => (isKnown(one) && mergingOf(importing, one) === 'conflict' ? [one.known.id] : []));
  if (ids.length === 0) return new Map();
  return new Map((await importing.context.tasks.findAll(ids)).map((task) => [task.id, task]));
}

const isKnown = (one: Numbered): one is Numbered & Existing => one.known !== undefined;

const EVENTS: Readonly<Partial<Record<Fate, EventType>>> = { added: 'task.created', updated: 'task.updated' };

async function fateOf(importing: Importing, numbered: Numbered, apart: ReadonlyMap<string, Task>): Promise<Fate> {
  const { account, survey, seams } = importing;
  const { number, known, task } = numbered;
  const place = survey.tasks.at(number)?.place;
  const tell: TellConflict = (why, differs) =>
    account.tell('conflicts', { task_id: task.id, title: briefly(task.title), place, why, differs });
  if (isAbsent(importing, number)) {
    tell(known === undefined ? 'its parent lies in the trash here' : 'it lies in the trash here');
    return 'absent';
  }
  if (isKnown(numbered)) return merge(importing, { ...numbered, here: apart.get(task.id) }, tell);
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
  const task: Task = {
    id,
    parentId: isOutside ? parentId : there(parentId),
    type: record.task_type,
    title: record.title,
    description: record.description,
    context: record.context,
    specialist: record.specialist_type,
    stage: record.lifecycle_stage,
    priority: record.priority ?? 'medium',
    complexity: record.complexity,
    effort: record.estimated_effort,
    dueDate: record.due_date,
    acceptanceCriteria: record.acceptance_criteria,
    attributes: record.attributes,
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
  return mode.compareBy === 'mark' && typeof digest === 'string' ? marked(importing, task, digest) : task;
}

const momentIn = (text: string | undefined) => (text === undefined ? undefined : Date.parse(text));
