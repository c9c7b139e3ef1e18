import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalid } from '../../domain/errors.ts';
import type { TaskQuery } from '../../domain/query.ts';

/** Where a page ends: the value that it is sorted by, and the id. */
export type Position = Readonly<{ key: string | number | null; id: string }>;

const Cursor = z.tuple([z.string(), z.union([z.string(), z.number(), z.null()]), z.string()]);

/** What a cursor belongs to: one question in one store. */
export const fingerprintOf = (storeId: string, { filter, sort }: Pick<TaskQuery, 'filter' | 'sort'>) =>
  createHash('sha256')
    .update(JSON.stringify([storeId, filter.said, sort]))
    .digest('base64url')
    .slice(0, 12);

export const cursorAt = (fingerprint: string, { key, id }: Position) =>
  Buffer.from(JSON.stringify([fingerprint, key, id])).toString('base64url');

/** Refuses a cursor that was not given with a page of this question. */
export function positionIn(cursor: string, fingerprint: string): Position {
  const [belongsTo, key, id] = parsed(cursor) ?? [];
  if (key === undefined || id === undefined) {
    throw invalid('cursor is none that orchestrator_query_tasks gave', {
      parameter: 'cursor',
      suggestion: 'Repeat with the next_cursor of the last page as it was given, or without cursor from the first page',
    });
  }
  if (belongsTo === fingerprint) return { key, id };
  throw invalid('cursor belongs to another query, or to another store', {
    parameter: 'cursor',
    suggestion: 'Repeat with the filters and the sort that the cursor was given with, or without cursor',
  });
}

function parsed(cursor: string) {
  try {
    return Cursor.safeParse(JSON.parse(Buffer.from(cursor, 'base64url').toString())).data;
  } catch {
    return undefined;
  }
}
