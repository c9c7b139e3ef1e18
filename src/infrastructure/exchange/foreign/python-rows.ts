import { momentIn, saying } from './reading.ts';

export type Row = Readonly<Record<string, unknown>>;
export type Tables = Readonly<{
  /** Whether there is such a table, with these columns. */
  has(table: string, ...columns: readonly string[]): boolean;
  /** None where there is no such table. */
  rows(table: string): readonly Row[];
}>;

export const text = (row: Row, column: string): string | undefined => {
  const value = row[column];
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined;
};

export const moment = (row: Row, column: string) => momentIn(text(row, column));

/** What a column holds as JSON; where it is none, its text. */
export function parsed(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json);
  } catch {
    return json;
  }
}

/** A column that holds a list as JSON, or, as older versions wrote it, a line for each. */
export function list(row: Row, column: string): readonly string[] {
  const value = parsed(text(row, column));
  if (typeof value === 'string')
    return value
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** A column that may hold an object or list as JSON, as text for people; undefined where it says nothing. */
export function words(row: Row, column: string): string | undefined {
  const value = parsed(text(row, column));
  if (typeof value !== 'object' || value === null) return text(row, column);
  if (Array.isArray(value))
    return value.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join('; ') || undefined;
  return Object.keys(value).length === 0 ? undefined : JSON.stringify(value);
}

/** What every row has from the start. */
const DEFAULTS: Readonly<Record<string, string>> = {
  verification_status: 'pending',
  quality_gate_level: 'standard',
  auto_maintenance_enabled: '1',
  prerequisite_satisfaction_required: '0',
  file_operations_count: '0',
};

/** Columns that say something of their own, and that nothing was made of. */
export function otherColumns(row: Row, read: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  const others = Object.keys(row)
    .filter((column) => !read.includes(column) && text(row, column) !== DEFAULTS[column])
    .map((column) => [column, parsed(text(row, column))]);
  const said = saying(Object.fromEntries(others));
  return Object.keys(said).length === 0 ? undefined : said;
}

export const firstLine = (lines: string | undefined) =>
  lines
    ?.split('\n')
    .find((line) => line.trim() !== '')
    ?.trim();

export const workOf = (work: string) => ({ summary: (firstLine(work) ?? work).slice(0, 500), work });

/** How far a task is, in its words. */
export const STAGES = {
  created: 'ready',
  planning: 'draft',
  draft: 'draft',
  pending: 'ready',
  ready: 'ready',
  active: 'active',
  in_progress: 'active',
  blocked: 'blocked',
  review: 'review',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  archived: 'archived',
  superseded: 'superseded',
} as const;
