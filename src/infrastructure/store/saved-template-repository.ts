import { type Kysely, type Selectable, sql } from 'kysely';
import type { SavedTemplate, SavedTemplateRepository } from '../../application/templates.ts';
import { compiled, type Given } from './compiled.ts';
import type { DB } from './schema.ts';

type TemplateRow = Selectable<DB['templates']>;

const templateOf = (row: TemplateRow): SavedTemplate => ({
  id: row.id,
  version: row.version,
  content: row.content,
  savedAt: row.saved_at,
  savedBy: row.saved_by,
  deletedAt: row.deleted_at ?? undefined,
});

export function savedTemplateRepository(db: Kysely<DB>): SavedTemplateRepository {
  const latest = compiled(
    db,
    (given: Given<{ id: string }>) => sql<TemplateRow>`
      select * from templates where id = ${given('id')} and deleted_at is null order by version desc limit 1`,
  );
  const ids = compiled(
    db,
    () => sql<{ id: string }>`
      select distinct id from templates indexed by templates_kept where deleted_at is null order by id`,
  );
  const versions = compiled(
    db,
    (given: Given<{ id: string }>) => sql<TemplateRow>`
      select * from templates where id = ${given('id')} order by version desc`,
  );
  const save = compiled(
    db,
    (given: Given<Omit<TemplateRow, 'deleted_at'>>) => sql`
      insert into templates (id, version, content, saved_at, saved_by) values (
        ${given('id')}, ${given('version')}, ${given('content')}, ${given('saved_at')}, ${given('saved_by')})`,
  );
  const remove = compiled(
    db,
    (given: Given<{ id: string; at: number }>) => sql`
      update templates set deleted_at = ${given('at')} where id = ${given('id')} and deleted_at is null`,
  );

  return {
    find: async (id) => (await latest({ id })).map(templateOf)[0],
    ids: async () => (await ids({})).map(({ id }) => id),
    versions: async (id) => (await versions({ id })).map(templateOf),
    async save({ id, version, content, savedAt, savedBy }) {
      await save({ id, version, content, saved_at: savedAt, saved_by: savedBy });
    },
    async remove(id, at) {
      await remove({ id, at });
    },
  };
}
