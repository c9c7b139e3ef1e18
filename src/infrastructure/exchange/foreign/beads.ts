import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Located } from '../place.ts';
import {
  fitting,
  Id,
  joined,
  jsonIn,
  linesIn,
  momentIn,
  named,
  otherFields,
  priorityIn,
  saying,
  stageIn,
  Text,
  Texts,
  telling,
  textAt,
  whole,
} from './reading.ts';

const STAGES: Readonly<Record<string, Stage>> = {
  open: 'ready',
  in_progress: 'active',
  // Lies on the hook of an agent, that is, with somebody who works on it.
  hooked: 'active',
  blocked: 'blocked',
  deferred: 'draft',
  closed: 'completed',
};
/** Deleted there. */
const TOMBSTONE = 'tombstone';

const TYPES: Readonly<Record<string, string>> = { task: 'custom', epic: 'feature_epic' };
/** Who takes part, what was said and what happened: entries that are no work. */
const NO_WORK: ReadonlySet<string> = new Set(['agent', 'role', 'message', 'event', 'slot']);
/** Links that keep a task waiting, those without a type among them; `parent-child` is where it belongs, others only tell. */
const WAITING: ReadonlySet<string> = new Set(['', 'blocks', 'waits-for']);
const PARENT = 'parent-child';
/** Goes ahead only if the other fails, which is the opposite of waiting for its completion. */
const CONDITIONAL = 'conditional-blocks';
/** What beads keeps for itself, or counts. */
const QUIET: ReadonlySet<string> = new Set([
  '_type',
  'content_hash',
  'source_repo',
  'compaction_level',
  'compacted_at',
  'compacted_at_commit',
  'original_size',
  'dependency_count',
  'dependent_count',
  'comment_count',
]);

const Link = z.object({ depends_on_id: Id, type: z.string().default('blocks') });
const Comment = z.object({ text: z.string(), author: Text, created_at: Text });
const Issue = whole(
  z.object({
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
    is_template: z.boolean().optional().catch(undefined),
    estimated_minutes: z.number().optional().catch(undefined),
    created_at: Text,
    updated_at: Text,
    started_at: Text,
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
  }),
);
type Issue = z.output<typeof Issue>;

/** The JSON Lines that beads keeps or exports: issues, their links and comments. */
export async function readBeads(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const lines = (await textAt(at))
    .split('\n')
    .map((line, index) => ({ line, shown: `${at.shown}, line ${index + 1}` }));
  const issues = lines
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, shown }) => ({ value: jsonIn(line, shown), shown }))
    .filter(({ value }) => !isOther(value, tell))
    .map(({ value, shown }) => fitting(value, Issue, shown));
  const groups = Map.groupBy(issues, whyNoWork);
  for (const [why, left] of groups)
    if (why !== undefined) tell(`Left out as ${why}: ${named(left.map(({ id }) => id))}`);
  const work = groups.get(undefined) ?? [];
  return { scope: at.shown, tasks: work.map((issue) => taskOf(issue, tell)), lost: told() };
}

type Tell = (sentence: string) => void;

/** Newer exports hold lines of more than issues. */
function isOther(value: unknown, tell: Tell): boolean {
  const type = typeof value === 'object' && value !== null && '_type' in value ? value._type : 'issue';
  if (type !== 'issue') tell(`Lines of the type ${String(type)} were left out`);
  return type !== 'issue';
}

function whyNoWork({ status, issue_type: type = 'task', is_template: isTemplate }: Issue): string | undefined {
  if (status === TOMBSTONE) return 'deleted there';
  if (isTemplate === true) return 'templates';
  return NO_WORK.has(type) ? `no work, but of the type ${type}` : undefined;
}

function taskOf(issue: Issue, tell: Tell): ForeignTask {
  const { id: origin, dependencies, estimated_minutes: minutes } = issue;
  const waitsFor = dependencies.filter(({ type }) => WAITING.has(type)).map((link) => link.depends_on_id);
  const others = dependencies.filter(({ type }) => !WAITING.has(type) && type !== PARENT);
  for (const link of others.filter(({ type }) => type === CONDITIONAL))
    tell(`${origin} goes ahead only if ${link.depends_on_id} fails; it does not wait here`);
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
    priority: priorityIn(`P${issue.priority ?? 2}`, { tell, origin }),
    effort: minutes === undefined ? undefined : `${minutes} minutes`,
    dueDate: issue.due_at,
    attributes: saying({
      assignee: issue.assignee,
      labels: issue.labels,
      external_ref: issue.external_ref,
      links: others.map(({ type, depends_on_id }) => ({ type, to: depends_on_id })),
      other_fields: otherFields(issue, QUIET),
    }),
    createdAt: momentIn(issue.created_at),
    updatedAt: momentIn(issue.updated_at),
    startedAt: momentIn(issue.started_at),
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
