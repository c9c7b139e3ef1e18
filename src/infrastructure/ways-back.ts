import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnosis } from '../application/doctor/diagnosis.ts';
import { type Backup, backupName } from '../domain/backup.ts';
import { DAY_MS } from '../domain/maintenance.ts';
import { inShell } from '../domain/shell.ts';
import { backupsIn, latestSound } from './backups/manifest.ts';
import { ifThere } from './file-errors.ts';
import { ifPermitted } from './permissions.ts';
import { DATABASE_FILE } from './workspace.ts';

/** What there is to go back to, and what was kept of a damaged store. */
export type Kept = Readonly<{
  /** The folder of the store. */
  folder: string;
  /** What lies in it. */
  names: readonly string[];
  backups: readonly Backup[];
  /** The latest copy of a damaged store's files as they were. */
  damaged: string | undefined;
}>;

/** The store that there is, as far as it lets itself be read. */
export type Present = Readonly<{ storeId: string | undefined; state: 'whole' | 'damaged' | 'strange' }>;

export async function keptIn(folder: string): Promise<Kept> {
  const backups = join(folder, 'backups');
  const copies = (await namesIn(backups)).filter((name) => /^[^.].*-damaged$/.test(name)).toSorted();
  const latest = copies.at(-1);
  return {
    folder,
    names: await namesIn(folder),
    backups: await ifPermitted(backupsIn(backups), []),
    damaged: latest && join(backups, latest),
  };
}

const namesIn = async (folder: string) => (await ifPermitted(ifThere(readdir(folder)), undefined)) ?? [];

export function missing(workspace: string, { folder, names, backups }: Kept): Diagnosis {
  const good = latestSound(backups);
  const finding = `there is none in ${workspace}`;
  if (good !== undefined)
    return { about: 'store', state: 'ill', finding: `${finding}, only backups of it`, mend: backTo(good) };
  const aside = names
    .filter((name) => name.startsWith(ASIDE))
    .toSorted()
    .at(-1);
  if (aside === undefined) {
    const mend = 'mcp-task-orchestrator doctor --workspace <the folder of your project>';
    return { about: 'store', state: 'ill', finding: `${finding}; a server makes it at its first call`, mend };
  }
  return {
    about: 'store',
    state: 'ill',
    finding: `${finding}; the damaged one lies in ${join(folder, aside)}`,
    mend: 'Call a tool of a server, such as orchestrator_get_status: it begins a new store',
  };
}

/** What mends rows that name others which are gone. */
export function wayBack(kept: Kept, storeId: string | undefined): string {
  const good = latestOf(kept, storeId);
  if (good !== undefined) return backTo(good);
  return `Keep a copy of ${kept.folder}: no backup of it is whole, and the rest can be read`;
}

/** A repair of what is damaged would lose what a copy may still have. */
export function wayOutOfDamage(kept: Kept, storeId: string | undefined): string {
  const good = latestOf(kept, storeId);
  return good === undefined ? moveAside(kept) : backTo(good);
}

/** What is said of the backups, given the store that they are to be of. */
export function standingOf(kept: Kept, { storeId, state }: Present, at = Date.now()): readonly Diagnosis[] {
  const own = ownOf(kept, storeId);
  const last = latestSound(own);
  if (last === undefined && state === 'damaged') return [noWayBack(kept)];
  const mend = state === 'whole' ? 'mcp-task-orchestrator backup' : undefined;
  const other = state === 'whole' ? ofAnother(kept, storeId) : undefined;
  if (last === undefined && other !== undefined) return [toldOfAnother(other, { hasOwn: false })];
  const others = other === undefined ? [] : [toldOfAnother(other, { hasOwn: true })];
  return [last === undefined ? noneOf(own, mend) : latest(own, { last, mend, at }), ...others];
}

type Latest = Readonly<{ last: Backup; mend: string | undefined; at: number }>;

function latest(own: readonly Backup[], { last, mend, at }: Latest): Diagnosis {
  const isOld = at - last.madeAt > OLD_BACKUP_MS;
  const finding = `${own.length}, the last good one of ${new Date(last.madeAt).toISOString()}`;
  return isOld ? { about: 'backups', state: 'note', finding, mend } : { about: 'backups', state: 'fine', finding };
}

const noneOf = ({ length }: readonly Backup[], mend: string | undefined): Diagnosis => ({
  about: 'backups',
  state: 'note',
  finding: length === 0 ? 'there is none yet' : `none of ${length} is whole`,
  mend,
});

/** A backup that is older than this holds little of what people would miss. */
const OLD_BACKUP_MS = 30 * DAY_MS;

/** Folders that a damaged store's files are moved to. */
const ASIDE = 'damaged-';

const ownOf = ({ backups }: Kept, storeId: string | undefined) =>
  storeId === undefined ? backups : backups.filter((one) => one.storeId === storeId);

const latestOf = (kept: Kept, storeId: string | undefined) => latestSound(ownOf(kept, storeId));

const backTo = ({ name }: Backup) => `mcp-task-orchestrator restore ${inShell(name)}`;

/** The files of work go with it: to a new store they belong to nothing, and its cleanup would clear them away. */
function moveAside({ folder, names }: Kept): string {
  const aside = join(folder, `${ASIDE}${backupName(Date.now(), 'asked_for')}`);
  const parts = ['artifacts', 'trash'].filter((name) => names.includes(name));
  if (process.platform === 'win32')
    return `Move ${[`all that begins with ${DATABASE_FILE}`, ...parts].join(', ')} from ${folder} to ${aside}`;
  const moved = [`${inShell(join(folder, DATABASE_FILE))}*`, ...parts.map((part) => inShell(join(folder, part)))];
  return `mkdir ${inShell(aside)} && mv ${moved.join(' ')} ${inShell(aside)}`;
}

function noWayBack({ backups, damaged }: Kept): Diagnosis {
  const none = backups.length === 0 ? 'there is none' : 'none of this store is whole';
  const copy = damaged === undefined ? '' : `; its files as they were are kept in ${damaged}`;
  const after = 'once the damaged files are moved aside, a server begins a new store at its first call';
  return { about: 'backups', state: 'note', finding: `${none}${copy}; ${after}` };
}

/** One that was kept when somebody put another store in its place is not missed. */
function ofAnother({ backups }: Kept, storeId: string | undefined): Backup | undefined {
  const latest = latestSound(backups.filter((one) => one.storeId !== storeId));
  return latest?.kind === 'before_restore' ? undefined : latest;
}

const toldOfAnother = (other: Backup, { hasOwn }: Readonly<{ hasOwn: boolean }>): Diagnosis => ({
  about: 'backups',
  state: hasOwn ? 'note' : 'ill',
  finding: `${other.name} is of another store, which lay here before${hasOwn ? '' : ', and there is none of this one'}`,
  mend: `${backTo(other)} --from-other`,
});
