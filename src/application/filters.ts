import { z } from 'zod';
import { invalid, notFound } from '../domain/errors.ts';
import { STAGES, STATUS, STATUSES, type Stage, type Status } from '../domain/lifecycle.ts';
import type { Condition, QueryField, Scalar, TaskFilter, Test } from '../domain/query.ts';
import { readQuery } from '../domain/search.ts';
import { DueDate } from './attributes.ts';
import { isLive } from './claims.ts';
import { Priority, SaidText, TaskId, TaskType } from './fields.ts';
import { MOST_VALUES, readConditions } from './filter-attributes.ts';
import { theTask, theTaskLike } from './find.ts';
import { readInput } from './parse.ts';
import type { HeldClaim } from './repositories.ts';
import { checkSpecialist } from './specialists.ts';
import type { Context } from './tool.ts';

const Name = z.string().min(1).max(200);
const TemplateId = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a template id');
const Parent = TaskId.nullable();
const Words = SaidText.max(500);
const Attributes = z.record(z.string(), z.unknown());

const NAMES = [
  'task_type',
  'status',
  'lifecycle_stage',
  'parent_task_id',
  'template_id',
  'attributes',
  'task_ids',
  'specialist_type',
  'priority',
  'actionable',
  'claimed_by',
  'due_before',
  'created_after',
  'created_before',
  'updated_after',
  'updated_before',
  'search',
  'depends_on',
  'has_artifacts',
] as const;
type FilterName = (typeof NAMES)[number];

/** Which tasks are meant. A sentence tells a model what there is; each filter is read by `readFilters`. */
export const FiltersInput = z
  .strictObject(Object.fromEntries(NAMES.map((name) => [name, z.unknown().optional()])))
  .meta({
    inSentence: true,
    description:
      'Value or list: task_type, status, lifecycle_stage, parent_task_id (direct children; null: top), template_id, task_ids, specialist_type, priority, claimed_by (session), depends_on. Value: actionable, has_artifacts, due_before, created_after|before, updated_after|before, search. attributes {"path.to": value, list or {gt,gte,lt,lte,in,contains,exists,not}}',
  });
type Given = z.output<typeof FiltersInput>;

/** Turns filters as they were written into what the store is asked, refusing what no task could fit or nobody could have meant. */
export async function readFilters(
  context: Context,
  given: Given,
  { takesPrefixes = false }: Readonly<{ takesPrefixes?: boolean }> = {},
): Promise<TaskFilter> {
  const said = read(given);
  const ids = (some: readonly string[] | undefined) => some && existing(context, some, { takesPrefixes });
  const [task_ids, depends_on] = [await ids(said.task_ids), await ids(said.depends_on)];
  const parents = said.parent_task_id && (await existingParents(context, said.parent_task_id, { takesPrefixes }));
  await refuseUnknown(context, said);
  refuseReversed(said);
  const { held, lapsed } = await claimsOf(context, said.claimed_by);
  return {
    said: echoed({ ...said, task_ids, depends_on, parent_task_id: parents }, given),
    stages: stagesOf(said),
    conditions: [...conditionsOf(said), ...readConditions(said.attributes ?? {})],
    lapsed,
    ids: narrowed(task_ids, held),
    parents,
    prerequisites: depends_on,
    search: said.search === undefined ? undefined : readQuery(said.search),
    isActionable: said.actionable,
    hasArtifacts: said.has_artifacts,
  };
}

type Said = ReturnType<typeof read>;

function read(given: Given) {
  refuseOther(given, 'status');
  refuseOther(given, 'lifecycle_stage');
  const list = <Schema extends z.ZodType>(name: FilterName, one: Schema) => listIn(given[name], name, one);
  const single = <Schema extends z.ZodType>(name: FilterName, schema: Schema) =>
    given[name] === undefined ? undefined : readInput(schema, given[name], `filters.${name}`);
  return {
    task_type: list('task_type', TaskType),
    status: list('status', z.enum(STATUSES)),
    lifecycle_stage: list('lifecycle_stage', z.enum(STAGES)),
    parent_task_id: list('parent_task_id', Parent),
    template_id: list('template_id', TemplateId),
    attributes: single('attributes', Attributes),
    task_ids: list('task_ids', TaskId),
    specialist_type: list('specialist_type', Name),
    priority: list('priority', Priority),
    actionable: single('actionable', z.boolean()),
    claimed_by: list('claimed_by', Name),
    due_before: single('due_before', DueDate),
    created_after: single('created_after', DueDate),
    created_before: single('created_before', DueDate),
    updated_after: single('updated_after', DueDate),
    updated_before: single('updated_before', DueDate),
    search: single('search', Words),
    depends_on: list('depends_on', TaskId),
    has_artifacts: single('has_artifacts', z.boolean()),
  };
}

/** Stages and statuses share some words; one that is only the other's is told so. */
const WORDS_OF = { status: STATUSES, lifecycle_stage: STAGES } as const;

function refuseOther(given: Given, name: keyof typeof WORDS_OF): void {
  const other = name === 'status' ? 'lifecycle_stage' : 'status';
  const accepted: readonly string[] = WORDS_OF[name];
  const value = [given[name]].flat().find((one) => WORDS_OF[other].some((word) => word === one));
  if (typeof value !== 'string' || accepted.includes(value)) return;
  throw invalid(`filters.${name} must be one of ${accepted.join(', ')}; ${value} is a ${other}`, {
    parameter: `filters.${name}`,
    given: value,
    accepted,
    suggestion: `Repeat with filters.${other}: ${value}`,
  });
}

