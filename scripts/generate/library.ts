import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawn } from '../../src/application/template-drawing.ts';
import { type Shelf, theTemplate } from '../../src/application/template-library.ts';
import { type Parameter, type Template, type TemplateTask, tasksIn } from '../../src/domain/template.ts';
import { inWords, isRequired } from '../../src/domain/template-parameters.ts';
import { templates } from '../../src/infrastructure/templates.ts';
import { cell } from './pages.ts';

/** The library part of `docs/templates.md`: each template of the folder with its parameters, its graph and its tasks. */
export async function librarySource(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const ids = files.map((file) => file.slice(0, -'.yaml'.length));
  const byId = Object.fromEntries(ids.map((id, place) => [id, texts[place] ?? '']));
  const shelf: Shelf = {
    templates: templates({ builtIn: async () => byId, folder: join(folder, 'of-no-project') }),
    saved: { find: async () => undefined, ids: async () => [] },
  };
  const known = await Promise.all(ids.map(async (id) => (await theTemplate(shelf, id)).template));
  const chapters = await Promise.all(known.map((template) => chapter(shelf, template)));
  return [overview(known), ...chapters].join('\n\n');
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
    `\`\`\`mermaid\n${graph.trimEnd()}\n\`\`\``,
    taskTable(template),
  ].join('\n\n');
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
      `| \`${name}\` | ${cell(inWords(parameter))} | ${presence(parameter)} | ${cell(parameter.description ?? '')} |`,
  );
  return ['| Parameter | Type | Required or default | Description |', '|---|---|---|---|', ...rows].join('\n');
}

function presence(parameter: Parameter): string {
  const { default: preset, defaultFrom } = parameter;
  if (isRequired(parameter)) return 'required';
  const source = defaultFrom === undefined ? '' : `the task's ${defaultFrom}`;
  if (preset === undefined) return source === '' ? 'may be left out' : `required, else ${source}`;
  const value = cell(`\`${JSON.stringify(preset)}\``);
  return source === '' ? value : `${source}, else ${value}`;
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
