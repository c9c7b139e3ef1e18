import { takeWithin } from '../domain/budget.ts';
import { closest } from '../domain/closest.ts';
import { invalid, OrchestratorError } from '../domain/errors.ts';
import type { Fault } from '../domain/parameter-faults.ts';
import { cut } from '../domain/task.ts';
import {
  laidOver,
  type Parameter,
  TEMPLATE_LIMITS,
  type Template,
  type TemplateDraft,
  TITLE,
} from '../domain/template.ts';
import { checked, type NamesIn } from '../domain/template-faults.ts';
import { inShort, isRequired } from '../domain/template-parameters.ts';
import type { Position, SavedTemplateRepository, Templates, TemplateText, UnreadableTemplate } from './templates.ts';
import type { Beforehand, Context } from './tool.ts';

/** All that templates are looked for in. */
export type Shelf = Readonly<{ templates: Templates; saved: Pick<SavedTemplateRepository, 'find' | 'ids'> }>;

export const shelfOf = ({ templates, savedTemplates }: Pick<Context, 'templates' | 'savedTemplates'>): Shelf => ({
  templates,
  saved: savedTemplates,
});

/** The shelf before a transaction: each look into the store is one of its own, so that no file is read inside. */
export const shelfBeforehand = ({ templates, read }: Pick<Beforehand, 'templates' | 'read'>): Shelf => ({
  templates,
  saved: {
    find: (id) => read(({ savedTemplates }) => savedTemplates.find(id)),
    ids: () => read(({ savedTemplates }) => savedTemplates.ids()),
  },
});

/** A template that can be used, with the text that it stands in. */
export type Known = Readonly<{ text: TemplateText; template: Template; extends: string | undefined }>;
/** What keeps a template from being used. */
export type Flawed = Readonly<{ id: string; source: TemplateText['source']; file?: string; message: string }> &
  Partial<Position>;

/** The text that counts among those of an id: the project's over one that was saved over what is built in. */
export async function textOf(shelf: Shelf, id: string): Promise<TemplateText | UnreadableTemplate | undefined> {
  return (await shelf.templates.ofProject(id)) ?? (await savedText(shelf, id)) ?? shelf.templates.builtIn(id);
}

export async function savedText({ saved }: Shelf, id: string): Promise<TemplateText | undefined> {
  const found = await saved.find(id);
  return found && { id, source: 'saved', content: found.content, version: found.version };
}

export async function allIds({ templates, saved }: Shelf): Promise<readonly string[]> {
  const lists = [await templates.builtInIds(), await saved.ids(), await templates.projectIds()];
  return [...new Set(lists.flat())].sort();
}

/** The template of an id; refuses one that nobody has with those that there are, and one with a mistake with its place. */
export async function theTemplate(shelf: Shelf, id: string): Promise<Known> {
  const text = await textOf(shelf, id);
  if (text === undefined) throw await unknownTemplate(shelf, id);
  const found = await understood(shelf, text);
  if ('template' in found) return found;
  throw flawed(found);
}

const flawed = ({ id, file, message, line, column }: Flawed) =>
  invalid(
    `Template ${id}${file === undefined ? '' : ` (${file})`} cannot be used: ${inPlace({ message, line, column })}`,
    {
      template_id: id,
      ...(line !== undefined && { line, column }),
      suggestion:
        file === undefined
          ? `Use orchestrator_get_template with template_id ${id}, and orchestrator_save_template with what is mended`
          : `Mend ${file}, then repeat the call`,
    },
  );

type Placed = Readonly<{ message: string; line?: number | undefined; column?: number | undefined }>;

/** What is wrong, with where it stands before it. */
export const inPlace = ({ message, line, column }: Placed) =>
  line === undefined ? message : `line ${line}, column ${column}: ${message}`;

/** Reads a text with all that it extends. */
export async function understood(shelf: Shelf, text: TemplateText | UnreadableTemplate): Promise<Known | Flawed> {
  const { id, source, file } = text;
  const about = { id, source, ...(file !== undefined && { file }) };
  if ('obstacle' in text) return { ...about, message: text.obstacle };
  const reading = await shelf.templates.read(text.content);
  if ('problem' in reading) return { ...about, ...reading.problem };
  const { draft, positionOf } = reading;
  if (draft.id !== id) return { ...about, message: `it calls itself ${draft.id}`, ...positionOf(['id']) };
  const whole = await withBases(shelf, draft);
  if ('message' in whole) return { ...about, message: whole.message, ...positionOf(['extends']) };
  const outcome = checkedOnce(whole, (await shelf.templates.texts()).namesIn);
  if ('message' in outcome) return { ...about, message: outcome.message, ...positionOf(outcome.at) };
  return { text, template: outcome, extends: draft.extends };
}

