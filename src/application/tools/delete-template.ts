import { z } from 'zod';
import { notFound, refused } from '../../domain/errors.ts';
import { TemplateId } from '../template-format.ts';
import { everyTemplate, unknownTemplate } from '../template-library.ts';
import { type Shelf, shelfBeforehand, textOf } from '../template-shelf.ts';
import { defineTool } from '../tool.ts';

export default defineTool({
  name: 'orchestrator_delete_template',
  title: 'Delete a saved template',
  description: 'Deletes a saved template; its versions stay readable. Refuses one that another extends.',
  set: 'templates',
  rank: 250,
  effect: 'remove',
  input: z.strictObject({ template_id: TemplateId }),
  output: z.object({
    template_deleted: z.boolean(),
    template_id: z.string(),
    versions: z.array(z.number()),
    now_used: z.string().optional(),
    how_to_restore: z.string(),
  }),
  examples: [{ title: 'One that was saved', input: { template_id: 'hotfix_v1' } }],

  /** All templates are read for those that extend it, which no lock should wait for. */
  async prepare({ template_id: id }, beforehand) {
    const shelf = shelfBeforehand(beforehand);
    if ((await shelf.saved.find(id)) === undefined) throw await notSaved(shelf, id);
    const behind = (await shelf.templates.ofProject(id)) ?? (await shelf.templates.builtIn(id));
    const others = behind === undefined ? await extending(shelf, id) : [];
    if (others.length > 0) {
      throw refused(`Template ${id} is extended by ${others.join(', ')}`, {
        extended_by: others,
        suggestion: `Use orchestrator_get_template with template_id ${others[0]} to see what it takes from it`,
      });
    }
    return { behind };
  },

  async run({ template_id: id }, context, { behind }) {
    const saved = await context.savedTemplates.find(id);
    if (saved === undefined) throw notFound('Template', id, { suggestion: 'Another call has deleted it just now' });
    await context.savedTemplates.remove(id, context.clock());
    await context.record([{ type: 'template.deleted', details: { template_id: id, version: saved.version } }]);
    const versions = (await context.savedTemplates.versions(id)).map(({ version }) => version);
    return {
      template_deleted: true,
      template_id: id,
      versions,
      ...(behind !== undefined && { now_used: behind.source }),
      how_to_restore: `Use orchestrator_get_template with version ${saved.version}, and orchestrator_save_template with its content`,
    };
  },
});

async function notSaved(shelf: Shelf, id: string) {
  const other = await textOf(shelf, id);
  if (other === undefined) return unknownTemplate(shelf, id);
  const where = other.file === undefined ? 'is built in' : `is the project's file ${other.file}`;
  return refused(`Template ${id} ${where}; only saved templates can be deleted`, {
    source: other.source,
    suggestion: 'Use orchestrator_save_template to put another in its place, or leave it unused',
  });
}

async function extending(shelf: Shelf, id: string): Promise<readonly string[]> {
  const all = await everyTemplate(shelf);
  return all.flatMap((one) => ('template' in one && one.extends === id ? [one.template.id] : []));
}
