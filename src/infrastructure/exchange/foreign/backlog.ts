import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { invalid, notFound } from '../../../domain/errors.ts';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import { ifThere } from '../../file-errors.ts';
import { type Located, present } from '../place.ts';
import {
  fitting,
  joined,
  linesIn,
  momentIn,
  priorityIn,
  saying,
  stageIn,
  Text,
  Texts,
  telling,
  textAt,
} from './reading.ts';

const STAGES: Readonly<Record<string, Stage>> = {
  draft: 'draft',
  to_do: 'ready',
  todo: 'ready',
  in_progress: 'active',
  blocked: 'blocked',
  review: 'review',
  in_review: 'review',
  done: 'completed',
};

/** Its folders, and what lying there means, whatever the file says. */
const FOLDERS: readonly Readonly<{ path: string; stage: Stage | undefined }>[] = [
  { path: 'tasks', stage: undefined },
  { path: 'drafts', stage: 'draft' },
  { path: 'completed', stage: 'completed' },
  { path: 'archive/tasks', stage: 'archived' },
];

/** Deeper nesting in the front matter than this many references is a mistake or a trap. */
const MOST_ALIASES = 100;

const OneOrMore = z.union([Texts, z.string().transform((text) => [text])]).catch([]);
const Fields = z.object({
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
  type: Text,
});

type Found = Readonly<{ at: Located; stage: Stage | undefined }>;

/** Backlog.md's folder: a Markdown file a task, its fields in front, its sections below. */
export async function readBacklog(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  if (!(await present(at)).isDirectory())
    throw invalid(`${at.shown} is no folder`, { suggestion: 'Name the folder that holds tasks' });
  const files = await taskFiles(at);
  if (files.length === 0)
    throw notFound('Folder of tasks', `${at.shown}/tasks`, { suggestion: 'Name the folder that holds tasks' });
  const tasks: ForeignTask[] = [];
  for (const file of files) tasks.push(...(await taskIn(file, tell)));
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
        .filter((name) => name.endsWith('.md') && name.toLowerCase() !== 'readme.md')
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

async function taskIn({ at, stage }: Found, tell: Tell): Promise<readonly ForeignTask[]> {
  if (!(await lstat(at.path)).isFile()) {
    tell(`${at.shown} is a link or a folder, and was left out`);
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
  const document = parseDocument(head, { prettyErrors: false, logLevel: 'error', schema: 'failsafe' });
  const [mistake] = document.errors;
  if (mistake !== undefined)
    throw invalid(`${shown}: ${mistake.message}`, { suggestion: 'Mend the fields in front of the text' });
  return fitting(document.toJS({ maxAliasCount: MOST_ALIASES }), Fields, shown);
}

type Around = Readonly<{ body: string; stage: Stage | undefined; tell: Tell }>;

function taskOf(fields: z.output<typeof Fields>, { body, stage, tell }: Around): ForeignTask {
  const sections = sectionsOf(body);
  const take = (...names: readonly string[]) => joined(names.map((name) => sections.get(name)));
  const origin = originOf(fields.id);
  const summary = take('final summary');
  const notes = take('implementation notes', 'notes', 'notes & comments');
  return {
    origin,
    parent: fields.parent_task_id === undefined ? undefined : originOf(fields.parent_task_id),
    title: fields.title,
    type: fields.type,
    description: take('description', ''),
    context: take('implementation plan'),
    acceptanceCriteria: linesIn(take('acceptance criteria', 'definition of done')),
    stage: stage ?? stageIn(fields.status, { table: STAGES, tell, origin }),
    priority: priorityIn(fields.priority),
    attributes: saying({ assignee: fields.assignee, labels: fields.labels, milestone: fields.milestone }),
    createdAt: momentIn(fields.created_date),
    updatedAt: momentIn(fields.updated_date),
    waitsFor: fields.dependencies.map(originOf),
    notes: notes === undefined ? [] : [{ kind: 'progress', text: notes, at: momentIn(fields.updated_date) }],
    works:
      summary === undefined
        ? []
        : [{ summary: summary.slice(0, 500), work: summary, at: momentIn(fields.updated_date) }],
  };
}

/** It writes the same id in capitals and without. */
const originOf = (id: string) => id.trim().toLowerCase();

/** The text below each heading of the second level, by its name without case and what stands in brackets; before the first one, by none. */
function sectionsOf(body: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let name = '';
  for (const line of body.split(/\r?\n/)) {
    const [, heading] = /^##\s+(.+?)\s*$/.exec(line) ?? [];
    if (heading !== undefined) name = heading.replace(/\s*\(.*\)$/, '').toLowerCase();
    else if (!/^<!--.*-->$/.test(line.trim())) sections.set(name, `${sections.get(name) ?? ''}${line}\n`);
  }
  return new Map([...sections].map(([title, text]) => [title, text.trim()]));
}
