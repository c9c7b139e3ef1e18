import { createHash } from 'node:crypto';
import { posix, resolve } from 'node:path';
import { z } from 'zod';
import type { ArtifactContent, ArtifactFiles, IdentifiedFile } from '../application/ports.ts';
import { type Artifact, artifactPath, type TouchedFile } from '../domain/artifact.ts';
import { isWithin, STORE_FOLDER } from './workspace.ts';
import { workspaceFiles } from './workspace-files.ts';

/** The work of agents, one file each: front matter that says whose it is, then the work byte for byte. */
export function artifactFiles(workspace: string): ArtifactFiles {
  const files = workspaceFiles(workspace);
  return {
    async write(artifact, work) {
      await files.write(pathOf(artifact), frontMatter(artifact) + work);
    },

    async read(artifact) {
      return contentOf(await files.read(pathOf(artifact)), artifact);
    },

    async identify(path) {
      const text = await files.read(path);
      return text === undefined ? undefined : parseFrontMatter(text);
    },

    hash,
    touched: (paths) => touchedFiles(paths, workspace),
  };
}

/** What the text of a file is to an artifact; undefined where there is no file. */
export function contentOf(text: string | undefined, { sha256 }: Pick<Artifact, 'sha256'>): ArtifactContent {
  if (text === undefined) return { state: 'missing' };
  const work = text.slice(headOf(text).length);
  return { state: hash(work) === sha256 ? 'intact' : 'altered', work };
}

/** The front matter of an artifact file and its work, enough to enter it again when its row was lost; undefined where there is none of ours. */
export function parseFrontMatter(text: string): IdentifiedFile | undefined {
  const head = headOf(text);
  const said = Fields.safeParse(fieldsOf(head));
  if (!said.success) return undefined;
  const { id, task, type, summary, created, sha256, file_paths } = said.data;
  const work = text.slice(head.length);
  return { id, taskId: task, type, summary, createdAt: Date.parse(created), sha256, filePaths: file_paths, work };
}

/** Marks the paths that do not lie in the workspace. Goes by the names alone: none of them is ever looked at. */
export function touchedFiles(paths: readonly string[], workspace: string): readonly TouchedFile[] {
  return paths.map((path) => ({
    path,
    isOutside: FOREIGN.test(path) || !isWithin(workspace, resolve(workspace, path)),
  }));
}

/** A home directory, which only a shell would find, and a drive, which is a plain name where there are none. */
const FOREIGN = process.platform === 'win32' ? /^~(?=[/\\]|$)/ : /^(~(?=\/|$)|[a-zA-Z]:[\\/])/;

const Fields = z.object({
  id: z.string(),
  task: z.string(),
  type: z.string(),
  summary: z.string(),
  created: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  sha256: z.string(),
  file_paths: z.array(z.string()),
});

/** One line a field, so that nothing in a value can end the front matter. */
function frontMatter({ id, taskId, type, summary, createdAt, sha256, filePaths }: Artifact): string {
  const fields = {
    id,
    task: taskId,
    type,
    summary,
    created: new Date(createdAt).toISOString(),
    sha256,
    file_paths: filePaths.map(({ path }) => path),
  } satisfies z.input<typeof Fields>;
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${quoted(value)}\n`);
  return `---\n${lines.join('')}---\n\n`;
}

/** JSON is YAML, but for characters that YAML does not print and JSON leaves as they are. */
const quoted = (value: string | readonly string[]) =>
  JSON.stringify(value).replace(
    /[\u007F-\u009F\u2028\u2029\uFEFF\uFFFE\uFFFF]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** The front matter with the empty line after it; nothing where the text does not begin with one. Other line ends are those of an editor. */
const headOf = (text: string) => /^---\r?\n(?:[^\r\n]*\r?\n){0,20}?---\r?\n(?:\r?\n)?/.exec(text)?.[0] ?? '';

function fieldsOf(head: string): Readonly<Record<string, unknown>> {
  const fields = [...head.matchAll(/^(\w+): (.*)$/gm)].map(([, name = '', value = '']) => [name, parsed(value)]);
  return Object.fromEntries(fields);
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

const pathOf = (artifact: Artifact) => posix.relative(STORE_FOLDER, artifactPath(artifact));

const hash = (work: string) => createHash('sha256').update(work, 'utf8').digest('hex');
