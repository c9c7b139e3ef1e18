import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, join, posix } from 'node:path';
import type { TemplateReading, Templates, TemplateText, UnreadableTemplate } from '../application/templates.ts';
import { TEMPLATE_ID, TEMPLATE_LIMITS } from '../domain/template.ts';
import { ifThere } from './file-errors.ts';
import { STORE_FOLDER } from './workspace.ts';

export type TemplatesOptions = Readonly<{
  /** The built-in templates by their id, loaded when the first one is asked for. */
  builtIn(): Promise<Readonly<Record<string, string>>>;
  /** `.task_orchestrator/templates` of the workspace. */
  folder: string;
}>;

const yaml = () => import('./template-yaml.ts');

/** What was read lately; the same text is read once. */
const MOST_READINGS = 50;

/** The built-in templates, and those of the project's files, one template each and named after it. */
export function templates({ builtIn, folder }: TemplatesOptions): Templates {
  const readings = new Map<string, Promise<TemplateReading>>();
  return {
    async builtIn(id) {
      const all = await builtIn();
      const content = Object.hasOwn(all, id) ? all[id] : undefined;
      return content === undefined ? undefined : { id, source: 'built_in', content };
    },
    builtInIds: async () => Object.keys(await builtIn()),
    async ofProject(id) {
      for (const ending of ENDINGS) {
        const found = await projectTemplate(folder, { id, name: `${id}.${ending}` });
        if (found !== undefined) return found;
      }
      return undefined;
    },
    projectIds: () => projectIds(folder),
    read(content) {
      const known = readings.get(content);
      if (known !== undefined) return known;
      if (readings.size >= MOST_READINGS) readings.clear();
      const fresh = yaml().then(({ readTemplate }) => readTemplate(content));
      readings.set(content, fresh);
      return fresh;
    },
    write: async (draft) => (await yaml()).writeTemplate(draft),
    texts: async () => (await import('./template-texts.ts')).templateTexts(),
  };
}

const ENDINGS = ['yaml', 'yml'] as const;

/** Names of the files, so that one whose name is no id is told about as well. */
async function projectIds(folder: string): Promise<readonly string[]> {
  const found = await ifThere(lstat(folder));
  if (found === undefined || !found.isDirectory()) return [];
  const names = (await ifThere(readdir(folder))) ?? [];
  const ids = names.flatMap((name) => /^([^.].*)\.ya?ml$/.exec(name)?.[1] ?? []);
  return [...new Set(ids)].sort();
}

type Named = Readonly<{ id: string; name: string }>;

async function projectTemplate(
  folder: string,
  { id, name }: Named,
): Promise<TemplateText | UnreadableTemplate | undefined> {
  if (basename(name) !== name) return undefined;
  const file = posix.join(STORE_FOLDER, 'templates', name);
  const path = join(folder, name);
  // A clone is not trusted: a link could lead to whatever its reader may see.
  const folderItself = await ifThere(lstat(folder));
  const found = folderItself?.isDirectory() ? await ifThere(lstat(path)) : undefined;
  if (found === undefined) return undefined;
  const obstacle = obstacleOf(id, { isFile: found.isFile(), bytes: found.size });
  if (obstacle !== undefined) return { id, source: 'project', file, obstacle };
  try {
    return { id, source: 'project', file, content: await readFile(path, 'utf8') };
  } catch (error) {
    return { id, source: 'project', file, obstacle: error instanceof Error ? error.message : String(error) };
  }
}

function obstacleOf(id: string, { isFile, bytes }: Readonly<{ isFile: boolean; bytes: number }>): string | undefined {
  if (!isFile) return 'it must be a file, not a link or a folder';
  if (!TEMPLATE_ID.test(id)) return `it is not named after a template: an id is ${TEMPLATE_ID.source}`;
  return bytes > TEMPLATE_LIMITS.bytes
    ? `it has ${bytes} bytes; a template has at most ${TEMPLATE_LIMITS.bytes}`
    : undefined;
}