const outcomes = new WeakMap<TemplateDraft, Template | Fault>();

/** A text is read once for many calls, and so it is checked once; one that extends another is laid over it anew each time. */
function checkedOnce(draft: TemplateDraft, namesIn: NamesIn): Template | Fault {
  const known = outcomes.get(draft) ?? checked(draft, namesIn);
  outcomes.set(draft, known);
  return known;
}

/** A template laid over all that it extends, the farthest first. */
async function withBases(shelf: Shelf, draft: TemplateDraft): Promise<TemplateDraft | Readonly<{ message: string }>> {
  const chain = [draft];
  for (let id = draft.extends; id !== undefined; id = chain.at(-1)?.extends) {
    const path = [...chain.map((one) => one.id), id];
    if (chain.some((one) => one.id === id)) return { message: `extends leads in a circle: ${path.join(' extends ')}` };
    if (chain.length > TEMPLATE_LIMITS.depth)
      return { message: `extends goes deeper than ${TEMPLATE_LIMITS.depth} levels` };
    const base = await textOf(shelf, id);
    if (base === undefined) return { message: await unknownBase(shelf, id) };
    if ('obstacle' in base) return { message: `it extends ${id}: ${base.obstacle}` };
    const reading = await shelf.templates.read(base.content);
    if ('problem' in reading) return { message: `it extends ${id}: ${reading.problem.message}` };
    chain.push(reading.draft);
  }
  return chain.reduceRight((base, over) => laidOver(base, over));
}

async function unknownBase(shelf: Shelf, id: string): Promise<string> {
  const [meant] = closest(id, await allIds(shelf), 1);
  return `it extends ${id}, which is no template${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** What a refusal spends on the templates that there are. */
const NAMED_TOKENS = 600;

/** The one that was meant with all that it takes; where none was, all that there are with the names of what they take. */
export async function unknownTemplate(shelf: Shelf, id: string): Promise<OrchestratorError> {
  const ids = await allIds(shelf);
  const [meant] = closest(id, ids, 1);
  const named: (readonly [string, unknown])[] = [];
  for (const one of meant === undefined ? ids : [meant]) {
    named.push([one, await parametersOf(shelf, one, meant === undefined ? nameOf : lineOf)]);
  }
  const { taken, omitted } = takeWithin(named, meant === undefined ? NAMED_TOKENS : Number.POSITIVE_INFINITY);
  return new OrchestratorError('not_found', `Template not found: ${cut(id, 100)}`, {
    ...(meant !== undefined && { did_you_mean: meant }),
    templates: Object.fromEntries(taken),
    suggestion: meant === undefined ? wayOut(omitted) : `Repeat with template_id ${meant}`,
  });
}

const wayOut = (omitted: number) =>
  omitted > 0
    ? `Use orchestrator_list_templates to see ${omitted} more, then repeat with one of them`
    : 'Repeat with one of these templates; a parameter with ? may be left out';

type Naming = (parameter: readonly [name: string, parameter: Parameter]) => string;
const nameOf: Naming = ([name, parameter]) =>
  isRequired(parameter) || parameter.defaultFrom === TITLE ? name : `${name}?`;
const lineOf: Naming = ([name, parameter]) => `${name}: ${inShort(parameter)}`;

async function parametersOf(shelf: Shelf, id: string, naming: Naming) {
  const text = await textOf(shelf, id);
  const found = text && (await understood(shelf, text));
  if (found === undefined || !('template' in found)) return 'cannot be used as it is';
  return Object.entries(found.template.parameters).map(naming);
}

/** A template's parameters in a few words each. */
export const parametersView = ({ parameters }: Pick<Template, 'parameters'>) =>
  Object.fromEntries(
    Object.entries(parameters).map(([name, { description, ...parameter }]) => [
      name,
      description === undefined ? inShort(parameter) : `${inShort(parameter)}; ${description}`,
    ]),
  );
