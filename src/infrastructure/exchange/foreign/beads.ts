import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import { PRIORITIES } from '../../../domain/task.ts';
import type { Located } from '../place.ts';
import {
  fitting,
  Id,
  joined,
  jsonIn,
  linesIn,
  momentIn,
  saying,
  stageIn,
  Text,
  Texts,
  telling,
  textAt,
} from './reading.ts';

const STAGES: Readonly<Record<string, Stage>> = {
  open: 'ready',
  in_progress: 'active',
  blocked: 'blocked',
  deferred: 'draft',
  closed: 'completed',
};
/** Deleted there. */
const TOMBSTONE = 'tombstone';

const TYPES: Readonly<Record<string, string>> = { task: 'custom', epic: 'feature_epic' };
/** Links that keep a task waiting; `parent-child` is where it belongs, others only tell. */
const WAITING: ReadonlySet<string> = new Set(['blocks', 'conditional-blocks', 'waits-for']);
const PARENT = 'parent-child';

const Link = z.object({ depends_on_id: Id, type: z.string().default('blocks') });
const Comment = z.object({ text: z.string(), author: Text, created_at: Text });
const Issue = z.object({
  id: Id,
  title: z.string(),
  description: Text,
  design: Text,
  acceptance_criteria: Text,
  notes: Text,
  status: Text,
  priority: z.number().optional().catch(undefined),
  issue_type: Text,
  assignee: Text,
  labels: Texts,
  external_ref: Text,
  estimated_minutes: z.number().optional().catch(undefined),
  created_at: Text,
  updated_at: Text,
  closed_at: Text,
  close_reason: Text,
  due_at: Text,
  dependencies: z
    .array(Link)
    .nullish()
    .transform((links) => links ?? []),
  comments: z
    .array(Comment)
    .nullish()
    .transform((comments) => comments ?? []),
});
type Issue = z.output<typeof Issue>;

/** The JSON Lines that beads keeps or exports: issues, their links and comments. */
export async function readBeads(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const lines = (await textAt(at))
    .split('\n')
    .map((line, index) => ({ line, shown: `${at.shown}, line ${index + 1}` }));
  const issues = lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, shown }) => fitting(jsonIn(line, shown), Issue, shown));
  const living = issues.filter(({ status }) => status !== TOMBSTONE);
  if (living.length < issues.length) tell(`${issues.length - living.length} deleted issues were left out`);
  return { scope: at.shown, tasks: living.map((issue) => taskOf(issue, tell)), lost: told() };
}

function taskOf(issue: Issue, tell: (sentence: string) => void): ForeignTask {
  const { id: origin, dependencies, estimated_minutes: minutes } = issue;
  const waitsFor = dependencies.filter(({ type }) => WAITING.has(type)).map((link) => link.depends_on_id);
  const others = dependencies.filter(({ type }) => !WAITING.has(type) && type !== PARENT);
  const stage = stageIn(issue.status, { table: STAGES, tell, origin });
  return {
    origin,
    parent: dependencies.find(({ type }) => type === PARENT)?.depends_on_id,
    title: issue.title,
    type: TYPES[issue.issue_type ?? 'task'] ?? issue.issue_type?.replaceAll('-', '_'),
    description: joined([issue.description]),
    context: joined([issue.design]),
    acceptanceCriteria: linesIn(issue.acceptance_criteria),
    stage: stage === 'blocked' && waitsFor.length > 0 ? 'ready' : stage,
    priority: PRIORITIES[Math.max(0, 3 - (issue.priority ?? 2))],
    effort: minutes === undefined ? undefined : `${minutes} minutes`,
    dueDate: issue.due_at,
    attributes: saying({
      assignee: issue.assignee,
      labels: issue.labels,
      external_ref: issue.external_ref,
      links: others.map(({ type, depends_on_id }) => ({ type, to: depends_on_id })),
    }),
    createdAt: momentIn(issue.created_at),
    updatedAt: momentIn(issue.updated_at),
    completedAt: momentIn(issue.closed_at),
    waitsFor,
    notes: notesOf(issue),
  };
}

function notesOf(issue: Issue): ForeignTask['notes'] {
  const own = [
    { text: issue.notes ?? '', at: momentIn(issue.created_at) },
    { text: issue.close_reason ?? '', at: momentIn(issue.closed_at) },
  ];
  const comments = issue.comments.map(({ text, author, created_at }) => ({
    text: author === undefined ? text : `${author}: ${text}`,
    at: momentIn(created_at),
  }));
  return [...own, ...comments].filter(({ text }) => text !== '').map((note) => ({ kind: 'progress', ...note }));
}
