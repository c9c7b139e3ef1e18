import { takeWithin } from '../domain/budget.ts';
import { closest } from '../domain/closest.ts';
import { invalid, OrchestratorError } from '../domain/errors.ts';
import { cut } from '../domain/task.ts';
import type { Template } from '../domain/template.ts';
import { inShort, isRequired } from '../domain/template-parameters.ts';
import { type Flawed, inPlace, type Known, understood } from './template-reading.ts';
import { allIds, type Shelf, textOf } from './template-shelf.ts';

/** All templates that count, read one after the other: a project may hold more files than a process may have open. */
export async function everyTemplate(shelf: Shelf): Promise<readonly (Known | Flawed)[]> {
  const all: (Known | Flawed)[] = [];
  for (const id of await allIds(shelf)) {
    const text = await textOf(shelf, id);
    if (text !== undefined) all.push(await understood(shelf, text));
  }
  return all;
}

/** The template of an id; refuses one that nobody has with those that there are, and one with a mistake with its place. */
export async function theTemplate(shelf: Shelf, id: string): Promise<Known> {
  const text = await textOf(shelf, id);
  if (text === undefined) throw await unknownTemplate(shelf, id);
  const found = await understood(shelf, text);
  if ('template' in found) return found;
  throw unusable(found);
}

function unusable(found: Flawed): OrchestratorError {
  const { id, base, file, line, column, suggestion } = found;
  const own = base === undefined && file !== undefined ? ` (${file})` : '';
  return invalid(`Template ${id}${own} cannot be used: ${inPlace(found)}`, {
    template_id: id,
    ...(line !== undefined && { line, column }),
    suggestion,
  });
}

/** What a refusal spends on the templates that there are, and how many it reads for that; more than fit. */
const NAMED_TOKENS = 600;
const MOST_READ = 100;

/** The templates that there are with the names of what they take; where one was probably meant, that of it alone. */
export async function unknownTemplate(shelf: Shelf, id: string): Promise<OrchestratorError> {
  const ids = await allIds(shelf);
  const [meant] = closest(id, ids, 1);
  const named: (readonly [string, unknown])[] = [];
  for (const one of meant === undefined ? ids.slice(0, MOST_READ) : [meant])
    named.push([one, await parametersOf(shelf, one)]);
  const { taken } = takeWithin(named, NAMED_TOKENS);
  const others = takeWithin(meant === undefined ? [] : ids.filter((one) => one !== meant), NAMED_TOKENS / 3).taken;
  return new OrchestratorError('not_found', `Template not found: ${cut(id, 100)}`, {
    ...(meant !== undefined && { did_you_mean: meant }),
    templates: Object.fromEntries(taken),
    ...(others.length > 0 && { other_templates: others }),
    suggestion: meant === undefined ? wayOut(ids.length - taken.length) : `Repeat with template_id ${meant}`,
  });
}

const wayOut = (omitted: number) =>
  omitted > 0
    ? `Use orchestrator_list_templates to see ${omitted} more, then repeat with one of them`
    : 'Repeat with one of these templates; a parameter with ? may be left out';

async function parametersOf(shelf: Shelf, id: string) {
  const text = await textOf(shelf, id);
  const found = text && (await understood(shelf, text));
  if (found === undefined || !('template' in found)) return 'cannot be used as it is';
  const { parameters } = found.template;
  const names = Object.keys(parameters).map((name) => (isRequired(name, parameters) ? name : `${name}?`));
  return takeWithin(names, NAMED_TOKENS / 2).taken;
}

/** A template's parameters in a few words each. */
export const parametersView = ({ parameters }: Pick<Template, 'parameters'>) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { description }]) => {
      const short = inShort(name, parameters);
      return [name, description === undefined ? short : `${short}; ${description}`];
    }),
  );
