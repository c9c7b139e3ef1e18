import { join } from 'node:path';
import Sqlite from 'better-sqlite3';

/** Changes a store behind the back of all rules, as a fault of the disk or of a program would. */
export function damage(workspace: string, statement: string, ...values: readonly (string | number | null)[]): void {
  const database = new Sqlite(join(workspace, '.task_orchestrator', 'task_orchestrator.db'));
  try {
    database.pragma('foreign_keys = off');
    database.pragma('ignore_check_constraints = on');
    const { changes } = database.prepare(statement).run(...values);
    if (changes === 0) throw new Error(`nothing was damaged: ${statement}`);
  } finally {
    database.close();
  }
}

/** A row of a store, as it is stored. */
export function rowOf(workspace: string, query: string, ...values: readonly (string | number | null)[]): unknown {
  const database = new Sqlite(join(workspace, '.task_orchestrator', 'task_orchestrator.db'), { readonly: true });
  try {
    return database.prepare(query).get(...values);
  } finally {
    database.close();
  }
}
