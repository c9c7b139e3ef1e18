import { checkAttributes } from '../../domain/attributes.ts';
import { OrchestratorError } from '../../domain/errors.ts';
import type { Adjusted, ForeignMoment, ForeignProject, ForeignTask, ForeignWork, Tell } from '../../domain/foreign.ts';
import { reconciled } from '../../domain/foreign.ts';
import { cut, LIMITS } from '../../domain/task.ts';
import { DueDate } from '../attributes.ts';
import { TaskType } from '../fields.ts';
import { iso } from '../views.ts';
import type { Entry, ExchangeSource } from './files.ts';
import { headLine } from './record.ts';

/** The tools whose files are understood, beside our own. */
export const FOREIGN_TOOLS = ['python', 'task-master', 'shrimp', 'backlog', 'beads', 'github', 'checklist'] as const;
export type ForeignTool = (typeof FOREIGN_TOOLS)[number];

type Translation = Readonly<{
  tool: ForeignTool;
  shown: string;
  /** Names of roles that there are here. */
  roles: ReadonlySet<string>;
  at: number;
  hash(text: string): string;
}>;

/** What another tool keeps, as the lines of an export of ours, and in sentences what had no place. */
export function translated(
  project: ForeignProject,
  translation: Translation,
): Readonly<{
  source: ExchangeSource;
  lost: readonly string[];
  /** Tasks that got another stage than they have there, and why. */
  adjusted: readonly Readonly<{ place: string; why: string }>[];
  /** How all names of its tasks begin, and of no others; undefined where those of other files begin so, too. */
  scope: string | undefined;
}> {
  const { tasks, lost, adjusted, scope } = reconciled(project);
  const strange = tasks.filter((task) => task.specialist !== undefined && !translation.roles.has(task.specialist));
  const roles = [...new Set(strange.map(({ specialist }) => specialist))];
  const idOf = (origin: string) => `${translation.tool}:${scope}#${origin}`;
  const told = new Set<string>();
  const marks = marksOf(project, translation.hash);
  const naming = { ...translation, marks, idOf, tell: (sentence: string) => void told.add(sentence) };
  const lines = [
    ...tasks.map((task) => taskOf(task, naming)),
    ...tasks.flatMap((task) => edgesOf(task, idOf)),
    ...tasks.flatMap((task) => worksOf(task, naming)),
    ...tasks.flatMap((task) => notesOf(task, naming)),
  ];
  const all = [headLine(translation.at, undefined), ...lines, { kind: 'end', lines: lines.length }];
  return {
    source: { shown: translation.shown, entries: () => entriesOf(all), works: nothing },
    scope: scope === '' ? undefined : idOf(''),
    adjusted: adjusted.map(({ origin, why }: Adjusted) => ({ place: idOf(origin), why })),
    lost: [...lost, ...roles.map((role) => `There is no specialist ${role} here; its tasks name none`), ...told],
  };
}

async function* entriesOf(lines: readonly unknown[]): AsyncGenerator<Entry> {
  for (const value of lines) yield { place: placeOf(value), value, isPlain: false };
}

const placeOf = (value: unknown) =>
  typeof value === 'object' && value !== null && 'task_id' in value ? String(value.task_id) : 'the file';

async function* nothing(): AsyncGenerator<never> {}

/** How each task stands there, before anything followed from others: a parent does not change by what lies below it. */
const marksOf = ({ tasks }: ForeignProject, hash: Translation['hash']): ReadonlyMap<string, string> =>
  new Map(tasks.toReversed().map((task) => [task.origin, hash(JSON.stringify(task)).slice(0, 16)]));

type Naming = Translation & Readonly<{ marks: ReadonlyMap<string, string>; idOf(origin: string): string; tell: Tell }>;

function taskOf(task: ForeignTask, naming: Naming) {
  const { origin, specialist } = task;
  const { idOf, roles, at, tell } = naming;
  const [bornAt, changedAt, startedAt, completedAt] = [
    task.createdAt,
    task.updatedAt,
    task.startedAt,
    task.completedAt,
  ].map(momentsOf(origin, tell));
  // Nothing happens to a task before it is there.
  const createdAt = bornAt ?? Math.min(at, ...[changedAt, startedAt, completedAt].filter((one) => one !== undefined));
  const updatedAt = changedAt ?? createdAt;
  const text = fitting(origin, tell);
  return present({
    kind: 'task',
    task_id: idOf(origin),
    parent_task_id: task.parent === undefined ? undefined : idOf(task.parent),
    task_type: typeOf(task, tell),
    title: text('title', task.title.trim(), LIMITS.title) || `Untitled ${origin}`.slice(0, LIMITS.title),
    description: text('description', task.description),
    context: text('context', task.context),
    specialist_type: specialist !== undefined && roles.has(specialist) ? specialist : undefined,
    lifecycle_stage: task.stage,
    priority: task.priority,
    complexity: task.complexity,
    estimated_effort: text('effort', task.effort, LIMITS.effort),
    due_date: dueDateOf(task, tell),
    acceptance_criteria: criteriaOf(task, text),
    attributes: attributesOf(task, naming),
    created_at: iso(createdAt),
    updated_at: iso(updatedAt),
    started_at: written(startedAt),
    completed_at: written(completedAt ?? (task.stage === 'completed' ? updatedAt : undefined)),
  });
}

