import { DAY_MS } from './maintenance.ts';

/** Why a backup was made: because somebody asked for it, or to keep what a restore or a repair was about to replace. */
export const BACKUP_KINDS = ['asked_for', 'before_restore', 'before_repair'] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

/** A copy of a store in the store's own folder of backups. */
export type Backup = Readonly<{
  name: string;
  kind: BackupKind;
  storeId: string;
  schemaVersion: number;
  madeAt: number;
  /** Whether its database was whole when it was checked after it was written. */
  isSound: boolean;
  bytes: number;
  artifacts: number;
}>;

export type Keeping = Readonly<{
  /** So many of each kind stay, the latest, however old they are. */
  keep: number;
  /** All that are younger stay, however many there are. */
  keepDays: number;
  at: number;
}>;

/** The name of a backup, which sorts by its time. */
export const backupName = (at: number, kind: BackupKind) => {
  const stamp = new Date(at).toISOString().replaceAll(/[-:]/g, '');
  return kind === 'asked_for' ? stamp : `${stamp}-${kind.replaceAll('_', '-')}`;
};

/**
 * Backups that need not be kept any longer. The latest that is sound is never among them, nor do those of one store push out
 * those of another: it may have been lost, and the new one begun in its place.
 */
export const outlived = (backups: readonly Backup[], keeping: Keeping): readonly Backup[] =>
  [...Map.groupBy(backups, ({ storeId }) => storeId).values()].flatMap((own) => outlivedOfOne(own, keeping));

function outlivedOfOne(backups: readonly Backup[], { keep, keepDays, at }: Keeping): readonly Backup[] {
  const latestFirst = backups.toSorted((one, other) => other.madeAt - one.madeAt);
  const lastGood = latestFirst.find(({ isSound }) => isSound);
  const kept = BACKUP_KINDS.flatMap((kind) => latestFirst.filter((one) => one.kind === kind).slice(0, keep));
  return latestFirst.filter((one) => one !== lastGood && !kept.includes(one) && at - one.madeAt > keepDays * DAY_MS);
}