/** One value or a list of them, as a list without repeats. */
function listIn<Schema extends z.ZodType>(value: unknown, name: string, one: Schema) {
  if (value === undefined) return undefined;
  const place = `filters.${name}`;
  const isList = Array.isArray(value) || (typeof value === 'string' && value.startsWith('['));
  if (!isList) return [readInput(one, value, place)];
  return [...new Set(readInput(z.array(one).min(1).max(MOST_VALUES), value, place))];
}

/** The ids of tasks that exist, whole; the first that does not is refused. */
async function existing(context: Context, ids: readonly string[], { takesPrefixes }: { takesPrefixes: boolean }) {
  const known = new Set((await context.tasks.findAll(ids)).map(({ id }) => id));
  const whole: string[] = [];
  for (const id of ids) {
    const find = takesPrefixes ? theTaskLike : theTask;
    whole.push(known.has(id) ? id : (await find(context, id)).id);
  }
  return [...new Set(whole)];
}

async function existingParents(
  context: Context,
  parents: readonly (string | null)[],
  options: { takesPrefixes: boolean },
) {
  const ids = await existing(
    context,
    parents.filter((parent) => parent !== null),
    options,
  );
  return parents.includes(null) ? [null, ...ids] : ids;
}

async function refuseUnknown(context: Context, { specialist_type = [], claimed_by = [] }: Said): Promise<void> {
  for (const specialist of specialist_type) await checkSpecialist(context, specialist);
  for (const id of claimed_by) {
    if ((await context.sessions.find(id)) !== undefined) continue;
    throw notFound('Session', id, {
      parameter: 'filters.claimed_by',
      suggestion: 'Use orchestrator_get_status to see who holds what',
    });
  }
}

function refuseReversed(said: Said): void {
  for (const [after, before] of RANGES) {
    const [from, to] = [said[after], said[before]];
    if (from === undefined || to === undefined || Date.parse(from) <= Date.parse(to)) continue;
    throw invalid(`filters.${after} (${from}) is later than filters.${before} (${to})`, {
      parameter: `filters.${after}`,
      suggestion: 'Repeat with the two the other way round',
    });
  }
}

const RANGES = [
  ['created_after', 'created_before'],
  ['updated_after', 'updated_before'],
] as const;

/** Tasks that live claims of these sessions are on, if any are asked about, and those whose claim has ended. */
async function claimsOf(context: Context, sessions: readonly string[] | undefined) {
  const claims = Map.groupBy(await context.claims.list(), (claim) => isLive(claim, context));
  const [live, ended] = [claims.get(true) ?? [], claims.get(false) ?? []];
  const taskIds = (some: readonly HeldClaim[]) => some.map(({ taskId }) => taskId);
  return {
    held: sessions && taskIds(live.filter(({ holder }) => sessions.includes(holder))),
    lapsed: taskIds(ended),
  };
}

function narrowed(ids: readonly string[] | undefined, held: readonly string[] | undefined) {
  if (ids === undefined || held === undefined) return ids ?? held;
  return ids.filter((id) => held.includes(id));
}

/** Archived and superseded tasks show only where they are asked for. */
const SHOWN = STAGES.filter((stage) => STATUS[stage] !== 'archived');

function stagesOf({ status, lifecycle_stage: stages }: Said): readonly Stage[] {
  const hasStatus = (stage: Stage) => status?.some((one: Status) => one === STATUS[stage]) ?? true;
  if (stages === undefined) return status === undefined ? SHOWN : STAGES.filter(hasStatus);
  const both = stages.filter(hasStatus);
  if (both.length > 0) return both;
  throw invalid(
    `filters.status ${status?.join(', ')} and filters.lifecycle_stage ${stages.join(', ')} exclude each other`,
    {
      parameter: 'filters.lifecycle_stage',
      suggestion: 'Repeat with one of the two',
    },
  );
}

function conditionsOf(said: Said): readonly Condition[] {
  const among = (field: QueryField, values: readonly Scalar[] | undefined): readonly Condition[] =>
    values === undefined ? [] : [{ of: { field }, all: [{ is: 'among', values }] }];
  const within = (
    field: QueryField,
    { from, to }: Readonly<{ from?: string | undefined; to?: string | undefined }>,
  ) => {
    const all: readonly Test[] = [
      ...(from === undefined ? [] : [{ is: 'more', than: Date.parse(from), orEqual: true } as const]),
      ...(to === undefined ? [] : [{ is: 'less', than: Date.parse(to), orEqual: false } as const]),
    ];
    return all.length === 0 ? [] : [{ of: { field }, all }];
  };
  return [
    ...among('task_type', said.task_type),
    ...among('specialist_type', said.specialist_type),
    ...among('priority', said.priority),
    ...among('template_id', said.template_id),
    ...within('due_date', { to: said.due_before }),
    ...within('created_at', { from: said.created_after, to: said.created_before }),
    ...within('updated_at', { from: said.updated_after, to: said.updated_before }),
  ];
}

/** The filters as they were understood: one value where one was given. */
function echoed(said: Said, given: Given): TaskFilter['said'] {
  const entries = Object.entries(said).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Array.isArray(value) && value.length === 1 && !Array.isArray(given[name]) ? value[0] : value,
    ]),
  );
}