/** Times as they are told there; one that is none counts as not told, and that is said. */
const momentsOf = (origin: string, tell: Tell) => (moment: ForeignMoment) => {
  if (typeof moment === 'string') tell(`${origin} has the time ${cut(moment, 100)}, which is none; it was left out`);
  return typeof moment === 'string' ? undefined : moment;
};

/** Texts as they have room here; of what is longer the end is left out, and told. */
function fitting(origin: string, tell: Tell) {
  return (what: string, given: string | undefined, most: number = LIMITS.text): string | undefined => {
    if (given === undefined || given === '') return given;
    if (given.length > most) tell(`${origin} has a ${what} of ${given.length} characters; ${most} were kept`);
    return cut(clean(given), most);
  };
}

type Fitting = ReturnType<typeof fitting>;

function typeOf({ origin, type }: ForeignTask, tell: Tell): string {
  if (type === undefined) return 'custom';
  const fit = TaskType.safeParse(type.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')).data;
  if (fit === undefined) tell(`${origin} is of the type ${type.slice(0, 100)}, which is no word here; it is custom`);
  return fit ?? 'custom';
}

function dueDateOf({ origin, dueDate }: ForeignTask, tell: Tell): string | undefined {
  const fit = DueDate.safeParse(dueDate).data;
  if (fit === undefined && dueDate !== undefined && dueDate !== '')
    tell(`${origin} is due ${dueDate.slice(0, 100)}, which is no date`);
  return fit;
}

/** Criteria that a task has room for; the last of more holds the rest of them. */
const MOST_CRITERIA = 1_000;

function criteriaOf(
  { acceptanceCriteria: all = [] }: ForeignTask,
  text: Fitting,
): readonly (string | undefined)[] | undefined {
  const fit =
    all.length <= MOST_CRITERIA ? all : [...all.slice(0, MOST_CRITERIA - 1), all.slice(MOST_CRITERIA - 1).join('\n')];
  const said = fit.map((criterion) => text('criterion', criterion)).filter(Boolean);
  return said.length === 0 ? undefined : said;
}

function attributesOf(task: ForeignTask, { idOf, marks, tell }: Naming) {
  const own = {
    imported_from: idOf(task.origin),
    import_mark: marks.get(task.origin),
  };
  const all = { ...wellFormed(task.attributes ?? {}), ...own };
  try {
    checkAttributes(all);
    return all;
  } catch (error) {
    if (!(error instanceof OrchestratorError)) throw error;
    tell(
      `${task.origin}: ${error.message}; its attributes ${Object.keys(task.attributes ?? {}).join(', ')} were left out`,
    );
    return own;
  }
}

/** Names and texts within, cleaned as all others are. */
const wellFormed = (attributes: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const json = JSON.stringify(attributes);
  return /\\u(?:d[89a-f]|0000)|__proto__/i.test(json) ? JSON.parse(json, cleanWithin) : attributes;
};

function cleanWithin(_key: string, value: unknown): unknown {
  if (typeof value === 'string') return clean(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(kept.map(([key, within]) => [clean(key), within]));
}

const edgesOf = ({ origin, waitsFor = [] }: ForeignTask, idOf: Naming['idOf']) =>
  waitsFor.map((other) => ({ kind: 'dependency', task_id: idOf(origin), dependency_task_id: idOf(other) }));

/** Works are told apart by what they say: one that changed there is another one here, beside what is there already. */
function worksOf({ origin, works = [], createdAt }: ForeignTask, { idOf, at, hash, tell }: Naming) {
  const text = fitting(origin, tell);
  const moment = momentsOf(origin, tell);
  const lines = works
    .filter(({ work }) => work !== '')
    .map((one) => {
      const { summary, work, type, filePaths = [], at: recordedAt } = one;
      return present({
        kind: 'artifact',
        artifact_id: `${idOf(origin)}/work/${hash(nameOf(one)).slice(0, 16)}`,
        task_id: idOf(origin),
        artifact_type: type,
        summary: text('summary', summary) || origin,
        file_paths: filePaths.slice(0, MOST_PATHS).map((path) => cut(clean(path), LONGEST_PATH)),
        created_at: iso(moment(recordedAt) ?? moment(createdAt) ?? at),
        detailed_work: text('work', work, MOST_WORK),
      });
    });
  return [...new Map(lines.map((line) => [line.artifact_id, line])).values()];
}

/** Characters of a work, none of which takes more than three bytes. */
const MOST_WORK = Math.floor(LIMITS.workBytes / 3);
const [MOST_PATHS, LONGEST_PATH] = [10_000, 4_096];
const nameOf = ({ summary, work, filePaths = [] }: ForeignWork) => JSON.stringify([summary, work, filePaths]);

function notesOf({ origin, notes = [], createdAt }: ForeignTask, { idOf, at, tell }: Naming) {
  const fitted = fitting(origin, tell);
  const moment = momentsOf(origin, tell);
  return notes
    .filter(({ text }) => text.trim() !== '')
    .map(({ kind, text, at: notedAt }) => ({
      kind: 'note',
      task_id: idOf(origin),
      note_kind: kind,
      text: fitted('note', text),
      at: iso(moment(notedAt) ?? moment(createdAt) ?? at),
    }));
}

/** Other tools take what is no text here: halves of characters, and NUL. */
const clean = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD');
const written = (at: number | undefined) => (at === undefined ? undefined : iso(at));
const present = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
