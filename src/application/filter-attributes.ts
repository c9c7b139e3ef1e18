import { z } from 'zod';
import { closest } from '../domain/closest.ts';
import { invalid } from '../domain/errors.ts';
import {
  attributeSubject,
  type Condition,
  QUERY_FIELDS,
  type Scalar,
  type Subject,
  type Test,
} from '../domain/query.ts';
import { cut, PRIORITIES } from '../domain/task.ts';
import { DueDate } from './attributes.ts';
import { Priority, Text } from './fields.ts';
import { readInput } from './parse.ts';

/** Longest text that an attribute is compared with, and the most values it can be one of. */
const LONGEST_VALUE = 2_000;
export const MOST_VALUES = 1_000;
/** Comparisons in one question: SQLite takes no expression that is a thousand deep. */
const MOST_TESTS = 100;

type Given = Readonly<Record<string, unknown>>;
/** Where a value stands in the call, and what it is compared with. */
type At = Readonly<{ place: string; of: Subject }>;

/** What the attributes of a task must be: each a value, one of a list, or what operators say. */
export function readConditions(attributes: Given): readonly Condition[] {
  const conditions = Object.entries(attributes).map(([name, wanted]) => {
    const place = `filters.attributes.${cut(name, 200)}`;
    const of = subjectNamed(name, place);
    return { of, all: testsOf(wanted, { place, of }) };
  });
  const count = countOf(conditions.flatMap(({ all }) => all));
  if (count <= MOST_TESTS) return conditions;
  throw invalid(`filters.attributes compares ${count} times; at most ${MOST_TESTS} are accepted`, {
    parameter: 'filters.attributes',
    suggestion: 'Repeat with the comparisons that matter most; one of many values is a list',
  });
}

/** How often a task would be compared, at any depth. */
const countOf = (tests: readonly Test[]): number =>
  tests.reduce((sum, test) => sum + (test.is === 'not' ? 1 + countOf(test.all) : 1), 0);

function subjectNamed(name: string, place: string): Subject {
  const of = attributeSubject(name);
  if (of === undefined) {
    throw invalid(`${place} is no path: names are divided by dots, one that has dots itself stands in double quotes`, {
      parameter: place,
      suggestion: 'Repeat with a path such as team.name',
    });
  }
  if ('path' in of && QUERY_FIELDS.some((field) => field === name)) {
    throw invalid(`${place}: ${name} is a field of the task, not an attribute`, {
      parameter: place,
      suggestion: `Repeat with ${name} beside attributes in filters`,
    });
  }
  return of;
}

function testsOf(wanted: unknown, at: At): readonly Test[] {
  if (wanted === null) return [{ is: 'not', all: [{ is: 'present' }] }];
  if (isObject(wanted)) return operatorsOf(wanted, at);
  return [{ is: 'among', values: Array.isArray(wanted) ? valuesOf(wanted, at) : [comparable(wanted, at)] }];
}

const isObject = (value: unknown): value is Given =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Each operator with how its operand is read. */
const OPERATORS = {
  gt: (operand, at) => ({ is: 'more', than: boundOf(operand, at), orEqual: false }),
  gte: (operand, at) => ({ is: 'more', than: boundOf(operand, at), orEqual: true }),
  lt: (operand, at) => ({ is: 'less', than: boundOf(operand, at), orEqual: false }),
  lte: (operand, at) => ({ is: 'less', than: boundOf(operand, at), orEqual: true }),
  in: (operand, at) => ({ is: 'among', values: valuesOf(operand, at) }),
  contains: (operand, at) => ({ is: 'containing', value: partOf(operand, at) }),
  exists: (operand, { place }) =>
    readInput(z.boolean(), operand, place) ? { is: 'present' } : { is: 'not', all: [{ is: 'present' }] },
  not: (operand, at) => ({ is: 'not', all: testsOf(operand, at) }),
} as const satisfies Record<string, (operand: unknown, at: At) => Test>;
const NAMES = Object.keys(OPERATORS);

