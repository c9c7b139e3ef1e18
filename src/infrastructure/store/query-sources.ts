import { sql } from 'kysely';
import type { Condition, QueryField, Scalar, Sort, Subject, TaskFilter } from '../../domain/query.ts';
import { type AskedIndexes, orderIndex, subjectIndex } from './asked-indexes.ts';
import {
  AS_STORED,
  type Claim,
  columnValue,
  given,
  jsonTypesOf,
  listed,
  type Sql,
  typeOfSubject,
  valueOfSubject,
} from './query-conditions.ts';
import { tasksMatching } from './search-repository.ts';
import { matchExpression } from './search-text.ts';

/** Where the tasks that can match are read: all of them are in `from`, and most others are not. */
export type Source = Readonly<{
  from: Sql;
  /** The table `wanted` that `from` begins with, where it does. */
  wanted?: Sql;
  /** Paths that the source spells out. */
  spelt: ReadonlySet<string>;
  /** What is left to be asked about every task in it. */
  left: TaskFilter;
  /** How its index is walked in the order that is asked for, once for each row of `wanted`. */
  walk?: Readonly<{ index: Sql; on: Claim }>;
  /** Whether an index holds all that is asked about a task. Where it does not each is looked up, and once is enough. */
  isCovered: boolean;
  /** What the self-made index is about that it reads, and which others would have been better. */
  asked?: string;
  missing: readonly string[];
}>;

export type Choice = Readonly<{
  filter: TaskFilter;
  /** Without one, tasks are only counted. */
  sort?: Sort | undefined;
  indexes: AskedIndexes;
  /** How many tasks a source has, counted no further than `limit`. */
  probe(source: Source, limit: number): Promise<number>;
}>;

/** Among so many tasks the rest of a question is looked up in a few milliseconds. */
const FEW = 5_000;

/** The narrowest way to the tasks that a filter can mean. */
export async function chooseSource(choice: Choice): Promise<Source> {
  const { filter, sort, indexes, probe } = choice;
  const named = namedTasks(filter);
  if (named !== undefined) return named;
  const equal = filter.conditions.flatMap((condition) => equality(condition));
  const isThere = (subject: string) => indexes.present.some((index) => index.subject === subject);
  const missing = equal.filter(({ subject }) => !isThere(subject)).map(({ subject }) => subject);
  const narrow = await narrowest(
    equal.filter(({ subject }) => isThere(subject)).map((one) => byEquality(one, choice)),
    choice,
  );
  if (narrow !== undefined) {
    const isWide = missing.length > 0 && (await probe(narrow, FEW)) === FEW;
    return { ...narrow, missing: isWide ? missing : [] };
  }
  if (filter.isActionable === true) return { ...plain, from: onOffer, left: filter };
  const staged = byStage(choice);
  if (staged.walk !== undefined || (await probe(staged, FEW)) < FEW) return staged;
  const other = ordered(choice) ?? byRange(choice);
  if (other !== undefined) return other;
  const missed = [...missing, ...otherwiseMissing(filter, sort)];
  return { ...plain, from: allTasks, left: filter, missing: missed };
}

/** Tasks that the question names, whose neighbours it names, or that say its words. */
function namedTasks(filter: TaskFilter): Source | undefined {
  const { ids, prerequisites, parents, search } = filter;
  if (ids !== undefined) {
    const from = sql`json_each(${given(JSON.stringify(ids))}) as named cross join tasks as task on task.id = named.value`;
    return { ...plain, from, left: { ...filter, ids: undefined } };
  }
  if (prerequisites !== undefined) {
    const from = sql`(select distinct task_id from dependencies where prerequisite_id in ${listed(prerequisites)}) as edge
      cross join tasks as task on task.id = edge.task_id`;
    return { ...plain, from, left: { ...filter, prerequisites: undefined } };
  }
  if (parents !== undefined && !parents.includes(null)) {
    const from = sql`json_each(${given(JSON.stringify(parents))}) as named
      cross join tasks as task on task.parent_id = named.value`;
    return { ...plain, from, left: { ...filter, parents: undefined } };
  }
  if (search === undefined) return undefined;
  const from = sql`(${tasksMatching(given(matchExpression(search)))}) as hit cross join tasks as task on task.seq = hit.rowid`;
  return { ...plain, from, left: { ...filter, search: undefined } };
}

const plain = { spelt: new Set<string>(), missing: [], isCovered: false } as const;
const allTasks = sql`tasks as task not indexed`;
const onOffer = sql`tasks as task indexed by offers_by_age`;

type Equality = Readonly<{ condition: Condition; subject: string; values: readonly Scalar[] }>;

/** A condition that an index could answer: one test for being one of some values. */
function equality(condition: Condition): readonly Equality[] {
  const [test, ...others] = condition.all;
  const subject = subjectIndex(condition.of);
  if (test?.is !== 'among' || others.length > 0 || subject === undefined) return [];
  return [{ condition, subject, values: test.values }];
}

