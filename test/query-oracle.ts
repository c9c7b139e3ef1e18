import type { Task } from '../src/domain/task.ts';

/** What is true of a task that is not in the task itself. */
export type Known = Readonly<{
  /** The sessions that hold tasks now, by task. */
  holders: ReadonlyMap<string, string>;
  /** Tasks at work whose claim has ended. */
  lapsed: ReadonlySet<string>;
  prerequisites: ReadonlyMap<string, readonly string[]>;
  withArtifacts: ReadonlySet<string>;
}>;
type Wire = Readonly<Record<string, unknown>>;

const STATUS_OF: Readonly<Record<string, string>> = {
  draft: 'pending',
  ready: 'pending',
  active: 'active',
  blocked: 'blocked',
  review: 'active',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  archived: 'archived',
  superseded: 'archived',
};
const PRIORITY_ORDER = ['low', 'medium', 'high', 'critical'];
const STAGE_ORDER = Object.keys(STATUS_OF);
const STATUS_ORDER = ['pending', 'active', 'blocked', 'completed', 'failed', 'cancelled', 'archived'];

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const stageOf = (task: Task, { lapsed }: Known) =>
  task.stage === 'active' && task.standing.children === 0 && lapsed.has(task.id) ? 'ready' : task.stage;

function isActionable(task: Task, known: Known): boolean {
  if (!known.lapsed.has(task.id) || task.stage !== 'active' || task.standing.children > 0) {
    return task.standing.actionableSince !== undefined;
  }
  return task.standing.unmet === 0 && task.standing.gatesAbove === 0 && task.type !== 'approval';
}

/** One filter at a time, in the words of the wire. */
const FILTERS: Readonly<Record<string, (task: Task, wanted: unknown, known: Known) => boolean>> = {
  task_type: (task, wanted) => listOf(wanted).includes(task.type),
  status: (task, wanted, known) => listOf(wanted).includes(STATUS_OF[stageOf(task, known)]),
  lifecycle_stage: (task, wanted, known) => listOf(wanted).includes(stageOf(task, known)),
  parent_task_id: (task, wanted) => listOf(wanted).includes(task.parentId ?? null),
  template_id: (task, wanted) => listOf(wanted).includes(task.templateId),
  task_ids: (task, wanted) => listOf(wanted).includes(task.id),
  specialist_type: (task, wanted) => listOf(wanted).includes(task.specialist),
  priority: (task, wanted) => listOf(wanted).includes(task.priority),
  actionable: (task, wanted, known) => isActionable(task, known) === wanted,
  claimed_by: (task, wanted, known) => listOf(wanted).includes(known.holders.get(task.id) ?? 'nobody'),
  due_before: (task, wanted) => task.dueDate !== undefined && Date.parse(task.dueDate) < Date.parse(String(wanted)),
  created_after: (task, wanted) => task.createdAt >= Date.parse(String(wanted)),
  created_before: (task, wanted) => task.createdAt < Date.parse(String(wanted)),
  updated_after: (task, wanted) => task.updatedAt >= Date.parse(String(wanted)),
  updated_before: (task, wanted) => task.updatedAt < Date.parse(String(wanted)),
  depends_on: (task, wanted, known) =>
    listOf(wanted).some((id) => known.prerequisites.get(task.id)?.includes(String(id)) === true),
  has_artifacts: (task, wanted, known) => known.withArtifacts.has(task.id) === wanted,
  attributes: (task, wanted) =>
    Object.entries(Object(wanted)).every(([path, value]) => isAsWanted(ownOrFree(task, path), value)),
};

/** Which of the tasks are meant, found by looking at each. */
export const matching = (tasks: readonly Task[], filters: Wire, known: Known) =>
  tasks.filter((task) => {
    const asksForArchived = filters.status !== undefined || filters.lifecycle_stage !== undefined;
    if (!asksForArchived && STATUS_OF[stageOf(task, known)] === 'archived') return false;
    return Object.entries(filters).every(([name, wanted]) => FILTERS[name]?.(task, wanted, known));
  });

/** A value with what it is compared by where that is not the value itself. */
type Held = Readonly<{ value: unknown; by?: (value: unknown) => unknown }>;

