import { type Backup, type BackupKind, type Keeping, outlived } from '../../domain/backup.ts';

/** What a store or a copy of one is, and what is wrong with it. */
export type Verdict = Readonly<{
  /** As it may be shown: the file that was looked at. */
  path: string;
  storeId: string;
  schemaVersion: number;
  generation: number;
  bytes: number;
  counts: Readonly<{ tasks: number; artifacts: number; notes: number; events: number }>;
  artifacts: Readonly<Record<ArtifactState, number>>;
  problems: readonly Problem[];
}>;

export type ArtifactState = 'intact' | 'in_trash' | 'altered' | 'missing';
export type Problem = Readonly<{ about: 'database' | 'references' | 'copy' | 'artifact'; description: string }>;

/** A store whose rows can be relied on; lost work beside it does not make it worse. */
export const isSound = ({ problems }: Verdict) => problems.every(({ about }) => about === 'artifact');

export type Made = Readonly<{ path: string; backup: Backup; verdict: Verdict }>;
export type Restored = Readonly<{
  from: string;
  /** Where what was replaced is kept; undefined where there was nothing. */
  kept: string | undefined;
  generation: number;
  counts: Verdict['counts'];
  /** Artifact files that were put back, and those that neither the backup nor the store has. */
  artifacts: Readonly<{ putBack: number; missing: number }>;
  /** Rows that name others which the backup did not have either. */
  lostReferences: readonly string[];
}>;

/** Copies of a store, made while others write to it. */
export interface Backups {
  /** Those in the store's own folder, the oldest first. */
  list(): Promise<readonly Backup[]>;
  /**
   * Copies the store with its artifact files and checks the copy before it takes its place, in the folder `to` or in the
   * store's own. Nobody who writes waits for it. Throws `transient` where the disk is full; then nothing is left of it.
   */
  make(options: { kind: BackupKind; to?: string | undefined }): Promise<Made>;
  /** Checks the store itself, or the backup that lies at a path or has that name. Only reads. */
  verify(from?: string): Promise<Verdict>;
  /**
   * Puts a backup in the place of the store, whole or not at all, keeping what it replaces. Everybody who has the store
   * open stops using it. Refuses what is damaged, newer, or of another store unless `isOther` allows that. Rows that name
   * others which are not there are no damage: what a repair replaced can be brought back.
   */
  restore(from: string, options: { isOther: boolean }): Promise<Restored>;
  /** Puts back, from a backup, the files of artifacts that are gone or altered, and nothing else. */
  putBackFiles(from: string): Promise<Restored['artifacts']>;
  /** Takes a backup out of the store's own folder for good. */
  remove(name: string): Promise<void>;
}

export type BackedUp = Made & Readonly<{ removed: readonly string[] }>;

/** Makes a backup, then lets go of those that have been kept for long enough. */
export async function backUp(
  backups: Backups,
  { to, ...keeping }: Keeping & Readonly<{ to?: string | undefined }>,
): Promise<BackedUp> {
  const made = await backups.make({ kind: 'asked_for', to });
  // One that lies elsewhere says nothing about those that lie here.
  const old = to === undefined ? outlived(await backups.list(), keeping) : [];
  for (const { name } of old) await backups.remove(name);
  return { ...made, removed: old.map(({ name }) => name) };
}
