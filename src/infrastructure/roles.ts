import type { Stats } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { basename, extname, join, posix, relative } from 'node:path';
import type { Document } from 'yaml';
import { z } from 'zod';
import type { RoleProblem, Roles } from '../application/ports.ts';
import { closest } from '../domain/closest.ts';
import { mergeRole, RESERVED_NAMES, ROLE_NAME, type Role, type RoleChange } from '../domain/specialist.ts';
import { ifThere, systemCode } from './file-errors.ts';
import { STORE_FOLDER } from './workspace.ts';

export type RolesOptions = Readonly<{
  builtIn: readonly Role[];
  /** `.task_orchestrator/roles` of the workspace. */
  folder: string;
}>;

/**
 * The built-in roles with those of the project's files, one role each and named after it, laid over them.
 * A problem is told once, and again after a file in the folder has changed.
 */
export function roles({ builtIn, folder }: RolesOptions): Roles {
  let known: Readonly<{ state: string; merging: Promise<Merged> }> | undefined;
  let toldOf: Merged | undefined;
  const read = async () => {
    const files = await roleFiles(folder);
    const state = JSON.stringify(files);
    if (known?.state !== state) known = { state, merging: merged(builtIn, files) };
    return known.merging;
  };
  return {
    async all(log) {
      const found = await read();
      if (toldOf !== found) {
        toldOf = found;
        for (const { file, line, message } of found.leftOut) log.warn({ file, line }, `role left out: ${message}`);
      }
      return found.byName;
    },
    async leftOut() {
      const { leftOut } = await read();
      const within = (file: string) => posix.join(STORE_FOLDER, 'roles', relative(folder, file));
      return leftOut.map(({ file, ...problem }) => ({ file: within(file), ...problem }));
    },
  };
}

type Merged = Readonly<{ byName: ReadonlyMap<string, Role>; leftOut: readonly RoleProblem[] }>;

/** Far more than a role needs. A clone is not trusted, and every briefing is made of these. */
const MOST_BYTES = 64 * 1024;
const MOST_ALIASES = 10;

/** A file as it stands; a changed one differs in time or size. `obstacle` says why it is not even read. */
type RoleFile = Readonly<{ file: string; bytes: number; changedAt: number; obstacle?: Obstacle | undefined }>;
type Obstacle = Omit<RoleProblem, 'file' | 'line'>;

async function roleFiles(folder: string): Promise<readonly RoleFile[]> {
  try {
    const found = await ifThere(lstat(folder));
    if (found === undefined) return [];
    // A link could lead to whatever its reader may see.
    if (!found.isDirectory())
      return [unreadable(folder, { message: 'must be a folder, not a link to one', mend: NO_LINK })];
    const names = (await readdir(folder)).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    const files = await Promise.all(names.sort().map((name) => roleFile(join(folder, name))));
    return files.filter((file) => file !== undefined);
  } catch (error) {
    return [unreadable(folder, { message: reasonOf(error), mend: PERMIT })];
  }
}

async function roleFile(file: string): Promise<RoleFile | undefined> {
  const found = await ifThere(lstat(file));
  return found && { file, bytes: found.size, changedAt: found.mtimeMs, obstacle: obstacleOf(file, found) };
}

const NO_LINK = 'Put a copy of what it leads to in its place';
const PERMIT = 'Give this user the right to read it';
const RENAME = 'Rename it after its role, such as painter.yaml';

const unreadable = (file: string, obstacle: Obstacle): RoleFile => ({ file, bytes: 0, changedAt: 0, obstacle });

function obstacleOf(file: string, found: Stats): Obstacle | undefined {
  const name = nameOf(file);
  if (!found.isFile()) {
    const mend = found.isSymbolicLink() ? NO_LINK : 'Move it elsewhere, or put the file of a role in its place';
    return { message: 'must be a file, not a link or a folder', mend };
  }
  if (!ROLE_NAME.test(name))
    return { message: `is not named after a role: a name is ${ROLE_NAME.source}`, mend: RENAME };
  if (RESERVED_NAMES.some((reserved) => reserved === name))
    return { message: `cannot be a role: ${name} is kept for ids`, mend: RENAME };
  return found.size > MOST_BYTES
    ? { message: `holds ${found.size} bytes; a role has at most ${MOST_BYTES}`, mend: 'Shorten it in an editor' }
    : undefined;
}

