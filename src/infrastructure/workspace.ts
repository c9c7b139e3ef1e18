import { constants } from 'node:fs';
import { access, lstat, mkdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { invalid, type OrchestratorError, refused } from '../domain/errors.ts';
import { cut } from '../domain/task.ts';
import { explained, ifThere, systemCode } from './file-errors.ts';

/** Where everything of ours lies in a workspace. */
export const STORE_FOLDER = '.task_orchestrator';
export const DATABASE_FILE = 'task_orchestrator.db';

/** What marks the top of a project, the nearest counting. */
const PROJECT_MARKERS = [
  '.git',
  'package.json',
  'pyproject.toml',
  'Cargo.toml',
  'go.mod',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'composer.json',
  'Gemfile',
  'mix.exs',
  'pubspec.yaml',
  'Package.swift',
  'CMakeLists.txt',
  'deno.json',
  'deno.jsonc',
] as const;

const SYSTEM_TREES = /^\/(bin|boot|lib\d*|libx32|proc|sbin|sys|usr\/(bin|lib\d*|sbin)|System)(\/|$)/;
const SYSTEM_FOLDERS =
  /^\/(private\/)?(Applications|Library|Users|Volumes|dev|etc|home|opt|private|root|run|tmp|usr|usr\/local|var|var\/tmp)$/;
const WINDOWS_SYSTEM = /^[a-z]:\\((windows|program files( \(x86\))?|programdata)(\\.*)?|users)$/i;

const WAY_OUT = 'Start the server with --workspace <the folder of your project>';
/** An agent cannot start its server anew; where no setting names the folder, a call can. */
const WAY_OUT_BY_CALL =
  'Use orchestrator_initialize_session with working_directory <the folder of your project>, or start the server with --workspace <that folder>';

export type Whereabouts = Readonly<{
  /** `--workspace` */
  flag?: string | undefined;
  /** `MCP_TASK_ORCHESTRATOR_WORKSPACE` */
  env?: string | undefined;
  /** The first `working_directory` that a client named. */
  workingDirectory?: string | undefined;
  cwd: string;
  home: string;
}>;

/** The real path of the folder we work for. Only looks, and throws `invalid` or `refused` where that cannot be one. */
export async function findWorkspace({ flag, env, workingDirectory, cwd, home }: Whereabouts): Promise<string> {
  const homeFolder = (await ifThere(realpath(home))) ?? home;
  const byCall = { home: homeFolder, wayOut: WAY_OUT_BY_CALL };
  const fromHome = (given: string) => resolve(cwd, given.replace(/^~(?=[/\\]|$)/, homeFolder));
  if (flag) {
    const named = await existingFolder(fromHome(flag), { parameter: '--workspace', given: flag });
    return usable(named, { home: homeFolder, wayOut: WAY_OUT });
  }
  if (env) {
    const parameter = 'MCP_TASK_ORCHESTRATOR_WORKSPACE';
    return usable(await existingFolder(fromHome(env), { parameter, given: env }), {
      home: homeFolder,
      wayOut: WAY_OUT,
    });
  }
  if (workingDirectory !== undefined) return usable(await workingFolder(workingDirectory), byCall);

  const start = await existingFolder(cwd, { parameter: 'current directory', given: cwd });
  const isCandidate = (folder: string) => whyNoWorkspace(folder, homeFolder) === undefined;
  const found =
    (await nearest(start, [STORE_FOLDER], isCandidate)) ?? (await nearest(start, PROJECT_MARKERS, isCandidate));
  return usable(found ?? start, byCall);
}

/** Whether a `working_directory` means this workspace: it is that folder, or lies below it with no other store between, or does so in the main checkout of its worktree. */
export async function isSameWorkspace(workspace: string, workingDirectory: string): Promise<boolean> {
  const folder = await workingFolder(workingDirectory);
  return (await leadsTo(workspace, folder)) || leadsTo(workspace, await inMainCheckout(folder));
}

/** Makes `.task_orchestrator` where it is missing and returns its path. Any number of processes may do so at once. */
export async function prepareStoreFolder(workspace: string): Promise<string> {
  const folder = join(workspace, STORE_FOLDER);
  return explained({ verb: 'write', path: folder }, async () => {
    await unlessThere(mkdir(folder, { mode: 0o700 }));
    await assertUsable(folder);
    const ignored = join(folder, IGNORING);
    // Empty it is what a full disk or a kill left of it; without its lines a store would be committed.
    const found = await ifThere(lstat(ignored));
    if (found?.isFile() && found.size === 0) await rm(ignored, { force: true });
    await unlessThere(writeFile(ignored, GITIGNORE, { flag: 'wx' }));
    return folder;
  });
}

/** Throws where the store's folder or what is in it is not ours to use. */
export async function assertUsable(folder: string): Promise<void> {
  await assertOurs(folder, 'folder');
  for (const suffix of ['', '-wal', '-shm']) await assertOurs(join(folder, `${DATABASE_FILE}${suffix}`), 'file');
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
}

/** Keeps the store out of the project's history. */
export const IGNORING = '.gitignore';

/** Whether `path` is `folder` or lies below it, by the names alone. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

const GITIGNORE = `# Written once, when the store was made. Roles and templates are meant to be shared; all else is local.
/*
!/roles/
!/templates/
`;

async function usable(folder: string, { home, wayOut }: Readonly<{ home: string; wayOut: string }>): Promise<string> {
  const workspace = await inMainCheckout(folder);
  const reason = whyNoWorkspace(workspace, home);
  if (reason === undefined) return workspace;
  throw refused(`${reason} cannot be a workspace: ${workspace}`, { suggestion: wayOut, workspace });
}

function whyNoWorkspace(folder: string, home: string): string | undefined {
  if (folder === home) return 'The home directory itself';
  if (folder === parse(folder).root) return 'The root of a file system';
  const isSystem = [SYSTEM_TREES, SYSTEM_FOLDERS, WINDOWS_SYSTEM].some((pattern) => pattern.test(folder));
  return isSystem ? 'A directory of the system' : undefined;
}

async function workingFolder(given: string): Promise<string> {
  if (!isAbsolute(given)) throw noFolder({ parameter: 'working_directory', given });
  return existingFolder(given, { parameter: 'working_directory', given });
}

type Given = Readonly<{ parameter: string; given: string }>;

async function existingFolder(path: string, given: Given): Promise<string> {
  const folder = await explained({ verb: 'read', path }, () => ifThere(realpath(path)));
  if (folder === undefined || !(await isFolder(folder))) throw noFolder(given);
  return folder;
}

function noFolder({ parameter, given: path }: Given): OrchestratorError {
  const given = cut(path, 200);
  const accepted = parameter === 'working_directory' ? 'the absolute path of an existing folder' : 'an existing folder';
  return invalid(`The ${parameter} is not ${accepted}: ${given}`, {
    suggestion: `Name ${accepted} as ${parameter}`,
    parameter,
    given,
    accepted,
  });
}

async function nearest(
  start: string,
  names: readonly string[],
  isCandidate: (folder: string) => boolean = () => true,
): Promise<string | undefined> {
  for (const folder of upwards(start)) {
    const found = await Promise.all(names.map((name) => isThere(join(folder, name))));
    if (found.includes(true) && isCandidate(folder)) return folder;
  }
  return undefined;
}

function* upwards(start: string): Generator<string> {
  let folder = start;
  while (folder !== dirname(folder)) {
    yield folder;
    folder = dirname(folder);
  }
  yield folder;
}

async function leadsTo(workspace: string, start: string): Promise<boolean> {
  for (const folder of upwards(start)) {
    if (folder === workspace) return true;
    if (await isThere(join(folder, STORE_FOLDER))) return false;
  }
  return false;
}

/**
 * The same folder in the main checkout, when this one lies in a git worktree: all worktrees share one store.
 * A `.task_orchestrator` is no sign of an own store there, for git checks out the roles in it; a database is.
 */
async function inMainCheckout(folder: string): Promise<string> {
  if (await isThere(join(folder, STORE_FOLDER, DATABASE_FILE))) return folder;
  const top = await nearest(folder, ['.git']);
  const main = top && (await mainCheckoutOf(top));
  if (!top || !main) return folder;
  const counterpart = await ifThere(realpath(join(main, relative(top, folder))));
  return counterpart !== undefined && (await isFolder(counterpart)) ? counterpart : main;
}

/** In a worktree `.git` is a file that names `<main>/.git/worktrees/<name>`; in a submodule it names `.git/modules/<name>`, which is a project of its own. */
async function mainCheckoutOf(top: string): Promise<string | undefined> {
  const pointer = join(top, '.git');
  if (!(await ifThere(lstat(pointer)))?.isFile()) return undefined;
  const [, named] = /^gitdir: (.+?)\s*$/m.exec(await readFile(pointer, 'utf8')) ?? [];
  if (named === undefined) return undefined;

  const worktrees = dirname(resolve(top, named));
  const git = dirname(worktrees);
  if (basename(worktrees) !== 'worktrees' || basename(git) !== '.git') return undefined;
  return ifThere(realpath(dirname(git)));
}

/** A store that leads elsewhere, or that somebody else put there, could make us write or believe what they want. */
async function assertOurs(path: string, kind: 'folder' | 'file'): Promise<void> {
  const found = await ifThere(lstat(path));
  if (found === undefined) return;
  const refuse = (what: string, suggestion: string) => refused(`The store ${what}: ${path}`, { suggestion });
  if (found.isSymbolicLink()) throw refuse('is a symbolic link', `Put the ${kind} itself in its place. Or: ${WAY_OUT}`);
  if (kind === 'folder' ? !found.isDirectory() : !found.isFile()) {
    throw refuse(`is not a ${kind}`, `Move what lies there elsewhere. Or: ${WAY_OUT}`);
  }
  const user = process.geteuid?.();
  if (user !== undefined && found.uid !== user) {
    throw refuse(
      `belongs to another user (uid ${found.uid}, not ${user})`,
      `Run the server as that user, or hand the ${kind} over with chown. Or: ${WAY_OUT}`,
    );
  }
}

/** What may not be looked at is not there for us: the way up may lead through folders of others. */
const isThere = (path: string) => lstat(path).then(Boolean, () => false);
const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function unlessThere(making: Promise<unknown>): Promise<void> {
  await making.catch((error: unknown) => {
    if (systemCode(error) !== 'EEXIST') throw error;
  });
}