/** Of several the one with the fewest tasks. They are counted only as far as it takes to tell: what all have is worth more. */
async function narrowest(sources: readonly Source[], { probe }: Choice): Promise<Source | undefined> {
  const [first, ...others] = sources;
  if (first === undefined || others.length === 0) return first;
  for (const limit of [FEW, 10 * FEW]) {
    let [best, least] = [first, await probe(first, limit)];
    for (const source of others) {
      const count = await probe(source, limit);
      if (count < least) [best, least] = [source, count];
    }
    if (least < limit) return best;
  }
  return first;
}

const nameIn = ({ present }: AskedIndexes, subject: string) =>
  sql.id(present.find((index) => index.subject === subject)?.name ?? subject);

/** The stretches of a self-made index that hold the wanted values in the wanted stages. */
function byEquality({ condition, subject, values }: Equality, choice: Choice): Source {
  const { of } = condition;
  const { stages } = choice.filter;
  const spelt = new Set([subject]);
  const reading = { ...AS_STORED, spelt };
  const rows = values.flatMap((value) =>
    stages.flatMap((stage) =>
      'field' in of ? [[columnValue(of.field, value), stage]] : jsonTypesOf(value).map((type) => [value, stage, type]),
    ),
  );
  const isOfType = 'field' in of ? sql`` : sql`and ${typeOfSubject(of, reading)} = wanted.type`;
  const on = sql<never>`${valueOfSubject(of, reading)} = wanted.value and task.stage = wanted.stage ${isOfType}`;
  const index = nameIn(choice.indexes, subject);
  const left = { ...choice.filter, conditions: choice.filter.conditions.filter((one) => one !== condition) };
  return {
    ...inStretches(rows, { index, on }),
    spelt,
    left,
    asked: subject,
    isCovered: hasOnly(left, HELD),
    ...(isWalked({ ...choice, filter: left }, HELD) && { walk: { index, on } }),
  };
}

/** The stretches of the index by age that hold the wanted stages. */
function byStage(choice: Choice): Source {
  const index = sql`tasks_by_recency`;
  const on = sql<never>`task.stage = wanted.stage`;
  return {
    ...inStretches(stagesIn(choice), { index, on }),
    left: choice.filter,
    ...(isWalked(choice, ['created_at']) && { walk: { index, on } }),
  };
}

/** A self-made index that gives all tasks of a stage in the order of another field. */
function ordered(choice: Choice): Source | undefined {
  const { sort, indexes } = choice;
  const subject = sort && orderIndex(sort.by);
  if (subject === undefined || !indexes.present.some((index) => index.subject === subject)) return undefined;
  if (!hasOnly(choice.filter, [])) return undefined;
  const index = nameIn(indexes, subject);
  const on = sql<never>`task.stage = wanted.stage`;
  return { ...inStretches(stagesIn(choice), { index, on }), left: choice.filter, asked: subject, walk: { index, on } };
}

/** A self-made index on what has to be more or less than something. */
function byRange({ filter, indexes }: Choice): Source | undefined {
  for (const condition of filter.conditions) {
    const subject = rangeSubject(condition);
    if (subject === undefined || !indexes.present.some((index) => index.subject === subject)) continue;
    const spelt = new Set([subject]);
    const from = sql`tasks as task indexed by ${nameIn(indexes, subject)}`;
    return { ...plain, from, left: filter, spelt, asked: subject };
  }
  return undefined;
}

const rangeSubject = ({ of, all: tests }: Condition) =>
  'path' in of && tests.some(({ is }) => is === 'more' || is === 'less') ? subjectIndex(of) : undefined;

/** What all tasks were read for, beside what has to be equal. */
function otherwiseMissing(filter: TaskFilter, sort: Sort | undefined): readonly string[] {
  const ranges = filter.conditions.map(rangeSubject);
  const order = sort !== undefined && hasOnly(filter, []) ? orderIndex(sort.by) : undefined;
  return [...ranges, order].filter((subject) => subject !== undefined);
}

const stagesIn = ({ filter }: Choice) => filter.stages.map((stage) => [null, stage]);

/** Rows of values are unpacked once: as expressions in the walk they would be read out of the JSON for every task. */
function inStretches(rows: readonly unknown[], { index, on }: Readonly<{ index: Sql; on: Claim }>) {
  return {
    ...plain,
    wanted: sql`wanted (value, stage, type) as materialized (
      select value ->> 0, value ->> 1, value ->> 2 from json_each(${given(JSON.stringify(rows))}))`,
    from: sql`wanted cross join tasks as task indexed by ${index} on ${on}`,
  };
}

/** What an index on a subject holds beside it. */
const HELD = ['created_at', 'priority'] as const;

const isAbout = (of: Subject, fields: readonly QueryField[]) => 'field' in of && fields.includes(of.field);

/** Whether an index by creation is all that a page needs. */
const isWalked = ({ filter, sort }: Choice, columns: readonly QueryField[]) =>
  hasOnly(filter, columns) && (sort === undefined || isAbout(sort.by, ['created_at']));

/** Whether a filter says nothing but stages, and something about these fields. */
function hasOnly(filter: TaskFilter, fields: readonly QueryField[]): boolean {
  const { ids, parents, prerequisites, search, isActionable, hasArtifacts, conditions } = filter;
  const isSaid = [ids, parents, prerequisites, search, isActionable, hasArtifacts].some((one) => one !== undefined);
  return !isSaid && conditions.every(({ of }) => isAbout(of, fields));
}
