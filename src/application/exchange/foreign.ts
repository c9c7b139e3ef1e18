import type { ForeignProject, ForeignTask } from '../../domain/foreign.ts';
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
): Readonly<{ source: ExchangeSource; lost: readonly string[] }> {
  const { tasks, lost, scope } = reconciled(project);
  const strange = tasks.filter((task) => task.specialist !== undefined && !translation.roles.has(task.specialist));
  const roles = [...new Set(strange.map(({ specialist }) => specialist))];
  const idOf = (origin: string) => `${translation.tool}:${scope}#${origin}`;
  const lines = [
    ...tasks.map((task) => taskOf(task, { ...translation, idOf })),
    ...tasks.flatMap((task) => edgesOf(task, idOf)),
    ...tasks.flatMap((task) => worksOf(task, { ...translation, idOf })),
    ...tasks.flatMap((task) => notesOf(task, { ...translation, idOf })),
  ];
  const all = [headLine(translation.at, undefined), ...lines, { kind: 'end', lines: lines.length }];
  return {
    source: { shown: translation.shown, entries: () => entriesOf(all), works: nothing },
    lost: [...lost, ...roles.map((role) => `There is no specialist ${role} here; its tasks name none`)],
  };
}

async function* entriesOf(lines: readonly unknown[]): AsyncGenerator<Entry> {
  for (const value of lines) yield { place: placeOf(value), value, isPlain: false };
}

const placeOf = (value: unknown) =>
  typeof value === 'object' && value !== null && 'task_id' in value ? `task ${String(value.task_id)}` : 'the file';

async function* nothing(): AsyncGenerator<never> {}

type Naming = Translation & Readonly<{ idOf(origin: string): string }>;

function taskOf(task: ForeignTask, { idOf, roles, at, hash }: Naming) {
  const { description, context, specialist, dueDate } = task;
  const createdAt = task.createdAt ?? at;
  const text = (given: string | undefined, most: number = LIMITS.text) => given && cut(clean(given), most);
  return present({
    kind: 'task',
    task_id: idOf(task.origin),
    parent_task_id: task.parent === undefined ? undefined : idOf(task.parent),
    task_type: TaskType.safeParse(task.type).data ?? 'custom',
    title: text(task.title.trim(), LIMITS.title) || `Untitled ${task.origin}`,
    description: text(description),
    context: text(context),
    specialist_type: specialist !== undefined && roles.has(specialist) ? specialist : undefined,
    lifecycle_stage: task.stage,
    priority: task.priority,
    estimated_effort: text(task.effort, LIMITS.effort),
    due_date: DueDate.safeParse(dueDate).data,
    acceptance_criteria: task.acceptanceCriteria?.map((criterion) => text(criterion)).filter(Boolean),
    attributes: {
      ...task.attributes,
      imported_from: idOf(task.origin),
      import_mark: hash(JSON.stringify(task)).slice(0, 16),
    },
    created_at: iso(createdAt),
    updated_at: iso(task.updatedAt ?? createdAt),
    started_at: momentOf(task.startedAt),
    completed_at: momentOf(
      task.completedAt ?? (task.stage === 'completed' ? (task.updatedAt ?? createdAt) : undefined),
    ),
  });
}

const edgesOf = ({ origin, waitsFor = [] }: ForeignTask, idOf: Naming['idOf']) =>
  waitsFor.map((other) => ({ kind: 'dependency', task_id: idOf(origin), dependency_task_id: idOf(other) }));

const worksOf = ({ origin, works = [], createdAt }: ForeignTask, { idOf, at }: Naming) =>
  works.map(({ summary, work, filePaths = [], at: recordedAt = createdAt }, index) => ({
    kind: 'artifact',
    artifact_id: `${idOf(origin)}/work/${index + 1}`,
    task_id: idOf(origin),
    summary: cut(clean(summary), LIMITS.text),
    file_paths: filePaths.map(clean),
    created_at: iso(recordedAt ?? at),
    detailed_work: work.toWellFormed(),
  }));

const notesOf = ({ origin, notes = [], createdAt }: ForeignTask, { idOf, at }: Naming) =>
  notes
    .filter(({ text }) => text.trim() !== '')
    .map(({ kind, text, at: notedAt = createdAt }) => ({
      kind: 'note',
      task_id: idOf(origin),
      note_kind: kind,
      text: cut(clean(text), LIMITS.text),
      at: iso(notedAt ?? at),
    }));

/** Other tools take what is no text here: halves of characters, and NUL. */
const clean = (text: string) => text.toWellFormed().replaceAll('\0', '\uFFFD');
const momentOf = (at: number | undefined) => (at === undefined ? undefined : iso(at));
const present = (fields: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
