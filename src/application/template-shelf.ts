import { roleLeftOut, specialistsIn } from './specialists.ts';
import type { SavedTemplateRepository, Templates, TemplateText, UnreadableTemplate } from './templates.ts';
import type { Beforehand, Context } from './tool.ts';

/** All that templates are looked for in, and the specialists that they can name. */
export type Shelf = Readonly<{
  templates: Templates;
  saved: Pick<SavedTemplateRepository, 'find' | 'ids'>;
  specialists(): Promise<readonly string[]>;
  /** A role file that cannot be used, that of the name if there is one, and why. */
  roleLeftOut(name: string): Promise<string | undefined>;
}>;

type Around = Pick<Context, 'templates' | 'roles' | 'log'>;
const rolesOf = (around: Around) => ({
  specialists: () => specialistsIn(around),
  roleLeftOut: (name: string) => roleLeftOut(around, name),
});

export const shelfOf = (context: Around & Pick<Context, 'savedTemplates'>): Shelf => ({
  templates: context.templates,
  saved: context.savedTemplates,
  ...rolesOf(context),
});

/** The shelf before a transaction: each look into the store is one of its own, so that no file is read inside. */
export const shelfBeforehand = ({ read, ...around }: Around & Pick<Beforehand, 'read'>): Shelf => ({
  templates: around.templates,
  saved: {
    find: (id) => read(({ savedTemplates }) => savedTemplates.find(id)),
    ids: () => read(({ savedTemplates }) => savedTemplates.ids()),
  },
  ...rolesOf(around),
});

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
