import { z } from 'zod';
import { invalid, refused } from '../../domain/errors.ts';
import { isOpen } from '../../domain/lifecycle.ts';
import { LIMITS, type Task } from '../../domain/task.ts';
import { tasksIn } from '../../domain/template.ts';
import { type Copied, templateFrom } from '../../domain/template-from-plan.ts';
import { TaskId, Title } from '../fields.ts';
import { theTask } from '../find.ts';
import { readInput } from '../parse.ts';
import { TemplateId } from '../template-format.ts';
import { parametersView } from '../template-library.ts';
import { inPlace, type Known, understood } from '../template-reading.ts';
import { type Shelf, shelfBeforehand } from '../template-shelf.ts';
import { type Beforehand, type Context, defineTool } from '../tool.ts';

const Input = z.strictObject({
  content: z
    .string()
    .describe(
      'YAML: id, parameters: {name: {type, default?, values?}}, root: {title}, tasks: [{key, title, description?, ' +
        'specialist_type?, depends_on?: [keys], for_each?, when?, children?}]; {{ name }} in texts',
    )
    .optional(),
  from_task_id: TaskId.describe('Or: an ended plan to copy').optional(),
  template_id: TemplateId.optional(),
  parameters: z
    .record(z.string(), z.string())
    .describe('With from_task_id: {name: text of the plan that it replaces}')
    .optional(),
});
type Request = z.output<typeof Input>;

export default defineTool({
  name: 'orchestrator_save_template',
  title: 'Save a template',
  description: 'Saves a template after checking it; saving an id again makes its next version.',
  set: 'templates',
  rank: 240,
  effect: 'update',
  input: Input,
  output: z.object({
    template_saved: z.boolean(),
    template_id: z.string(),
    version: z.number(),
    tasks: z.number(),
    parameters: z.record(z.string(), z.string()),
    hidden_by: z.string().optional(),
    left_out: z.array(z.string()).optional(),
    next_steps: z.string(),
  }),
  examples: [
    {
      title: 'Two steps, one after the other',
      input: {
        content: [
          'id: hotfix_v1',
          'parameters:',
          '  fault: { type: string }',
          'root: { title: "Fix {{ fault }}" }',
          'tasks:',
          '  - { key: fix, title: "Mend {{ fault }}", specialist_type: debugger }',
          '  - { key: check, title: "Check that {{ fault }} is gone", specialist_type: tester, depends_on: [fix] }',
        ].join('\n'),
      },
    },
  ],

  async prepare(input, beforehand) {
    const shelf = shelfBeforehand(beforehand);
    const { content, copied } = await contentOf(input, beforehand);
    const known = await checkedText(shelf, { content, copied }, input.template_id);
    const project = await shelf.templates.ofProject(known.template.id);
    return { content, copied, known, file: project?.file };
  },

  async run(_, context, { content, copied, known, file }) {
    const { id, tasks, version: said } = known.template;
    const [latest] = await context.savedTemplates.versions(id);
    const version = Math.max(said, (latest?.version ?? 0) + 1);
    const saved = { id, version, content, savedAt: context.clock(), savedBy: context.actor.sessionId };
    await context.savedTemplates.save(saved);
    await context.record([{ type: 'template.saved', details: { template_id: id, version } }]);
    return {
      template_saved: true,
      template_id: id,
      version,
      tasks: [...tasksIn(tasks)].length,
      parameters: parametersView(known.template),
      ...(file !== undefined && { hidden_by: file }),
      ...leftOut(copied),
      next_steps:
        file === undefined
          ? `Use orchestrator_create_from_template with template_id ${id}`
          : `${file} is used instead as long as it is there`,
    };
  },
});

type Content = Readonly<{ content: string; copied: Copied | undefined }>;

async function contentOf(input: Request, beforehand: Beforehand): Promise<Content> {
  const { content, from_task_id: taskId, template_id: id, parameters = {} } = input;
  if ((content === undefined) === (taskId === undefined)) {
    throw invalid('A template is saved from content or from_task_id, one of them', {
      suggestion: 'Repeat with the YAML in content, or with the id of an ended plan in from_task_id',
    });
  }
  if (content !== undefined) return { content, copied: undefined };
  if (taskId === undefined || id === undefined) {
    throw invalid('Missing required parameter: template_id', { suggestion: 'Repeat with an id for the new template' });
  }
  for (const [name, text] of Object.entries(parameters)) readInput(Title, text, `parameters.${name}`);
  const plan = await beforehand.read((context) => planToCopy(context, taskId));
  const copied = templateFrom(plan, { id, phrases: parameters });
  const [unused] = copied.unused;
  if (unused !== undefined) {
    throw invalid(`parameters.${unused}: ${JSON.stringify(parameters[unused])} stands nowhere in the plan ${taskId}`, {
      parameter: `parameters.${unused}`,
      suggestion: `Use orchestrator_get_task with task_id ${taskId} to see its texts`,
    });
  }
  return { content: await beforehand.templates.write(copied.draft), copied };
}

async function planToCopy(context: Context, id: string) {
  const root = await theTask(context, id);
  if (isOpen(root.stage)) {
    throw refused(`Task ${id} is ${root.stage}; a template is made of a plan that has ended`, {
      lifecycle_stage: root.stage,
      suggestion: `Use orchestrator_get_status with task_id ${id} to see what is left`,
    });
  }
  const below = await subtree(context, root);
  const edges = await context.dependencies.of(below.map((task) => task.id));
  return { root, below, edges };
}

/** All below a task, in the order in which its parts are listed. */
async function subtree(context: Context, task: Task): Promise<readonly Task[]> {
  if (task.standing.children === 0) return [];
  const children = await context.tasks.children(task.id);
  const parts: Task[] = [];
  for (const child of children) parts.push(child, ...(await subtree(context, child)));
  return parts;
}

/** The template that a text is, or the refusal that names the line. */
async function checkedText(shelf: Shelf, { content, copied }: Content, wanted: string | undefined): Promise<Known> {
  const reading = await shelf.templates.read(content);
  const id = 'draft' in reading ? reading.draft.id : (wanted ?? 'in content');
  const found = await understood(shelf, { id: wanted ?? id, source: 'saved', content });
  if ('template' in found) return found;
  if (copied !== undefined) {
    throw invalid(`The plan makes no template: ${inPlace(found)}`, {
      parameter: 'from_task_id',
      suggestion: 'Change the task that this is about with orchestrator_update_task, then repeat',
    });
  }
  throw invalid(`The template cannot be saved: ${inPlace(found)}`, {
    parameter: 'content',
    ...(found.base === undefined && found.line !== undefined && { line: found.line, column: found.column }),
    suggestion: found.base === undefined ? 'Repeat with what is mended' : found.suggestion,
  });
}

/** Titles of what was given up in the plan. */
function leftOut(copied: Copied | undefined) {
  const titles = (copied?.leftOut ?? []).slice(0, NAMED).map(({ title }) => title.slice(0, LIMITS.effort));
  return titles.length === 0 ? {} : { left_out: titles };
}

const NAMED = 20;
