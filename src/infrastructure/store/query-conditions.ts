import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { STAGES, STATUS, STATUSES } from '../../domain/lifecycle.ts';
import type { AttributePath, Condition, QueryField, Scalar, Subject, TaskFilter, Test } from '../../domain/query.ts';
import { APPROVAL } from '../../domain/readiness.ts';
import { PRIORITIES } from '../../domain/task.ts';
import { tasksMatching } from './search-repository.ts';
import { matchExpression } from './search-text.ts';

export type Sql<T = unknown> = RawBuilder<T>;
export type Claim = RawBuilder<SqlBool>;

/** How the rows of `tasks as task` are to be read. */
export type Reading = Readonly<{
  stage: Sql<string>;
  isActionable: Claim;
  /** Paths that are spelt out as in an index, or SQLite does not see that the index fits; others travel as parameters. */
  spelt: ReadonlySet<string>;
}>;

export const AS_STORED = {
  stage: sql<string>`task.stage`,
  isActionable: sql<SqlBool>`task.actionable_since is not null`,
};
/** A task at work whose claim has ended counts as ready. */
export const AS_LAPSED = {
  stage: sql<string>`'ready'`,
  isActionable: sql<SqlBool>`task.unmet = 0 and task.gates_above = 0 and task.type <> ${sql.lit(APPROVAL)}`,
};

/** A value of the call. The plus keeps SQLite from planning anew for each. */
export const given = (value: unknown) => sql<never>`+${value}`;
/** A list of values of the call. */
export const listed = (values: readonly unknown[]) =>
  sql<never>`(select value from json_each(${given(JSON.stringify(values))}))`;
export const every = (claims: readonly Claim[]): Claim =>
  claims.length === 0 ? sql`true` : sql`${sql.join(claims, sql` and `)}`;
const some = (claims: readonly Claim[]): Claim => sql`(${sql.join(claims, sql` or `)})`;

/** The path as SQLite wants it, each name quoted: dots, quotes and brackets in names mean nothing. */
export const jsonPath = (path: AttributePath) => `$${path.map((name) => `.${JSON.stringify(name)}`).join('')}`;

/** What lies at a path in the attributes, and its type in words of JSON; null both where nothing does. */
function attributeAt(path: AttributePath, { spelt }: Pick<Reading, 'spelt'>) {
  const text = jsonPath(path);
  const place = spelt.has(text) ? sql.lit(text) : given(text);
  return { value: sql`task.attributes ->> ${place}`, type: sql`json_type(task.attributes, ${place})`, place };
}

/** Words in their own order, not that of the alphabet. */
const rankOf = (value: Sql, words: readonly string[]) =>
  sql`case ${value} ${sql.join(
    words.map((word, rank) => sql`when ${sql.lit(word)} then ${sql.lit(rank)}`),
    sql` `,
  )} end`;
const STATUS_RANKS = STAGES.map((stage) => STATUSES.indexOf(STATUS[stage]));
const statusOf = (stage: Sql) =>
  sql`case ${stage} ${sql.join(
    STAGES.map((name, index) => sql`when ${sql.lit(name)} then ${sql.lit(STATUS_RANKS[index] ?? 0)}`),
    sql` `,
  )} end`;

const FIELDS: Readonly<Record<QueryField, (reading: Pick<Reading, 'stage'>) => Sql>> = {
  created_at: () => sql`task.created_at`,
  updated_at: () => sql`task.updated_at`,
  started_at: () => sql`task.started_at`,
  completed_at: () => sql`task.completed_at`,
  // Written with any time zone, compared as a moment.
  due_date: () => sql`round(unixepoch(task.due_date, 'subsec') * 1000)`,
  priority: () => sql`task.priority`,
  title: () => sql`task.title`,
  description: () => sql`task.description`,
  status: ({ stage }) => statusOf(stage),
  lifecycle_stage: ({ stage }) => rankOf(stage, STAGES),
  task_type: () => sql`task.type`,
  specialist_type: () => sql`task.specialist`,
  estimated_effort: () => sql`task.effort`,
  complexity: () => sql`task.complexity`,
  template_id: () => sql`task.template_id`,
  task_id: () => sql`task.id`,
  parent_task_id: () => sql`task.parent_id`,
  session_id: () => sql`task.session_id`,
  version: () => sql`task.version`,
};

/** What tasks are compared and sorted by. */
export const valueOfSubject = (subject: Subject, reading: Omit<Reading, 'isActionable'>): Sql =>
  'field' in subject ? FIELDS[subject.field](reading) : attributeAt(subject.path, reading).value;
/** The JSON type of a subject in the attributes. */
export const typeOfSubject = (subject: Subject, reading: Pick<Reading, 'spelt'>): Sql =>
  'field' in subject ? sql`'text'` : attributeAt(subject.path, reading).type;

const RANKS: readonly Scalar[] = PRIORITIES;

/** A value of a field as its column holds it. */
export const columnValue = (field: QueryField, value: Scalar): Scalar =>
  field === 'priority' ? RANKS.indexOf(value) : value;

