import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

type Values = readonly (string | number | null)[];

/** Changes a store behind the back of all rules, as a fault of the disk or of a program would. */
export function damage(workspace: string, statement: string, ...values: Values): void {
  if (damageIfThere(workspace, statement, ...values) === 0) throw new Error(`nothing was damaged: ${statement}`);
}

/** The same where it may hit nothing; returns how many rows it hit. */
export function damageIfThere(workspace: string, statement: string, ...values: Values): number {
  const database = new Sqlite(join(workspace, '.task_orchestrator', 'task_orchestrator.db'));
  try {
    database.pragma('foreign_keys = off');
    database.pragma('ignore_check_constraints = on');
    return database.prepare(statement).run(...values).changes;
  } finally {
    database.close();
  }
}

/** A row of a store, as it is stored. */
export function rowOf(workspace: string, query: string, ...values: Values): unknown {
  const database = new Sqlite(join(workspace, '.task_orchestrator', 'task_orchestrator.db'), { readonly: true });
  try {
    return database.prepare(query).get(...values);
  } finally {
    database.close();
  }
}
