import { type ErrorCode, OrchestratorError } from '../domain/errors.ts';

type Failure = Readonly<{ code: ErrorCode; what: string; wayOut: string }>;

const MAKE_WRITABLE = 'Give this user write access to the folder, or start the server with --workspace on another one';
const MAKE_READABLE = 'Give this user read access to it, then repeat the call';
const CLEAR_THE_WAY = 'Look at what lies there, move it elsewhere, then repeat the call';

/** What the system says about a file, for people. What can be mended outside is `transient`: nothing was changed, and the same call works afterwards. */
const FAILURES = new Map<string, Failure>(
  Object.entries({
    ENOSPC: { code: 'transient', what: 'the disk is full', wayOut: 'Free space on that disk, then repeat the call' },
    EDQUOT: {
      code: 'transient',
      what: 'the disk quota is used up',
      wayOut: 'Free space or raise the quota, then repeat the call',
    },
    EROFS: { code: 'transient', what: 'the file system is read-only', wayOut: MAKE_WRITABLE },
    EACCES: { code: 'transient', what: 'this user has no permission', wayOut: MAKE_WRITABLE },
    EPERM: { code: 'transient', what: 'the system does not permit it', wayOut: MAKE_WRITABLE },
    EBUSY: { code: 'transient', what: 'another program holds it', wayOut: 'Close that program, then repeat the call' },
    EIO: { code: 'transient', what: 'the disk reports an error', wayOut: 'Check that disk, then repeat the call' },
    EMFILE: { code: 'transient', what: 'this process has too many files open', wayOut: 'Repeat the call in a moment' },
    ENFILE: { code: 'transient', what: 'the system has too many files open', wayOut: 'Repeat the call in a moment' },
    ENOENT: {
      code: 'refused',
      what: 'its folder is gone',
      wayOut: 'Bring the workspace folder back, then repeat the call',
    },
    EEXIST: { code: 'refused', what: 'something else stands in its place', wayOut: CLEAR_THE_WAY },
    EISDIR: { code: 'refused', what: 'a folder stands in its place', wayOut: CLEAR_THE_WAY },
    ENOTDIR: { code: 'refused', what: 'a file stands where a folder belongs', wayOut: CLEAR_THE_WAY },
    ELOOP: { code: 'refused', what: 'symbolic links lead in a circle', wayOut: CLEAR_THE_WAY },
  } as const satisfies Record<string, Failure>),
);

/** The code of a system error, such as `ENOENT`. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** A system error as an error of ours that says what to mend; anything else comes back as it was. */
export function fileError(error: unknown, { verb, path }: FileAction): unknown {
  const failure = FAILURES.get(systemCode(error) ?? '');
  if (failure === undefined) return error;
  const { code, what } = failure;
  const wayOut = verb === 'read' && failure.wayOut === MAKE_WRITABLE ? MAKE_READABLE : failure.wayOut;
  return new OrchestratorError(code, `Cannot ${verb} ${path}: ${what}`, { suggestion: wayOut, cause: error });
}

/** What a person at the command line can do, who has named the workspace already. */
const PERMIT = 'Give this user the right to read and write it, then repeat the command';
const WAYS_OUT_OF_COMMANDS = new Map([
  ['EACCES', PERMIT],
  ['EPERM', PERMIT],
  ['EROFS', 'Make that disk writable, or copy the project to one that is'],
]);

/** What commands do with files, wherever the system refuses it: told by the path that the system names. */
export async function toldByPath<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !('path' in error) || typeof error.path !== 'string') throw error;
    const told = fileError(error, { verb: 'use', path: error.path });
    if (!(told instanceof OrchestratorError)) throw error;
    const wayOut = WAYS_OUT_OF_COMMANDS.get(systemCode(error) ?? '') ?? told.suggestion;
    throw new OrchestratorError(told.code, told.message, { ...(wayOut && { suggestion: wayOut }), cause: error });
  }
}

export type FileAction = Readonly<{ verb: 'read' | 'write' | 'move' | 'delete' | 'use'; path: string }>;

/** Does something with files; what goes wrong is told as `fileError` tells it. */
export async function explained<T>(action: FileAction, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(error, action);
  }
}

/** What was looked for, or undefined where there is nothing of that name. */
export async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return undefined;
    throw error;
  }
}