const nameOf = (file: string) => basename(file, extname(file));

async function merged(builtIn: readonly Role[], files: readonly RoleFile[]): Promise<Merged> {
  const leftOut: RoleProblem[] = [];
  const byName = new Map(builtIn.map((role) => [role.name, role]));
  const changes = await Promise.all(files.map(changeIn));
  const changed = new Set<string>();
  for (const outcome of changes) {
    if ('message' in outcome) {
      leftOut.push(outcome);
      continue;
    }
    const { file, change } = outcome;
    const name = nameOf(file);
    if (changed.has(name))
      leftOut.push({ file, message: `there is another file for the role ${name}`, mend: ONE_FILE });
    else byName.set(name, mergeRole(name, byName.get(name), change));
    changed.add(name);
  }
  return { byName, leftOut };
}

const ONE_FILE = 'Put what counts into the other file, and move this one out of the folder';

type Change = Readonly<{ file: string; change: RoleChange }>;

async function changeIn({ file, obstacle }: RoleFile): Promise<Change | RoleProblem> {
  if (obstacle !== undefined) return { file, ...obstacle };
  try {
    return await parsed(file, await readFile(file, 'utf8'));
  } catch (error) {
    // Besides what the disk says: too many aliases, or nesting that goes deeper than the stack.
    return { file, message: reasonOf(error), ...(systemCode(error) !== undefined && { mend: PERMIT }) };
  }
}

/** The reader of YAML is loaded only where there is something to read. */
async function parsed(file: string, text: string): Promise<Change | RoleProblem> {
  const { isNode, LineCounter, parseDocument } = await import('yaml');
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false, logLevel: 'error' });
  const lineAt = (offset: number) => lineCounter.linePos(offset).line;

  const [mistake] = [...document.errors, ...document.warnings];
  if (mistake !== undefined) return { file, line: lineAt(mistake.pos[0]), message: mistake.message };
  const fields = RoleFields.safeParse(document.toJS({ maxAliasCount: MOST_ALIASES }));
  if (fields.success) return { file, change: changeOf(fields.data) };
  const { path, message } = explained(fields.error.issues[0]);
  const node = nearestAt(document, path);
  return { file, line: isNode(node) && node.range ? lineAt(node.range[0]) : undefined, message };
}

const isSayable = (text: string) => text.isWellFormed() && !text.includes('\0');
const Text = z
  .string({ error: 'must be a text' })
  .trim()
  .min(1, { error: 'must not be empty' })
  .refine(isSayable, { error: 'holds characters that no text has' });
const Texts = z.array(Text, { error: 'must be a list of texts' });

const RoleFields = z.strictObject(
  {
    description: Text.exactOptional(),
    role_definition: Text.exactOptional(),
    expertise: Texts.exactOptional(),
    approach: z
      .preprocess((given) => (typeof given === 'string' ? [given] : given), Texts)
      .transform((lines) => lines.join('\n'))
      .exactOptional(),
    output_format: Text.exactOptional(),
    checklist: Texts.exactOptional(),
  },
  { error: 'A role is an object of fields' },
);

const changeOf = ({ role_definition, output_format, ...others }: z.output<typeof RoleFields>): RoleChange => ({
  ...others,
  ...(role_definition !== undefined && { definition: role_definition }),
  ...(output_format !== undefined && { outputFormat: output_format }),
});

type Path = readonly PropertyKey[];

function explained(issue: z.core.$ZodIssue | undefined): Readonly<{ path: Path; message: string }> {
  const { path = [], message = 'cannot be read' } = issue ?? {};
  if (issue?.code !== 'unrecognized_keys')
    return { path, message: [path.join('.'), message].filter(Boolean).join(' ') };
  const [key = ''] = issue.keys;
  const fields = Object.keys(RoleFields.shape);
  const [likeliest] = closest(key, fields);
  const hint = likeliest === undefined ? `the fields are ${fields.join(', ')}` : `did you mean ${likeliest}?`;
  return { path: [key], message: `${key} is not a field of a role; ${hint}` };
}

/** What stands at a path, or else the nearest around it. */
const nearestAt = (document: Document, path: Path): unknown =>
  document.getIn(path, true) ?? (path.length > 0 ? nearestAt(document, path.slice(0, -1)) : undefined);

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