const OWN: Readonly<Record<string, (task: Task) => Held>> = {
  title: ({ title }) => ({ value: title }),
  description: ({ description }) => ({ value: description }),
  estimated_effort: ({ effort }) => ({ value: effort }),
  specialist_type: ({ specialist }) => ({ value: specialist }),
  priority: ({ priority }) => ({ value: priority, by: (value) => PRIORITY_ORDER.indexOf(String(value)) }),
  due_date: ({ dueDate }) => ({ value: dueDate, by: (value) => Date.parse(String(value)) }),
};

const ownOrFree = (task: Task, path: string): Held =>
  (Object.hasOwn(OWN, path) ? OWN[path]?.(task) : undefined) ?? { value: inside(task.attributes, path) };

/** Names with dots stand in double quotes; they hold no escapes here. */
function inside(attributes: unknown, path: string): unknown {
  const names = path.match(/"[^"]*"|[^.]+/g) ?? [];
  return names.reduce<unknown>((value, name) => {
    const isInside = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isInside ? new Map(Object.entries(value)).get(name.replace(/^"(.*)"$/, '$1')) : undefined;
  }, attributes);
}

function isAsWanted(held: Held, wanted: unknown): boolean {
  const isThere = held.value !== undefined && held.value !== null;
  if (wanted === null) return !isThere;
  if (Array.isArray(wanted)) return wanted.some((one) => isAsWanted(held, one));
  if (typeof wanted !== 'object') return isThere && isSame(held, wanted);
  return Object.entries(wanted ?? {}).every(([operator, operand]) => {
    if (operator === 'exists') return isThere === operand;
    if (operator === 'not') return !isAsWanted(held, operand);
    if (operator === 'in') return isAsWanted(held, operand);
    if (!isThere) return false;
    return operator === 'contains' ? holds(held.value, operand) : isBeyond(held, operator, operand);
  });
}

const isSame = ({ value, by = (one) => one }: Held, wanted: unknown) => by(value) === by(wanted);

const holds = (value: unknown, part: unknown) =>
  typeof value === 'string'
    ? typeof part === 'string' && value.includes(part)
    : Array.isArray(value) && value.includes(part);

function isBeyond({ value, by = (one) => one }: Held, operator: string, operand: unknown): boolean {
  const [one, other] = [by(value), by(operand)];
  if (typeof one !== typeof other || typeof one === 'boolean' || typeof one === 'object') return false;
  const order = inOrder(one, other);
  return { gt: order > 0, gte: order >= 0, lt: order < 0, lte: order <= 0 }[operator] ?? false;
}

/** Numbers before texts, texts by their bytes in UTF-8. */
function inOrder(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (typeof one === 'number') return -1;
  if (typeof other === 'number') return 1;
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}

const SORTED: Readonly<Record<string, (task: Task, known: Known) => unknown>> = {
  created_at: (task) => task.createdAt,
  updated_at: (task) => task.updatedAt,
  started_at: (task) => task.startedAt,
  priority: (task) => PRIORITY_ORDER.indexOf(task.priority),
  title: (task) => task.title,
  task_type: (task) => task.type,
  specialist_type: (task) => task.specialist,
  due_date: (task) => (task.dueDate === undefined ? undefined : Date.parse(task.dueDate)),
  status: (task, known) => STATUS_ORDER.indexOf(STATUS_OF[stageOf(task, known)] ?? ''),
  lifecycle_stage: (task, known) => STAGE_ORDER.indexOf(stageOf(task, known)),
  task_id: (task) => task.id,
};

/** What SQLite makes of a value of JSON when it sorts. */
const asSorted = (value: unknown) =>
  typeof value === 'boolean'
    ? Number(value)
    : typeof value === 'object' && value !== null
      ? JSON.stringify(value)
      : value;

/** Tasks by a field or a path, what has no value last, those alike by id. */
export function sorted(
  tasks: readonly Task[],
  { field, direction }: Readonly<{ field: string; direction: 'asc' | 'desc' }>,
  known: Known,
): readonly Task[] {
  const key = (task: Task) =>
    asSorted(SORTED[field]?.(task, known) ?? (field in SORTED ? undefined : inside(task.attributes, field.slice(11))));
  const sign = direction === 'asc' ? 1 : -1;
  return tasks.toSorted((a, b) => {
    const [one, other] = [key(a) ?? null, key(b) ?? null];
    if ((one === null) !== (other === null)) return one === null ? 1 : -1;
    return sign * (one === null ? 0 : inOrder(one, other)) || sign * inOrder(a.id, b.id);
  });
}
