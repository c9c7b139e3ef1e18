import { z } from 'zod';
import type { ForeignProject, ForeignTask } from '../../../domain/foreign.ts';
import type { Stage } from '../../../domain/lifecycle.ts';
import type { Priority } from '../../../domain/task.ts';
import type { Located } from '../place.ts';
import {
  joined,
  jsonAt,
  momentIn,
  otherFields,
  plainWord,
  priorityIn,
  saying,
  Text,
  telling,
  whole,
} from './reading.ts';

const Reference = z.object({ number: z.number(), url: Text });
type Reference = z.output<typeof Reference>;
/** Lists of other issues come as lists, or with what they are a page of. */
const References = z
  .union([z.array(Reference), z.object({ nodes: z.array(Reference) }).transform(({ nodes }) => nodes)])
  .catch([]);
const Named = z.array(z.object({ name: z.string() })).catch([]);
const Person = z.object({ login: z.string() });
const People = z.array(Person).catch([]);
const Comment = z.object({
  body: z.string(),
  createdAt: Text,
  author: Person.nullish().catch(undefined),
});

const Issue = whole(
  z.object({
    number: z.number(),
    title: z.string(),
    body: Text,
    state: Text,
    stateReason: Text,
    url: Text,
    author: Person.nullish().catch(undefined),
    labels: Named,
    assignees: People,
    milestone: z.object({ title: z.string(), dueOn: Text }).nullish().catch(undefined),
    comments: z.array(Comment).catch([]),
    issueType: z.object({ name: z.string() }).nullish().catch(undefined),
    parent: Reference.nullish().catch(undefined),
    subIssues: References,
    blockedBy: References,
    blocking: References,
    createdAt: Text,
    updatedAt: Text,
    closedAt: Text,
  }),
);
type Issue = z.output<typeof Issue>;
type Tell = (sentence: string) => void;

/** What follows from the rest. */
const QUIET: ReadonlySet<string> = new Set(['id', 'closed', 'subIssues', 'subIssuesSummary', 'blocking', 'blockedBy']);

/** What `gh issue list --json …` prints; the more fields were asked for, the more comes along. */
export async function readGithub(at: Located): Promise<ForeignProject> {
  const { tell, told } = telling();
  const issues = await jsonAt(at, z.array(Issue));
  if (issues.some(({ url }) => url === undefined))
    tell('Issues of two repositories are told apart by url, which was not asked for');
  const repository = repositoryOf(issues);
  const links = linksAmong(issues, { repository, tell });
  return { scope: repository ?? at.shown, tasks: issues.map((issue) => taskOf(issue, links)), lost: told() };
}

type Links = Readonly<{ above: ReadonlyMap<number, number>; blockers: ReadonlyMap<number, readonly Block[]> }>;

/** Who belongs to whom and who blocks whom, each said by one of the two. */
function linksAmong(issues: readonly Issue[], { repository, tell }: Around): Links {
  const asked = new Map(issues.map((issue) => [issue.number, issue]));
  const find: Find = ({ number, url }, what) => {
    // Numbers mean something within one repository.
    if (asked.has(number) && (url === undefined || repositoryIn(url) === repository)) return [number];
    if (what !== undefined) tell(`${what} ${url ?? number}, which is not in the file`);
    return [];
  };
  const pairs = blocksAmong(issues, find).filter(([number, other]) => {
    const isUndone = stageOf(asked.get(other) ?? {}) === 'cancelled';
    if (isUndone) tell(`Issue ${number} waited for ${other}, which was closed undone; it does not wait here`);
    return !isUndone;
  });
  return { above: parentsAmong(issues, find), blockers: Map.groupBy(pairs, ([number]) => number) };
}

/** The number that a reference means here, told with `what` where there is none. */
type Find = (reference: Reference, what?: string) => readonly number[];
/** The first waits for the second. */
type Block = readonly [number, number];

const parentsAmong = (issues: readonly Issue[], find: Find): ReadonlyMap<number, number> =>
  new Map([
    ...issues.flatMap(({ number, subIssues }) =>
      subIssues.flatMap((sub) => find(sub)).map((sub) => [sub, number] as const),
    ),
    ...issues.flatMap(({ number, parent }) =>
      (parent == null ? [] : find(parent, `Issue ${number} belongs to`)).map((above) => [number, above] as const),
    ),
  ]);

const blocksAmong = (issues: readonly Issue[], find: Find): readonly Block[] =>
  issues.flatMap(({ number, blockedBy, blocking }) => [
    ...blockedBy.flatMap((one) => find(one, `Issue ${number} waits for`)).map((other) => [number, other] as const),
    ...blocking.flatMap((one) => find(one)).map((other) => [other, number] as const),
  ]);

type Around = Readonly<{ repository: string | undefined; tell: Tell }>;

const repositoryIn = (url: string) => /^https?:\/\/[^/]+\/(.+)\/issues\/\d+/.exec(url)?.[1];
const repositoryOf = (issues: readonly Issue[]) => repositoryIn(issues.find(({ url }) => url !== undefined)?.url ?? '');

function taskOf(issue: Issue, { above, blockers }: Links): ForeignTask {
  const parent = above.get(issue.number);
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
      author: issue.author?.login,
      issue_type: issue.issueType?.name,
      state_reason: stateReasonOf(issue),
      other_fields: otherFields(issue, QUIET),
    }),
    createdAt: momentIn(issue.createdAt),
    updatedAt: momentIn(issue.updatedAt),
    completedAt: momentIn(issue.closedAt),
    waitsFor: blockers.get(issue.number)?.map(([, other]) => String(other)),
    notes: issue.comments.map(({ body, createdAt, author }) => ({
      kind: 'progress',
      text: author == null ? body : `${author.login}: ${body}`,
      at: momentIn(createdAt),
    })),
  };
}

function stageOf({ state = 'open', stateReason = '' }: Pick<Partial<Issue>, 'state' | 'stateReason'>): Stage {
  if (plainWord(state) !== 'closed') return 'ready';
  return UNDONE.has(plainWord(stateReason)) ? 'cancelled' : 'completed';
}

const UNDONE: ReadonlySet<string> = new Set(['not_planned', 'duplicate']);
/** Said where the stage does not say it. */
const stateReasonOf = ({ stateReason = '' }: Issue) =>
  ['duplicate', 'reopened'].find((reason) => reason === plainWord(stateReason));

const typeOf = (name: string | undefined, labels: readonly string[]) =>
  ['bug', 'feature'].find((type) => [name ?? '', ...labels].some((word) => plainWord(word) === type));

/** `priority: high`, `P1` and the like. */
const priorityAmong = (labels: readonly string[]): Priority | undefined =>
  labels
    .map((label) => priorityIn(label.replace(/^priority\s*[:/-]\s*/i, '')))
    .find((priority) => priority !== undefined);
