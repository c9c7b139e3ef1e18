import { type Values, valueAt } from './condition.ts';
import { hasPlaceholder, SPELT, type TaskTexts, type Template } from './template.ts';
import { expand, type InstanceEdge } from './template-expansion.ts';

/** The field that a text stands in, and what `item` is there: its own place among the parameters. */
export type Place = Readonly<{ field: string; item: string | undefined }>;
/** Fills in the placeholders of a text, or refuses naming the place and what has no value. */
export type Render = (text: string, values: Values, place: Place) => string;

/** A task that a template makes; its texts are filled in and nothing about them is checked yet. */
export type PlannedTask = Readonly<{ name: string; parent: number | undefined; texts: TaskTexts }>;
/** What a template makes of values, parents before children; places are those in `tasks`, and the top ones lie below the root. */
export type Instantiated = Readonly<{ root: TaskTexts; tasks: readonly PlannedTask[]; edges: readonly InstanceEdge[] }>;

/** Makes tasks of a template: how many there are is settled before the first text is rendered. */
export function instantiate(template: Template, values: Values, render: Render): Instantiated {
  const { instances, edges } = expand(template, values);
  return {
    root: filled(template.root, { values, render, name: 'root', item: undefined }),
    tasks: instances.map(({ name, entry, parent, values: own, item }) => ({
      name,
      parent,
      texts: filled(entry, { values: own, render, name, item }),
    })),
    edges,
  };
}

type Filling = Readonly<{ values: Values; render: Render; name: string; item: string | undefined }>;

const SINGLE = [
  'title',
  'description',
  'context',
  'specialist',
  'priority',
  'complexity',
  'effort',
  'dueDate',
] as const;

/** A text that comes out blank says nothing and is left out, so that `{% if deadline %}` can leave out a date. */
function filled(texts: TaskTexts, { values, render, name, item }: Filling): TaskTexts {
  const text = (source: string, field: string) =>
    hasPlaceholder(source) ? render(source, values, { field: `${name}.${field}`, item }) : source;
  const single = SINGLE.flatMap((field) => {
    const source = texts[field];
    const rendered = source === undefined ? '' : text(source, SPELT[field]);
    return rendered.trim() === '' ? [] : [[field, rendered] as const];
  });
  const { type, acceptanceCriteria = [], attributes = {} } = texts;
  const criteria = acceptanceCriteria.map((source) => text(source, SPELT.acceptanceCriteria));
  const isSaid = (value: unknown) => typeof value !== 'string' || value.trim() !== '';
  const kept = Object.entries(attributes)
    .map(
      ([key, value]) =>
        [key, filledValue(value, { values, render, name: `${name}.${SPELT.attributes}.${key}`, item })] as const,
    )
    .filter(([key, value]) => isSaid(value) || !isSaid(attributes[key]));
  return {
    ...Object.fromEntries(single),
    ...(type !== undefined && { type }),
    acceptanceCriteria: criteria.filter(isSaid),
    attributes: Object.fromEntries(kept),
  };
}

const ALONE = /^\s*\{\{-?\s*([A-Za-z_]\w*(?:\.\w+)*)\s*-?\}\}\s*$/;

/** A value that is one placeholder and nothing else stays what it is: a number a number, a list a list. */
function filledValue(value: unknown, filling: Filling): unknown {
  const { values, render, name: field, item } = filling;
  if (typeof value === 'string') {
    const alone = valueAt(values, ALONE.exec(value)?.[1] ?? '');
    if (alone !== undefined) return alone;
    return hasPlaceholder(value) ? render(value, values, { field, item }) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((inner) => filledValue(inner, filling));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filledValue(inner, filling)]));
}
