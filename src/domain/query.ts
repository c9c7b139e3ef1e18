import { OWN_ATTRIBUTES } from './attributes.ts';
import type { Stage } from './lifecycle.ts';
import type { Sought } from './search.ts';

/** Fields of a task that questions compare and sort by. */
export const QUERY_FIELDS = [
  'created_at',
  'updated_at',
  'started_at',
  'completed_at',
  'due_date',
  'priority',
  'title',
  'description',
  'status',
  'lifecycle_stage',
  'task_type',
  'specialist_type',
  'estimated_effort',
  'complexity',
  'template_id',
  'task_id',
  'parent_task_id',
  'session_id',
  'version',
] as const;
export type QueryField = (typeof QUERY_FIELDS)[number];

/** The names that lead to a value inside the attributes, from the outside in. */
export type AttributePath = readonly string[];

/** What is compared: a field of the task, or what lies at a path in its attributes. */
export type Subject = Readonly<{ field: QueryField }> | Readonly<{ path: AttributePath }>;

/** Moments are milliseconds, priorities their names. */
export type Scalar = string | number | boolean;

/** One thing that is true of a subject or not. Values of different types are never equal, and neither is more than the other. */
export type Test =
  | Readonly<{ is: 'among'; values: readonly Scalar[] }>
  | Readonly<{ is: 'more' | 'less'; than: Scalar; orEqual: boolean }>
  /** A text with this in it, or a list that has this as a member. */
  | Readonly<{ is: 'containing'; value: Scalar }>
  /** There, and not null. */
  | Readonly<{ is: 'present' }>
  /** Not all of these are true. */
  | Readonly<{ is: 'not'; all: readonly Test[] }>;

export type Condition = Readonly<{ of: Subject; all: readonly Test[] }>;

/** Which tasks are asked for: those of which everything here is true. Deleted ones never are. */
export type TaskFilter = Readonly<{
  /** The filters in words of the wire, as they were understood. */
  said: Readonly<Record<string, unknown>>;
  stages: readonly Stage[];
  conditions: readonly Condition[];
  ids?: readonly string[] | undefined;
  /** Direct children of any of these; null stands for the top. */
  parents?: readonly (string | null)[] | undefined;
  /** Tasks with an edge onto any of these. */
  prerequisites?: readonly string[] | undefined;
  /** Words that the task itself says. */
  search?: Sought | undefined;
  isActionable?: boolean | undefined;
  hasArtifacts?: boolean | undefined;
  /** Tasks at work whose claim has ended: they count as ready, though nobody has written that yet. */
  lapsed: readonly string[];
}>;

export type Sort = Readonly<{ by: Subject; descending: boolean }>;

export type TaskQuery = Readonly<{
  filter: TaskFilter;
  /** What has no value comes last in both directions; ties are broken by id, in the same direction. */
  sort: Sort;
  limit: number;
  /** Where the page before ended. */
  cursor?: string;
}>;

const PREFIX = 'attributes.';

/** What a name to sort by means: a field, or `attributes.` and a path; undefined where it means neither. */
export function subjectOf(name: string): Subject | undefined {
  const field = QUERY_FIELDS.find((known) => known === name);
  if (field !== undefined) return { field };
  return name.startsWith(PREFIX) ? attributeSubject(name.slice(PREFIX.length)) : undefined;
}

/** What a path in the attributes means: the task's own field for six of the names, what is kept there for all others. */
export function attributeSubject(text: string): Subject | undefined {
  const field = OWN_ATTRIBUTES.find((name) => name === text);
  if (field !== undefined) return { field };
  const path = pathOf(text);
  return path && { path };
}

const STEP = /(?:"((?:[^"\\]|\\.)*)"|([^."][^.]*))(\.|$)/suy;

/** The names in a path: divided by dots, in double quotes where a name has dots itself. Undefined where it is none. */
function pathOf(text: string): AttributePath | undefined {
  const names: string[] = [];
  const step = new RegExp(STEP);
  for (let isLast = false; !isLast; ) {
    const found = step.exec(text);
    if (found === null) return undefined;
    const [, quoted, plain = '', dot] = found;
    names.push(quoted === undefined ? plain : quoted.replaceAll(/\\(.)/gsu, '$1'));
    isLast = dot === '';
  }
  return step.lastIndex === text.length ? names : undefined;
}
