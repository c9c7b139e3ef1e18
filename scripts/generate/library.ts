import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawn } from '../../src/application/template-drawing.ts';
import { theTemplate } from '../../src/application/template-library.ts';
import type { Shelf } from '../../src/application/template-shelf.ts';
import { type Parameter, type Template, type TemplateTask, tasksIn } from '../../src/domain/template.ts';
import { expand } from '../../src/domain/template-expansion.ts';
import { inWords, presence, valuesOf } from '../../src/domain/template-parameters.ts';
import { templates } from '../../src/infrastructure/templates.ts';
import { choicesOf, roundsOf } from './choices.ts';
import { cell } from './pages.ts';

/** The library part of `docs/templates.md`: each template of the folder with its parameters, its graph and its tasks. */
export async function librarySource(folder: string): Promise<string> {
  const ids = await namesIn(folder);
  const texts = await Promise.all(ids.map((id) => readFile(join(folder, `${id}.yaml`), 'utf8')));
  const byId = Object.fromEntries(ids.map((id, place) => [id, texts[place] ?? '']));
  const shelf: Shelf = {
    templates: templates({ builtIn: async () => byId, folder: join(folder, 'of-no-project') }),
    saved: { find: async () => undefined, ids: async () => [] },
    specialists: () => namesIn(join(folder, '../roles')),
    roleLeftOut: async () => undefined,
  };
  const known = await Promise.all(ids.map(async (id) => (await theTemplate(shelf, id)).template));
  const chapters = await Promise.all(known.map((template) => chapter(shelf, template)));
  return [overview(known), ...chapters].join('\n\n');
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return files.map((file) => file.slice(0, -'.yaml'.length));
}

const overview = (known: readonly Template[]) =>
  [
    '| Template | What it does | Tasks |',
    '|---|---|---|',
    ...known.map(
      ({ id, description = '', tasks }) =>
        `| [\`${id}\`](#${id}) | ${cell(description)} | ${[...tasksIn(tasks)].length} |`,
    ),
  ].join('\n');

async function chapter(shelf: Shelf, template: Template): Promise<string> {
  const graph = await drawn(shelf, withLists(template));
  if (graph === undefined) throw new Error(`${template.id} cannot be drawn with its defaults`);
  return [
    `### ${template.id}`,
    `${template.description ?? ''}. [Its file](../templates/${template.id}.yaml)`,
    parameterTable(template),
    tried(template),
    `\`\`\`mermaid\n${graph.trimEnd()}\n\`\`\``,
    taskTable(template),
  ].join('\n\n');
}

/** What comes of each choice that the parameters leave; a template that leads into a circle gets no page. */
function tried(template: Template): string {
  const choices = choicesOf(template);
  const made = choices.map((given) => {
    const { instances, edges } = expand(template, valuesOf(template.parameters, { given }));
    const waits = Map.groupBy(edges, ({ from }) => from);
    const tasks = instances.map(({ parent }, id) => ({
      id,
      parent,
      waitsFor: (waits.get(id) ?? []).map(({ to }) => to),
    }));
    const rounds = roundsOf(tasks);
    if (rounds.includes(0)) throw new Error(`${template.id} waits in a circle with ${JSON.stringify(given)}`);
    return { tasks: tasks.length, atOnce: Math.max(...rounds) };
  });
  const [fewest, most] = [Math.min, Math.max].map((end) => end(...made.map(({ tasks }) => tasks)));
  const atOnce = Math.max(...made.map((each) => each.atOnce));
  const count = fewest === most ? fewest : `${fewest} to ${most}`;
  return `All ${choices.length} choices were made: ${count} tasks, never a circle, up to ${atOnce} of them at once.`;
}

/** An empty list would leave out what is repeated for each of its members. */
function withLists(template: Template): Template {
  const parameters = Object.entries(template.parameters).map(([name, parameter]): [string, Parameter] => [
    name,
    parameter.type === 'array' ? { ...parameter, default: [`‹first of ${name}›`, `‹second of ${name}›`] } : parameter,
  ]);
  return { ...template, parameters: Object.fromEntries(parameters) };
}

function parameterTable({ parameters }: Template): string {
  const rows = Object.entries(parameters).map(
    ([name, parameter]) =>
      `| \`${name}\` | ${cell(inWords(parameter))} | ${cell(presence(name, parameters))} | ${cell(parameter.description ?? '')} |`,
  );
  return ['| Parameter | Type | Required or default | Description |', '|---|---|---|---|', ...rows].join('\n');
}

function taskTable({ tasks }: Template): string {
  const rows = Array.from(tasksIn(tasks), ({ task, above }) => {
    const { key, title = '' } = task;
    return `| \`${[...above, key].join('.')}\` | ${cell(title)} | ${cell(workerOf(task))} | ${cell(causeOf(task))} |`;
  });
  return ['| Key | Title | Who | Only |', '|---|---|---|---|', ...rows].join('\n');
}

const workerOf = ({ type, specialist = '' }: TemplateTask) => (type === 'approval' ? 'a person approves' : specialist);

const causeOf = ({ when, forEach }: TemplateTask) =>
  [
    ...(forEach === undefined ? [] : [`for each of \`${forEach}\``]),
    ...(when === undefined ? [] : [`when \`${when}\``]),
  ].join(', ');
