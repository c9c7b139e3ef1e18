import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from './schema.ts';

/** Stands in a query for a value that each call brings under that name. */
export type Given<Values> = <Name extends keyof Values & string>(name: Name) => RawBuilder<Values[Name]>;

type Compilable<Row> = { compile(db: Kysely<DB>): CompiledQuery<Row> };
type Plan<Values, Row> = Readonly<{ query: CompiledQuery<Row>; parameters: readonly ((values: Values) => unknown)[] }>;

type Build<Values, Row> = (given: Given<Values>, first: Values) => Compilable<Row>;

/**
 * A query that is built and compiled at its first call only: doing so each time costs more than running it.
 * `build` is shown the values of that call for what names its columns; all calls bring the same.
 */
export function compiled<Values extends object, Row>(
  db: Kysely<DB>,
  build: Build<Values, Row>,
): (values: Values) => Promise<readonly Row[]> {
  let plan: Plan<Values, Row> | undefined;
  return async (values) => {
    plan ??= planOf(db, build, values);
    const parameters = plan.parameters.map((valueFrom) => valueFrom(values));
    const { rows } = await db.executeQuery<Row>({ ...plan.query, parameters });
    return rows;
  };
}

function planOf<Values extends object, Row>(
  db: Kysely<DB>,
  build: Build<Values, Row>,
  first: Values,
): Plan<Values, Row> {
  const names = new Map<unknown, keyof Values>();
  const given: Given<Values> = (name) => {
    const place = Symbol(name);
    names.set(place, name);
    // The plus keeps SQLite from looking at the value while it plans; having looked, it plans anew at every call (7 µs).
    return sql`+${place}`;
  };
  const query = build(given, first).compile(db);
  const parameters = query.parameters.map((parameter) => {
    const name = names.get(parameter);
    return name === undefined ? () => parameter : (values: Values) => values[name];
  });
  return { query, parameters };
}

/** Inserts whole rows. */
export function inserting<Row extends object>(db: Kysely<DB>, table: keyof DB): (row: Row) => Promise<unknown> {
  return compiled(db, (given: Given<Row>, first) => {
    const columns = columnsOf(first);
    return sql`insert into ${sql.table(table)} (${sql.join(columns.map((column) => sql.ref(column)))})
      values (${sql.join(columns.map((column) => given(column)))})`;
  });
}

export function columnsOf<Row extends object>(row: Row): readonly (keyof Row & string)[] {
  const columns: (keyof Row & string)[] = [];
  for (const column in row) columns.push(column);
  return columns;
}

/** A list that travels as one parameter, so that the text of the query stays the same whatever its length. */
export const listOf = <T>(json: RawBuilder<string>) => sql<T>`(select value from json_each(${json}))`;