/** All that a filter says but for the stages. */
export const claimsOf = (filter: TaskFilter, reading: Reading): readonly Claim[] => [
  ...filter.conditions.map((condition) => conditionSql(condition, reading)),
  ...(filter.ids === undefined ? [] : [sql<SqlBool>`task.id in ${listed(filter.ids)}`]),
  ...(filter.parents === undefined ? [] : [isChildOf(filter.parents)]),
  ...(filter.prerequisites === undefined ? [] : [waitsFor(filter.prerequisites)]),
  ...(filter.isActionable === undefined
    ? []
    : [filter.isActionable ? reading.isActionable : sql<SqlBool>`not (${reading.isActionable})`]),
  ...(filter.search === undefined
    ? []
    : [sql<SqlBool>`task.seq in (${tasksMatching(given(matchExpression(filter.search)))})`]),
  ...(filter.hasArtifacts === undefined ? [] : [hasArtifacts(filter.hasArtifacts)]),
];

export const isInStage = ({ stages }: TaskFilter, { stage }: Pick<Reading, 'stage'>): Claim =>
  sql`${stage} in (${sql.join(stages.map((name) => sql.lit(name)))})`;

function isChildOf(parents: readonly (string | null)[]): Claim {
  const ids = parents.filter((parent) => parent !== null);
  return some([
    ...(parents.includes(null) ? [sql<SqlBool>`task.parent_id is null`] : []),
    ...(ids.length > 0 ? [sql<SqlBool>`task.parent_id in ${listed(ids)}`] : []),
  ]);
}

const waitsFor = (prerequisites: readonly string[]): Claim =>
  sql`task.id in (select task_id from dependencies where prerequisite_id in ${listed(prerequisites)})`;

const hasArtifacts = (has: boolean): Claim =>
  sql`${has ? sql`` : sql`not`} exists (
    select 1 from artifacts where artifacts.task_id = task.id and artifacts.trashed_at is null)`;

function conditionSql({ of, all }: Condition, reading: Reading): Claim {
  return 'field' in of ? onField(of.field, all, reading) : onAttribute(of.path, all, reading);
}

function onField(field: QueryField, all: readonly Test[], reading: Reading): Claim {
  const value = FIELDS[field](reading);
  const testSql = (test: Test): Claim => {
    switch (test.is) {
      case 'among':
        return sql`${value} in ${listed(test.values.map((one) => columnValue(field, one)))}`;
      case 'more':
      case 'less':
        return sql`${value} ${operatorOf(test)} ${given(columnValue(field, test.than))}`;
      case 'containing':
        return sql`instr(${value}, ${given(test.value)}) > 0`;
      case 'present':
        return sql`${value} is not null`;
      case 'not':
        return negated(test.all.map(testSql));
    }
  };
  return every(all.map(testSql));
}

const operatorOf = ({ is, orEqual }: Extract<Test, { is: 'more' | 'less' }>) =>
  sql.raw(`${is === 'more' ? '>' : '<'}${orEqual ? '=' : ''}`);

/** What has no value is not among anything, so that its contrary is true. */
const negated = (claims: readonly Claim[]): Claim => sql`not ifnull(${every(claims)}, false)`;

function onAttribute(path: AttributePath, all: readonly Test[], reading: Reading): Claim {
  const { value, type, place } = attributeAt(path, reading);
  const testSql = (test: Test): Claim => {
    switch (test.is) {
      case 'among':
        return some(byType(test.values, { value, type }));
      case 'more':
      case 'less':
        return sql`(${value} ${operatorOf(test)} ${asJson(test.than)} and ${type} in ${typesOf(test.than)})`;
      case 'containing':
        return containing(test.value, { value, type, place });
      case 'present':
        return sql`${value} is not null`;
      case 'not':
        return negated(test.all.map(testSql));
    }
  };
  return every(all.map(testSql));
}

/** SQLite tells true from 1, and a text from a list that is spelt like it, by the type in the JSON alone. */
const TYPES = { string: ['text'], number: ['integer', 'real'] } as const;
export const jsonTypesOf = (value: Scalar): readonly string[] =>
  typeof value === 'boolean' ? [String(value)] : typeof value === 'string' ? TYPES.string : TYPES.number;
const typesOf = (value: Scalar) => sql`(${sql.join(jsonTypesOf(value).map((type) => sql.lit(type)))})`;

/** Numbers are read from JSON on both sides, so that both are rounded alike. */
const asJson = (value: Scalar) => sql`(${given(JSON.stringify(value))} ->> '$')`;

function byType(values: readonly Scalar[], { value, type }: Readonly<{ value: Sql; type: Sql }>): readonly Claim[] {
  return [...Map.groupBy(values, (one) => jsonTypesOf(one)[0])].map(([, alike]) => {
    const [first = ''] = alike;
    return sql`(${value} in ${listed(alike)} and ${type} in ${typesOf(first)})`;
  });
}

function containing(part: Scalar, { value, type, place }: Readonly<{ value: Sql; type: Sql; place: Sql }>): Claim {
  const isMember = sql<SqlBool>`(${type} = 'array' and exists (
    select 1 from json_each(task.attributes, ${place}) as member
    where member.value = ${asJson(part)} and member.type in ${typesOf(part)}))`;
  if (typeof part !== 'string') return isMember;
  return some([sql<SqlBool>`(${type} = 'text' and instr(${value}, ${given(part)}) > 0)`, isMember]);
}
