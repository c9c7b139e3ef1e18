import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Priority } from '../../../domain/task.ts';
import type { Located } from '../place.ts';
import { joined, jsonAt, momentIn, plainWord, priorityIn, saying, Text, telling } from './reading.ts';

const Reference = z.object({ number: z.number() });
/** Lists of other issues come as lists, or with what they are a page of. */
const References = z
  .union([z.array(Reference), z.object({ nodes: z.array(Reference) }).transform(({ nodes }) => nodes)])
  .catch([]);
const Named = z.array(z.object({ name: z.string() })).catch([]);
const People = z.array(z.object({ login: z.string() })).catch([]);
const Comment = z.object({
  body: z.string(),
  createdAt: Text,
  author: z.object({ login: z.string() }).nullish().catch(undefined),
});

const Issue = z.object({
  number: z.number(),
  title: z.string(),
  body: Text,
  state: Text,
  stateReason: Text,
  url: Text,
  labels: Named,
  assignees: People,
  milestone: z.object({ title: z.string(), dueOn: Text }).nullish().catch(undefined),
  comments: z.array(Comment).catch([]),
  issueType: z.object({ name: z.string() }).nullish().catch(undefined),
  parent: Reference.nullish().catch(undefined),
  subIssues: References,
  blockedBy: References,
  createdAt: Text,
  updatedAt: Text,
  closedAt: Text,
});
type Issue = z.output<typeof Issue>;

/** What `gh issue list --json …` prints; the more fields were asked for, the more comes along. */
export async function readGithub(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const issues = await jsonAt(at, z.array(Issue));
  const asked = new Set(issues.map(({ number }) => number));
  const above = new Map(
    issues.flatMap(({ number, subIssues }) => subIssues.map((sub) => [sub.number, number] as const)),
  );
  if (issues.some(({ url }) => url === undefined))
    tell('Issues of two repositories are told apart by url, which was not asked for');
  const tasks = issues.map((issue) => {
    const parent = issue.parent?.number ?? above.get(issue.number);
    const isThere = parent === undefined || asked.has(parent);
    if (!isThere) tell(`Issue ${issue.number} belongs to ${parent}, which is not in the file`);
    return taskOf(issue, isThere ? parent : undefined);
  });
  return { scope: repositoryOf(issues) ?? at.shown, tasks, lost: told() };
}

const repositoryOf = (issues: readonly Issue[]) =>
  /^https?:\/\/[^/]+\/(.+)\/issues\/\d+$/.exec(issues.find(({ url }) => url !== undefined)?.url ?? '')?.[1];

function taskOf(issue: Issue, parent: number | undefined): ForeignTask {
  const labels = issue.labels.map(({ name }) => name);
  return {
    origin: String(issue.number),
    parent: parent === undefined ? undefined : String(parent),
    title: issue.title,
    type: typeOf(issue.issueType?.name, labels),
    description: joined([issue.body]),
    stage: stageOf(issue),
    priority: priorityAmong(labels),
    dueDate: issue.milestone?.dueOn,
    attributes: saying({
      url: issue.url,
      labels,
      assignees: issue.assignees.map(({ login }) => login),
      milestone: issue.milestone?.title,
    }),
    createdAt: momentIn(issue.createdAt),
    updatedAt: momentIn(issue.updatedAt),
    completedAt: momentIn(issue.closedAt),
    waitsFor: issue.blockedBy.map(({ number }) => String(number)),
    notes: issue.comments.map(({ body, createdAt, author }) => ({
      kind: 'progress',
      text: author == null ? body : `${author.login}: ${body}`,
      at: momentIn(createdAt),
    })),
  };
}

function stageOf({ state = 'open', stateReason = '' }: Issue): Stage {
  if (plainWord(state) !== 'closed') return 'ready';
  return ['not_planned', 'duplicate'].includes(plainWord(stateReason)) ? 'cancelled' : 'completed';
}

const typeOf = (name: string | undefined, labels: readonly string[]) =>
  ['bug', 'feature'].find((type) => [name ?? '', ...labels].some((word) => plainWord(word) === type));

/** `priority: high`, `P1` and the like. */
const priorityAmong = (labels: readonly string[]): Priority | undefined =>
  labels
    .map((label) => priorityIn(label.replace(/^priority\s*[:/-]\s*/i, '')))
    .find((priority) => priority !== undefined);
