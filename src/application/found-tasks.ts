import { type Spending, tokensOf } from '../domain/budget.ts';
import { isActionable } from '../domain/readiness.ts';
import type { Task } from '../domain/task.ts';
import { attributesView } from './attributes.ts';
import { allAsOf } from './claims.ts';
import type { HeldClaim } from './repositories.ts';
import { storyOf } from './story.ts';
import type { Context } from './tool.ts';
import { artifactView, claimView, echo, edgeView, noteView, wholeTask } from './views.ts';

/** What the reference shows of a task that was found. */
const SHOWN = [
  'task_id',
  'task_type',
  'parent_task_id',
  'status',
  'lifecycle_stage',
  'attributes',
  'dependencies',
  'children',
  'created_at',
  'updated_at',
] as const;
/** What else can be asked for. */
const MORE = [
  'title',
  'description',
  'context',
  'specialist_type',
  'priority',
  'complexity',
  'estimated_effort',
  'due_date',
  'acceptance_criteria',
  'template_id',
  'session_id',
  'version',
  'started_at',
  'completed_at',
  'superseded_by',
  'actionable',
  'claim',
] as const;
export const FOUND_FIELDS = [...SHOWN, ...MORE] as const;
export const FOUND_PARTS = ['dependencies', 'artifacts', 'notes', 'events'] as const;

export type Wanted = Readonly<{
  fields: readonly (typeof FOUND_FIELDS)[number][] | undefined;
  include: readonly (typeof FOUND_PARTS)[number][];
}>;
export type FoundTask = Readonly<Record<string, unknown>>;
/** A task that was found, as it is and as it is shown. */
export type Found = Readonly<{ task: Task; view: FoundTask }>;

/** Neighbours of a task that are named, and the latest notes, artifacts and events of it. */
const MOST_NAMED = 20;
const MOST_OF_A_PART = 20;

/** How tasks look in an answer, as they stand now. */
export async function foundTasks(context: Context, tasks: readonly Task[], wanted: Wanted): Promise<readonly Found[]> {
  const standing = await allAsOf(context, tasks);
  const [children, edges] = [await childrenOf(context, tasks), await edgesOf(context, tasks)];
  const found: Found[] = [];
  for (const { task, claim } of standing) {
    const own = edges.get(task.id) ?? [];
    const all = {
      ...taskFields(task, claim),
      ...named('dependencies', [...new Set(own.map(({ prerequisiteId }) => prerequisiteId))]),
      ...named('children', children.get(task.id) ?? [], task.standing.children),
    };
    const parts = await partsOf(context, task, wanted.include);
    const details = wanted.include.includes('dependencies') ? { dependency_details: own.map(edgeView) } : {};
    found.push({ task, view: { ...picked(all, wanted.fields ?? SHOWN), ...details, ...parts } });
  }
  return found;
}

async function edgesOf({ dependencies }: Context, tasks: readonly Task[]) {
  return Map.groupBy(await dependencies.of(tasks.map(({ id }) => id)), ({ taskId }) => taskId);
}

async function childrenOf({ queries }: Context, tasks: readonly Task[]): Promise<ReadonlyMap<string, string[]>> {
  const parents = tasks.filter(({ standing }) => standing.children > 0).map(({ id }) => id);
  const rows = parents.length === 0 ? [] : await queries.childIds(parents, MOST_NAMED);
  return new Map([...Map.groupBy(rows, ({ parentId }) => parentId)].map(([id, own]) => [id, own.map((row) => row.id)]));
}

const taskFields = (task: Task, claim: HeldClaim | undefined) => ({
  ...wholeTask(task),
  attributes: {
    ...attributesView({ ...task, title: echo(task.title) }),
    ...(task.description !== undefined && { description: echo(task.description) }),
  },
  actionable: isActionable(task),
  ...(claim !== undefined && { claim: claimView(claim) }),
});

/** Ids under a name, and how many were left out where there are many. */
function named(name: 'dependencies' | 'children', ids: readonly string[], total = ids.length) {
  const first = ids.slice(0, MOST_NAMED);
  const omitted = total - first.length;
  return { [name]: first, ...(omitted > 0 && { [`${name}_omitted`]: omitted }) };
}

/** The fields that are wanted, with what says how much of them was left out; ids always. */
function picked(all: FoundTask, fields: readonly string[]): FoundTask {
  const wanted: Record<string, unknown> = { task_id: all.task_id };
  for (const field of fields) {
    for (const name of [field, `${field}_omitted`]) if (all[name] !== undefined) wanted[name] = all[name];
  }
  return wanted;
}

async function partsOf(context: Context, { id }: Task, include: Wanted['include']): Promise<FoundTask> {
  const latest = <Part, View>(parts: readonly Part[], view: (part: Part) => View) =>
    parts.slice(-MOST_OF_A_PART).map(view);
  return {
    ...(include.includes('artifacts') && { artifacts: latest(await context.artifacts.of([id]), artifactView) }),
    ...(include.includes('notes') && {
      notes: latest(await context.notes.of([id], { limit: MOST_OF_A_PART }), (note) => ({
        ...noteView(note),
        text: echo(note.text),
      })),
    }),
    ...(include.includes('events') && { events: (await storyOf(context, id)).slice(-MOST_OF_A_PART) }),
  };
}

/** The first of the tasks that fit into a share of the budget; one that is larger than all of it is cut to fit. */
export function fittingTasks(found: readonly Found[], spend: Spending, share: number): readonly Found[] {
  const room = Math.min(spend.left(), spend.whole * share);
  const views = spend.list(
    found.map(({ view }) => view),
    share,
  );
  const [first] = found;
  if (views.length > 0 || first === undefined) return found.slice(0, views.length);
  return [{ ...first, view: cutTo(first.view, room) }];
}

/** A task whose texts, lists and attributes are shortened until it costs no more than `room`, the ids of it kept. */
function cutTo(view: FoundTask, room: number): FoundTask {
  const kept: Record<string, unknown> = {};
  const entries = Object.entries(view).toSorted(([, one], [, other]) => tokensOf(one) - tokensOf(other));
  let [left, parts] = [room, entries.length];
  for (const [name, value] of entries) {
    const part = shortened(value, left / parts);
    left -= tokensOf({ [name]: part });
    parts -= 1;
    kept[name] = part;
  }
  return Object.fromEntries(Object.keys(view).map((name) => [name, kept[name]]));
}

function shortened(value: unknown, room: number): unknown {
  if (tokensOf(value) <= room) return value;
  if (typeof value === 'string') return echo(value);
  const isList = Array.isArray(value);
  const entries = isList ? value.map((one) => ['', one] as const) : Object.entries(Object(value));
  const fitting: (readonly [string, unknown])[] = [];
  for (const entry of entries) {
    if (tokensOf([...fitting, entry]) <= room) fitting.push(entry);
  }
  return isList ? fitting.map(([, one]) => one) : Object.fromEntries(fitting);
}
