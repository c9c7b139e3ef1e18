import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { BACKUP_KINDS, type Backup } from '../../domain/backup.ts';
import { ifThere } from '../file-errors.ts';

/** What a backup says about itself, beside its database. */
export const MANIFEST_FILE = 'backup.json';

const Manifest = z.object({
  kind: z.enum(BACKUP_KINDS),
  store_id: z.string(),
  schema_version: z.number().int(),
  generation: z.number().int(),
  made_at: z.iso.datetime(),
  is_sound: z.boolean(),
  database_bytes: z.number().int(),
  database_sha256: z.string(),
  artifacts: z.number().int(),
});
export type Manifest = z.output<typeof Manifest>;

/** The manifest of the backup in a folder; undefined where there is none that can be read. */
export async function manifestIn(folder: string): Promise<Manifest | undefined> {
  const text = await ifThere(readFile(join(folder, MANIFEST_FILE), 'utf8'));
  return text === undefined ? undefined : Manifest.safeParse(parsed(text)).data;
}

/** The backups in a folder, the oldest first. What has not been finished has a name that begins with a dot. */
export async function backupsIn(folder: string): Promise<readonly Backup[]> {
  const names = (await ifThere(readdir(folder))) ?? [];
  const found = await Promise.all(
    names
      .filter((name) => !name.startsWith('.'))
      .map(async (name) => {
        const manifest = await manifestIn(join(folder, name));
        return manifest === undefined ? [] : [backupOf(name, manifest)];
      }),
  );
  return found.flat().toSorted((one, other) => one.madeAt - other.madeAt);
}

/** The latest that can be gone back to. */
export const latestSound = (backups: readonly Backup[]): Backup | undefined => backups.findLast((one) => one.isSound);

export const backupOf = (name: string, manifest: Manifest): Backup => ({
  name,
  kind: manifest.kind,
  storeId: manifest.store_id,
  schemaVersion: manifest.schema_version,
  madeAt: Date.parse(manifest.made_at),
  isSound: manifest.is_sound,
  bytes: manifest.database_bytes,
  artifacts: manifest.artifacts,
});

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

export const bytesOf = async (file: string): Promise<number> => (await ifThere(lstat(file)))?.size ?? 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
