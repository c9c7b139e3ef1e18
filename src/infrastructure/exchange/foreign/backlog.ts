import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { invalid, notFound } from '../../../domain/errors.ts';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import { ifThere } from '../../file-errors.ts';
import { type Located, present } from '../place.ts';
import { fences } from './fences.ts';
import {
  fitting,
  joined,
  linesIn,
  momentIn,
  otherFields,
  priorityIn,
  saying,
  stageIn,
  Text,
  telling,
  textAt,
  tickedIn,
  whole,
} from './reading.ts';

const STAGES: Readonly<Record<string, Stage>> = {
  draft: 'draft',
  to_do: 'ready',
  todo: 'ready',
  open: 'ready',
  ready: 'ready',
  in_progress: 'active',
  doing: 'active',
  blocked: 'blocked',
  review: 'review',
  in_review: 'review',
  done: 'completed',
  completed: 'completed',
  closed: 'completed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
};

/** Its folders, and what lying there means, whatever the file says. */
const FOLDERS: readonly Readonly<{ path: string; stage: Stage | undefined }>[] = [
  { path: 'tasks', stage: undefined },
  { path: 'drafts', stage: 'draft' },
  { path: 'completed', stage: 'completed' },
  { path: 'archive/tasks', stage: 'archived' },
  { path: 'archive/drafts', stage: 'archived' },
];
/** Folders of what is no task. */
const OTHERS = ['docs', 'decisions', 'milestones'] as const;

/** Deeper nesting in the front matter than this many references is a mistake or a trap. */
const MOST_ALIASES = 100;

const OneOrMore = z.union([z.array(z.string()), z.string().transform((text) => (text === '' ? [] : [text]))]).catch([]);
const Fields = whole(
  z.object({
    id: z.string(),
    title: z.union([z.string(), z.number()]).transform(String),
    status: Text,
    assignee: OneOrMore,
    labels: OneOrMore,
    dependencies: OneOrMore,
    milestone: Text,
    priority: Text,
    parent_task_id: Text,
    created_date: z.coerce.string().optional().catch(undefined),
    updated_date: z.coerce.string().optional().catch(undefined),
    actual_start: Text,
    actual_end: Text,
    due_date: Text,
    type: Text,
  }),
);
/** The children name their parent as well. */
const QUIET: ReadonlySet<string> = new Set(['subtasks']);

type Found = Readonly<{ at: Located; stage: Stage | undefined }>;

/** Backlog.md's folder: a Markdown file a task, its fields in front, its sections below. */
export async function readBacklog(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  if (!(await present(at)).isDirectory())
    throw invalid(`${at.shown} is no folder`, { suggestion: 'Name the folder that holds tasks' });
  const files = await taskFiles(at);
  if (files.every((file) => isReadme(file.at)))
    throw notFound('Folder of tasks', `${at.shown}/tasks`, { suggestion: 'Name the folder that holds tasks' });
  const tasks: ForeignTask[] = [];
  for (const file of files) tasks.push(...(await taskIn(file, tell)));
  for (const folder of OTHERS) {
    const names = (await ifThere(readdir(join(at.path, folder)))) ?? [];
    const count = names.filter((name) => name.endsWith('.md')).length;
    if (count > 0) tell(`${at.shown}/${folder} was left out: no tasks are in it; files: ${count}`);
  }
  return { scope: at.shown, tasks, lost: told() };
}

/** In the order of their names, so that the same folder is the same project wherever it lies. */
async function taskFiles({ path, shown }: Located): Promise<readonly Found[]> {
  const isTasks = basename(path) === 'tasks';
  const folders = isTasks ? [{ path: '.', stage: undefined }] : FOLDERS;
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = (await ifThere(readdir(join(path, folder.path)))) ?? [];
      return names
        .filter((name) => name.endsWith('.md'))
        .toSorted()
        .map((name) => ({
          at: { path: join(path, folder.path, name), shown: `${shown}/${folder.path}/${name}` },
          stage: folder.stage,
        }));
    }),
  );
  return found.flat();
}

type Tell = (sentence: string) => void;

const isReadme = ({ path }: Located) => basename(path).toLowerCase() === 'readme.md';

async function taskIn({ at, stage }: Found, tell: Tell): Promise<readonly ForeignTask[]> {
  if (!(await lstat(at.path)).isFile()) {
    tell(`${at.shown} is a link or a folder, and was left out`);
    return [];
  }
  if (isReadme(at)) {
    tell(`${at.shown} was left out: it is no task`);
    return [];
  }
  const [, head, body = ''] = /^---\r?\n(.*?)\r?\n---\r?\n?(.*)$/s.exec(await textAt(at)) ?? [];
  if (head === undefined) {
    tell(`${at.shown} has no fields in front, and was left out`);
    return [];
  }
  return [taskOf(await fieldsIn(head, at.shown), { body, stage, tell })];
}

