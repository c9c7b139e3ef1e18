import type { ArtifactState, Problem, Verdict } from '../../application/safekeeping/backups.ts';
import { type ArtifactRow, inspect } from '../store/inspection.ts';
import { pathsOf, statesOf } from './artifact-copies.ts';
import { bytesOf, type Manifest, manifestIn, sha256Of } from './manifest.ts';

/** A store or a copy of one: its database, and the folder that its artifact files lie in, if they lie anywhere. */
export type Place = Readonly<{ database: string; folder: string | undefined }>;

/** Holds a store against what it says about itself: its database, its references, each artifact against its hash. */
export async function verdictOn(place: Place): Promise<Verdict> {
  const { inspection, artifacts } = await inspect(place.database);
  const { storeId, schemaVersion, generation, bytes, counts, damages, lostReferences } = inspection;
  const manifest = place.folder === undefined ? undefined : await manifestIn(place.folder);
  const states = place.folder === undefined ? [] : await statesOf(place.folder, artifacts);
  const problems = [
    ...damages.map((description): Problem => ({ about: 'database', description })),
    ...lostReferences.map(({ description }): Problem => ({ about: 'references', description })),
    ...(manifest === undefined ? [] : await differences(place, manifest)),
    ...artifacts.flatMap((artifact, index) => problemWith(artifact, states[index] ?? 'intact')),
  ];
  return {
    path: place.database,
    ...{ storeId, schemaVersion, generation, bytes, counts },
    artifacts: tallied(states),
    problems,
  };
}

/** A flipped bit in a text is nothing that SQLite could notice. */
async function differences({ database }: Place, manifest: Manifest): Promise<readonly Problem[]> {
  if ((await sha256Of(database)) === manifest.database_sha256) return [];
  const [now, then] = [await bytesOf(database), manifest.database_bytes];
  const how = now === then ? 'holds other bytes than' : `has ${now} bytes, not ${then} as`;
  return [{ about: 'copy', description: `The database ${how} when the backup was made` }];
}

const PROBLEMS: Readonly<Partial<Record<ArtifactState, string>>> = {
  missing: 'does not exist',
  altered: 'is not what was recorded',
};

function problemWith(artifact: ArtifactRow, state: ArtifactState): readonly Problem[] {
  const what = PROBLEMS[state];
  const [path = `artifacts/${artifact.taskId}/${artifact.id}`] = pathsOf(artifact);
  return what === undefined ? [] : [{ about: 'artifact', description: `${path} ${what}` }];
}

const tallied = (states: readonly ArtifactState[]): Verdict['artifacts'] => {
  const count = (state: ArtifactState) => states.filter((one) => one === state).length;
  return { intact: count('intact'), in_trash: count('in_trash'), altered: count('altered'), missing: count('missing') };
};
