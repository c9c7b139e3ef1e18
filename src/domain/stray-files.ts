import { DAY_MS, HOUR_MS, type Thresholds } from './maintenance.ts';

/** A file, by its path in the store's folder, with forward slashes. */
export type StoredFile = Readonly<{ path: string; changedAt: number }>;

/**
 * What becomes of a file: deleted for good; put into the trash because it was never finished, nothing refers to it, or its
 * work was given up; or brought back from there because that work is wanted again.
 */
export type Fate = 'purged' | 'unfinished' | 'unrecorded' | 'given_up' | 'wanted';

/** What is recorded about the artifact whose file it is, if it is one. */
export type Recorded = 'kept' | 'given_up' | undefined;

type Judging = Readonly<{
  thresholds: Pick<Thresholds, 'trashDays' | 'orphanFileDays'>;
  at: number;
  recorded: Recorded;
}>;

/** A file is written in less than a second; one that is still unfinished after an hour was left by a process that was killed. */
const UNFINISHED_AFTER_MS = HOUR_MS;

/** The name that a file has until it is whole. */
const UNFINISHED = /(^|\/)\.[^/]+\.[0-9a-z]{8}\.tmp$/;

export function fateOf({ path, changedAt }: StoredFile, { thresholds, at, recorded }: Judging): Fate | undefined {
  const age = at - changedAt;
  if (isInTrash(path) && recorded === 'kept') return 'wanted';
  if (isInTrash(path)) return age > thresholds.trashDays * DAY_MS ? 'purged' : undefined;
  if (UNFINISHED.test(path)) return age > UNFINISHED_AFTER_MS ? 'unfinished' : undefined;
  if (!path.startsWith('artifacts/') || recorded === 'kept') return undefined;
  if (recorded === 'given_up') return 'given_up';
  return age > thresholds.orphanFileDays * DAY_MS ? 'unrecorded' : undefined;
}

const TRASH = 'trash/';
export const isInTrash = (path: string): boolean => path.startsWith(TRASH);
/** Where a file lay before it went to the trash; its path where it did not. */
export const placeOf = (path: string): string => (isInTrash(path) ? path.slice(TRASH.length) : path);

/** The task that a file lies under, in the artifacts or in the trash; undefined where it lies under none. */
export const taskOfFile = (path: string): string | undefined => /^(?:trash\/)?artifacts\/([^/]+)\/./.exec(path)?.[1];

/** The task and artifact that a path stands for, where it is one that an artifact's file can have. */
export function artifactOfFile(path: string): Readonly<{ taskId: string; id: string }> | undefined {
  const [, taskId, id] = /^artifacts\/([^/]+)\/([^/]+)\.md$/.exec(path) ?? [];
  return taskId === undefined || id === undefined || UNFINISHED.test(path) ? undefined : { taskId, id };
}