async function fieldsIn(head: string, shown: string): Promise<z.output<typeof Fields>> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(quoted(head), { prettyErrors: false, logLevel: 'error', schema: 'failsafe' });
  const [mistake] = document.errors;
  if (mistake !== undefined)
    throw invalid(`${shown}: ${mistake.message}`, { suggestion: 'Mend the fields in front of the text' });
  return fitting(document.toJS({ maxAliasCount: MOST_ALIASES }), Fields, shown);
}

/** It writes names such as @ada without quotes, which YAML does not allow. */
const quoted = (head: string) =>
  head.replace(/^(?:assignee|reporter):.*$/gm, (line) => line.replace(/(?<=[\s[,])@[^\s,\]'"]+/g, '"$&"'));

type Around = Readonly<{ body: string; stage: Stage | undefined; tell: Tell }>;

function taskOf(fields: z.output<typeof Fields>, { body, stage, tell }: Around): ForeignTask {
  const sections = sectionsOf(body);
  const take = (...names: readonly string[]) => joined(names.map((name) => sections.get(name)));
  const origin = originOf(fields.id);
  const summary = take('final summary');
  const notes = take('implementation notes', 'notes', 'notes & comments', 'comments');
  const criteria = take('acceptance criteria', 'definition of done');
  return {
    origin,
    parent: fields.parent_task_id === undefined ? undefined : originOf(fields.parent_task_id),
    title: fields.title,
    type: fields.type,
    description: joined(['', 'description', ...othersIn(sections)].map((name) => sections.get(name))),
    context: take('implementation plan'),
    acceptanceCriteria: linesIn(criteria),
    stage: stage ?? stageIn(fields.status, { table: STAGES, tell, origin }),
    priority: priorityIn(fields.priority, { tell, origin }),
    dueDate: fields.due_date?.slice(0, 10),
    attributes: saying({
      assignee: fields.assignee,
      labels: fields.labels,
      milestone: fields.milestone,
      criteria_met: tickedIn(criteria),
      other_fields: otherFields(fields, QUIET),
    }),
    createdAt: dayIn(fields.created_date),
    updatedAt: dayIn(fields.updated_date),
    startedAt: dayIn(fields.actual_start),
    completedAt: dayIn(fields.actual_end),
    waitsFor: fields.dependencies.map(originOf),
    notes: notes === undefined ? [] : [{ kind: 'progress', text: notes, at: dayIn(fields.updated_date) }],
    works:
      summary === undefined ? [] : [{ summary: summary.slice(0, 500), work: summary, at: dayIn(fields.updated_date) }],
  };
}

/** It writes the same id in capitals and without. */
const originOf = (id: string) => id.trim().toLowerCase();

/** Its first versions wrote days as 31-12-25, 31/12/25 or 31.12.25. */
const dayIn = (text: string | undefined) =>
  momentIn(text?.trim().replace(/^(\d{2})[-/.](\d{2})[-/.](\d{2})$/, '20$3-$2-$1'));

/** Sections that a task has a place of its own for. */
const KNOWN: ReadonlySet<string> = new Set([
  '',
  'description',
  'implementation plan',
  'acceptance criteria',
  'definition of done',
  'implementation notes',
  'notes',
  'notes & comments',
  'comments',
  'final summary',
]);

/** Sections that people added; each keeps its heading. */
const othersIn = (sections: ReadonlyMap<string, string>) => [...sections.keys()].filter((name) => !KNOWN.has(name));

/** The text below each heading of the second level, by its name without case and what stands in brackets; before the first one, by none. */
function sectionsOf(body: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let name = '';
  const { isCode } = fences();
  for (const line of body.split(/\r?\n/)) {
    const [, heading] = (!isCode(line) && /^##\s+(.+?)\s*$/.exec(line)) || [];
    const known = heading?.replace(/\s*\(.*\)$/, '').toLowerCase();
    if (known !== undefined) name = known;
    const isKept = known === undefined ? !MARKER.test(line.trim()) : !KNOWN.has(known);
    if (isKept) sections.set(name, `${sections.get(name) ?? ''}${line}\n`);
  }
  return new Map([...sections].map(([title, text]) => [title, text.trim()]));
}

/** Where it begins and ends what it writes itself. */
const MARKER = /^<!-- [A-Z_]+(?::[A-Z_]+)*:(?:BEGIN|END) -->$/;
