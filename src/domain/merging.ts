/** What becomes of a task that comes from elsewhere where there is one of its id already. */
export type Merging = 'update' | 'unchanged' | 'older' | 'conflict';

export type Versioned = Readonly<{ version: number; updatedAt: number }>;

/** Two copies of a task that went on apart. One is newer when it was changed later and more often; what is only the one of both is a conflict. */
export function mergeByVersion(here: Versioned, there: Versioned): Merging {
  if (there.updatedAt === here.updatedAt && there.version === here.version) return 'unchanged';
  if (there.updatedAt > here.updatedAt && there.version > here.version) return 'update';
  return there.updatedAt <= here.updatedAt && there.version <= here.version ? 'older' : 'conflict';
}

type Mark = Readonly<{
  version: number;
  /** Of the task as it was written here. */
  likeness: string;
  /** Of the task as it stood there. */
  digest: string;
}>;

/** Says at which version a task was taken over from another tool, how it stood here then, and how there. */
export const markOf = ({ version, likeness, digest }: Mark) => `${version}-${likeness}-${digest}`;

/** Whether a task stands as it was taken over, however often it was changed since and changed back. */
export const isAsMarked = (mark: string | undefined, likeness: string): boolean => mark?.split('-')[1] === likeness;

/** A task of another tool, which knows no versions of ours: it is taken over anew when it changed there, and did not change here. */
export function mergeByMark(
  { version, mark = '' }: Readonly<{ version: number; mark: string | undefined }>,
  digest: string,
): Merging {
  if (mark.endsWith(`-${digest}`)) return 'unchanged';
  return mark.startsWith(`${version}-`) ? 'update' : 'conflict';
}
