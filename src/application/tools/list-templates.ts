import { z } from 'zod';
import { BUDGET, spending } from '../../domain/budget.ts';
import { tasksIn } from '../../domain/template.ts';
import { Listed, Truncated } from '../fields.ts';
import { everyTemplate, parametersView } from '../template-library.ts';
import { shelfOf } from '../template-shelf.ts';
import { defineTool } from '../tool.ts';
import { truncation } from '../views.ts';

export default defineTool({
  name: 'orchestrator_list_templates',
  title: 'List the templates',
  description:
    'Lists the templates of the project, saved and built in, with their parameters; and those with a mistake, with its line.',
  set: 'templates',
  rank: 220,
  effect: 'read',
  input: z.strictObject({}),
  output: z.object({ total: z.number(), templates: Listed, invalid: Listed, truncated: Truncated.optional() }),
  examples: [{ title: 'All of them', input: {} }],

  async run(_, context) {
    const read = await everyTemplate(shelfOf(context));
    const spend = spending(BUDGET.default);
    const flawed = read
      .filter((one) => 'message' in one)
      .map(({ id, message, suggestion: _, ...where }) => ({ template_id: id, ...where, error: message }));
    const known = read
      .filter((one) => 'template' in one)
      .map(({ text, template }) => ({
        template_id: template.id,
        ...(template.description !== undefined && { description: template.description }),
        source: text.source,
        version: text.version ?? template.version,
        tasks: [...tasksIn(template.tasks)].length,
        parameters: parametersView(template),
      }));
    return {
      total: known.length,
      invalid: spend.list(flawed, 0.3),
      templates: spend.list(known),
      ...truncation(spend, 'Use orchestrator_get_template with its template_id'),
    };
  },
});
