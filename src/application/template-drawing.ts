import { OrchestratorError } from '../domain/errors.ts';
import { mermaid } from '../domain/graph.ts';
import { instantiate } from '../domain/instantiate.ts';
import { newTask } from '../domain/task.ts';
import type { Parameter, Template } from '../domain/template.ts';
import { valuesOf } from '../domain/template-parameters.ts';
import type { Shelf } from './template-shelf.ts';

/** What stands for a value that nobody gave: something that shows where it goes. */
const SAMPLES = {
  string: (name) => `‹${name}›`,
  number: (_, { min }) => min ?? 1,
  integer: (_, { min }) => min ?? 1,
  boolean: () => true,
  date: (_, { min }) => min ?? '2026-01-01',
  enum: (_, { values = [] }) => values[0],
  array: (name) => [`‹${name}›`],
  object: () => ({}),
} as const satisfies Record<Parameter['type'], (name: string, parameter: Parameter) => unknown>;

/** The tasks that a template makes of its defaults as a Mermaid flowchart, or undefined where only real values make any. */
export async function drawn({ templates }: Pick<Shelf, 'templates'>, template: Template): Promise<string | undefined> {
  const free = Object.entries(template.parameters).map(([name, parameter]) => [name, unbound(parameter)] as const);
  const needed = free.filter(([, { required = true, default: preset }]) => required && preset === undefined);
  const given = Object.fromEntries(needed.map(([name, parameter]) => [name, SAMPLES[parameter.type](name, parameter)]));
  try {
    const values = valuesOf(Object.fromEntries(free), { given });
    const { render } = await templates.texts();
    const { root, tasks, edges } = instantiate(template, values, render);
    const idOf = (place: number | undefined) => (place === undefined ? 'root' : (tasks[place]?.name ?? ''));
    const all = [{ name: 'root', parent: undefined, texts: root }, ...tasks];
    return mermaid(
      all.map(({ name, parent, texts: { title = name } }) => ({
        ...newTask({ id: name, type: '', title, sessionId: '', createdAt: 0 }),
        parentId: name === 'root' ? undefined : idOf(parent),
      })),
      edges.map(({ from, to, type }) => ({ taskId: idOf(from), prerequisiteId: idOf(to), type })),
    );
  } catch (error) {
    if (error instanceof OrchestratorError) return undefined;
    throw error;
  }
}

/** A sample need not keep to the bounds of real values. */
function unbound({ pattern, minLength, maxLength, items, ...parameter }: Parameter): Parameter {
  return parameter;
}