function operatorsOf(wanted: Given, { place, of }: At): readonly Test[] {
  const given = Object.keys(wanted);
  const unknown = given.find((name) => !Object.hasOwn(OPERATORS, name));
  if (unknown !== undefined || given.length === 0) throw noOperator(unknown, place);
  const tests = Object.entries(OPERATORS)
    .filter(([name]) => given.includes(name))
    .map(([name, read]) => read(wanted[name], { place: `${place}.${name}`, of }));
  refuseImpossible(tests, { place, of });
  return tests;
}

function noOperator(name: string | undefined, place: string) {
  const [meant] = name === undefined ? [] : closest(name, NAMES, 1);
  return invalid(name === undefined ? `${place} names no operator` : `Unknown operator: ${place}.${name}`, {
    parameter: place,
    accepted: NAMES,
    ...(meant !== undefined && { did_you_mean: meant }),
    suggestion:
      name === undefined || meant !== undefined
        ? 'Repeat with one of the accepted operators'
        : `Repeat with one of the accepted operators, or, for what lies inside, with the path ${place.slice('filters.attributes.'.length)}.${name}`,
  });
}

/** Bounds of different types, or the lower one above the upper one, are a slip: no task fits. */
function refuseImpossible(tests: readonly Test[], { place, of }: At): void {
  const bounds = (is: 'more' | 'less') => tests.flatMap((test) => (test.is === is ? [test.than] : []));
  for (const lower of bounds('more'))
    for (const upper of bounds('less')) {
      if (typeof lower === typeof upper && !isMore(lower, upper, of)) continue;
      throw invalid(`${place}: nothing is between ${JSON.stringify(lower)} and ${JSON.stringify(upper)}`, {
        parameter: place,
        suggestion: 'Repeat with the bounds the other way round',
      });
    }
}

const isMore = (one: Scalar, other: Scalar, of: Subject) =>
  'field' in of && of.field === 'priority' ? RANKS.indexOf(one) > RANKS.indexOf(other) : one > other;
const RANKS: readonly Scalar[] = PRIORITIES;

function valuesOf(operand: unknown, at: At): readonly Scalar[] {
  const list = readInput(z.array(z.unknown()).min(1).max(MOST_VALUES), operand, at.place);
  return [...new Set(list.map((value, index) => comparable(value, { ...at, place: `${at.place}[${index}]` })))];
}

function boundOf(operand: unknown, at: At): Scalar {
  const bound = comparable(operand, at);
  if (typeof bound !== 'boolean') return bound;
  throw unfit(operand, at, 'a number or a text');
}

/** A part of a text, or a member of a list: no part of a date or a priority means anything. */
function partOf(operand: unknown, at: At): Scalar {
  if ('path' in at.of) return comparable(operand, at);
  if (at.of.field !== 'priority' && at.of.field !== 'due_date') return readInput(Text, operand, at.place);
  throw invalid(`${at.place}: ${at.of.field} is no text`, {
    parameter: at.place,
    suggestion: 'Repeat with gt, gte, lt, lte or in',
  });
}

/** A value that the subject could have. */
function comparable(value: unknown, at: At): Scalar {
  const { place, of } = at;
  if ('field' in of && of.field === 'priority') return readInput(Priority, value, place);
  if ('field' in of && of.field === 'due_date') return Date.parse(readInput(DueDate, value, place));
  if ('field' in of) return readInput(Text, value, place);
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string' && value.length <= LONGEST_VALUE) return value;
  throw unfit(value, at, `a text of up to ${LONGEST_VALUE} characters, a number, true or false`);
}

const unfit = (given: unknown, { place }: At, accepted: string) =>
  invalid(`${place} must be ${accepted}`, {
    parameter: place,
    given: JSON.stringify(given)?.slice(0, 200),
    accepted,
    suggestion: `Repeat with ${place} as accepted`,
  });
