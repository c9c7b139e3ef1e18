import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { notFound } from '../../domain/errors.ts';
import { Listed, Truncated } from '../fields.ts';
import { drawn } from '../template-drawing.ts';
import { TemplateId } from '../template-format.ts';
import { parametersView, unknownTemplate } from '../template-library.ts';
import { type Flawed, inPlace, type Known, understood } from '../template-reading.ts';
import { type Shelf, savedText, shelfOf, textOf } from '../template-shelf.ts';
import type { SavedTemplate, TemplateText, UnreadableTemplate } from '../templates.ts';
import { type Context, defineTool } from '../tool.ts';
import { iso, truncation } from '../views.ts';

const Input = z.strictObject({
  template_id: TemplateId,
  version: z.int().min(1).describe('An earlier saved one').optional(),
});

export default defineTool({
  name: 'orchestrator_get_template',
  title: 'Get a template',
  description: 'Returns a template as YAML, with its parameters, saved versions, and the graph of its tasks.',
  set: 'templates',
  rank: 230,
  effect: 'read',
  input: Input,
  output: z.object({
    template_id: z.string(),
    source: z.string(),
    file: z.string().optional(),
    version: z.number().optional(),
    parameters: z.record(z.string(), z.string()).optional(),
    error: z.string().optional(),
    line: z.number().optional(),
    column: z.number().optional(),
    hides: z.array(z.string()).optional(),
    versions: Listed.optional(),
    graph: z.string().optional(),
    content: z.string(),
    truncated: Truncated.optional(),
  }),
  examples: [{ title: 'One that is built in', input: { template_id: 'feature_development_v1' } }],

  async run({ template_id: id, version }, context) {
    const shelf = shelfOf(context);
    const text = version === undefined ? await textOf(shelf, id) : await versionOf(context, id, version);
    if (text === undefined) throw await unknownTemplate(shelf, id);
    const found = await understood(shelf, text);
    const versions = await context.savedTemplates.versions(id);
    const hides = version === undefined ? await hiddenBy(shelf, text) : [];
    const spend = spending(BUDGET.default);
    const said = spend.pay({
      template_id: id,
      source: text.source,
      ...(text.file !== undefined && { file: text.file }),
      ...('template' in found ? whole(found) : flaw(found)),
      ...(hides.length > 0 && { hides: [...hides] }),
    });
    const content = 'content' in text ? spend.text(text.content) : '';
    const listed = spend.list(versions.map(versionView));
    const graph = 'template' in found ? await drawn(shelf, found.template) : undefined;
    const [shown] = spend.list(graph === undefined ? [] : [graph]);
    return {
      ...said,
      content,
      ...(listed.length > 0 && { versions: listed }),
      ...(shown !== undefined && { graph: shown }),
      ...truncation(spend, `Read the resource orchestrator://templates/${id}`),
    };
  },
});

const whole = ({ text, template }: Known) => ({
  version: text.version ?? template.version,
  parameters: parametersView(template),
});

/** A line of the text that is shown, or in words where in what it extends. */
function flaw(found: Flawed) {
  const { base, message, line, column } = found;
  if (base !== undefined) return { error: inPlace(found) };
  return { error: message, ...(line !== undefined && { line }), ...(column !== undefined && { column }) };
}

const versionView = ({ version, savedAt, savedBy, deletedAt }: SavedTemplate) => ({
  version,
  saved_at: iso(savedAt),
  saved_by: savedBy,
  ...(deletedAt !== undefined && { deleted_at: iso(deletedAt) }),
});

async function versionOf({ savedTemplates }: Context, id: string, version: number): Promise<TemplateText> {
  const versions = await savedTemplates.versions(id);
  const found = versions.find((one) => one.version === version);
  if (found !== undefined) return { id, source: 'saved', content: found.content, version };
  throw notFound('Template', `${id} in version ${version}`, {
    versions: versions.map((one) => one.version),
    suggestion: `Use orchestrator_get_template with template_id ${id} alone`,
  });
}

/** Where else there is a template of this id, behind the one that counts. */
async function hiddenBy(shelf: Shelf, text: TemplateText | UnreadableTemplate): Promise<readonly string[]> {
  const saved = text.source === 'project' ? await savedText(shelf, text.id) : undefined;
  const builtIn = text.source === 'built_in' ? undefined : await shelf.templates.builtIn(text.id);
  return [saved, builtIn].flatMap((hidden) => hidden?.source ?? []);
}
